//! Precision and recall.

use serde::Serialize;

use super::{Ranked, ranked::number};

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrPoint {
    /// The threshold; infinite for the closing point, where nothing counts as positive (null in JSON).
    pub threshold: f64,
    /// Share of the positives at or above the threshold.
    pub recall: f64,
    /// Share of what is at or above the threshold that is positive; 1 for the closing point.
    pub precision: f64,
}

impl Ranked {
    /// The precision-recall curve from the lowest threshold up, closed by (recall 0, precision 1):
    /// scikit-learn's `precision_recall_curve`. None without a positive.
    #[must_use]
    pub fn precision_recall(&self) -> Option<Vec<PrPoint>> {
        if self.positives() == 0 {
            return None;
        }
        let mut points = vec![PrPoint { threshold: f64::INFINITY, recall: 0.0, precision: 1.0 }];
        points.extend(self.cumulated().map(|(threshold, positives, negatives)| PrPoint {
            threshold,
            recall: number(positives) / number(self.positives()),
            precision: number(positives) / number(positives + negatives),
        }));
        points.reverse();
        Some(points)
    }

    /// Average precision: the sum over thresholds of precision times the gain in recall, without
    /// interpolation, as scikit-learn's. None with one class only: where all are positive it says nothing.
    #[must_use]
    pub fn average_precision(&self) -> Option<f64> {
        if !self.has_both() {
            return None;
        }
        let gain = |((_, positives, negatives), step): ((f64, u64, u64), &super::Step)| {
            let precision = number(positives) / number(positives + negatives);
            precision * f64::from(step.positives) / number(self.positives())
        };
        Some(self.cumulated().zip(&self.steps).map(gain).sum())
    }
}
