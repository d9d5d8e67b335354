//! The header of a compressed frame. Data sets and codestreams disagree, and decoders then panic, overrun or leave half
//! of the picture black: so it is asked before it is decoded.

use super::codec_error::CodecError;
use crate::jpeg::{EOI, Segments};

/// How the samples of a frame are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// JPEG by cosine transform: baseline, extended or progressive.
    Dct,
    /// JPEG Lossless by prediction.
    Lossless,
    /// JPEG-LS.
    Ls,
    /// JPEG 2000, HTJ2K among it.
    Jpeg2000,
}

/// Size and depth from a JPEG frame header or a JPEG 2000 SIZ segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameSize {
    pub(super) coding: Coding,
    pub(super) columns: u32,
    pub(super) rows: u32,
    /// Bits a sample.
    pub(super) precision: u32,
    pub(super) components: u32,
}

/// Reads the size of a JPEG or JPEG 2000 frame.
pub(super) fn frame_size(frame: &[u8]) -> Result<FrameSize, CodecError> {
    if frame.starts_with(&[0xff, 0xd8]) {
        jpeg(frame).ok_or_else(|| match Segments::new(frame).last() {
            Some(segment) if segment.marker == EOI => {
                CodecError::Damaged("it has no frame header".to_owned())
            }
            _ => CodecError::CutShort,
        })
    } else if cxr_jpeg2000::begins(frame) {
        jpeg2000(cxr_jpeg2000::codestream(frame)?)
    } else {
        Err(CodecError::Damaged("it begins as no picture does".to_owned()))
    }
}

/// Returns whether bytes begin as frames of the JPEG families do, which tell by themselves where they end.
pub(super) fn begins(frame: &[u8]) -> bool {
    frame.starts_with(&[0xff, 0xd8, 0xff]) || cxr_jpeg2000::begins(frame)
}

/// Returns whether a JPEG frame tells by a JFIF or Adobe segment which colours it holds.
pub(super) fn says_its_colours(frame: &[u8]) -> bool {
    let head = &frame[..frame.len().min(1024)];
    [&b"JFIF\0"[..], b"Adobe"].iter().any(|name| head.windows(5).any(|window| window == *name))
}

/// The frame header SOFn, the first marker FFC0 to FFCF but DHT, JPG and DAC (ITU-T T.81, B.2.2).
/// JPEG-LS has its own, FFF7, of the same layout (T.87, C.2.2).
fn jpeg(frame: &[u8]) -> Option<FrameSize> {
    let is_header =
        |marker: u8| matches!(marker, 0xc0..=0xcf | 0xf7) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
    let header = Segments::new(frame).find(|segment| is_header(segment.marker))?;
    let &[precision, r1, r0, c1, c0, components] = header.body.first_chunk()?;
    Some(FrameSize {
        coding: match header.marker {
            0xf7 => Coding::Ls,
            // SOF3, 7, 11 and 15 predict
            marker if marker & 3 == 3 => Coding::Lossless,
            _ => Coding::Dct,
        },
        columns: u32::from(u16::from_be_bytes([c1, c0])),
        rows: u32::from(u16::from_be_bytes([r1, r0])),
        precision: u32::from(precision),
        components: u32::from(components),
    })
}

/// The SIZ segment, which follows the start of codestream (ITU-T T.800, A.5.1).
fn jpeg2000(codestream: &[u8]) -> Result<FrameSize, CodecError> {
    let siz = codestream.get(4..).unwrap_or_default();
    let long = |at: usize| {
        siz.get(at..)
            .and_then(<[u8]>::first_chunk)
            .map(|&four| u32::from_be_bytes(four))
            .ok_or(CodecError::CutShort)
    };
    let components = long(36)? >> 16;
    // Depth and subsampling of each component; films have one of each.
    let specs = siz.get(38..38 + 3 * components as usize).ok_or(CodecError::CutShort)?.as_chunks::<3>().0;
    if specs.iter().any(|&[_, x, y]| (x, y) != (1, 1)) {
        return Err(CodecError::Unsupported("its components differ in size".to_owned()));
    }
    let depth = specs.iter().map(|spec| spec[0] & 0x7f).max().unwrap_or(0);
    Ok(FrameSize {
        coding: Coding::Jpeg2000,
        columns: long(4)?.saturating_sub(long(12)?),
        rows: long(8)?.saturating_sub(long(16)?),
        precision: u32::from(depth) + 1,
        components,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jpeg_frame_headers_are_found_behind_other_segments() {
        let app0 = [0xff, 0xe0, 0, 4, 1, 2];
        let sof = [0xff, 0xff, 0xc3, 0, 11, 12, 0x01, 0x00, 0x02, 0x00, 1, 1, 0x11, 0];
        let frame = [&[0xff, 0xd8][..], &app0, &sof].concat();
        let expected =
            FrameSize { coding: Coding::Lossless, columns: 512, rows: 256, precision: 12, components: 1 };
        assert_eq!(frame_size(&frame).ok(), Some(expected));
        for length in 0..frame.len() - 4 {
            assert!(frame_size(&frame[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn siz_gives_the_size_of_the_image_area() {
        let mut frame = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
        for long in [110_u32, 230, 10, 30, 110, 230, 0, 0] {
            frame.extend(long.to_be_bytes());
        }
        frame.extend([0, 1, 14, 1, 1]);
        let expected =
            FrameSize { coding: Coding::Jpeg2000, columns: 100, rows: 200, precision: 15, components: 1 };
        assert_eq!(frame_size(&frame).ok(), Some(expected));
    }
}
