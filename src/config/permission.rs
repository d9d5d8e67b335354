//! The permissions that plugins ask for and a site grants.

use serde::{Deserialize, Serialize};

/// A permission that a plugin may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is an effect of that name; `patient` is the right to see names")]
pub enum Permission {
    Raise,
    Tag,
    Note,
    Column,
    Notify,
    Patient,
    Webhook,
    Write,
    Copy,
    Send,
    Run,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Raise,
        Self::Tag,
        Self::Note,
        Self::Column,
        Self::Notify,
        Self::Patient,
        Self::Webhook,
        Self::Write,
        Self::Copy,
        Self::Send,
        Self::Run,
    ];

    /// The word that plugins and configuration know it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Raise => "raise",
            Self::Tag => "tag",
            Self::Note => "note",
            Self::Column => "column",
            Self::Notify => "notify",
            Self::Patient => "patient",
            Self::Webhook => "webhook",
            Self::Write => "write",
            Self::Copy => "copy",
            Self::Send => "send",
            Self::Run => "run",
        }
    }

    /// Returns the permission of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.word() == word)
    }

    /// Returns whether the site must grant it by name: who the patient is, and what leaves the program.
    /// The others come with enabling the plugin.
    #[must_use]
    pub fn needs_grant(self) -> bool {
        match self {
            Self::Raise | Self::Tag | Self::Note | Self::Column | Self::Notify => false,
            Self::Patient | Self::Webhook | Self::Write | Self::Copy | Self::Send | Self::Run => true,
        }
    }
}
