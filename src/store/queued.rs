//! A queued file, and a worker's turn at it.

use super::FileId;
use crate::intake::Arrival;

/// A request's row number.
pub type RequestId = i64;

/// A worker's row number.
pub type WorkerId = i64;

/// A worker's turn at a queued file. A result that belongs to a turn is taken while that turn lasts, and not after; one
/// that belongs to none is the owner's of a store that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The file.
    pub file: FileId,
    /// The worker, and the number of its turn.
    pub(super) turn: Option<(WorkerId, i64)>,
}

impl From<FileId> for Claim {
    fn from(file: FileId) -> Self {
        Self { file, turn: None }
    }
}

/// A file that waits to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Its number.
    pub file: FileId,
    /// The turn at it, for its result.
    pub claim: Claim,
    /// The arrival, as intake saw it.
    pub arrival: Arrival,
    /// Set where a person wants the held film in it scored all the same: the request, and the SHA-256 (hex)
    /// of that film.
    pub request: Option<(RequestId, String)>,
    /// Set where the program died while the file was in work: it is to be tried alone.
    pub alone: bool,
    /// How often it was tried before, and its disk or share did not answer.
    pub tries: u32,
    /// Set where another host received it, which may have it where this one has not.
    pub seen_elsewhere: bool,
}
