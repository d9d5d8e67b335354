//! The people who may open the dashboard over SSH: their names, roles and public keys, in one file, and the lines by
//! which sshd lets them in.
//!
//! ```text
//! users add ──▶ people.toml ──▶ users authorized-keys ──▶ sshd ──▶ watch --as NAME --key FINGERPRINT
//!                    └────────── read again while the session runs ──────────────────┘
//! ```
//!
//! A name is letters, digits and a few signs, a key is taken apart before it is believed: both come from outside and end
//! in a line that a shell reads.

mod edit;
mod error;
mod file;
mod key;
mod line;

use std::collections::BTreeMap;

use toml_edit::DocumentMut;

pub use error::{KeyError, LineError, PeopleError};
pub use file::{Stamp, change, create, read, stamp};
pub use key::{PublicKey, keys_of_file};
pub use line::{Program, authorized_line};

use crate::study::PersonRole;

/// Characters of a name, at most.
const LONGEST_NAME: usize = 32;

/// The list of people as it stands in its file.
#[derive(Debug, Clone)]
pub struct List {
    people: People,
    document: DocumentMut,
}

impl List {
    /// The people on it.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.people
    }
}

/// The people of a file, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People(BTreeMap<String, Person>);

/// A person of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person's role.
    pub role: PersonRole,
    /// The keys by which the person comes in, each once; none: SSH does not let the person in.
    pub keys: Vec<PublicKey>,
}

impl People {
    /// All of them, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Person)> {
        self.0.iter().map(|(name, person)| (name.as_str(), person))
    }

    /// The person of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Person> {
        self.0.get(name)
    }

    /// The name of the person whose key this is.
    #[must_use]
    pub fn of_key(&self, key: &PublicKey) -> Option<&str> {
        self.iter().find(|(_, person)| person.keys.contains(key)).map(|(name, _)| name)
    }

    /// The role of a person who comes with a key of that fingerprint, or (none) whose key nobody tells; none: nobody of
    /// that name and key is on the list.
    #[must_use]
    pub fn admits(&self, name: &str, fingerprint: Option<&str>) -> Option<PersonRole> {
        let person = self.get(name)?;
        let has_key = |print: &str| person.keys.iter().any(|key| key.fingerprint() == print);
        fingerprint.is_none_or(has_key).then_some(person.role)
    }
}

/// Whether a text can be a person's name: it begins with a letter or a digit, has letters, digits, `.`, `_` and `-` of
/// ASCII and nothing else, 32 characters at most, and is not what the audit calls the program itself.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= LONGEST_NAME
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.bytes().all(is_plain)
        && !text.eq_ignore_ascii_case("pipeline")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_nothing_to_a_shell() {
        for name in ["ANNA", "anna.b", "a_b-c", "7", &"a".repeat(32)] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "-a",
            ".a",
            "a b",
            "a\"b",
            "a'b",
            "a;b",
            "a$b",
            "a`b",
            "a\nb",
            "a\\b",
            "ä",
            "a\u{202e}",
            "Pipeline",
            &"a".repeat(33),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
