//! Two scores of the same films against each other.

use serde::Serialize;

use super::{Z95, normal::two_sided};

/// Two scores of one film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The first score.
    pub first: f64,
    /// The second score.
    pub second: f64,
    /// Whether the finding is there.
    pub positive: bool,
}

/// The difference of two areas under ROC curves of the same films (DeLong et al. 1988), by film.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delong {
    /// The second area less the first.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its 95 % interval.
    pub interval: [f64; 2],
    /// The difference over its standard error; none where both order all films alike.
    pub z: Option<f64>,
    /// The two-sided p of no difference.
    pub p: f64,
}

/// Compares two areas; none with fewer than two films of a kind, or with a score that is no number.
#[must_use]
pub fn delong(pairs: &[Pair]) -> Option<Delong> {
    if pairs.iter().any(|pair| pair.first.is_nan() || pair.second.is_nan()) {
        return None;
    }
    let of_kind = |positive: bool| pairs.iter().filter(move |pair| pair.positive == positive);
    let scores = |positive: bool, score: fn(&Pair) -> f64| {
        let mut scores: Vec<f64> = of_kind(positive).map(score).collect();
        scores.sort_by(f64::total_cmp);
        scores
    };
    let (first, second) = (|pair: &Pair| pair.first, |pair: &Pair| pair.second);
    // The placement of a film: the share of the other kind that it beats, ties counting half. The area is the mean
    // placement of the positives, and the difference of two areas the mean of the films' differences.
    let differences = |positive: bool| -> Vec<f64> {
        let (others_first, others_second) = (scores(!positive, first), scores(!positive, second));
        let of_film = |pair: &Pair| beaten(&others_second, pair.second) - beaten(&others_first, pair.first);
        of_kind(positive).map(of_film).collect()
    };
    let (positives, negatives) = (differences(true), differences(false));
    if positives.len() < 2 || negatives.len() < 2 {
        return None;
    }
    let difference = mean(&positives);
    let standard_error = (of_mean(&positives) + of_mean(&negatives)).sqrt();
    let z = (standard_error > 0.0).then(|| difference / standard_error);
    let reach = Z95 * standard_error;
    Some(Delong {
        difference,
        standard_error,
        interval: [difference - reach, difference + reach],
        z,
        p: match z {
            Some(z) => two_sided(z),
            None if difference == 0.0 => 1.0,
            None => 0.0,
        },
    })
}

/// The share of sorted scores that lie below `score`, those that equal it counting half.
fn beaten(sorted: &[f64], score: f64) -> f64 {
    let below = sorted.partition_point(|other| *other < score);
    let not_above = sorted.partition_point(|other| *other <= score);
    (below + not_above) as f64 / 2.0 / sorted.len() as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The variance of the mean of values.
fn of_mean(values: &[f64]) -> f64 {
    let (mean, count) = (mean(values), values.len() as f64);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) / count
}

/// How two yes-or-no answers about the same films differ (McNemar 1947), by film.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mcnemar {
    /// Films that only the first gets right.
    pub only_first: u64,
    /// Films that only the second gets right.
    pub only_second: u64,
    /// The exact two-sided p of no difference: twice the smaller tail of the binomial distribution, at most 1.
    pub p: f64,
}

/// Compares answers by the films that only one of them gets right.
#[must_use]
pub fn mcnemar(only_first: u64, only_second: u64) -> Mcnemar {
    let (fewer, all) = (only_first.min(only_second), only_first + only_second);
    // In logarithms, for 2 to the power of -1100 is no number any more.
    let mut term = -(all as f64) * std::f64::consts::LN_2;
    let mut tail = term.exp();
    for hits in 0..fewer {
        term += ((all - hits) as f64 / (hits + 1) as f64).ln();
        tail += term.exp();
    }
    Mcnemar { only_first, only_second, p: (2.0 * tail).min(1.0) }
}
