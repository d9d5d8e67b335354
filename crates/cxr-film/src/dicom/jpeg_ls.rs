//! JPEG-LS frames, brought into the shape that their decoder takes.

use super::{
    codec_error::CodecError,
    image_pixel::ImagePixel,
    jpeg::{EOI, SOS, Segments},
};

/// The most bytes of 00 and FF in which coded data end by themselves: the longest code ends in a number of 16 bits and
/// is then filled up to a byte (ITU-T T.87, A.5.3).
const MAX_CODED: usize = 5;

/// Decodes a frame of one component.
pub(super) fn decode(frame: &[u8], layout: &ImagePixel) -> Result<Vec<u16>, CodecError> {
    let [columns, rows] = [layout.columns, layout.rows].map(|size| u32::try_from(size).unwrap_or_default());
    let (mut stream, coded) = plain(frame).ok_or(CodecError::CutShort)?;
    let header = stream.len();
    // Zeros and FF before the end marker are padding or coded data, which only decoding tells apart.
    let tail = coded.iter().rev().take_while(|byte| matches!(byte, 0 | 0xff)).count();
    let (coded, tail) = coded.split_at(coded.len() - tail);
    let mut fault = None;
    for count in std::iter::once(tail.len()).chain(0..tail.len().min(MAX_CODED + 1)) {
        stream.truncate(header);
        stream.extend_from_slice(coded);
        stream.extend_from_slice(&tail[..count]);
        stream.extend([0xff, EOI]);
        match jpegls::decode(&stream, columns, rows) {
            Ok((samples, ..)) => return Ok(samples),
            Err(jpegls::CodecError::Unsupported(kind)) => return Err(CodecError::Unsupported(kind)),
            Err(jpegls::CodecError::Truncated { .. }) => fault = Some(CodecError::CutShort),
            Err(error) => fault = fault.or_else(|| Some(CodecError::Damaged(error.to_string()))),
        }
    }
    Err(fault.unwrap_or(CodecError::CutShort))
}

/// All up to the coded data without the fill bytes FF that may stand before markers (ITU-T T.81, B.1.1.2), which the
/// decoder does not take; and the coded data, which never end in FF.
fn plain(frame: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut stream = Vec::with_capacity(frame.len() + 2);
    for segment in Segments::new(frame) {
        stream.extend([0xff, segment.marker]);
        if segment.marker == EOI {
            return None;
        }
        if !segment.body.is_empty() {
            stream.extend(u16::try_from(segment.body.len() + 2).ok()?.to_be_bytes());
            stream.extend_from_slice(segment.body);
        }
        if segment.marker == SOS {
            let filled = segment.coded.iter().rev().take_while(|&&byte| byte == 0xff).count();
            return Some((stream, &segment.coded[..segment.coded.len() - filled]));
        }
    }
    None
}
