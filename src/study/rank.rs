//! The order of the worklist, and the two things that may raise a study in it: a priority from
//! outside, and waiting too long. Nothing lowers one.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::Severity;

/// The facts that promotion by waiting depends on.
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
    /// Returns whether the study has waited past the limit at `now`, unseen. A clock that was set back makes
    /// the wait negative, which is never past a limit.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let waited = now.duration_since(self.since);
        !self.seen && self.limit.is_some_and(|limit| waited > limit)
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
///
/// The order is total: a score that is not a number counts as none, which stands below every score.
#[derive(Debug, Clone)]
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

impl RankKey<'_> {
    fn real_score(&self) -> Option<f64> {
        self.score.filter(|score| !score.is_nan())
    }
}

/// `None` below every score.
fn by_score(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

impl Ord for RankKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let severity = other.severity.cmp(&self.severity);
        severity
            .then_with(|| by_score(other.real_score(), self.real_score()))
            .then_with(|| self.since.cmp(&other.since))
            .then_with(|| self.study.cmp(other.study))
    }
}

impl PartialOrd for RankKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RankKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for RankKey<'_> {}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
