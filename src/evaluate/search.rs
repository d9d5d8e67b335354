//! Thresholds searched between the scores of films.

use super::metrics::{AtThreshold, Ranked};

/// With fewer films of a kind, a threshold is proposed and not written: one film more would move it.
pub const ENOUGH: u64 = 10;

/// The reason why a goal chooses no threshold for a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoThresholdError {
    #[error("no film was scored")]
    NoFilm,
    #[error("films at probability 1 cannot be kept below a threshold")]
    Certain,
    #[error("no film is known to be without it")]
    NoNegative,
    #[error("it does not rank, so its threshold alarms nobody")]
    NotRanked,
    #[error(
        "too few to choose by: {films} films without any finding of {patients} patients, and {needed} of {ENOUGH} are \
         needed"
    )]
    TooFew { films: usize, patients: u64, needed: usize },
    /// The films are all of one kind: a sentence about them.
    #[error("{0}")]
    OneKind(String),
    #[error("alarms are counted over all films")]
    OfAllFilms,
}

/// The thresholds that a goal chooses for a label.
pub(super) struct Choice {
    pub(super) alert: f64,
    pub(super) critical: Option<f64>,
}

impl Choice {
    pub(super) fn of_alert(alert: f64) -> Self {
        Self { alert, critical: None }
    }
}

/// The lowest threshold at which no more than `share` of the films alert.
pub(super) fn highest_count(all: &Ranked, share: f64) -> Result<f64, NoThresholdError> {
    if all.cases() == 0 {
        return Err(NoThresholdError::NoFilm);
    }
    at_most(all, (share * all.cases() as f64 + 1e-9) as u64)
}

/// The lowest threshold that no more than `most` of the negatives reach.
pub(super) fn at_most(ranked: &Ranked, most: u64) -> Result<f64, NoThresholdError> {
    lowest(ranked, |at| at.false_positives <= most)
}

/// The lowest threshold that is good, where higher ones are never worse.
pub(super) fn lowest(ranked: &Ranked, good: impl Fn(&AtThreshold) -> bool) -> Result<f64, NoThresholdError> {
    let steps = ranked.steps();
    let bad = |n: &usize| !good(&ranked.at(steps[*n].score));
    match first(steps.len() + 1, |n| *n == steps.len() || bad(n)) {
        0 if steps[0].score >= 1.0 => Err(NoThresholdError::Certain),
        0 => Ok(between(steps[0].score, 1.0)),
        n => Ok(between(steps.get(n).map_or(0.0, |step| step.score), steps[n - 1].score)),
    }
}

/// The first place of `0..count` that is good, where all after a good one are; the last if none is.
pub(super) fn first(count: usize, good: impl Fn(&usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count.saturating_sub(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if good(&middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// A threshold above `low` and at most `high`, within (0, 1), with as few decimals as do.
pub(super) fn between(low: f64, high: f64) -> f64 {
    let fits = |t: &f64| *t > low && *t <= high && *t < 1.0 && *t > 0.0;
    let short = (2..=12).map(|digits| {
        let scale = 10_f64.powi(digits);
        (high * scale).floor() / scale
    });
    let nines = (2..=12).map(|digits| 1.0 - 10_f64.powi(-digits));
    let middle = f64::midpoint(low, high);
    short.chain(nines).find(fits).unwrap_or(if high < 1.0 { high } else { middle })
}
