//! Requests to score a held film.

use jiff::Timestamp;

/// A request to score a held film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnRequest {
    /// The person who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The reason for which the film was held.
    pub was_held: String,
    /// The answer.
    pub answer: Answer,
}

/// The answer to a request to score a held film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It waits for its turn.
    Waiting,
    /// The film is scored.
    Scored,
    /// It could not be done: one sentence.
    Refused(String),
}
