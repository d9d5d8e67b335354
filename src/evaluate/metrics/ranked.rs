//! Scores with their truths, ordered.

/// One distinct score, and the cases that have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The score.
    pub score: f64,
    /// Cases with the finding.
    pub positives: u32,
    /// Cases without it.
    pub negatives: u32,
}

/// The distinct scores of one label, the highest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranked {
    pub(super) steps: Vec<Step>,
    positives: u64,
    negatives: u64,
}

impl Ranked {
    /// Orders cases, each a score and whether the finding is there. Scores that are not numbers are left
    /// out: they can be ordered nowhere.
    #[must_use]
    pub fn new(cases: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let mut cases: Vec<_> = cases.into_iter().filter(|(score, _)| !score.is_nan()).collect();
        cases.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut ranked = Self::default();
        for (score, positive) in cases {
            // `==` and not `total_cmp`: -0 and 0 are one score.
            if ranked.steps.last().is_none_or(|last| last.score != score) {
                ranked.steps.push(Step { score, positives: 0, negatives: 0 });
            }
            if let Some(step) = ranked.steps.last_mut() {
                step.positives += u32::from(positive);
                step.negatives += u32::from(!positive);
            }
            ranked.positives += u64::from(positive);
            ranked.negatives += u64::from(!positive);
        }
        ranked
    }

    /// The distinct scores, the highest first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Cases with the finding.
    #[must_use]
    pub fn positives(&self) -> u64 {
        self.positives
    }

    /// Cases without it.
    #[must_use]
    pub fn negatives(&self) -> u64 {
        self.negatives
    }

    /// All cases.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.positives + self.negatives
    }

    /// Whether both classes are there: without, no curve and no AUC is defined.
    #[must_use]
    pub fn has_both(&self) -> bool {
        self.positives > 0 && self.negatives > 0
    }

    /// Each step with the positives and negatives that score at least as much.
    pub(super) fn cumulated(&self) -> impl Iterator<Item = (f64, u64, u64)> {
        self.steps.iter().scan((0, 0), |(positives, negatives), step| {
            *positives += u64::from(step.positives);
            *negatives += u64::from(step.negatives);
            Some((step.score, *positives, *negatives))
        })
    }
}

/// A count as a number to calculate with; exact up to 2^53.
pub(super) fn number(count: u64) -> f64 {
    count as f64
}
