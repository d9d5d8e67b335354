//! The kinds of events that the audit tells of, with their words in the store.

/// Makes the enum from one table, so that a kind, its word and the list of all stand once.
macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)+) => {
        /// A kind of event that the audit tells of. Its word is kept in stores: it never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AuditKind {
            $($(#[$doc])* $kind,)+
        }

        impl AuditKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The word that the store knows it by.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)+
                }
            }
        }
    };
}

audit_kinds! {
    /// A file came in and is queued.
    Received = "received",
    /// Work on a film began.
    Started = "started",
    /// A film was scored.
    Scored = "scored",
    /// A film was held, with the gate and its reason.
    Held = "held",
    /// A queued file vanished or could not be opened.
    Gone = "gone",
    /// A file holds a film that counts already.
    Duplicate = "duplicate",
    /// A broken film gave way to the good one that came in its place.
    Superseded = "superseded",
    /// An image for processing does not count, because another film presents its exposure.
    SetAside = "set-aside",
    /// A person wants a held film scored.
    Requested = "requested",
    /// The film that was asked for could not be scored.
    Refused = "refused",
    /// A film brought a study back that was done.
    Reopened = "reopened",
    /// A study has been quiet for long enough to be called complete.
    Complete = "complete",
    /// A study waited too long and rose by one band.
    Promoted = "promoted",
    /// A study was raised from outside: a sidecar, a plugin.
    Raised = "raised",
    /// A person set a study's status.
    Status = "status",
    /// A person took note of a critical study.
    Acknowledged = "acknowledged",
    /// A person took the last change of a study's status or alarm back.
    TakenBack = "taken_back",
    /// A person wrote a note.
    Note = "note",
    /// A person was shown a film.
    Shown = "shown",
    /// Other thresholds came into force; once for each part of the list that was judged at a time.
    Thresholds = "thresholds",
    /// Other thresholds moved a study's severity; once a study.
    Reassessed = "reassessed",
    /// A person wrote another threshold into the configuration.
    ThresholdSet = "threshold-set",
    /// A plugin's state, version or fault changed.
    Plugin = "plugin",
    /// A person asked something of a plugin.
    PluginAsked = "plugin-asked",
    /// A plugin wanted what the site has not granted.
    PluginRefused = "plugin-refused",
    /// A plugin put a tag beside a study.
    Tagged = "tagged",
    /// A plugin put a note with a study.
    Noted = "noted",
    /// A plugin's line was shown to the dashboards.
    Notify = "notify",
    /// A plugin's message was taken by its receiver.
    Webhook = "webhook",
    /// A plugin's text was written into a file.
    Write = "write",
    /// A plugin's copies of films were made.
    Copy = "copy",
    /// A plugin's program was run.
    Run = "run",
    /// A destination has a study's result.
    Sent = "sent",
    /// A person or a plugin wants a study's result sent.
    SendAsked = "send-asked",
    /// An association with a sender of films ended.
    Delivered = "delivered",
    /// A sender, or a film of its, was not let in.
    TurnedAway = "turned-away",
    /// An effect of a plugin, or the sending of a result, failed for good.
    GivenUp = "given-up",
    /// The retention deleted a film's file.
    Deleted = "deleted",
    /// The retention removed a patient's data from a study.
    Forgotten = "forgotten",
    /// The store was put back from a backup, and found sound.
    Restored = "restored",
    /// A person opened a dashboard over SSH.
    Login = "login",
    /// A person's dashboard ended.
    Logout = "logout",
    /// A person was not let in, or wanted what the role does not permit.
    Denied = "denied",
    /// Somebody changed the list of people: a person, a role, a key.
    PersonChanged = "person-changed",
}

impl AuditKind {
    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// The kind of an event that was read: one that this version knows, or the word of a version that is newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditWord {
    /// A kind that this version knows.
    Known(AuditKind),
    /// The word of a kind that it does not know.
    Unknown(String),
}

impl AuditWord {
    /// The kind, where this version knows it.
    #[must_use]
    pub fn known(&self) -> Option<AuditKind> {
        match self {
            Self::Known(kind) => Some(*kind),
            Self::Unknown(_) => None,
        }
    }

    /// The word in the store.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Known(kind) => kind.word(),
            Self::Unknown(word) => word,
        }
    }
}

impl From<String> for AuditWord {
    fn from(word: String) -> Self {
        AuditKind::from_word(&word).map_or(Self::Unknown(word), Self::Known)
    }
}

impl PartialEq<AuditKind> for AuditWord {
    fn eq(&self, kind: &AuditKind) -> bool {
        self.known() == Some(*kind)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{AuditKind, AuditWord};

    #[test]
    fn each_kind_has_a_word_of_its_own_and_is_found_by_it() {
        let words: BTreeSet<&str> = AuditKind::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(words.len(), AuditKind::ALL.len());
        for kind in AuditKind::ALL {
            assert_eq!(AuditWord::from(kind.word().to_owned()), *kind);
        }
        let newer = AuditWord::from("exported".to_owned());
        assert_eq!((newer.known(), newer.word()), (None, "exported"));
    }

    #[test]
    fn the_table_for_those_who_read_the_audit_names_each_kind_and_no_other() {
        let page = include_str!("../../docs/audit.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let named: BTreeSet<&str> = rows.map(|(word, _)| word).collect();
        let known: BTreeSet<&str> = AuditKind::ALL.iter().map(|kind| kind.word()).collect();
        assert_eq!(named, known);
    }
}
