//! Hints: what a transaction changed, told to whoever listens on the same server (`LISTEN`, `NOTIFY`).

/// The part of a shared store that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// More is queued.
    Queue,
    /// Studies of the list.
    List,
}

impl Hint {
    /// All hints.
    pub(super) const ALL: [Self; 2] = [Self::Queue, Self::List];

    /// The channel of the server on which it is told.
    pub(super) fn channel(self) -> &'static str {
        match self {
            Self::Queue => "cxr_triage_queue",
            Self::List => "cxr_triage_list",
        }
    }

    /// Its bit in a set of hints.
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}
