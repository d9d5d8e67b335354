//! The elements of a data set (PS3.5 section 7), read in place from the bytes of the file.
//!
//! General readers believe an element's length and make room for it, up to 4 GB, and follow nested
//! sequences by recursion. A film comes from outside, so here nothing is allocated for a value, no
//! length is believed that the file does not hold, and sequences are passed over by counting.

use dicom_core::{DataDictionary, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use super::charset::CharacterSet;

/// More elements than any film has; what has more is garbage that happens to parse.
const MAX_ELEMENTS: usize = 16_384;
/// How deep sequences may lie in one another; structured reports reach about ten.
const MAX_DEPTH: usize = 64;

/// More items than any sequence has of which more than the first is looked at.
const MAX_ITEMS: usize = 64;

const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

/// How elements are written (PS3.5 section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encoding {
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

impl Encoding {
    pub(super) const IMPLICIT: Self = Self { explicit: false, big_endian: false };
    pub(super) const EXPLICIT: Self = Self { explicit: true, big_endian: false };
    pub(super) const BIG_ENDIAN: Self = Self { explicit: true, big_endian: true };

    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Why the elements after this point could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end before the element does.
    CutShort(Tag),
    /// The bytes end within the head of an element.
    Ends,
    TooDeep,
    TooMany,
    /// Something other than items lies in a sequence or in compressed pixel data.
    NoItem,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CutShort(tag) => write!(f, "element {tag} is longer than the rest of the file"),
            Self::Ends => f.write_str("the file ends within an element"),
            Self::TooDeep => write!(f, "sequences lie more than {MAX_DEPTH} deep in one another"),
            Self::TooMany => write!(f, "more than {MAX_ELEMENTS} elements"),
            Self::NoItem => f.write_str("a sequence holds something else than items"),
        }
    }
}

/// One element with its value as it lies in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    pub(super) vr: VR,
    pub(super) value: &'a [u8],
    /// The value has no length of its own: a sequence, or pixel data in fragments.
    pub(super) undefined: bool,
    pub(super) encoding: Encoding,
}

/// The top-level elements of a data set or of a sequence item, up to and with its pixel data.
#[derive(Debug)]
pub(super) struct DataSet<'a> {
    elements: Vec<Element<'a>>,
    pub(super) character_set: CharacterSet,
    /// What stopped the reading before the pixel data or the end.
    pub(super) fault: Option<Fault>,
}

impl<'a> DataSet<'a> {
    /// Reads the elements that lie in `bytes`; of an element that occurs twice, the first counts.
    pub(super) fn read(bytes: &'a [u8], encoding: Encoding) -> Self {
        let mut cursor = Cursor { rest: bytes, encoding };
        let mut set = Self { elements: Vec::new(), character_set: CharacterSet::default(), fault: None };
        while !cursor.rest.is_empty() {
            match cursor.element() {
                Ok(_) if set.elements.len() == MAX_ELEMENTS => set.fault = Some(Fault::TooMany),
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
            UNDEFINED => cursor.skip_undefined(ITEM, cursor.encoding).ok()?,
            length => cursor.take(length, tag).ok()?,
        };
        let mut item = Self::read(value, cursor.encoding);
        if item.get(tags::SPECIFIC_CHARACTER_SET).is_none() {
            item.character_set = self.character_set;
        }
        Some(item)
    }
}

/// The fragments of compressed pixel data without their offset table, which comes first (PS3.5 A.4).
/// The end of the file may stand for the delimiter: whether the picture is whole, its decoder tells.
pub(super) fn fragments(value: &[u8]) -> Result<(&[u8], Vec<&[u8]>), Fault> {
    let mut cursor = Cursor { rest: value, encoding: Encoding::EXPLICIT };
    let mut items = Vec::new();
    while cursor.rest.len() >= 8 {
        match cursor.item_head()? {
            (SEQUENCE_END, _) => break,
            (ITEM, _) if items.len() == MAX_ELEMENTS => return Err(Fault::TooMany),
            (ITEM, length) => items.push(cursor.take(length, ITEM)?),
            _ => return Err(Fault::NoItem),
        }
    }
    let mut items = items.into_iter();
    Ok((items.next().unwrap_or_default(), items.collect()))
}

/// Reads through bytes, front to back.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a [u8],
    encoding: Encoding,
}

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Fault::Ends)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, length: u32, tag: Tag) -> Result<&'a [u8], Fault> {
        let length = usize::try_from(length).map_err(|_| Fault::CutShort(tag))?;
        let (value, rest) = self.rest.split_at_checked(length).ok_or(Fault::CutShort(tag))?;
        self.rest = rest;
        Ok(value)
    }

    fn tag(&mut self) -> Result<Tag, Fault> {
        let [group, element] = [self.array()?, self.array()?].map(|bytes| self.encoding.u16(bytes));
        Ok(Tag(group, element))
    }

    /// An item or a delimiter: these have no VR in any encoding.
    fn item_head(&mut self) -> Result<(Tag, u32), Fault> {
        let tag = self.tag()?;
        Ok((tag, self.encoding.u32(self.array()?)))
    }

    /// Tag, VR and length of an element.
    fn head(&mut self) -> Result<(Tag, VR, u32), Fault> {
        let tag = self.tag()?;
        let named = self.rest.first_chunk().and_then(|name: &[u8; 2]| name.is_ascii().then_some(*name));
        let implicit = !self.encoding.explicit
            || tag.group() == ITEM.group()
            // Some writers put single implicit elements among explicit ones.
            || !named.is_some_and(|name| name.iter().all(u8::is_ascii_uppercase));
        if implicit {
            let length = self.encoding.u32(self.array()?);
            return Ok((tag, vr_of(tag), length));
        }
        let name: [u8; 2] = self.array()?;
        let vr = VR::from_binary(name).unwrap_or(VR::UN);
        let length = if has_short_length(vr) {
            u32::from(self.encoding.u16(self.array()?))
        } else {
            let _reserved: [u8; 2] = self.array()?;
            self.encoding.u32(self.array()?)
        };
        Ok((tag, if vr == VR::UN { vr_of(tag) } else { vr }, length))
    }

    fn element(&mut self) -> Result<Element<'a>, Fault> {
        let encoding = self.encoding;
        // An unknown element of undefined length is a sequence in implicit VR (PS3.5 6.2.2, note 2).
        let unknown = encoding.explicit && self.rest.get(4..6) == Some(b"UN");
        let (tag, vr, length) = self.head()?;
        let inner = if unknown { Encoding::IMPLICIT } else { encoding };
        let value = match length {
            UNDEFINED if tag == tags::PIXEL_DATA => std::mem::take(&mut self.rest),
            UNDEFINED => self.skip_undefined(tag, inner)?,
            length => self.take(length, tag)?,
        };
        Ok(Element { tag, vr, value, undefined: length == UNDEFINED, encoding: inner })
    }

    /// Passes over what has no length of its own, up to and with its delimiter, whatever is nested in
    /// it; returns what lies between.
    fn skip_undefined(&mut self, tag: Tag, inner: Encoding) -> Result<&'a [u8], Fault> {
        let start = self.rest;
        let mut within = Self { rest: start, encoding: inner };
        // The encoding outside of each sequence or item that is open.
        let mut open = vec![self.encoding];
        let mut is_item = vec![tag == ITEM];
        loop {
            let before = within.rest.len();
            let in_item = is_item.last() == Some(&true);
            let unknown = in_item && within.encoding.explicit && within.rest.get(4..6) == Some(b"UN");
            let (tag, length) = if in_item {
                let (tag, _, length) = within.head()?;
                (tag, length)
            } else {
                within.item_head()?
            };
            match (tag, length) {
                (ITEM_END | SEQUENCE_END, _) => {
                    is_item.pop();
                    within.encoding = open.pop().unwrap_or(self.encoding);
                    if open.is_empty() {
                        let value = &start[..start.len() - before];
                        self.rest = within.rest;
                        return Ok(value);
                    }
                }
                (tag, _) if !in_item && tag != ITEM => return Err(Fault::NoItem),
                (_, UNDEFINED) if open.len() == MAX_DEPTH => return Err(Fault::TooDeep),
                (tag, UNDEFINED) => {
                    open.push(within.encoding);
                    is_item.push(tag == ITEM);
                    if unknown {
                        within.encoding = Encoding::IMPLICIT;
                    }
                }
                (tag, length) => {
                    within.take(length, tag)?;
                }
            }
        }
    }
}

/// The VR by the dictionary, for encodings that do not say it.
fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr.relaxed())
}

/// The VRs whose length has 16 bits (PS3.5 7.1.2); all later ones have 32.
fn has_short_length(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    matches!(
        vr,
        AE | AS
            | AT
            | CS
            | DA
            | DS
            | DT
            | FD
            | FL
            | IS
            | LO
            | LT
            | PN
            | SH
            | SL
            | SS
            | ST
            | TM
            | UI
            | UL
            | US
    )
}

#[cfg(test)]
mod tests {
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
            (33, None, Some(Fault::TooDeep)),
            (100_000, None, Some(Fault::TooDeep)),
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
        assert_eq!((rows(&set), set.fault), (Some("rows"), Some(Fault::CutShort(tags::COLUMNS))));
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
        assert_eq!(fragments(&no_end[..no_end.len() - 1]), Err(Fault::CutShort(ITEM)));
    }
}
