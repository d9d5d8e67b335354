//! Identity: whether two films are one, whose a film is, and in which row of the worklist it stands. Numbers that should be
//! unique are not: anonymisers and consoles give one SOP Instance UID to two films, and one Study Instance UID to two
//! patients. The store and `scan` bring what they know of a film's neighbours, and decide alike.

/// A patient as a header names them. A field that the header leaves empty tells nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patient {
    /// Patient ID.
    pub id: String,
    /// Patient's Name.
    pub name: String,
    /// Patient's Birth Date.
    pub birth_date: String,
}

impl Patient {
    /// A patient of these header values, which need not be trimmed.
    #[must_use]
    pub fn new(id: &str, name: &str, birth_date: &str) -> Self {
        let trimmed = |text: &str| text.trim_matches([' ', '\0']).to_owned();
        Self { id: trimmed(id), name: trimmed(name), birth_date: trimmed(birth_date) }
    }

    /// Returns whether these are two people: both have an ID and these differ, or one has none, and name and birth date
    /// both differ.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        if !self.id.is_empty() && !other.id.is_empty() {
            return self.id != other.id;
        }
        same_name(&self.name, &other.name) == Some(false)
            && same_date(&self.birth_date, &other.birth_date) == Some(false)
    }

    /// Returns whether these are known to be one person: the IDs agree; or, where one has none, the names agree and the birth
    /// dates do not differ. Two of whom nothing is known are not.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        if !self.id.is_empty() && !other.id.is_empty() {
            return self.id == other.id;
        }
        same_name(&self.name, &other.name) == Some(true)
            && same_date(&self.birth_date, &other.birth_date) != Some(false)
    }

    /// Takes over from another film of this patient's what the films before it left empty.
    pub fn learn(&mut self, other: &Self) {
        for (known, new) in [
            (&mut self.id, &other.id),
            (&mut self.name, &other.name),
            (&mut self.birth_date, &other.birth_date),
        ] {
            if known.is_empty() {
                known.clone_from(new);
            }
        }
    }

    /// Returns how much speaks for the two being one person: the ID more than the name, the name more than the birth date.
    fn likeness(&self, other: &Self) -> u8 {
        let same_id = !self.id.is_empty() && self.id == other.id;
        let same_name = same_name(&self.name, &other.name) == Some(true);
        let same_date = same_date(&self.birth_date, &other.birth_date) == Some(true);
        4 * u8::from(same_id) + 2 * u8::from(same_name) + u8::from(same_date)
    }
}

/// Returns whether two names (VR PN, PS3.5 section 6.2.1.1) are one; nothing where they have no component group in common
/// that both fill in. A person may be written alphabetically, ideographically and phonetically: one form that agrees
/// is enough.
fn same_name(one: &str, other: &str) -> Option<bool> {
    let [one, other] = [one, other].map(|name| name.split('=').map(words).collect::<Vec<_>>());
    let agrees = |form: &Vec<String>| !form.is_empty() && other.contains(form);
    if one.iter().any(agrees) {
        return Some(true);
    }
    let comparable = one.iter().zip(&other).any(|(a, b)| !a.is_empty() && !b.is_empty());
    comparable.then_some(false)
}

/// The words of one component group in small letters: padding, empty components and capitals are the sender's
/// habit, as is whether family and given name are told apart by `^`, a comma or a space. The prefix (`Mrs`) is no part
/// of the name; the suffix (`Jr`) is.
fn words(group: &str) -> Vec<String> {
    let components = group.split('^').enumerate().filter(|(place, _)| *place != 3);
    components
        .flat_map(|(_, component)| component.split(|c: char| c.is_whitespace() || matches!(c, ',' | '\0')))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Returns whether two dates (VR DA, or `YYYY.MM.DD` as of old) are one; nothing where one of them is no whole date.
fn same_date(one: &str, other: &str) -> Option<bool> {
    let digits = |date: &str| date.chars().filter(char::is_ascii_digit).collect::<String>();
    let [one, other] = [one, other].map(digits);
    let is_date = |date: &str| date.len() == 8 && date.bytes().any(|byte| byte != b'0');
    (is_date(&one) && is_date(&other)).then(|| one == other)
}

/// Returns which of the rows that bear one Study Instance UID is the patient's, by what is known of the patient of each: the
/// most like among those that do not differ, and of those the first. None: a row of their own.
#[must_use]
pub fn row_of(patient: &Patient, rows: &[Patient]) -> Option<usize> {
    let own = rows.iter().enumerate().filter(|(_, row)| !patient.differs_from(row));
    // The first of the most like: `max_by_key` gives the last.
    own.rev().max_by_key(|(_, row)| patient.likeness(row)).map(|(place, _)| place)
}

/// The key of the row with that number, from 1, among those of one Study Instance UID.
#[must_use]
pub fn row_key(study_uid: &str, number: u32) -> String {
    if number <= 1 { study_uid.to_owned() } else { format!("{study_uid}#{number}") }
}

/// The Study Instance UID of a row's key, without the row's number; a key of another kind as it is.
#[must_use]
pub fn study_uid(key: &str) -> &str {
    match key.split_once('#') {
        Some((uid, _)) if uid.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => uid,
        _ => key,
    }
}

/// A film as far as it says which one it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// SOP Instance UID; empty: none.
    pub sop_instance_uid: String,
    /// Study Instance UID; empty: none.
    pub study_instance_uid: String,
    /// The patient of the film.
    pub patient: Patient,
    /// Whether its pixels could be decoded.
    pub decoded: bool,
    /// The hash of its stored pixels; empty where nobody knows it: of a film that did not decode, or that an earlier
    /// version recorded.
    pub pixels: String,
}

impl Claim {
    /// Returns whether this film is `known` once more: a copy in another transfer syntax, with a corrected description, or
    /// damaged on the way. Where the pixels of one are not known, patient and study decide.
    #[must_use]
    pub fn repeats(&self, known: &Self) -> bool {
        known.decoded && self.agrees_with(known)
    }

    /// Returns whether this film, which decoded, takes the place of `broken`, which did not.
    #[must_use]
    pub fn replaces(&self, broken: &Self) -> bool {
        self.decoded && !broken.decoded && self.agrees_with(broken)
    }

    /// Returns whether both bear a number and say by it, or by their patient or study, that they are two films. Where one is
    /// damaged so far that it bears none, nobody can say.
    #[must_use]
    pub fn is_another_than(&self, other: &Self) -> bool {
        let numbered = !self.sop_instance_uid.is_empty() && !other.sop_instance_uid.is_empty();
        numbered && !self.agrees_with(other)
    }

    fn agrees_with(&self, other: &Self) -> bool {
        self.shares_number_with(other) && self.difference(other).is_none()
    }

    fn shares_number_with(&self, other: &Self) -> bool {
        !self.sop_instance_uid.is_empty() && self.sop_instance_uid == other.sop_instance_uid
    }

    /// The differences of two films of one SOP Instance UID.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Difference {
        let known = !self.pixels.is_empty() && !other.pixels.is_empty();
        Difference {
            patient: self.patient.differs_from(&other.patient),
            study: self.study_instance_uid != other.study_instance_uid,
            pixels: known.then(|| self.pixels != other.pixels),
        }
    }
}

/// The differences of two films of one SOP Instance UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// They are of two patients.
    pub patient: bool,
    /// They are of two studies.
    pub study: bool,
    /// They are two pictures; nothing where the pixels of one are not known.
    pub pixels: Option<bool>,
}

impl Difference {
    /// Returns whether nothing does.
    #[must_use]
    pub fn is_none(self) -> bool {
        !self.patient && !self.study && self.pixels != Some(true)
    }

    /// "another patient, another picture".
    fn in_words(self) -> String {
        let parts = [
            (self.patient, "another patient"),
            (self.study, "another study"),
            (self.pixels == Some(true), "another picture"),
        ];
        let parts: Vec<&str> =
            parts.iter().filter(|(differs, _)| *differs).map(|(_, words)| *words).collect();
        parts.join(", ")
    }
}

/// Something that bears a number that is not its alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// Another film bears the SOP Instance UID of this one.
    Film {
        /// The other one's file name, for people.
        file_name: String,
        /// The key of the other one's study.
        study: String,
        /// The differences of the two.
        difference: Difference,
    },
    /// Another patient's study bears the Study Instance UID of this one.
    Study {
        /// The other one's key.
        key: String,
    },
}

/// As many clashes are told of one film or study; further ones would tell a reader nothing new.
pub const MOST_CLASHES: u32 = 3;

impl Clash {
    /// A sentence for the reader. File names and keys may name a patient: `named` says whether they may be told.
    #[must_use]
    pub fn sentence(&self, named: bool) -> String {
        match self {
            Self::Film { file_name, study, difference } => {
                let other = if named {
                    format!("The film {file_name} of the study {study}")
                } else {
                    "A film".to_owned()
                };
                if difference.patient && difference.pixels == Some(false) {
                    return format!(
                        "{other} is this picture under the same SOP Instance UID and another patient: one of them is \
                         probably a correction; find out whose it is."
                    );
                }
                let what = difference.in_words();
                format!(
                    "{other} bears the same SOP Instance UID and is not this one ({what}): find out at the sender \
                     which is whose."
                )
            }
            Self::Study { key } => {
                let other = if named { format!("The study {key}") } else { "A study".to_owned() };
                format!(
                    "{other} of another patient bears the same Study Instance UID: find out at the sender which films \
                     are whose."
                )
            }
        }
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
