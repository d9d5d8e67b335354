//! JPEG files, bare and as frames in DICOM: whether all of the picture is there, and a decoder of lossless JPEG. The
//! samples of the other kinds are left to jpeg-decoder and zune-jpeg.

mod bits;
mod error;
pub(super) mod lossless;
mod markers;
mod predict;
mod sequential;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(super) use error::Error;
use error::Result;
use markers::SOI;
pub(super) use markers::{EOI, SOS, Segment, Segments};

const ARITHMETIC: &str = "it is coded arithmetically";
const HIERARCHICAL: &str = "it is hierarchical";

/// How many pixels all scans of one picture may draw together. A progressive picture has about ten scans;
/// a file of ten thousand empty ones would keep a decoder busy for hours.
const MAX_DRAWN: u64 = 1_500_000_000;

/// The bytes of a JPEG made by cosine transforms up to its end marker, which is supplied where it alone is missing.
pub(super) fn whole(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    let mut end = None;
    let mut frame = None;
    let mut scans = false;
    for segment in Segments::new(bytes) {
        match segment.marker {
            EOI => end = Some(segment.end),
            SOS => scans = true,
            0xc0..=0xc2 if frame.is_none() => frame = Some(segment),
            0xc9 | 0xca => return Err(Error::Unsupported(ARITHMETIC)),
            0xc5..=0xc7 | 0xcd..=0xcf => return Err(Error::Unsupported(HIERARCHICAL)),
            _ => {}
        }
    }
    let frame = frame.filter(|_| scans).ok_or(Error::Truncated("its header"))?;
    if frame.marker != 0xc2 {
        sequential::check(bytes)?;
    } else if end.is_none() || is_too_short(bytes, &frame) {
        return Err(Error::Truncated("its data"));
    }
    Ok(match end {
        Some(end) => Cow::Borrowed(&bytes[..end]),
        None => Cow::Owned([bytes, &[0xff, EOI]].concat()),
    })
}

/// The name of a kind of JPEG that no reader of pictures decodes; `None` for the usual kinds and other files.
pub(super) fn unusual_kind(bytes: &[u8]) -> Option<&'static str> {
    if !bytes.starts_with(&[0xff, SOI]) {
        return None;
    }
    Segments::new(bytes).find_map(|segment| match segment.marker {
        0xf7 => Some(Some("a bare JPEG-LS picture")),
        0xc3 | 0xcb => Some(Some("a bare lossless JPEG picture")),
        0xc5..=0xc7 | 0xcd..=0xcf => Some(Some("a hierarchical JPEG picture")),
        0xc9 | 0xca => Some(Some("a JPEG picture with arithmetic coding")),
        0xc0..=0xc2 => Some((segment.body.first() == Some(&12)).then_some("a JPEG picture of 12 bits")),
        _ => None,
    })?
}

/// Returns whether a progressive file is too short to hold the picture that its header announces, the rest of which a decoder
/// would fill in: every block of 8 x 8 has one code at least, and that a bit.
fn is_too_short(bytes: &[u8], frame: &Segment<'_>) -> bool {
    let Some(&[_, y1, y0, x1, x0]) = frame.body.first_chunk() else { return true };
    let [columns, rows] = [[x1, x0], [y1, y0]].map(|two| usize::from(u16::from_be_bytes(two)));
    bytes.len() < columns * rows / 64 / 8
}

/// Returns whether a file has more scans than a picture of so many pixels needs.
pub(super) fn has_too_many_scans(bytes: &[u8], pixels: u64) -> bool {
    let scans = bytes.windows(2).filter(|pair| *pair == [0xff, 0xda]).count() as u64;
    scans > 20 && scans.saturating_mul(pixels.max(1 << 20)) > MAX_DRAWN
}
