//! Faults of a file of weights, seen from within a reader, which does not know its name.

/// Why a reader stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::model) enum ReaderError {
    /// The bytes are not what their format says.
    Damaged(String),
    /// The file asks for something that weights do not need.
    Refused(String),
    /// The file is sound, and holds no weights that could be found.
    Other(String),
    /// The file is of no known kind.
    Unknown,
}

impl ReaderError {
    pub(super) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged(reason.into())
    }

    pub(super) fn refused(what: impl Into<String>) -> Self {
        Self::Refused(what.into())
    }

    pub(super) fn other(reason: impl Into<String>) -> Self {
        Self::Other(reason.into())
    }
}

pub(super) type Outcome<T> = Result<T, ReaderError>;
