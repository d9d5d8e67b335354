//! Whether a probability of 0.3 means three of ten.

use serde::Serialize;

use super::{Ranked, ranked::number};

/// How many bins of equal width the expected calibration error is taken over.
pub const BINS: usize = 10;

/// One bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Cases in it.
    pub cases: u64,
    /// Their mean probability.
    pub mean_probability: f64,
    /// The share of them that is positive.
    pub share_positive: f64,
}

/// How probabilities and frequencies agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Expected calibration error: the mean over cases of how far mean probability and share of positives
    /// of their bin lie apart, [`BINS`] bins of equal width (Guo et al. 2017, for one class).
    pub ece: f64,
    /// Brier score: the mean squared difference of probability and truth.
    pub brier: f64,
    /// The bins that hold cases, from the lowest.
    pub bins: Vec<Bin>,
}

impl Ranked {
    /// How well scores that are probabilities, 0 to 1, agree with the truth; none without cases.
    #[must_use]
    pub fn calibration(&self) -> Option<Calibration> {
        if self.cases() == 0 {
            return None;
        }
        let all = number(self.cases());
        let mut sums = [(0_u64, 0_u64, 0.0_f64); BINS];
        let mut squares = 0.0;
        for step in &self.steps {
            let (positives, negatives) = (f64::from(step.positives), f64::from(step.negatives));
            squares += positives * (1.0 - step.score).powi(2) + negatives * step.score.powi(2);
            let (cases, hits, total) = &mut sums[bin_of(step.score)];
            *cases += u64::from(step.positives) + u64::from(step.negatives);
            *hits += u64::from(step.positives);
            *total += (positives + negatives) * step.score;
        }
        let filled = sums.into_iter().filter(|(cases, ..)| *cases > 0);
        let bins: Vec<Bin> = filled
            .map(|(cases, hits, total)| Bin {
                cases,
                mean_probability: total / number(cases),
                share_positive: number(hits) / number(cases),
            })
            .collect();
        let gap = |bin: &Bin| number(bin.cases) * (bin.mean_probability - bin.share_positive).abs();
        Some(Calibration { ece: bins.iter().map(gap).sum::<f64>() / all, brier: squares / all, bins })
    }
}

/// Bin n holds n/10 up to but not including (n + 1)/10; the last holds 1, too.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
fn bin_of(score: f64) -> usize {
    ((score.clamp(0.0, 1.0) * BINS as f64) as usize).min(BINS - 1)
}
