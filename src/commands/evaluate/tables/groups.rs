//! Labels in groups of films.

use std::io::{self, Write};

use super::{none, number, of_patients, share, with_interval};
use crate::{
    commands::output::{Lean, table},
    evaluate::{ColumnReport, GroupFigures, GroupedLabel},
};

/// Writes every label in the groups of one column, then what the groups explain.
pub(super) fn write(out: &mut impl Write, column: &ColumnReport) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("GROUP", Lean::Left),
        ("FILMS", Lean::Right),
        ("PREVALENCE", Lean::Right),
        ("AUC [95 %]", Lean::Left),
        ("SENSITIVITY [95 %]", Lean::Left),
        ("SPECIFICITY [95 %]", Lean::Left),
        ("ALERTS [95 %]", Lean::Left),
    ];
    let row = |label: &GroupedLabel, group: &GroupFigures| {
        vec![
            label.label.clone(),
            group.group.clone(),
            of_patients(group.films, group.patients),
            number(group.prevalence.map(|share| share.value)),
            group.auc.map_or_else(none, |auc| with_interval(auc, group.auc_interval)),
            share(group.sensitivity),
            share(group.specificity),
            share(group.alert_rate),
        ]
    };
    let of_label = |label: &GroupedLabel| -> Vec<Vec<String>> {
        label.groups.iter().map(|group| row(label, group)).collect()
    };
    writeln!(out, "\nBy {}:", column.column)?;
    table(out, &columns, &column.labels.iter().flat_map(of_label).collect::<Vec<_>>())?;
    writeln!(out)?;
    explained(out, column)
}

fn explained(out: &mut impl Write, column: &ColumnReport) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("AUC OVER ALL", Lean::Right),
        ("WITHIN GROUPS", Lean::Right),
        ("GROUP ALONE [95 %]", Lean::Left),
        ("SCORE TELLS [95 %]", Lean::Left),
        ("WITHOUT FINDING [95 %]", Lean::Left),
        ("", Lean::Left),
    ];
    let row = |label: &GroupedLabel| {
        let tells = label.tells.as_ref();
        vec![
            label.label.clone(),
            number(label.within.map(|within| within.over_all)),
            number(label.within.map(|within| within.auc)),
            label.alone.map_or_else(none, |alone| with_interval(alone.auc, alone.interval)),
            tells.map_or_else(none, |tells| with_interval(tells.auc, tells.interval)),
            tells
                .and_then(|tells| Some(with_interval(tells.without_finding?, tells.without_finding_interval)))
                .unwrap_or_else(none),
            tells.map_or_else(String::new, |tells| format!("{} from {}", tells.higher, tells.lower)),
        ]
    };
    table(out, &columns, &column.labels.iter().map(row).collect::<Vec<_>>())
}
