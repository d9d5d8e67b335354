//! ROC, precision-recall and reliability, a small chart a label.

use super::{
    chart::Sheet,
    svg::colour::{FAINT, FRAME, GRID, LINE, MARK},
};
use crate::evaluate::{ENOUGH, LabelReport, metrics::BINS};

/// Labels that have curves at all.
fn drawn(labels: &[LabelReport]) -> Vec<&LabelReport> {
    labels.iter().filter(|label| label.auc.is_some()).collect()
}

/// A curve of few films is paler: less is known.
fn line_of(label: &LabelReport) -> &'static str {
    if label.positives.min(label.negatives) < ENOUGH { FAINT } else { LINE }
}

fn counts(label: &LabelReport) -> String {
    format!("{} of {}", label.positives, label.positives + label.negatives)
}

/// The ROC curves as SVG.
#[must_use]
pub fn roc(labels: &[LabelReport]) -> String {
    let drawn = drawn(labels);
    let legend = format!(
        "AUC [95 %, DeLong on the logit scale]; filled: the threshold in force; ring: Youden's point; pale: \
         fewer than {ENOUGH} films of a kind"
    );
    let mut sheet = Sheet::new(drawn.len(), "ROC", &legend, ("1 - specificity", "sensitivity"));
    for (n, label) in drawn.into_iter().enumerate() {
        let Some(auc) = label.auc else { continue };
        let interval = auc.interval.map_or_else(String::new, |[low, high]| format!(" [{low:.3}, {high:.3}]"));
        let subtitle = format!("{:.3}{interval} · {}", auc.value, counts(label));
        let chart = sheet.chart(n, &label.label, &subtitle);
        sheet.svg.line(chart.at(0.0, 0.0), chart.at(1.0, 1.0), FRAME, true);
        let points = label.roc.iter().map(|p| chart.at(p.false_positive_rate, p.true_positive_rate));
        sheet.svg.path(points, line_of(label));
        if let Some(youden) = label.youden {
            sheet.svg.dot(chart.at(1.0 - youden.specificity, youden.sensitivity), 4.5, "#ffffff", MARK);
        }
        let at = &label.at_threshold;
        if let (Some(sensitivity), Some(specificity)) = (at.sensitivity, at.specificity) {
            sheet.svg.dot(chart.at(1.0 - specificity.value, sensitivity.value), 4.0, MARK, "#ffffff");
        }
    }
    sheet.svg.finish("ROC curves, one a label")
}

/// The precision-recall curves as SVG.
#[must_use]
pub fn precision_recall(labels: &[LabelReport]) -> String {
    let drawn = drawn(labels);
    let legend = "average precision; dashed: the share of films with the finding, which chance gives; filled: \
                  the threshold in force";
    let mut sheet = Sheet::new(drawn.len(), "Precision and recall", legend, ("recall", "precision"));
    for (n, label) in drawn.into_iter().enumerate() {
        let average = label.average_precision.unwrap_or_default();
        let chart = sheet.chart(n, &label.label, &format!("{average:.3} · {}", counts(label)));
        let prevalence = label.positives as f64 / (label.positives + label.negatives).max(1) as f64;
        sheet.svg.line(chart.at(0.0, prevalence), chart.at(1.0, prevalence), FRAME, true);
        // In steps, as average precision is summed: between two points a straight line promises too much
        // (Davis and Goadrich 2006).
        let rising: Vec<_> = label.precision_recall.iter().rev().collect();
        let corners = rising
            .windows(2)
            .flat_map(|pair| [(pair[0].recall, pair[1].precision), (pair[1].recall, pair[1].precision)]);
        sheet.svg.path(corners.map(|(recall, precision)| chart.at(recall, precision)), line_of(label));
        let at = &label.at_threshold;
        if let (Some(sensitivity), Some(precision)) = (at.sensitivity, at.positive_predictive_value) {
            sheet.svg.dot(chart.at(sensitivity.value, precision.value), 4.0, MARK, "#ffffff");
        }
    }
    sheet.svg.finish("Precision-recall curves, one a label")
}

/// The reliability diagrams as SVG.
#[must_use]
pub fn reliability(labels: &[LabelReport]) -> String {
    let drawn = drawn(labels);
    let legend = format!(
        "{BINS} bins of equal width; bars: the share of films in each bin; on the dashed line a probability is \
         what it says"
    );
    let axes = ("mean probability", "share with the finding");
    let mut sheet = Sheet::new(drawn.len(), "Reliability", &legend, axes);
    for (n, label) in drawn.into_iter().enumerate() {
        let Some(calibration) = &label.calibration else { continue };
        let subtitle = format!("ECE {:.3} · Brier {:.3}", calibration.ece, calibration.brier);
        let chart = sheet.chart(n, &label.label, &subtitle);
        let all: u64 = calibration.bins.iter().map(|bin| bin.cases).sum();
        for bin in &calibration.bins {
            let width = 1.0 / BINS as f64;
            let start = (bin.mean_probability / width).floor().min(BINS as f64 - 1.0) * width;
            let share = bin.cases as f64 / all.max(1) as f64;
            sheet.svg.rect(chart.bar(start + 0.01, start + width - 0.01, share), GRID, "none");
        }
        sheet.svg.line(chart.at(0.0, 0.0), chart.at(1.0, 1.0), FRAME, true);
        let places: Vec<_> =
            calibration.bins.iter().map(|bin| chart.at(bin.mean_probability, bin.share_positive)).collect();
        sheet.svg.path(places.iter().copied(), line_of(label));
        for place in places {
            sheet.svg.dot(place, 3.2, line_of(label), "#ffffff");
        }
    }
    sheet.svg.finish("Reliability diagrams, one a label")
}
