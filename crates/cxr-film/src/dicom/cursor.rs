//! Single elements (PS3.5 sections 7 and 10), read front to back from bytes that are not trusted.

use dicom_core::{DataDictionary, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// More elements than any film has; what has more is garbage that happens to parse.
pub(super) const MAX_ELEMENTS: usize = 16_384;
/// How deep sequences may lie in one another; structured reports reach about ten.
const MAX_DEPTH: usize = 64;

/// Elements at the start of a data set that tell its encoding.
const LOOKED_AT: usize = 12;

pub(super) const UNDEFINED: u32 = u32::MAX;
pub(super) const ITEM: Tag = Tag(0xfffe, 0xe000);
pub(super) const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
pub(super) const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);

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

    /// The encoding of a data set by its first elements: the one in which most of them can be read. Writers mistake
    /// them for each other, and bare data sets do not say theirs.
    pub(super) fn of(data: &[u8]) -> Self {
        // Of equals the last.
        let in_doubt = if vr_at(data, 4).is_some() {
            [Self::BIG_ENDIAN, Self::IMPLICIT, Self::EXPLICIT]
        } else {
            [Self::BIG_ENDIAN, Self::EXPLICIT, Self::IMPLICIT]
        };
        in_doubt.into_iter().max_by_key(|encoding| readable(data, *encoding)).unwrap_or(Self::EXPLICIT)
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Why the elements after this point could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataSetError {
    /// The bytes end before the element does.
    CutShort(Tag),
    /// The bytes end within the head of an element.
    Ends,
    TooDeep,
    TooMany,
    /// Something other than items lies in a sequence or in compressed pixel data.
    NoItem,
}

impl std::fmt::Display for DataSetError {
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

/// How VR and length of an element are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// VR and a length of 16 bits.
    Short,
    /// VR, two idle bytes and a length of 32 bits.
    Long,
    /// No VR, and a length of 32 bits.
    Implicit,
}

/// Returns how many of the first elements can be read one after the other, with tags in their order.
fn readable(data: &[u8], encoding: Encoding) -> usize {
    let mut cursor = Cursor { rest: data, encoding };
    let mut last = None;
    let mut next = || {
        let element = cursor.element().ok().filter(|element| last < Some(element.tag))?;
        last = Some(element.tag);
        Some(element)
    };
    std::iter::from_fn(&mut next).take(LOOKED_AT).count()
}

/// Reads through bytes, front to back.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
    pub(super) encoding: Encoding,
}

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DataSetError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(DataSetError::Ends)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn take(&mut self, length: u32, tag: Tag) -> Result<&'a [u8], DataSetError> {
        let length = usize::try_from(length).map_err(|_| DataSetError::CutShort(tag))?;
        let (value, rest) = self.rest.split_at_checked(length).ok_or(DataSetError::CutShort(tag))?;
        self.rest = rest;
        Ok(value)
    }

    pub(super) fn tag(&mut self) -> Result<Tag, DataSetError> {
        let [group, element] = [self.array()?, self.array()?].map(|bytes| self.encoding.u16(bytes));
        Ok(Tag(group, element))
    }

    /// An item or a delimiter: these have no VR in any encoding.
    pub(super) fn item_head(&mut self) -> Result<(Tag, u32), DataSetError> {
        let tag = self.tag()?;
        Ok((tag, self.encoding.u32(self.array()?)))
    }

    /// Tag, VR and length of an element.
    fn head(&mut self) -> Result<(Tag, VR, u32), DataSetError> {
        let tag = self.tag()?;
        if !self.encoding.explicit || tag.group() == ITEM.group() {
            let length = self.encoding.u32(self.array()?);
            return Ok((tag, vr_of(tag), length));
        }
        let Some(vr) = vr_at(self.rest, 0) else { return self.unnamed_head(tag) };
        let form = if has_short_length(vr) { Form::Short } else { Form::Long };
        let length = self.length(form)?;
        Ok((tag, if vr == VR::UN { vr_of(tag) } else { vr }, length))
    }

    /// The length behind a tag, in one of the forms it may have.
    fn length(&mut self, form: Form) -> Result<u32, DataSetError> {
        match form {
            Form::Short => {
                let _vr: [u8; 2] = self.array()?;
                Ok(self.encoding.u16(self.array()?).into())
            }
            Form::Long => {
                let _vr_and_reserved: [u8; 4] = self.array()?;
                Ok(self.encoding.u32(self.array()?))
            }
            Form::Implicit => Ok(self.encoding.u32(self.array()?)),
        }
    }

    /// The head of an element among explicit ones that has no VR, or none that is known. Some writers put single
    /// implicit elements among explicit ones; some leave the VR blank or NUL, or write it in lower case, or one of a
    /// later edition. The form that leads to a plausible element behind this one is taken; of equals the first.
    fn unnamed_head(&mut self, tag: Tag) -> Result<(Tag, VR, u32), DataSetError> {
        let name: [u8; 2] = *self.rest.first_chunk().ok_or(DataSetError::Ends)?;
        let vr = VR::from_binary(name.map(|byte| byte.to_ascii_uppercase())).unwrap_or_else(|| vr_of(tag));
        let forms = match (name.iter().all(u8::is_ascii_uppercase), has_short_length(vr)) {
            // VRs of later editions have long lengths (PS3.5 7.1.2).
            (true, _) => [Form::Implicit, Form::Short, Form::Long],
            (false, true) => [Form::Long, Form::Short, Form::Implicit],
            (false, false) => [Form::Short, Form::Long, Form::Implicit],
        };
        let form = forms.into_iter().max_by_key(|form| self.plausible(tag, *form)).unwrap_or(Form::Implicit);
        Ok((tag, vr, self.length(form)?))
    }

    /// Returns how plausible a form is by what follows the element that it gives: elements come in the order of their tags.
    fn plausible(mut self, tag: Tag, form: Form) -> u8 {
        let Ok(length) = self.length(form) else { return 0 };
        if length == UNDEFINED {
            let is_sequence = self.tag().is_ok_and(|next| next == ITEM || next == SEQUENCE_END);
            return if is_sequence { 3 } else { 0 };
        }
        if self.take(length, tag).is_err() {
            return 0;
        }
        if self.rest.is_empty() {
            return 2;
        }
        match self.tag() {
            Ok(ITEM_END | SEQUENCE_END) => 3,
            Ok(next) if next <= tag => 0,
            Ok(_) if vr_at(self.rest, 0).is_some() => 3,
            Ok(next) if vr_of(next) != VR::UN => 1,
            _ => 0,
        }
    }

    pub(super) fn element(&mut self) -> Result<Element<'a>, DataSetError> {
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
    pub(super) fn skip_undefined(&mut self, tag: Tag, inner: Encoding) -> Result<&'a [u8], DataSetError> {
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
                (tag, _) if !in_item && tag != ITEM => return Err(DataSetError::NoItem),
                (_, UNDEFINED) if open.len() == MAX_DEPTH => return Err(DataSetError::TooDeep),
                (tag, UNDEFINED) => {
                    open.push(within.encoding);
                    is_item.push(tag == ITEM);
                    if unknown {
                        within.encoding = Encoding::IMPLICIT;
                    } else if tag == ITEM {
                        within.encoding = encoding_within(within.rest, within.encoding);
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

/// The VR that these bytes name.
fn vr_at(bytes: &[u8], at: usize) -> Option<VR> {
    VR::from_binary(*bytes.get(at..)?.first_chunk()?)
}

/// The encoding of the elements of an item. Writers that do not know an element turn it into UN, and some leave what
/// lies in it explicit, against PS3.5 6.2.2.
pub(super) fn encoding_within(item: &[u8], told: Encoding) -> Encoding {
    let mut cursor = Cursor { rest: item, encoding: Encoding::EXPLICIT };
    let (Ok(tag), Some(vr)) = (cursor.tag(), vr_at(item, 4)) else { return told };
    let named = if has_short_length(vr) { Form::Short } else { Form::Long };
    let is_explicit =
        told == Encoding::IMPLICIT && cursor.plausible(tag, named) > cursor.plausible(tag, Form::Implicit);
    if is_explicit { Encoding::EXPLICIT } else { told }
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
