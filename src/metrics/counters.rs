//! Films and findings, counted as films come to an end. Counters begin at nothing with each start, as Prometheus expects.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{lock::lock, quality::Gate, study::Finding};

/// Upper bounds of the seconds from file to row.
pub(super) const BOUNDS: [f64; 14] =
    [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0, 14_400.0];

/// How a film came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The model scored it.
    Scored,
    /// A gate held it, or it could not be read.
    Held,
    /// It was there already.
    Duplicate,
}

impl Outcome {
    /// Its word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Held => "held",
            Self::Duplicate => "duplicate",
        }
    }
}

/// Films and findings since the start.
#[derive(Debug, Default)]
pub struct Counters(Mutex<Counted>);

/// The numbers at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counted {
    /// Films by outcome and gate.
    pub(super) films: BTreeMap<(Outcome, Option<Gate>), u64>,
    /// For each model and label: scored films, and those at or above the label's alert threshold.
    pub(super) labels: BTreeMap<(String, String), (u64, u64)>,
    /// Films for each of [`BOUNDS`], those above all last.
    pub(super) waits: [u64; BOUNDS.len() + 1],
    /// The sum of their seconds.
    pub(super) waited: f64,
}

impl Counters {
    /// Counts a film; `gate` is what held it.
    pub fn film(&self, outcome: Outcome, gate: Option<Gate>) {
        *lock(&self.0).films.entry((outcome, gate)).or_default() += 1;
    }

    /// Counts the findings of a scored film.
    pub fn findings(&self, model: &str, findings: &[Finding]) {
        let mut counted = lock(&self.0);
        for finding in findings {
            let key = (model.to_owned(), finding.label.clone());
            let (films, alerts) = counted.labels.entry(key).or_default();
            *films += 1;
            *alerts += u64::from(finding.probability >= finding.threshold);
        }
    }

    /// Counts the seconds between a file's arrival and its row. A clock that was set back makes none shorter than none.
    pub fn seconds_to_row(&self, seconds: f64) {
        let seconds = seconds.max(0.0);
        let mut counted = lock(&self.0);
        let place = BOUNDS.partition_point(|bound| *bound < seconds);
        counted.waits[place] += 1;
        counted.waited += seconds;
    }

    pub(super) fn counted(&self) -> Counted {
        lock(&self.0).clone()
    }
}
