//! The ROC curve, the area under it, and how sure that area is.

use serde::Serialize;

use super::{
    Ranked, Z95,
    ranked::{Step, number},
};

/// A point of the ROC curve: what a threshold gives if all at or above it count as positive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// The threshold; infinite for the point where nothing counts as positive (null in JSON).
    pub threshold: f64,
    /// 1 - specificity.
    pub false_positive_rate: f64,
    /// Sensitivity.
    pub true_positive_rate: f64,
}

/// The area under the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Auc {
    /// The chance that a film with the finding scores higher than one without, ties counting half.
    pub value: f64,
    /// Its standard error: after DeLong as [`Ranked::auc`] gives it, else by patient. None with fewer than two films
    /// of a kind.
    pub standard_error: Option<f64>,
    /// Its 95 % interval: DeLong's on the logit scale, which stays within 0 to 1, else by patient. None where there
    /// is no standard error, or where the scores separate the classes wholly and it would have no width.
    pub interval: Option<[f64; 2]>,
}

/// A threshold with what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Operating {
    /// At and above it counts as positive.
    pub threshold: f64,
    /// Share of the positives at or above it.
    pub sensitivity: f64,
    /// Share of the negatives below it.
    pub specificity: f64,
}

impl Ranked {
    /// The ROC curve, one point a distinct score, from (0, 0) to (1, 1): scikit-learn's `roc_curve` with
    /// `drop_intermediate=False`. None with one class only.
    #[must_use]
    pub fn roc(&self) -> Option<Vec<RocPoint>> {
        if !self.has_both() {
            return None;
        }
        let start = RocPoint { threshold: f64::INFINITY, false_positive_rate: 0.0, true_positive_rate: 0.0 };
        let rest = self.cumulated().map(|(threshold, positives, negatives)| RocPoint {
            threshold,
            false_positive_rate: number(negatives) / number(self.negatives()),
            true_positive_rate: number(positives) / number(self.positives()),
        });
        Some(std::iter::once(start).chain(rest).collect())
    }

    /// The corners of the ROC curve: the same line with fewer points. Between two corners the curve is
    /// straight, told in whole counts, so that no rounding decides.
    #[must_use]
    pub fn roc_corners(&self) -> Option<Vec<RocPoint>> {
        let points = self.roc()?;
        let straight = |here: &Step, next: &Step| {
            let (a, b) = (u64::from(here.positives), u64::from(here.negatives));
            let (c, d) = (u64::from(next.positives), u64::from(next.negatives));
            a * d == b * c
        };
        // Point n + 1 lies between step n, which leads to it, and step n + 1, which leads away.
        let keep =
            |n: usize| n == 0 || n + 1 == points.len() || !straight(&self.steps[n - 1], &self.steps[n]);
        Some(points.iter().enumerate().filter(|&(n, _)| keep(n)).map(|(_, point)| *point).collect())
    }

    /// The area under the ROC curve with DeLong's interval; none with one class only, where it is undefined.
    ///
    /// DeLong et al. 1988 in the form of Sun and Xu 2014: the placement of a positive is the share of the
    /// negatives that it beats, that of a negative the share of the positives that beat it, ties counting
    /// half; the variance is that of the mean placements. Mid-ranks of the pooled and of the single
    /// samples, which they subtract, are here counts over the ordered steps.
    #[must_use]
    pub fn auc(&self) -> Option<Auc> {
        if !self.has_both() {
            return None;
        }
        let (positives, negatives) = (number(self.positives()), number(self.negatives()));
        // Twice the number of pairs in the right order: whole, so exact.
        let twice: u128 = self
            .placements()
            .map(|(step, beaten_twice, _)| u128::from(step.positives) * u128::from(beaten_twice))
            .sum();
        let value = twice as f64 / (2.0 * positives * negatives);
        let variance = (positives > 1.0 && negatives > 1.0).then(|| {
            let (mut of_positives, mut of_negatives) = (0.0, 0.0);
            for (step, beaten_twice, beating_twice) in self.placements() {
                let placed = number(beaten_twice) / (2.0 * negatives) - value;
                of_positives += f64::from(step.positives) * placed * placed;
                let placed = number(beating_twice) / (2.0 * positives) - value;
                of_negatives += f64::from(step.negatives) * placed * placed;
            }
            of_positives / (positives - 1.0) / positives + of_negatives / (negatives - 1.0) / negatives
        });
        let standard_error = variance.map(f64::sqrt);
        let interval = standard_error.filter(|_| value > 0.0 && value < 1.0).map(|error| {
            let logit = (value / (1.0 - value)).ln();
            let reach = Z95 * error / (value * (1.0 - value));
            [logit - reach, logit + reach].map(|x| 1.0 / (1.0 + (-x).exp()))
        });
        Some(Auc { value, standard_error, interval })
    }

    /// Each step with twice the negatives that a positive there beats, and twice the positives that beat a
    /// negative there.
    fn placements(&self) -> impl Iterator<Item = (&Step, u64, u64)> {
        let negatives = self.negatives();
        self.steps.iter().zip(self.cumulated()).map(
            move |(step, (_, positives_down_to, negatives_down_to))| {
                let (tied_positives, tied_negatives) = (u64::from(step.positives), u64::from(step.negatives));
                let below = negatives - negatives_down_to;
                let above = positives_down_to - tied_positives;
                (step, 2 * below + tied_negatives, 2 * above + tied_positives)
            },
        )
    }

    /// Youden's point: the threshold with the highest sensitivity + specificity, the highest such where
    /// several are equal. None with one class only.
    #[must_use]
    pub fn youden(&self) -> Option<Operating> {
        if !self.has_both() {
            return None;
        }
        let (all_positives, all_negatives) = (self.positives(), self.negatives());
        // In whole counts, so that equal points are equal.
        let worth = |positives: u64, negatives: u64| {
            i128::from(positives) * i128::from(all_negatives)
                - i128::from(negatives) * i128::from(all_positives)
        };
        let mut best: Option<(f64, u64, u64)> = None;
        for point in self.cumulated() {
            if best.is_none_or(|best| worth(point.1, point.2) > worth(best.1, best.2)) {
                best = Some(point);
            }
        }
        best.map(|(threshold, positives, negatives)| Operating {
            threshold,
            sensitivity: number(positives) / number(all_positives),
            specificity: 1.0 - number(negatives) / number(all_negatives),
        })
    }
}
