//! The rates that one threshold gives.

use serde::Serialize;

use super::{Ranked, Z95, ranked::number};

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The share, 0 to 1.
    pub value: f64,
    /// Wilson's score interval.
    pub interval: [f64; 2],
    /// The number of independent films that the interval stands on: fewer than the films where patients repeat.
    pub effective: f64,
}

/// The figures of counting everything at or above a threshold as positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtThreshold {
    /// The threshold.
    pub threshold: f64,
    /// Films with the finding, at or above it.
    pub true_positives: u64,
    /// Films without the finding, at or above it.
    pub false_positives: u64,
    /// Films without the finding, below it.
    pub true_negatives: u64,
    /// Films with the finding, below it.
    pub false_negatives: u64,
    /// Share of the films with the finding at or above it; none where there are none.
    pub sensitivity: Option<Share>,
    /// Share of the films without the finding below it; none where there are none.
    pub specificity: Option<Share>,
    /// Share of the films at or above it that have the finding; none where there are none.
    pub positive_predictive_value: Option<Share>,
}

/// Wilson's score interval of 95 % for `hits` of `of` (Wilson 1927; no continuity correction). None of 0.
#[must_use]
pub fn wilson(hits: u64, of: u64) -> Option<Share> {
    (of > 0 && hits <= of).then(|| wilson_of(number(hits) / number(of), number(of)))
}

/// Wilson's interval for a share of `n` cases, which may be an effective number and no whole one.
pub(super) fn wilson_of(value: f64, n: f64) -> Share {
    let z2 = Z95 * Z95;
    let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let reach = Z95 / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
    // At none and at all an end is exactly 0 or 1; rounding must not say otherwise.
    let low = if value == 0.0 { 0.0 } else { (centre - reach).max(0.0) };
    let high = if value == 1.0 { 1.0 } else { (centre + reach).min(1.0) };
    Share { value, interval: [low, high], effective: n }
}

impl Ranked {
    /// Counts what a threshold gives. "At or above" is how `triage` decides, too.
    #[must_use]
    pub fn at(&self, threshold: f64) -> AtThreshold {
        let reached = self.cumulated().take_while(|(score, ..)| *score >= threshold).last();
        let (true_positives, false_positives) = reached.map_or((0, 0), |(_, p, n)| (p, n));
        let (false_negatives, true_negatives) =
            (self.positives() - true_positives, self.negatives() - false_positives);
        AtThreshold {
            threshold,
            true_positives,
            false_positives,
            true_negatives,
            false_negatives,
            sensitivity: wilson(true_positives, self.positives()),
            specificity: wilson(true_negatives, self.negatives()),
            positive_predictive_value: wilson(true_positives, true_positives + false_positives),
        }
    }
}
