//! Elements of text as they stand in the file, in the file's own character set, for whoever hands them on.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{charset::CharacterSet, dataset::DataSet};

/// Longer than any value that identifies a patient or a study.
const LONGEST: usize = 1024;

/// Values of elements of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    values: Vec<(Tag, Vec<u8>)>,
    character_set: Option<Vec<u8>>,
    read_by: CharacterSet,
}

impl Values {
    pub(super) fn read(set: &DataSet<'_>, wanted: &[Tag]) -> Self {
        let value = |tag: Tag| {
            let value = unpadded(set.get(tag)?.value);
            // A value that was cut could end within a character.
            (1..=LONGEST).contains(&value.len()).then(|| value.to_vec())
        };
        Self {
            values: wanted.iter().filter_map(|&tag| Some((tag, value(tag)?))).collect(),
            character_set: value(tags::SPECIFIC_CHARACTER_SET),
            read_by: set.character_set,
        }
    }

    /// The elements that are there and not empty, with the bytes of their values without padding; one of more than 1,024
    /// bytes is left out.
    pub fn raw(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        self.values.iter().map(|(tag, value)| (*tag, value.as_slice()))
    }

    /// The value of Specific Character Set, which says how to read the others; none where the file has none.
    #[must_use]
    pub fn character_set(&self) -> Option<&[u8]> {
        self.character_set.as_deref()
    }

    /// Returns the elements as text, read by the file's character set; without control characters and padding, but with all
    /// else that is in a name.
    pub fn text(&self) -> impl Iterator<Item = (Tag, String)> {
        self.raw().map(|(tag, value)| {
            let text: String = self.read_by.decode(value).chars().filter(|c| !c.is_control()).collect();
            (tag, text.trim_end().to_owned())
        })
    }
}

/// A value without its padding: blanks, and NULs where a writer took those (PS3.5 6.2).
fn unpadded(mut value: &[u8]) -> &[u8] {
    while let Some((b' ' | 0, rest)) = value.split_last() {
        value = rest;
    }
    value
}
