//! The report: everything that is computed, as plain data. It is `report.json`.

use serde::Serialize;

use super::{
    calibrate::{Goal, Proposal, undefined},
    literature::{Elsewhere, elsewhere},
    localise::Localisation,
    metrics::{AtThreshold, Auc, Calibration, Operating, PrPoint, Ranked, RocPoint, Share, wilson},
};

/// What is known of a label before anything is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelInfo {
    /// Its name.
    pub name: String,
    /// The alert threshold in force.
    pub alert: f64,
    /// Whether it is validated for the model.
    pub validated: bool,
    /// Whether it ranks.
    pub rank: bool,
    /// What the model's manifest says of its AUC.
    pub published: Option<Published>,
}

#[cfg(test)]
impl LabelInfo {
    /// A validated label that ranks.
    pub(crate) fn plain(name: &str, alert: f64) -> Self {
        Self { name: name.into(), alert, validated: true, rank: true, published: None }
    }
}

/// An AUC that the model comes with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// The AUC.
    pub auc: f64,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Films with the finding that it was measured on.
    pub positives: Option<u32>,
    /// Films that it was measured on.
    pub films: Option<u32>,
}

/// One scored and labelled film.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// A probability a label, in the model's order.
    pub probabilities: &'a [f32],
    /// Whether each label is there, in the same order; none where the film does not count for it.
    pub truths: Vec<Option<bool>>,
}

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
    /// Scored films that say nothing of it.
    pub not_labelled: u64,
    /// Why AUC, curves and average precision are not defined, where they are not.
    pub undefined: Option<String>,
    /// Area under the ROC curve with DeLong's interval on the logit scale.
    pub auc: Option<Auc>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// What the threshold in force gives; shares with Wilson's intervals.
    pub at_threshold: AtThreshold,
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
    /// A report a label, in the model's order.
    pub labels: Vec<LabelReport>,
    /// Films that a gate held, in order.
    pub held: Vec<HeldFilm>,
    /// Films that could not be read from disk.
    pub unread: Vec<HeldFilm>,
    /// How the heatmaps meet boxes, if there were any.
    pub localisation: Vec<Localisation>,
    /// Thresholds, if asked for.
    pub thresholds: Option<Thresholds>,
}

/// The scores of one label on the films that count for it.
#[must_use]
pub(super) fn ranked_of(label: usize, cases: &[Case<'_>]) -> Ranked {
    let counted = |case: &Case<'_>| Some((f64::from(case.probabilities[label]), case.truths[label]?));
    Ranked::new(cases.iter().filter_map(counted))
}

/// Measures every label, in order.
#[must_use]
pub fn measure(labels: &[LabelInfo], cases: &[Case<'_>]) -> Vec<LabelReport> {
    let measure = |(n, label): (usize, &LabelInfo)| {
        let ranked = ranked_of(n, cases);
        LabelReport {
            label: label.name.clone(),
            validated: label.validated,
            positives: ranked.positives(),
            negatives: ranked.negatives(),
            not_labelled: cases.len() as u64 - ranked.cases(),
            undefined: (!ranked.has_both()).then(|| undefined(&ranked)),
            auc: ranked.auc(),
            average_precision: ranked.average_precision(),
            at_threshold: ranked.at(label.alert),
            youden: ranked.youden(),
            calibration: ranked.calibration(),
            published: label.published,
            elsewhere: elsewhere(&label.name),
            roc: ranked.roc_corners().unwrap_or_default(),
            precision_recall: if ranked.has_both() { corners(&ranked) } else { Vec::new() },
        }
    };
    labels.iter().enumerate().map(measure).collect()
}

/// The precision-recall curve without what lies inside a run of equal recall: the same picture.
fn corners(ranked: &Ranked) -> Vec<PrPoint> {
    let points = ranked.precision_recall().unwrap_or_default();
    let inside = |n: usize| {
        n > 0
            && n + 1 < points.len()
            && points[n - 1].recall == points[n].recall
            && points[n].recall == points[n + 1].recall
    };
    (0..points.len()).filter(|&n| !inside(n)).map(|n| points[n]).collect()
}

/// On how many of the films at least one label that ranks reaches its threshold.
#[must_use]
pub fn any_alarm(
    cases: &[Case<'_>],
    labels: &[LabelInfo],
    threshold: impl Fn(usize) -> f64,
) -> Option<Share> {
    let alarms = |case: &&Case<'_>| {
        let reached = |n: usize| labels[n].rank && f64::from(case.probabilities[n]) >= threshold(n);
        (0..labels.len()).any(reached)
    };
    wilson(cases.iter().filter(alarms).count() as u64, cases.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_counts_the_films_that_speak_of_it() {
        let labels = [LabelInfo::plain("A", 0.5), LabelInfo::plain("B", 0.5), LabelInfo::plain("C", 0.5)];
        let cases = [
            Case { probabilities: &[0.9, 0.1, 0.9], truths: vec![Some(true), None, Some(false)] },
            Case { probabilities: &[0.2, 0.8, 0.2], truths: vec![Some(false), None, Some(false)] },
            Case { probabilities: &[0.6, 0.4, 0.1], truths: vec![None, None, Some(false)] },
        ];
        let reports = measure(&labels, &cases);
        assert_eq!((reports[0].positives, reports[0].negatives, reports[0].not_labelled), (1, 1, 1));
        assert_eq!(reports[0].auc.unwrap().value, 1.0);
        assert_eq!(reports[1].undefined.as_deref(), Some("no film is labelled for it"));
        assert_eq!(reports[2].undefined.as_deref(), Some("all 3 films are without it: undefined"));
        assert_eq!(reports[2].auc, None);
        assert_eq!(reports[2].at_threshold.sensitivity, None);
        assert!((reports[2].at_threshold.specificity.unwrap().value - 2.0 / 3.0).abs() < 1e-12);
        let alarm = any_alarm(&cases, &labels, |n| labels[n].alert).unwrap();
        assert_eq!(alarm.value, 1.0);
    }

    #[test]
    fn an_undefined_auc_is_null_in_json_and_not_zero() {
        let cases = [Case { probabilities: &[0.9], truths: vec![Some(true)] }];
        let json = serde_json::to_value(measure(&[LabelInfo::plain("A", 0.5)], &cases)).unwrap();
        assert!(json[0]["auc"].is_null());
        assert_eq!(json[0]["undefined"], "all 1 films have it: undefined");
    }
}
