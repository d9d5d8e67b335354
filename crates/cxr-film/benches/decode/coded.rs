//! Encoders, each as plain as its decoder's bench needs.

use image::{GrayImage, codecs::jpeg::JpegEncoder};

/// JPEG as scanners and web pages make it.
pub(crate) fn jpeg(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).unwrap();
    bytes
}

pub(crate) fn jpeg_ls(pixels: &[u16], side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    jpegls::encode(pixels, side, side, &mut bytes).unwrap();
    bytes
}

/// RLE Lossless (PS3.5 annex G): the upper bytes, then the lower ones, each line of each packed by itself.
pub(crate) fn rle(pixels: &[u16], side: u32) -> Vec<u8> {
    let planes = [8, 0].map(|shift| {
        let mut plane = Vec::new();
        for line in pixels.chunks(side as usize) {
            let line: Vec<u8> = line.iter().map(|pixel| (pixel >> shift).to_le_bytes()[0]).collect();
            pack_bits(&line, &mut plane);
        }
        if plane.len() % 2 == 1 {
            plane.push(0);
        }
        plane
    });
    let mut head = [0_u32; 16];
    head[..3].copy_from_slice(&[2, 64, 64 + u32::try_from(planes[0].len()).unwrap()]);
    let mut frame: Vec<u8> = head.iter().flat_map(|long| long.to_le_bytes()).collect();
    frame.extend(planes.concat());
    frame
}

/// PackBits (G.3.1): runs of three and more, and what lies between.
fn pack_bits(line: &[u8], packed: &mut Vec<u8>) {
    const MOST: usize = 128;
    let (mut from, mut at) = (0, 0);
    while let Some(&byte) = line.get(at) {
        let run = line[at..].iter().take(MOST).take_while(|&&next| next == byte).count();
        if run < 3 && at - from < MOST {
            at += 1;
            continue;
        }
        literal(&line[from..at], packed);
        if run >= 3 {
            packed.extend([u8::try_from(257 - run).unwrap(), byte]);
            at += run;
        }
        from = at;
    }
    literal(&line[from..], packed);
}

fn literal(bytes: &[u8], packed: &mut Vec<u8>) {
    if let Some(less) = bytes.len().checked_sub(1) {
        packed.push(u8::try_from(less).unwrap());
        packed.extend(bytes);
    }
}

/// JPEG Lossless, first-order prediction (ITU-T T.81, annex H, selection value 1), 12 bits.
pub(crate) fn jpeg_lossless(pixels: &[u16], side: u32) -> Vec<u8> {
    // The code lengths of table K.3, and one code more of each length for the categories that it does not have.
    const LENGTHS: [u8; 16] = [0, 1, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0];
    let [high, low] = u16::try_from(side).unwrap().to_be_bytes();
    let mut frame = vec![0xff, 0xd8];
    frame.extend([0xff, 0xc3, 0, 11, 12, high, low, high, low, 1, 1, 0x11, 0]);
    frame.extend([0xff, 0xc4, 0, 19 + 17, 0]);
    frame.extend(LENGTHS);
    frame.extend(0..17);
    frame.extend([0xff, 0xda, 0, 8, 1, 1, 0, 1, 0, 0]);

    // Canonical codes (annex C): category, code and its length.
    let (mut codes, mut code) = (Vec::new(), 0_u32);
    for (length, count) in (1..).zip(LENGTHS) {
        for _ in 0..count {
            codes.push((code, length));
            code += 1;
        }
        code <<= 1;
    }
    let mut bits = Bits { bytes: &mut frame, waiting: 0, count: 0 };
    let side = side as usize;
    for (at, pixel) in pixels.iter().enumerate() {
        let before = match (at / side, at % side) {
            (0, 0) => 1 << 11,
            (_, 0) => pixels[at - side],
            _ => pixels[at - 1],
        };
        let difference = i32::from(*pixel) - i32::from(before);
        let category = 32 - difference.unsigned_abs().leading_zeros();
        let (code, length) = codes[category as usize];
        bits.put(code, length);
        // A negative difference's own bits are those of the number below it (F.1.2.1).
        let own = if difference < 0 { difference - 1 } else { difference };
        bits.put(own as u32 & ((1 << category) - 1), category);
    }
    bits.end();
    frame.extend([0xff, 0xd9]);
    frame
}

/// Bits from the highest on; a byte FF is followed by 00 (B.1.1.5).
struct Bits<'a> {
    bytes: &'a mut Vec<u8>,
    waiting: u32,
    count: u32,
}

impl Bits<'_> {
    fn put(&mut self, value: u32, count: u32) {
        self.waiting = self.waiting << count | value;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.waiting >> self.count & 0xff) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones.
    fn end(&mut self) {
        let missing = (8 - self.count % 8) % 8;
        self.put((1 << missing) - 1, missing);
    }
}
