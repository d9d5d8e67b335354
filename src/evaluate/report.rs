//! The report: everything that is computed, as plain data. It is `report.json`.

use serde::Serialize;

use super::{
    Published,
    bootstrap::DRAWS,
    calibrate::{Goal, Proposal},
    compare::Comparison,
    groups::ColumnReport,
    literature::Elsewhere,
    localise::Localisation,
    metrics::{AtThreshold, Auc, Calibration, Operating, PrPoint, Predictive, RocPoint, Share},
};

/// What was measured of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelReport {
    /// Its name.
    pub label: String,
    /// Whether it was validated for the model before.
    pub validated: bool,
    /// Films with the finding.
    pub positives: u64,
    /// Films without it.
    pub negatives: u64,
    /// Patients of these films; none where no patient is known. One may have films of both kinds.
    pub patients: Option<Patients>,
    /// Scored films that say nothing of it.
    pub not_labelled: u64,
    /// Why AUC, curves and average precision are not defined, where they are not.
    pub undefined: Option<String>,
    /// Area under the ROC curve with standard error and interval by patient.
    pub auc: Option<Auc>,
    /// The same with DeLong's standard error and interval on the logit scale, by film.
    pub auc_by_film: Option<Auc>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// Its 95 % interval by patient.
    pub average_precision_interval: Option<[f64; 2]>,
    /// What the threshold in force gives; shares with Wilson's intervals by patient.
    pub at_threshold: AtThreshold,
    /// Predictive values at that threshold, where somebody says how frequent the finding is.
    pub predictive: Option<Predictive>,
    /// Youden's point.
    pub youden: Option<Operating>,
    /// ECE over ten bins of equal width, Brier score, bins.
    pub calibration: Option<Calibration>,
    /// What the manifest says.
    pub published: Option<Published>,
    /// What others published for this finding on ChestX-ray14.
    pub elsewhere: Vec<Elsewhere>,
    /// The corners of the ROC curve.
    pub roc: Vec<RocPoint>,
    /// The corners of the precision-recall curve.
    pub precision_recall: Vec<PrPoint>,
}

/// Patients who have films of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Patients {
    /// Patients with a film that has the finding.
    pub with: u64,
    /// Patients with a film that is without it.
    pub without: u64,
}

/// The mean of the labels' AUCs, each counted alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MacroMean {
    /// The mean.
    pub auc: f64,
    /// Its 95 % interval by patient.
    pub interval: Option<[f64; 2]>,
    /// How many labels have an AUC.
    pub labels: usize,
}

/// What intervals stand on.
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

/// The model that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The sentence that goes with its results.
    pub banner: String,
    /// SHA-256 of its weights.
    pub sha256: String,
    /// Where its published AUCs come from.
    pub evaluation: String,
    /// Where it ran, and in which numbers.
    pub device: String,
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
    /// What they are to give.
    pub goal: Goal,
    /// Films a day that alarms are counted by, if told.
    pub films_per_day: Option<f64>,
    /// A proposal a label.
    pub proposals: Vec<Proposal>,
    /// Share of the films on which at least one ranking label alerts now.
    pub any_alarm_now: Option<Share>,
    /// The same with the proposed thresholds that would be written.
    pub any_alarm_then: Option<Share>,
    /// Films that they were chosen on.
    pub films: usize,
    /// Patients of these films, where they are known.
    pub patients: Option<u64>,
    /// What the films without any finding do, where the goal is about them.
    pub without_finding: Option<WithoutFinding>,
}

/// How many films without any finding reach a threshold of any ranking label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WithoutFinding {
    /// Films without any finding.
    pub films: usize,
    /// Their patients, where they are known.
    pub patients: Option<u64>,
    /// The share that reaches `alert` now.
    pub alert_now: Option<Share>,
    /// The share that reaches `alert` with the proposed thresholds.
    pub alert_then: Option<Share>,
    /// The share that reaches `critical` now.
    pub critical_now: Option<Share>,
    /// The share that reaches `critical` with the proposed thresholds.
    pub critical_then: Option<Share>,
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
    /// What a reader should know, a sentence each.
    pub notes: Vec<String>,
    /// What the intervals stand on.
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
