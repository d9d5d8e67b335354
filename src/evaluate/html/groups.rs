//! Labels in groups of films.

use std::fmt::{self, Write};

use super::{escape, head, none, number, of_patients, share, with_interval};
use crate::evaluate::{ColumnReport, GroupFigures, GroupedLabel};

/// Writes every label in the groups of one column, then what the groups explain.
pub(super) fn write(page: &mut String, column: &ColumnReport) -> fmt::Result {
    let name = escape(&column.column);
    writeln!(page, "<h2>By {name}</h2>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(
        page,
        &[
            "Label",
            "Group",
            "Films",
            "Prevalence",
            "AUC [95 %]",
            "Sensitivity [95 %]",
            "Specificity [95 %]",
            "Alerts [95 %]",
        ],
    )?;
    for label in &column.labels {
        for group in &label.groups {
            row(page, label, group)?;
        }
    }
    writeln!(page, "</table></div>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(
        page,
        &[
            "Label",
            "AUC over all",
            "Within groups",
            "Group alone [95 %]",
            "Score tells groups [95 %]",
            "Without the finding [95 %]",
            "Told",
        ],
    )?;
    for label in &column.labels {
        explained(page, label)?;
    }
    writeln!(
        page,
        "</table></div>\n<p class=\"small\">Within groups: each film is compared with films of its own group alone. Group \
         alone: how well the share of films with the finding in the rest of its group tells films with it from those \
         without, with no picture at all. Score tells groups: the chance that a film of one group scores higher than one \
         of another; then the same among films without the finding, which it cannot explain.</p>"
    )
}

fn row(page: &mut String, label: &GroupedLabel, group: &GroupFigures) -> fmt::Result {
    writeln!(
        page,
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escape(&label.label),
        escape(&group.group),
        of_patients(group.films, group.patients),
        number(group.prevalence.map(|share| share.value)),
        group.auc.map_or_else(none, |auc| with_interval(auc, group.auc_interval)),
        share(group.sensitivity),
        share(group.specificity),
        share(group.alert_rate)
    )
}

fn explained(page: &mut String, label: &GroupedLabel) -> fmt::Result {
    let tells = label.tells.as_ref();
    let told = tells.map_or_else(String::new, |tells| format!("{} from {}", tells.higher, tells.lower));
    let without =
        tells.and_then(|tells| Some(with_interval(tells.without_finding?, tells.without_finding_interval)));
    writeln!(
        page,
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escape(&label.label),
        number(label.within.map(|within| within.over_all)),
        number(label.within.map(|within| within.auc)),
        label.alone.map_or_else(none, |alone| with_interval(alone.auc, alone.interval)),
        tells.map_or_else(none, |tells| with_interval(tells.auc, tells.interval)),
        without.unwrap_or_else(none),
        escape(&told)
    )
}
