//! The attributes of a film's header that a study carries from the file to the list, the filter, plugins and JSON.

use cxr_film::Header;
use serde::{Deserialize, Serialize};

/// Makes enum, struct and the reading of a header from one table, so that an attribute stands once: its name in the
/// header, the store and JSON; its word for people (column, filter); how many columns of the list it takes.
macro_rules! attributes {
    ($($(#[$doc:meta])* $kind:ident = $field:ident, $word:literal, $width:literal;)+) => {
        /// An attribute of the header that the list can show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Attribute {
            $($(#[$doc])* $kind,)+
        }

        /// The attributes of a study, each empty where the header says nothing. All text is clean.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Attributes {
            $($(#[$doc])* pub $field: String,)+
        }

        impl Attribute {
            /// All of them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$kind),+];

            /// The name of its field in the header, the store and JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($field),)+
                }
            }

            /// The word for people: a column of the list, a field of the filter.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)+
                }
            }

            /// Returns how many columns of the terminal it takes in the list.
            #[must_use]
            pub const fn width(self) -> u16 {
                match self {
                    $(Self::$kind => $width,)+
                }
            }
        }

        impl Attributes {
            /// The attributes of a film.
            #[must_use]
            pub fn of(header: &Header) -> Self {
                Self { $($field: header.$field.clone(),)+ }
            }

            /// The text of an attribute.
            #[must_use]
            pub fn get(&self, attribute: Attribute) -> &str {
                match attribute {
                    $(Attribute::$kind => &self.$field,)+
                }
            }

            /// The text of an attribute, to be changed.
            pub fn get_mut(&mut self, attribute: Attribute) -> &mut String {
                match attribute {
                    $(Attribute::$kind => &mut self.$field,)+
                }
            }
        }
    };
}

attributes! {
    /// Patient's Age (0010,1010) as the header writes it: `045Y`.
    PatientAge = patient_age, "age", 4;
    /// Patient's Sex (0010,0040): `M`, `F` or `O`.
    PatientSex = patient_sex, "sex", 3;
    /// Station Name (0008,1010): the machine that took the film.
    StationName = station_name, "station", 10;
}

impl Attribute {
    /// The attribute of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.word() == word)
    }
}

impl Attributes {
    /// Each text changed by `change`.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let mut changed = Self::default();
        for attribute in Attribute::ALL {
            *changed.get_mut(attribute) = change(self.get(attribute));
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_attribute_has_a_name_a_word_and_a_field_of_its_own() {
        let names: BTreeSet<&str> = Attribute::ALL.iter().map(|attribute| attribute.name()).collect();
        let words: BTreeSet<&str> = Attribute::ALL.iter().map(|attribute| attribute.word()).collect();
        assert_eq!((names.len(), words.len()), (Attribute::ALL.len(), Attribute::ALL.len()));
        let mut attributes = Attributes::default();
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::from_word(attribute.word()), Some(attribute));
            attribute.name().clone_into(attributes.get_mut(attribute));
        }
        let json = serde_json::to_value(&attributes).expect("plain data");
        for (name, text) in json.as_object().expect("an object") {
            assert_eq!(text, name, "each text stands in its own field");
        }
        let shouted = attributes.map(str::to_uppercase);
        assert_eq!(shouted.get(Attribute::PatientAge), "PATIENT_AGE");
    }

    #[test]
    fn the_documents_name_each_word() {
        let pages = [
            ("docs/worklist.md", include_str!("../../docs/worklist.md")),
            ("src/config/template.toml", include_str!("../config/template.toml")),
        ];
        for (page, text) in pages {
            for attribute in Attribute::ALL {
                let is_named =
                    text.split(|c: char| !c.is_alphanumeric()).any(|word| word == attribute.word());
                assert!(is_named, "{page} does not name {}", attribute.word());
            }
        }
        let types = include_str!("../../plugins/cxr-triage.d.luau");
        for attribute in Attribute::ALL {
            assert!(types.contains(&format!("{}: string", attribute.name())), "{}", attribute.name());
        }
    }
}
