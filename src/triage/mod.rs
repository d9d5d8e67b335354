//! What the numbers mean: thresholds, scores, severity bands, studies, ranking.
//!
//! Pure functions over plain data: no I/O, no clock, no model, no terminal. Every other room that
//! needs a score, a band or an order asks here, so that they mean one thing everywhere.

mod assess;
mod bench;
mod listing;
mod rank;
mod rules;
mod what_if;

pub use assess::{Assessment, Finding, StudyAssessment, assess, combine, score};
pub use bench::{Bench, BenchLabel, Mark, Setting, Stop, ThresholdChange};
pub use listing::in_order;
pub use rank::{RankKey, Waiting, reported};
pub use rules::{LabelRule, OperatingPoint, Rules, default_critical};
pub use what_if::{BANDS, BINS, Band, Move, PastStudy, Sample, Side, Wait, WhatIf, what_if};

use serde::{Deserialize, Serialize};

/// A severity band. The order is the order of the worklist, from the bottom up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Every film of the study was refused by a gate: no score, listed apart.
    Held,
    /// No ranking label reached its alert threshold. It does not say that the film is normal.
    Routine,
    /// A ranking label reached its alert threshold.
    Urgent,
    /// A ranking label reached its critical threshold.
    Critical,
}

impl Severity {
    /// All bands, from the bottom up.
    pub const ALL: [Self; 4] = [Self::Held, Self::Routine, Self::Urgent, Self::Critical];

    /// The word that users, JSON and the store know the band by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Routine => "routine",
            Self::Urgent => "urgent",
            Self::Critical => "critical",
        }
    }

    /// The band of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|band| band.word() == word)
    }

    /// The next band up; `Critical` has none above it, and `Held` is not on the ladder.
    #[must_use]
    pub fn promoted(self) -> Self {
        match self {
            Self::Held => Self::Held,
            Self::Routine => Self::Urgent,
            Self::Urgent | Self::Critical => Self::Critical,
        }
    }
}
