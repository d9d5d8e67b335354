//! The elements of a data set (PS3.5 section 7), read in place from the bytes of the file.
//!
//! General readers believe an element's length and make room for it, up to 4 GB, and follow nested
//! sequences by recursion. A film comes from outside, so here nothing is allocated for a value, no
//! length is believed that the file does not hold, and sequences are passed over by counting.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

pub(super) use super::cursor::{DataSetError, Element, Encoding};
use super::{
    charset::CharacterSet,
    cursor::{Cursor, ITEM, MAX_ELEMENTS, SEQUENCE_END, UNDEFINED, encoding_within},
};

/// More items than any sequence has of which more than the first is looked at.
const MAX_ITEMS: usize = 64;

const META_GROUP: u16 = 0x0002;

/// The top-level elements of a data set or of a sequence item, up to and with its pixel data.
#[derive(Debug)]
pub(super) struct DataSet<'a> {
    elements: Vec<Element<'a>>,
    pub(super) character_set: CharacterSet,
    /// The error that stopped the reading before the pixel data or the end.
    pub(super) fault: Option<DataSetError>,
}

impl<'a> DataSet<'a> {
    /// Reads the elements that lie in `bytes`; of an element that occurs twice, the first counts.
    pub(super) fn read(bytes: &'a [u8], encoding: Encoding) -> Self {
        let mut cursor = Cursor { rest: bytes, encoding };
        let mut set = Self { elements: Vec::new(), character_set: CharacterSet::default(), fault: None };
        while !cursor.rest.is_empty() {
            match cursor.element() {
                Ok(_) if set.elements.len() == MAX_ELEMENTS => set.fault = Some(DataSetError::TooMany),
                Ok(element) => {
                    set.elements.push(element);
                    if element.tag != tags::PIXEL_DATA {
                        continue;
                    }
                }
                Err(fault) => set.fault = Some(fault),
            }
            break;
        }
        if let Some(named) = set.get(tags::SPECIFIC_CHARACTER_SET) {
            set.character_set = CharacterSet::named(named.value);
        }
        set
    }

    /// An element that is there and not empty.
    pub(super) fn get(&self, tag: Tag) -> Option<&Element<'a>> {
        self.elements.iter().find(|element| element.tag == tag).filter(|element| !element.value.is_empty())
    }

    /// The first item of a sequence.
    pub(super) fn first_item(&self, sequence: Tag) -> Option<Self> {
        let sequence = self.get(sequence)?;
        self.next_item(&mut Cursor { rest: sequence.value, encoding: sequence.encoding })
    }

    /// The items of a sequence, the first few if there are many, up to one that cannot be read.
    pub(super) fn items(&self, sequence: Tag) -> Vec<Self> {
        let Some(sequence) = self.get(sequence) else { return Vec::new() };
        let mut cursor = Cursor { rest: sequence.value, encoding: sequence.encoding };
        std::iter::from_fn(|| self.next_item(&mut cursor)).take(MAX_ITEMS).collect()
    }

    fn next_item(&self, cursor: &mut Cursor<'a>) -> Option<Self> {
        let (tag, length) = cursor.item_head().ok()?;
        if tag != ITEM {
            return None;
        }
        let value = match length {
            UNDEFINED => cursor.skip_undefined(ITEM, encoding_within(cursor.rest, cursor.encoding)).ok()?,
            length => cursor.take(length, tag).ok()?,
        };
        let mut item = Self::read(value, encoding_within(value, cursor.encoding));
        if item.get(tags::SPECIFIC_CHARACTER_SET).is_none() {
            item.character_set = self.character_set;
        }
        Some(item)
    }
}

/// The fragments of compressed pixel data without their offset table, which comes first (PS3.5 A.4).
/// The end of the file may stand for the delimiter: whether the picture is whole, its decoder tells.
pub(super) fn fragments(value: &[u8]) -> Result<(&[u8], Vec<&[u8]>), DataSetError> {
    let mut cursor = Cursor { rest: value, encoding: Encoding::EXPLICIT };
    let mut items = Vec::new();
    while cursor.rest.len() >= 8 {
        match cursor.item_head()? {
            (SEQUENCE_END, _) => break,
            (ITEM, _) if items.len() == MAX_ELEMENTS => return Err(DataSetError::TooMany),
            (ITEM, length) => items.push(cursor.take(length, ITEM)?),
            _ => return Err(DataSetError::NoItem),
        }
    }
    let mut items = items.into_iter();
    Ok((items.next().unwrap_or_default(), items.collect()))
}

/// The transfer syntax by the file meta information (PS3.10 7.1), as text, and the data set behind it. It is explicit
/// little endian whatever the data set is; some old writers encode it as the data set.
pub(super) fn meta(bytes: &[u8]) -> (&[u8], &[u8]) {
    let encoding = if bytes.starts_with(&[0, 2]) { Encoding::BIG_ENDIAN } else { Encoding::EXPLICIT };
    let mut cursor = Cursor { rest: bytes, encoding };
    let mut syntax: &[u8] = &[];
    loop {
        let mut ahead = cursor;
        if ahead.tag().map(|tag| tag.group()) != Ok(META_GROUP) {
            return (syntax, cursor.rest);
        }
        match cursor.element() {
            Ok(element) if element.tag == tags::TRANSFER_SYNTAX_UID => syntax = element.value,
            Ok(_) => {}
            Err(_) => return (syntax, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::*;

    fn rows(set: &DataSet<'_>) -> Option<&'static str> {
        set.get(tags::ROWS).map(|_| "rows")
    }

    /// Sequences of undefined length, one in another, then Rows.
    fn nested(depth: usize) -> Vec<u8> {
        let open = b"\x08\0\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff".repeat(depth);
        let close = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0".repeat(depth);
        [open, close, b"\x28\0\x10\0US\x02\0\x01\0".to_vec()].concat()
    }

    #[test]
    fn what_follows_nested_sequences_is_found_up_to_a_depth() {
        for (depth, found, fault) in [
            (0, Some("rows"), None),
            (1, Some("rows"), None),
            (32, Some("rows"), None),
            (33, None, Some(DataSetError::TooDeep)),
            (100_000, None, Some(DataSetError::TooDeep)),
        ] {
            let bytes = nested(depth);
            let set = DataSet::read(&bytes, Encoding::EXPLICIT);
            assert_eq!((rows(&set), set.fault), (found, fault), "{depth} deep");
        }
    }

    #[test]
    fn a_length_that_lies_is_a_fault_and_what_came_before_is_kept() {
        let bytes = b"\x28\0\x10\0US\x02\0\x01\0\x28\0\x11\0OB\0\0\xf0\xff\xff\xff\x01\0";
        let set = DataSet::read(bytes, Encoding::EXPLICIT);
        assert_eq!((rows(&set), set.fault), (Some("rows"), Some(DataSetError::CutShort(tags::COLUMNS))));
    }

    #[test]
    fn an_unknown_sequence_is_implicit_within() {
        // UN of undefined length: one item with an implicit element, then Rows, explicit
        let bytes =
            b"\x09\0\x01\0UN\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\x08\0\x60\0\x02\0\0\0CR\
                      \xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0\x28\0\x10\0US\x02\0\x01\0";
        let set = DataSet::read(bytes, Encoding::EXPLICIT);
        assert_eq!((rows(&set), set.fault), (Some("rows"), None));
        let item = set.first_item(Tag(0x0009, 0x0001)).expect("an item");
        assert_eq!(item.get(tags::MODALITY).map(|element| element.value), Some(&b"CR"[..]));
    }

    #[test]
    fn fragments_end_with_their_delimiter_or_with_the_file() {
        let item = b"\xfe\xff\x00\xe0\x02\0\0\0ab";
        let table = b"\xfe\xff\x00\xe0\0\0\0\0";
        let end = b"\xfe\xff\xdd\xe0\0\0\0\0";
        let whole = [&table[..], item, item, end, b"trailing"].concat();
        let (offsets, found) = fragments(&whole).expect("fragments");
        assert_eq!((offsets, found), (&b""[..], vec![&b"ab"[..], b"ab"]));
        let no_end = [&table[..], item].concat();
        assert_eq!(fragments(&no_end).map(|(_, found)| found.len()), Ok(1));
        assert_eq!(fragments(&no_end[..no_end.len() - 1]), Err(DataSetError::CutShort(ITEM)));
    }

    /// Modality, then an element of two bytes with this tag and this head, then Rows.
    fn with_head(tag: [u8; 4], head: &[u8]) -> Vec<u8> {
        [b"\x08\0\x60\0CS\x02\0CR", &tag[..], head, b"77", b"\x28\0\x10\0US\x02\0\x01\0"].concat()
    }

    #[test]
    fn elements_without_a_known_vr_are_read_by_what_follows_them() {
        let study_id = [0x20, 0, 0x10, 0];
        let long_code = [0x08, 0, 0x19, 0x01];
        let private = [0x21, 0, 0x10, 0x10];
        let cases: [(&str, [u8; 4], &[u8]); 12] = [
            ("blank", study_id, b"  \x02\0"),
            ("NUL", study_id, b"\0\0\x02\0"),
            ("question marks", study_id, b"??\x02\0"),
            ("hyphens", study_id, b"--\x02\0"),
            ("lower case", study_id, b"sh\x02\0"),
            ("of a later edition", study_id, b"ZZ\0\0\x02\0\0\0"),
            ("of a later edition, with a short length", study_id, b"ZZ\x02\0"),
            ("implicit", study_id, b"\x02\0\0\0"),
            ("a long length under a blank", long_code, b"  \0\0\x02\0\0\0"),
            ("a long length in lower case", long_code, b"uc\0\0\x02\0\0\0"),
            ("private, blank", private, b"  \x02\0"),
            ("private, implicit", private, b"\x02\0\0\0"),
        ];
        for (what, tag, head) in cases {
            let bytes = with_head(tag, head);
            let set = DataSet::read(&bytes, Encoding::EXPLICIT);
            let [g0, g1, e0, e1] = tag;
            let tag = Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
            let value = set.get(tag).map(|element| element.value);
            assert_eq!((value, rows(&set), set.fault), (Some(&b"77"[..]), Some("rows"), None), "{what}");
        }
    }

    #[test]
    fn several_unnamed_elements_in_a_row_and_a_last_one_are_read() {
        let head = |tag: &[u8], head: &[u8], value: &[u8]| [tag, head, value].concat();
        for name in [*b"  ", [0, 0], *b"??"] {
            let short = |length: u8| [&name[..], &[length, 0]].concat();
            let bytes = [
                head(b"\x20\0\x10\0", &short(2), b"77"),
                head(b"\x28\0\x02\0", &short(2), b"\x01\0"),
                head(b"\x28\0\x10\0", &short(2), b"\x01\0"),
                head(b"\xe0\x7f\x10\0", &[&name[..], b"\0\0\x04\0\0\0"].concat(), b"abcd"),
            ]
            .concat();
            let set = DataSet::read(&bytes, Encoding::EXPLICIT);
            let pixels = set.get(tags::PIXEL_DATA).map(|element| (element.value, element.vr));
            assert_eq!((rows(&set), set.fault), (Some("rows"), None), "{name:?}");
            assert_eq!(pixels, Some((&b"abcd"[..], VR::OW)), "{name:?}");
        }
    }

    #[test]
    fn a_sequence_of_unknown_vr_is_found_whatever_lies_in_it() {
        let explicit = b"\x08\0\x60\0CS\x02\0CR";
        let implicit = b"\x08\0\x60\0\x02\0\0\0CR";
        let rows_behind = b"\x28\0\x10\0US\x02\0\x01\0";
        for (name, within) in
            [(b"UN", &explicit[..]), (b"UN", implicit), (b"??", explicit), (b"  ", explicit)]
        {
            let length = u32::try_from(within.len()).unwrap().to_le_bytes();
            let item = [b"\xfe\xff\x00\xe0", &length[..], within].concat();
            let open_item =
                [b"\xfe\xff\x00\xe0\xff\xff\xff\xff", within, b"\xfe\xff\x0d\xe0\0\0\0\0"].concat();
            let end = b"\xfe\xff\xdd\xe0\0\0\0\0";
            let item_length = u32::try_from(item.len()).unwrap().to_le_bytes();
            for (length, value) in [
                (&item_length[..], item.clone()),
                (b"\xff\xff\xff\xff", [&item[..], end].concat()),
                (b"\xff\xff\xff\xff", [&open_item[..], end].concat()),
            ] {
                // View Code Sequence
                let bytes = [b"\x08\0\x40\0", &name[..], b"\0\0", length, &value, rows_behind].concat();
                let bytes = [&b"\x08\0\x60\0CS\x02\0DX"[..], b"\x08\0\x18\x22", &bytes[4..]].concat();
                let set = DataSet::read(&bytes, Encoding::EXPLICIT);
                assert_eq!((rows(&set), set.fault), (Some("rows"), None), "{name:?} {within:?} {length:?}");
                let item = set.first_item(tags::ANATOMIC_REGION_SEQUENCE).expect("an item");
                let modality = item.get(tags::MODALITY).map(|element| element.value);
                assert_eq!(modality, Some(&b"CR"[..]), "{name:?} {within:?} {length:?}");
            }
        }
    }

    #[test]
    fn the_first_elements_tell_the_encoding() {
        let explicit = [&b"\x08\0\x60\0CS\x02\0CR"[..], b"\x28\0\x10\0US\x02\0\x01\0"].concat();
        let implicit = [&b"\x08\0\x60\0\x02\0\0\0CR"[..], b"\x28\0\x10\0\x02\0\0\0\x01\0"].concat();
        let big = [&b"\0\x08\0\x60CS\0\x02CR"[..], b"\0\x28\0\x10US\0\x02\0\x01"].concat();
        for (what, bytes, encoding) in [
            ("explicit", explicit.clone(), Encoding::EXPLICIT),
            ("implicit", implicit, Encoding::IMPLICIT),
            ("big endian", big, Encoding::BIG_ENDIAN),
            ("explicit, the first VR blank", with_blank(&explicit, 4), Encoding::EXPLICIT),
            ("explicit, cut short", explicit[..9].to_vec(), Encoding::EXPLICIT),
        ] {
            assert_eq!(Encoding::of(&bytes), encoding, "{what}");
        }
    }

    fn with_blank(bytes: &[u8], at: usize) -> Vec<u8> {
        let mut blank = bytes.to_vec();
        blank[at..at + 2].copy_from_slice(b"  ");
        blank
    }
}
