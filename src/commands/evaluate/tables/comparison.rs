//! Two models side by side.

use std::io::{self, Write};

use super::{none, with_interval};
use crate::{
    commands::output::{Lean, table},
    evaluate::{ComparedLabel, Comparison, metrics::Mcnemar},
};

/// Writes both models' figures, label by label. `first` is the name of the model that is evaluated.
pub(super) fn write(out: &mut impl Write, first: &str, comparison: &Comparison) -> io::Result<()> {
    let second = &comparison.model.name;
    let patients = comparison.patients.map_or_else(String::new, |n| format!(" of {n} patients"));
    writeln!(
        out,
        "\n{first} and {second} on the same {} films{patients} ({} more were not scored by {second}):",
        comparison.films, comparison.left_out
    )?;
    let (first_auc, second_auc) = (format!("{first} [95 %]"), format!("{second} [95 %]"));
    let columns = [
        ("LABEL", Lean::Left),
        ("WITH", Lean::Right),
        (first_auc.as_str(), Lean::Left),
        (second_auc.as_str(), Lean::Left),
        ("DIFFERENCE [95 %]", Lean::Left),
        ("DELONG P", Lean::Right),
        ("ONLY ONE FINDS IT (P)", Lean::Left),
        ("ONLY ONE IS NOT ALARMED (P)", Lean::Left),
    ];
    let row = |label: &ComparedLabel| {
        let auc = |auc: Option<f64>, interval| auc.map_or_else(none, |auc| with_interval(auc, interval));
        vec![
            label.label.clone(),
            label.positives.to_string(),
            auc(label.first.auc, label.first.auc_interval),
            auc(label.second.auc, label.second.auc_interval),
            label.delong.map_or_else(none, |delong| with_interval(delong.difference, label.interval)),
            label.delong.map_or_else(none, |delong| p(delong.p)),
            differing(label.with_finding),
            differing(label.without_finding),
        ]
    };
    table(out, &columns, &comparison.labels.iter().map(row).collect::<Vec<_>>())?;
    if let Some(mean) = comparison.macro_mean {
        writeln!(
            out,
            "\nMean AUC of {} labels: {:.3} and {:.3}, difference {}",
            mean.labels,
            mean.first,
            mean.second,
            with_interval(mean.second - mean.first, mean.interval)
        )?;
    }
    writeln!(
        out,
        "Intervals are by patient; p is by film, DeLong's and McNemar's exact one: where patients repeat, go by the \
         intervals."
    )?;
    for (names, who) in [(&comparison.only_first, first), (&comparison.only_second, second.as_str())] {
        if !names.is_empty() {
            writeln!(out, "Only {who} has {}.", names.join(", "))?;
        }
    }
    Ok(())
}

/// Films that only the first and only the second gets right.
fn differing(found: Mcnemar) -> String {
    format!("{} : {} ({})", found.only_first, found.only_second, p(found.p))
}

/// A p as people write it.
fn p(p: f64) -> String {
    if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") }
}
