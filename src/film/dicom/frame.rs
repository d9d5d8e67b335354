//! The compressed bytes of the first frame, put together from its fragments (PS3.5 A.4).

use std::borrow::Cow;

use super::{
    Refusal,
    dataset::{Element, fragments},
};

/// Joins the fragments of the first of `frames` frames. A frame may lie in several, a fragment never
/// holds more than one frame.
pub(super) fn first<'a>(pixel_data: &Element<'a>, frames: u32) -> Result<Cow<'a, [u8]>, Refusal> {
    let (offsets, fragments) = fragments(pixel_data.value).map_err(|fault| {
        format!("The compressed pixel data are damaged or cut short ({fault}): send the film again.")
    })?;
    let belong = match frames {
        0 | 1 => fragments.len(),
        frames if frames as usize == fragments.len() => 1,
        _ => of_first_frame(offsets, &fragments),
    };
    match &fragments[..belong.min(fragments.len())] {
        [] => Err("The film has no pixel data: its transfer was cut short; send the film again.".to_owned()),
        [only] => Ok(Cow::Borrowed(only)),
        several => Ok(Cow::Owned(several.concat())),
    }
}

/// How many fragments the first frame has: up to the second entry of the Basic Offset Table, or without
/// one up to the fragment that ends as all frames of the JPEG families do.
fn of_first_frame(offsets: &[u8], fragments: &[&[u8]]) -> usize {
    let table = offsets.as_chunks().0;
    if let Some(&second) = table.get(1) {
        let end = u64::from(u32::from_le_bytes(second));
        let starts = fragments.iter().scan(0, |at, fragment| {
            let start = *at;
            *at += 8 + fragment.len() as u64;
            Some(start)
        });
        return starts.take_while(|&start| start < end).count();
    }
    fragments
        .iter()
        .position(|fragment| super::codestream::is_whole(fragment))
        .map_or(fragments.len(), |i| i + 1)
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;
    use dicom_dictionary_std::tags;

    use super::{super::dataset::Encoding, *};

    /// What is tried; the offset table; the fragments; Number of Frames; the first frame.
    type Case<'a> = (&'a str, &'a [u8], &'a [&'a [u8]], u32, &'a [u8]);

    #[test]
    fn a_frame_is_put_together_from_its_fragments() {
        let item = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
            [&b"\xfe\xff\x00\xe0"[..], &length, bytes].concat()
        };
        let table = [0_u32, 20].map(u32::to_le_bytes).concat();
        let cases: [Case<'_>; 5] = [
            ("one fragment", b"", &[b"ab"], 1, b"ab"),
            ("several fragments", b"", &[b"ab", b"cd"], 1, b"abcd"),
            ("a fragment a frame", b"", &[b"ab", b"cd"], 2, b"ab"),
            ("by the table", &table, &[b"ab", b"cd", b"ef", b"gh"], 2, b"abcd"),
            ("by the end marker", b"", &[b"ab", b"\xff\xd9", b"ef", b"\xff\xd9"], 3, b"ab\xff\xd9"),
        ];
        for (what, table, fragments, frames, expected) in cases {
            let value: Vec<u8> = [table].iter().chain(fragments).flat_map(|bytes| item(bytes)).collect();
            let element = Element {
                tag: tags::PIXEL_DATA,
                vr: VR::OB,
                value: &value,
                undefined: true,
                encoding: Encoding::EXPLICIT,
            };
            assert_eq!(first(&element, frames).as_deref(), Ok(expected), "{what}");
        }
    }
}
