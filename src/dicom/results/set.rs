//! A data set that is written (PS3.5 section 7). What general encoders do not have, and results need: values that were
//! read in some character set and go out as they came.

use std::collections::BTreeMap;

use dicom_core::{Tag, VR, dictionary::DataDictionary as _, dictionary::DataDictionaryEntry as _};
use dicom_dictionary_std::{StandardDataDictionary, uids};

const ITEM: Tag = Tag(0xfffe, 0xe000);

/// How a data set is encoded: both are little endian and uncompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Implicit VR, which every storage SCP accepts (PS3.5 10.1).
    Implicit,
    /// Explicit VR.
    Explicit,
}

impl Syntax {
    /// Its Transfer Syntax UID.
    #[must_use]
    pub fn uid(self) -> &'static str {
        match self {
            Self::Implicit => uids::IMPLICIT_VR_LITTLE_ENDIAN,
            Self::Explicit => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Bytes(Vec<u8>),
    Items(Vec<DataSet>),
}

/// Elements by their tags, each once; those of the file meta information too, where it is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DataSet {
    elements: BTreeMap<Tag, Value>,
}

impl DataSet {
    /// Text, in UTF-8; empty text is an empty element. `\` parts the values of one that has several.
    pub(super) fn text(&mut self, tag: Tag, text: &str) -> &mut Self {
        self.bytes(tag, text.as_bytes().to_vec())
    }

    pub(super) fn number(&mut self, tag: Tag, number: u16) -> &mut Self {
        self.bytes(tag, number.to_le_bytes().to_vec())
    }

    /// A value as it goes out.
    pub(super) fn bytes(&mut self, tag: Tag, value: Vec<u8>) -> &mut Self {
        self.elements.insert(tag, Value::Bytes(value));
        self
    }

    pub(super) fn items(&mut self, tag: Tag, items: Vec<Self>) -> &mut Self {
        self.elements.insert(tag, Value::Items(items));
        self
    }

    /// An element that is empty unless it is there already.
    pub(super) fn empty(&mut self, tag: Tag) -> &mut Self {
        self.elements.entry(tag).or_insert_with(|| Value::Bytes(Vec::new()));
        self
    }

    /// Returns whether all its text is ASCII, which is the same in every character set.
    pub(super) fn is_ascii(&self) -> bool {
        self.elements.iter().all(|(tag, value)| match value {
            Value::Bytes(bytes) => matches!(vr(*tag), VR::OB | VR::OW | VR::US) || bytes.is_ascii(),
            Value::Items(items) => items.iter().all(Self::is_ascii),
        })
    }

    /// The data set's bytes.
    pub(super) fn encode(&self, syntax: Syntax) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (&tag, value) in &self.elements {
            let vr = vr(tag);
            match value {
                Value::Bytes(value) => element(&mut bytes, syntax, tag, vr, value),
                Value::Items(items) => {
                    let mut inner = Vec::new();
                    for item in items {
                        // An item has no representation in either syntax.
                        element(&mut inner, Syntax::Implicit, ITEM, VR::UN, &item.encode(syntax));
                    }
                    element(&mut bytes, syntax, tag, vr, &inner);
                }
            }
        }
        bytes
    }
}

/// The representation of an element by the standard's dictionary.
fn vr(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed())
}

fn element(bytes: &mut Vec<u8>, syntax: Syntax, tag: Tag, vr: VR, value: &[u8]) {
    let padded = value.len().next_multiple_of(2);
    bytes.extend(tag.group().to_le_bytes());
    bytes.extend(tag.element().to_le_bytes());
    let has_long_length = matches!(
        vr,
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::SQ | VR::UC | VR::UN | VR::UR | VR::UT
    );
    if syntax == Syntax::Explicit {
        bytes.extend(vr.to_bytes());
    }
    if syntax == Syntax::Explicit && !has_long_length {
        bytes.extend(u16::try_from(padded).unwrap_or(u16::MAX).to_le_bytes());
    } else {
        if syntax == Syntax::Explicit {
            bytes.extend([0, 0]);
        }
        bytes.extend(u32::try_from(padded).unwrap_or(u32::MAX).to_le_bytes());
    }
    bytes.extend(value);
    if padded > value.len() {
        bytes.push(if matches!(vr, VR::UI | VR::OB | VR::OW) { 0 } else { b' ' });
    }
}
