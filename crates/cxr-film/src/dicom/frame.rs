//! The compressed bytes of the first frame, put together from its fragments (PS3.5 A.4).

use std::borrow::Cow;

use super::{
    Refusal, codestream,
    dataset::{DataSetError, Element, fragments},
};

/// Joins the fragments of the first of `frames` frames. A frame may lie in several, a fragment never
/// holds more than one frame. Frames of the JPEG families may be followed by others, which their own end marker keeps
/// apart.
pub(super) fn first<'a>(pixel_data: &Element<'a>, frames: u32) -> Result<Cow<'a, [u8]>, Refusal> {
    let (mut table, mut fragments) = fragments(pixel_data.value).map_err(|fault| match fault {
        DataSetError::CutShort(_) | DataSetError::Ends => {
            "The compressed pixel data break off: their transfer was cut short; send the film again."
                .to_owned()
        }
        fault => {
            format!("The compressed pixel data are no sequence of fragments ({fault}): check the sender.")
        }
    })?;
    // Some writers leave out the Basic Offset Table, and the first item is a fragment already.
    if is_fragment(table) {
        fragments.insert(0, table);
        table = &[];
    }
    let by_table = of_first_frame(table, &fragments);
    let filled: Vec<&[u8]> = fragments.iter().filter(|fragment| !fragment.is_empty()).copied().collect();
    let Some(first) = filled.first() else {
        return Err("The film's compressed pixel data are empty: check the sender.".to_owned());
    };
    let belong = match (frames as usize, by_table) {
        (0 | 1, _) => filled.len(),
        (frames, _) if frames == filled.len() => 1,
        _ if codestream::begins(first) => filled.len(),
        (_, Some(count)) => fragments[..count].iter().filter(|fragment| !fragment.is_empty()).count(),
        // RLE wants one fragment a frame; who divides them divides them alike.
        (frames, None) => filled.len().div_ceil(frames),
    };
    match &filled[..belong.min(filled.len())] {
        [only] => Ok(Cow::Borrowed(only)),
        several => Ok(Cow::Owned(several.concat())),
    }
}

/// Returns how many fragments the first frame has by the second entry of the Basic Offset Table, if that is the start of a
/// fragment.
fn of_first_frame(table: &[u8], fragments: &[&[u8]]) -> Option<usize> {
    let end = u64::from(u32::from_le_bytes(*table.as_chunks().0.get(1)?));
    let mut start = 0;
    fragments.iter().position(|fragment| {
        let found = start == end && end > 0;
        start += 8 + fragment.len() as u64;
        found
    })
}

/// Returns whether an item in the place of the Basic Offset Table, whose first entry is 0, is a fragment.
fn is_fragment(item: &[u8]) -> bool {
    // RLE: 1 to 15 segments, the first behind this header of 64 bytes (PS3.5 G.5).
    let is_rle = matches!(item.as_chunks().0, [[1..=15, 0, 0, 0], [64, 0, 0, 0], ..]) && item.len() > 64;
    codestream::begins(item) || is_rle
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;
    use dicom_dictionary_std::tags;

    use super::{super::dataset::Encoding, *};

    /// A case: the offset table; the fragments; Number of Frames; the first frame.
    type Case<'a> = (&'a str, &'a [u8], &'a [&'a [u8]], u32, &'a [u8]);

    #[test]
    fn a_frame_is_put_together_from_its_fragments() {
        let item = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
            [&b"\xfe\xff\x00\xe0"[..], &length, bytes].concat()
        };
        let table = [0_u32, 20].map(u32::to_le_bytes).concat();
        let wrong = [0_u32, 21].map(u32::to_le_bytes).concat();
        let jpeg = b"\xff\xd8\xff\xda";
        let mut rle = [0; 68];
        (rle[0], rle[4]) = (1, 64);
        let cases: [Case<'_>; 12] = [
            ("one fragment", b"", &[b"ab"], 1, b"ab"),
            ("several fragments", b"", &[b"ab", b"cd"], 1, b"abcd"),
            ("a fragment a frame", b"", &[b"ab", b"cd"], 2, b"ab"),
            ("by the table", &table, &[b"ab", b"cd", b"ef", b"gh"], 2, b"abcd"),
            ("by a table that is wrong", &wrong, &[b"ab", b"cd", b"ef", b"gh"], 2, b"abcd"),
            ("without a table", b"", &[b"ab", b"cd", b"ef", b"gh"], 2, b"abcd"),
            ("by its own end marker", &wrong, &[jpeg, b"\xff\xd9", b"gh"], 2, b"\xff\xd8\xff\xda\xff\xd9gh"),
            ("empty fragments", &table, &[b"", b"ab", b"", b"cd"], 2, b"ab"),
            ("empty fragments of one frame", b"", &[b"ab", b"", b"cd"], 1, b"abcd"),
            ("no table but a JPEG", jpeg, &[b"ef"], 2, jpeg),
            ("no table but a JPEG in two", jpeg, &[b"ef"], 1, b"\xff\xd8\xff\xdaef"),
            ("no table but RLE", &rle, &[], 1, &rle),
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
