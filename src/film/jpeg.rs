//! What both kinds of JPEG files, bare ones and frames in DICOM, are asked before they are decoded.

/// How many pixels all scans of one picture may draw together. A progressive picture has about ten scans;
/// a file of ten thousand empty ones would keep a decoder busy for hours.
const MAX_DRAWN: u64 = 1_500_000_000;

/// The decoder fills what is missing with grey, which a model would read as film. A whole file has an
/// end marker (FFD9) after its last scan header (FFDA); neither occurs within a scan, where FF is always
/// followed by 00 or a restart marker (ITU-T T.81, B.1.1.5).
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    matches!((last([0xff, 0xda]), last([0xff, 0xd9])), (Some(scan), Some(end)) if end > scan)
}

/// Whether a file has more scans than a picture of so many pixels needs.
pub(super) fn has_too_many_scans(bytes: &[u8], pixels: u64) -> bool {
    let scans = bytes.windows(2).filter(|pair| *pair == [0xff, 0xda]).count() as u64;
    scans > 20 && scans.saturating_mul(pixels.max(1 << 20)) > MAX_DRAWN
}

/// Whether a file is too short to hold the picture that its header announces, the rest of which a decoder
/// would fill in: a Huffman code has one bit at least, and every block of 8 x 8 (or, in lossless JPEG, every
/// sample) has one.
pub(super) fn is_too_short(bytes: &[u8], pixels: u64, lossless: bool) -> bool {
    let codes = if lossless { pixels } else { pixels / 64 };
    (bytes.len() as u64) < codes / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_are_counted_against_the_pixels_they_draw() {
        let scans = |count: usize| b"\xff\xda\0\0".repeat(count);
        for (count, pixels, too_many) in
            [(10, 100_000_000, false), (21, 100_000_000, true), (300, 4_000_000, false), (10_000, 1, true)]
        {
            assert_eq!(has_too_many_scans(&scans(count), pixels), too_many, "{count} of {pixels}");
        }
    }

    #[test]
    fn a_picture_needs_a_bit_a_block() {
        for (bytes, pixels, lossless, too_short) in [
            (2000, 1_024_000, false, false),
            (1999, 1_024_000, false, true),
            (128_000, 1_024_000, true, false),
            (127_999, 1_024_000, true, true),
        ] {
            assert_eq!(is_too_short(&vec![0; bytes], pixels, lossless), too_short, "{bytes} for {pixels}");
        }
    }
}
