//! Two models side by side.

use std::fmt::{self, Write};

use super::{escape, head, none, with_interval};
use crate::evaluate::{ComparedLabel, Comparison, metrics::Mcnemar};

/// Writes both models' figures, label by label. `first` is the name of the model that is evaluated.
pub(super) fn write(page: &mut String, first: &str, comparison: &Comparison) -> fmt::Result {
    let (first, second) = (escape(first).to_string(), escape(&comparison.model.name).to_string());
    let patients = comparison.patients.map_or_else(String::new, |n| format!(" of {n} patients"));
    writeln!(
        page,
        "<h2>{first} and {second}</h2>\n<p>On the same {} films{patients}; {} more were not scored by {second}.</p>\n\
         <div class=\"wide\"><table class=\"figures\">",
        comparison.films, comparison.left_out
    )?;
    head(
        page,
        &[
            "Label",
            "With",
            "Without",
            &format!("AUC of {first} [95 %]"),
            &format!("AUC of {second} [95 %]"),
            "Difference [95 %]",
            "DeLong's p",
            "Only one finds it <span>(p)</span>",
            "Only one is not alarmed <span>(p)</span>",
        ],
    )?;
    for label in &comparison.labels {
        row(page, label)?;
    }
    writeln!(page, "</table></div>")?;
    if let Some(mean) = comparison.macro_mean {
        writeln!(
            page,
            "<p>Mean AUC of {} labels: {:.3} and {:.3}, difference {}</p>",
            mean.labels,
            mean.first,
            mean.second,
            with_interval(mean.second - mean.first, mean.interval)
        )?;
    }
    writeln!(
        page,
        "<p class=\"small\">Differences: {second} less {first}. Intervals are by patient; p is by film, DeLong's of the \
         areas and McNemar's exact one of what the thresholds in force make of films with and without the finding \
         (only {first} : only {second}). Where patients repeat, go by the intervals.</p>"
    )
}

fn row(page: &mut String, label: &ComparedLabel) -> fmt::Result {
    let auc = |auc: Option<f64>, interval| auc.map_or_else(none, |auc| with_interval(auc, interval));
    writeln!(
        page,
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}</td></tr>",
        escape(&label.label),
        label.positives,
        label.negatives,
        auc(label.first.auc, label.first.auc_interval),
        auc(label.second.auc, label.second.auc_interval),
        label.delong.map_or_else(none, |delong| with_interval(delong.difference, label.interval)),
        label.delong.map_or_else(none, |delong| p(delong.p)),
        differing(label.with_finding),
        differing(label.without_finding)
    )
}

fn differing(found: Mcnemar) -> String {
    format!("{} : {} <span>({})</span>", found.only_first, found.only_second, p(found.p))
}

/// A p as people write it.
fn p(p: f64) -> String {
    if p < 0.001 { "&lt;0.001".to_owned() } else { format!("{p:.3}") }
}
