//! Labels in groups of films, by a column of the label file: how good a model is in each, and whether the groups
//! explain what the score seems to know.
//!
//! A model can look good by knowing how, where or of whom a film was taken. Four figures tell it, each with an
//! interval by patient: how well the score tells the groups apart ([`Tells`]), how much of the AUC is left when films
//! are compared within their group alone ([`Within`]), how well the group alone, without any picture, tells films
//! with the finding from those without ([`GroupAlone`]), and whether the AUC of one group is that of the others
//! ([`Apart`]).

mod column;
mod explain;
mod warnings;

pub use column::Column;
pub use explain::{Apart, GroupAlone, Tells, Within};

use serde::Serialize;

use self::explain::Explained;
use super::{
    bootstrap::Draws,
    case::{Case, LabelInfo, clusters, of_label, patients, score},
    metrics::{Clustered, Counted, Share, share},
};

/// One column: its groups, and every label in them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnReport {
    /// The column's name.
    pub column: String,
    /// Warnings for the reader, a sentence each.
    pub warnings: Vec<String>,
    /// A report a label with films of both kinds, in the model's order.
    pub labels: Vec<GroupedLabel>,
}

/// One label in the groups of one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupedLabel {
    /// The label.
    pub label: String,
    /// How well the score tells groups apart; none where no two are large enough.
    pub tells: Option<Tells>,
    /// The AUC within groups, against that over all films; none where no group has films of both kinds.
    pub within: Option<Within>,
    /// How well the group alone tells films with the finding from those without.
    pub alone: Option<GroupAlone>,
    /// The AUC in one group against that elsewhere; none where there are too few films of either kind.
    pub apart: Option<Apart>,
    /// The figures of each group, in order.
    pub groups: Vec<GroupFigures>,
}

/// One label in one group of films.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupFigures {
    /// The group.
    pub group: String,
    /// Films that count for the label.
    pub films: u64,
    /// Their patients, where they are known.
    pub patients: Option<u64>,
    /// Films with the finding.
    pub positives: u64,
    /// The share of films with the finding, with its interval by patient.
    pub prevalence: Option<Share>,
    /// Area under the ROC curve; none with one class only.
    pub auc: Option<f64>,
    /// Its 95 % interval by patient.
    pub auc_interval: Option<[f64; 2]>,
    /// Share of the films with the finding that alert.
    pub sensitivity: Option<Share>,
    /// Share of the films without the finding that do not.
    pub specificity: Option<Share>,
    /// Share of all scored films of the group that alert for the label, labelled for it or not.
    pub alert_rate: Option<Share>,
}

/// One label's films by group, before anything is drawn.
struct Grouped {
    label: usize,
    all: Clustered,
    groups: Vec<Clustered>,
    explained: Explained,
}

impl Grouped {
    fn of(label: usize, column: &Column, cases: &[Case<'_>]) -> Option<Self> {
        let all = of_label(label, cases);
        if !all.ranked().has_both() {
            return None;
        }
        let of_group = |group: usize| {
            let members = cases.iter().zip(&column.of_film).filter(move |(_, of)| **of == group);
            of_label(label, members.map(|(case, _)| case))
        };
        let groups: Vec<Clustered> = (0..column.groups.len()).map(of_group).collect();
        let explained = Explained::of(label, column, cases, &groups);
        Some(Self { label, all, groups, explained })
    }

    /// How many figures a draw of it has: those that explain, and the AUC of each group.
    fn figures(&self) -> usize {
        explain::FIGURES + self.groups.len()
    }

    fn measure(&self, weights: &[u32], figures: &mut [f64]) {
        let groups: Vec<Counted> = self.groups.iter().map(|films| films.counted(weights)).collect();
        let (explaining, aucs) = figures.split_at_mut(explain::FIGURES);
        self.explained.measure(weights, self.all.counted(weights), &groups, explaining);
        aucs.iter_mut().zip(&groups).for_each(|(auc, group)| *auc = group.auc());
    }
}

/// Measures every label in the groups of one column.
#[must_use]
pub fn by_column(column: &Column, labels: &[LabelInfo], cases: &[Case<'_>]) -> ColumnReport {
    let grouped: Vec<Grouped> =
        (0..labels.len()).filter_map(|label| Grouped::of(label, column, cases)).collect();
    let figures = grouped.iter().map(Grouped::figures).sum();
    let draws = Draws::take(clusters(cases), figures, |weights, mut figures| {
        for label in &grouped {
            let (own, rest) = figures.split_at_mut(label.figures());
            label.measure(weights, own);
            figures = rest;
        }
    });
    let mut first = 0;
    let mut reports = Vec::with_capacity(grouped.len());
    for label in &grouped {
        reports.push(report(label, column, &labels[label.label], cases, &draws, first));
        first += label.figures();
    }
    let of_labels = reports.iter().flat_map(|label| warnings::of(label, column));
    let warnings = warnings::of_column(column).into_iter().chain(of_labels).collect();
    ColumnReport { column: column.name.clone(), warnings, labels: reports }
}

fn report(
    label: &Grouped,
    column: &Column,
    info: &LabelInfo,
    cases: &[Case<'_>],
    draws: &Draws,
    first: usize,
) -> GroupedLabel {
    let members = |group: usize| {
        cases.iter().zip(&column.of_film).filter(move |(_, of)| **of == group).map(|(case, _)| case)
    };
    let figures = |(n, films): (usize, &Clustered)| {
        let counted = films.counted_once();
        let at = films.at(info.alert);
        let has_both = counted.positives > 0 && counted.negatives > 0;
        let labelled = members(n).filter(|case| case.truths[label.label].is_some());
        GroupFigures {
            group: column.groups[n].clone(),
            films: counted.positives + counted.negatives,
            patients: patients(labelled),
            positives: counted.positives,
            prevalence: share(films.films().iter().map(|film| (film.cluster, film.positive))),
            auc: has_both.then(|| counted.auc()),
            auc_interval: draws.interval(first + explain::FIGURES + n).filter(|_| has_both),
            sensitivity: at.sensitivity,
            specificity: at.specificity,
            alert_rate: share(
                members(n).map(|case| (case.whose.cluster, score(label.label, case) >= info.alert)),
            ),
        }
    };
    let once: Vec<Counted> = label.groups.iter().map(Clustered::counted_once).collect();
    let explained = &label.explained;
    GroupedLabel {
        label: info.name.clone(),
        tells: explained.tells(column, draws, first),
        within: explain::within(label.all.counted_once(), &once, draws, first),
        alone: explained.alone(draws, first),
        apart: explained.apart(column, &once, draws, first),
        groups: label.groups.iter().enumerate().map(figures).collect(),
    }
}

#[cfg(test)]
mod tests;
