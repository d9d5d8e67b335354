//! The report: everything that is computed, as plain data. It is `report.json`.

use serde::Serialize;

use super::{
    alarms::WithoutFinding,
    bootstrap::DRAWS,
    calibrate::{Goal, Proposal},
    case::ModelInfo,
    compare::Comparison,
    groups::ColumnReport,
    localise::Localisation,
    measure::{LabelReport, MacroMean},
    metrics::Share,
};

/// The units and draws behind the intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Intervals {
    /// "patient", or "film" where no patient is known.
    pub by: &'static str,
    /// How often patients were drawn.
    pub draws: u32,
    /// Films of nobody knows whom, which count as a patient each.
    pub films_without_patient: usize,
}

impl Intervals {
    /// Intervals over that many films, some of them perhaps of nobody knows whom.
    #[must_use]
    pub fn of(films: usize, films_without_patient: usize) -> Self {
        let by = if films_without_patient < films { "patient" } else { "film" };
        Self { by, draws: DRAWS, films_without_patient }
    }
}

/// Films that a gate held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldFilm {
    /// The film, as it lies below its folder.
    pub film: String,
    /// Why it is held.
    pub reason: String,
}

/// The films and labels that it was measured on.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct SetInfo {
    /// The folder of the films.
    pub films_folder: String,
    /// The label file.
    pub labels_file: String,
    /// Its SHA-256.
    pub labels_sha256: String,
    /// The split that was kept.
    pub split: Option<String>,
    /// Rows of the label file (of that split).
    pub rows: usize,
    /// Films in the folder.
    pub films: usize,
    /// Films with a row.
    pub joined: usize,
    /// Films that went into the figures.
    pub scored: usize,
    /// Patients of the films that went into the figures, where they are known.
    pub patients: Option<usize>,
    /// How -1 counts.
    pub uncertain: String,
    /// How an empty cell counts.
    pub blank: String,
    /// Whether films that a gate holds count as well.
    pub held_scored: bool,
}

/// Proposed thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thresholds {
    /// The goal that they are chosen for.
    pub goal: Goal,
    /// Films a day that alarms are counted by, if told.
    pub films_per_day: Option<f64>,
    /// A proposal a label.
    pub proposals: Vec<Proposal>,
    /// Share of the films on which at least one ranking label alerts now.
    pub any_alarm_now: Option<Share>,
    /// That share with the proposed thresholds that would be written.
    pub any_alarm_then: Option<Share>,
    /// Films that they were chosen on.
    pub films: usize,
    /// Patients of these films, where they are known.
    pub patients: Option<u64>,
    /// The alarms on films without any finding, where the goal is about them.
    pub without_finding: Option<WithoutFinding>,
}

/// Everything that one evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    /// When, in UTC.
    pub made: String,
    /// The model.
    pub model: ModelInfo,
    /// The set.
    pub set: SetInfo,
    /// Notes for the reader, a sentence each.
    pub notes: Vec<String>,
    /// The units and draws behind the intervals.
    pub intervals: Intervals,
    /// A report a label, in the model's order.
    pub labels: Vec<LabelReport>,
    /// The mean of their AUCs.
    pub macro_mean: Option<MacroMean>,
    /// The labels in groups of films, a report a column that was asked for.
    pub groups: Vec<ColumnReport>,
    /// Another model on the same films, if asked for.
    pub comparison: Option<Comparison>,
    /// Films that a gate held, in order.
    pub held: Vec<HeldFilm>,
    /// Films that could not be read from disk.
    pub unread: Vec<HeldFilm>,
    /// How the heatmaps meet boxes, if there were any.
    pub localisation: Vec<Localisation>,
    /// Thresholds, if asked for.
    pub thresholds: Option<Thresholds>,
}
