//! The words for what people do with a study.

use jiff::Timestamp;

use super::Severity;

/// How far people have come with a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody has opened it.
    New,
    /// Somebody has.
    Seen,
    /// Somebody is at it.
    Claimed,
    /// It has left the list.
    Done,
}

impl Status {
    /// All of them, in the order of their life.
    pub const ALL: [Self; 4] = [Self::New, Self::Seen, Self::Claimed, Self::Done];

    /// The word that users, JSON and the store know it by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Claimed => "claimed",
            Self::Done => "done",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// A priority from outside (a sidecar, a plugin, a worklist entry). It can only raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePriority {
    /// The study stands in this band at least.
    pub floor: Severity,
    /// The source: "STAT", or a plugin's name.
    pub source: String,
}

/// An acknowledgement of a critical study: by whom, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// A person's name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that people did with a study and can take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handling {
    /// The status.
    pub status: Status,
    /// The person who set it.
    pub by: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The acknowledgement, if there is one.
    pub acknowledged: Option<Acknowledged>,
}

/// A sentence that a person wrote about a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The person who wrote it.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// One line.
    pub text: String,
}
