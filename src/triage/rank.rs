//! The order of the worklist, and the two things that may raise a study in it: a priority from
//! outside, and waiting too long. Nothing lowers one.

use jiff::{SignedDuration, Timestamp};

use super::Severity;

/// What promotion by waiting looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// When the study's first film arrived.
    pub since: Timestamp,
    /// Whether a person has opened the study, which ends the wait.
    pub seen: bool,
    /// How long is too long; none: no promotion.
    pub limit: Option<SignedDuration>,
}

impl Waiting {
    /// Whether the study has waited past the limit at `now`, unseen.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !self.seen && self.limit.is_some_and(|limit| now.duration_since(self.since) > limit)
    }
}

/// The severity that is reported: the assessed one, raised to the outside floor if that is higher,
/// then promoted one band if the study was promoted for its waiting. A held study stays held.
#[must_use]
pub fn reported(assessed: Severity, outside: Option<Severity>, promoted: bool) -> Severity {
    if assessed == Severity::Held {
        return Severity::Held;
    }
    let raised = outside.map_or(assessed, |floor| assessed.max(floor));
    if promoted { raised.promoted() } else { raised }
}

/// A study's place: compares less when it stands higher in the list. Band, then score, then waiting
/// time, then the study's key so that the order is total.
#[derive(Debug, Clone, PartialEq)]
pub struct RankKey<'a> {
    /// The reported severity.
    pub severity: Severity,
    /// The highest score, if any.
    pub score: Option<f64>,
    /// When the first film arrived.
    pub since: Timestamp,
    /// The study's key.
    pub study: &'a str,
}
