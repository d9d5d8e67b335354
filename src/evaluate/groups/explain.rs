//! Whether the groups explain the score, or the label.

use std::collections::HashMap;

use serde::Serialize;

use super::Column;
use crate::evaluate::{
    bootstrap::Draws,
    case::{Case, score},
    metrics::{Clustered, Counted, Scored},
};

/// Films that a group must have, and all others together, for it to be told from them; of each kind, for their AUCs to be
/// compared.
const LEAST: usize = 10;

/// Figures of a draw: telling over all films, telling over films without the finding, overall less within, alone, one
/// group less elsewhere.
pub(super) const FIGURES: usize = 5;

/// How well the score tells films of one group from those of the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tells {
    /// The group with the higher scores.
    pub higher: String,
    /// That with the lower ones; "the others" where there are several.
    pub lower: String,
    /// The chance that a film of the first scores higher than one of the second, at least 0.5: that of the group that
    /// is told best.
    pub auc: f64,
    /// Its 95 % interval by patient.
    pub interval: Option<[f64; 2]>,
    /// That AUC among films without the finding alone, which the finding cannot explain; it may be under 0.5.
    pub without_finding: Option<f64>,
    /// Its 95 % interval by patient.
    pub without_finding_interval: Option<[f64; 2]>,
}

/// How much is left of the AUC when each film is compared with films of its own group alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Within {
    /// The chance that a film with the finding scores higher than one without it of the same group.
    pub auc: f64,
    /// The AUC over all films.
    pub over_all: f64,
    /// The 95 % interval, by patient, of what the AUC over all films has more.
    pub excess_interval: Option<[f64; 2]>,
}

/// How well the group alone tells films with the finding from those without.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GroupAlone {
    /// The AUC of a score that is the share of films with the finding among the other patients of a film's group.
    pub auc: f64,
    /// Its 95 % interval by patient.
    pub interval: Option<[f64; 2]>,
}

/// The AUC in the group whose AUC lies farthest from that in the other groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Apart {
    /// The group.
    pub group: String,
    /// The AUC in it.
    pub auc: f64,
    /// The AUC elsewhere, each film compared with films of its own group alone.
    pub elsewhere: f64,
    /// The 95 % interval, by patient, of what the AUC of the group has more.
    pub excess_interval: Option<[f64; 2]>,
}

/// The figures of one label and one column.
pub(super) struct Explained {
    /// The group that the score tells best, and its films against all others: over all, and without the finding.
    told: Option<Told>,
    alone: Clustered,
    /// The group whose AUC is to be compared with that elsewhere.
    apart: Option<usize>,
}

struct Told {
    group: usize,
    /// Whether the group has the higher scores; else the others count as positive.
    is_higher: bool,
    all: Clustered,
    without: Clustered,
}

impl Explained {
    pub(super) fn of(label: usize, column: &Column, cases: &[Case<'_>], groups: &[Clustered]) -> Self {
        let once: Vec<Counted> = groups.iter().map(Clustered::counted_once).collect();
        Self {
            told: told(label, column, cases),
            alone: Clustered::new(alone(label, column, cases)),
            apart: apart(&once),
        }
    }

    pub(super) fn measure(&self, weights: &[u32], all: Counted, groups: &[Counted], figures: &mut [f64]) {
        let told = self.told.as_ref();
        figures[0] = told.map_or(f64::NAN, |told| told.all.counted(weights).auc());
        figures[1] = told.map_or(f64::NAN, |told| told.without.counted(weights).auc());
        figures[2] = all.auc() - pooled(groups);
        figures[3] = self.alone.counted(weights).auc();
        figures[4] = self.apart.map_or(f64::NAN, |group| groups[group].auc() - elsewhere(groups, group));
    }

    pub(super) fn tells(&self, column: &Column, draws: &Draws, first: usize) -> Option<Tells> {
        let told = self.told.as_ref()?;
        let group = column.groups[told.group].clone();
        let others: Vec<usize> = (0..column.groups.len()).filter(|&other| other != told.group).collect();
        let other = match others.as_slice() {
            [other] => column.groups[*other].clone(),
            _ => "the others".to_owned(),
        };
        let (higher, lower) = if told.is_higher { (group, other) } else { (other, group) };
        let without = told.without.counted_once().auc();
        Some(Tells {
            higher,
            lower,
            auc: told.all.counted_once().auc(),
            interval: draws.interval(first),
            without_finding: without.is_finite().then_some(without),
            without_finding_interval: draws.interval(first + 1),
        })
    }

    pub(super) fn apart(
        &self,
        column: &Column,
        groups: &[Counted],
        draws: &Draws,
        first: usize,
    ) -> Option<Apart> {
        self.apart.map(|group| Apart {
            group: column.groups[group].clone(),
            auc: groups[group].auc(),
            elsewhere: elsewhere(groups, group),
            excess_interval: draws.interval(first + 4),
        })
    }

    pub(super) fn alone(&self, draws: &Draws, first: usize) -> Option<GroupAlone> {
        let auc = self.alone.counted_once().auc();
        auc.is_finite().then(|| GroupAlone { auc, interval: draws.interval(first + 3) })
    }
}

/// How the AUC within groups compares with that over all films.
pub(super) fn within(all: Counted, groups: &[Counted], draws: &Draws, first: usize) -> Option<Within> {
    let auc = pooled(groups);
    let excess_interval = draws.interval(first + 2);
    auc.is_finite().then(|| Within { auc, over_all: all.auc(), excess_interval })
}

/// The AUC over pairs of films of one group; NaN where no group has films of both kinds.
fn pooled<'a>(groups: impl IntoIterator<Item = &'a Counted>) -> f64 {
    let (ordered, pairs) = groups
        .into_iter()
        .fold((0, 0.0), |(ordered, pairs), group| (ordered + group.ordered_twice, pairs + group.pairs()));
    ordered as f64 / 2.0 / pairs
}

/// The AUC over pairs of films of one group, in all groups but this.
fn elsewhere(groups: &[Counted], but: usize) -> f64 {
    pooled(others(groups, but))
}

fn others(groups: &[Counted], but: usize) -> impl Iterator<Item = &Counted> {
    groups.iter().enumerate().filter(move |(group, _)| *group != but).map(|(_, counted)| counted)
}

/// The group whose AUC lies farthest from that elsewhere, where both have films enough.
fn apart(groups: &[Counted]) -> Option<usize> {
    let is_enough = |group: &usize| {
        let own = &groups[*group];
        let (positives, negatives) = others(groups, *group)
            .filter(|other| other.pairs() > 0.0)
            .fold((0, 0), |sum, other| (sum.0 + other.positives, sum.1 + other.negatives));
        [own.positives, own.negatives, positives, negatives].iter().all(|films| *films >= LEAST as u64)
    };
    let distance = |group: usize| (groups[group].auc() - elsewhere(groups, group)).abs();
    (0..groups.len()).filter(is_enough).max_by(|&one, &other| distance(one).total_cmp(&distance(other)))
}

/// The group whose scores lie farthest from those of all other films.
fn told(label: usize, column: &Column, cases: &[Case<'_>]) -> Option<Told> {
    let films = |group: usize, is_higher: bool, which: fn(Option<bool>) -> bool| {
        let chosen = cases.iter().zip(&column.of_film).filter(move |(case, _)| which(case.truths[label]));
        Clustered::new(chosen.map(move |(case, of)| Scored {
            score: score(label, case),
            positive: (*of == group) == is_higher,
            cluster: case.whose.cluster,
        }))
    };
    let size = |group: usize| column.of_film.iter().filter(|of| **of == group).count();
    let is_enough = |&group: &usize| size(group) >= LEAST && cases.len() - size(group) >= LEAST;
    let distance = |group: usize| films(group, true, |_| true).counted_once().auc() - 0.5;
    let candidates = (0..column.groups.len()).filter(is_enough).map(|group| (group, distance(group)));
    // Of equals the first: of two groups, each is as far from the other.
    let (group, distance) =
        candidates.reduce(|best, next| if next.1.abs() > best.1.abs() { next } else { best })?;
    let is_higher = distance >= 0.0;
    Some(Told {
        group,
        is_higher,
        all: films(group, is_higher, |_| true),
        without: films(group, is_higher, |truth| truth == Some(false)),
    })
}

/// The films that count for a label, scored by the share of films with the finding among other patients' films of
/// their group, drawn towards the share in all groups as by one film more: a group that says nothing then scores
/// under a half, never above.
fn alone(label: usize, column: &Column, cases: &[Case<'_>]) -> Vec<Scored> {
    let mut by_group = vec![(0.0, 0.0); column.groups.len()];
    let mut by_patient = HashMap::<(usize, usize), (f64, f64)>::new();
    let labelled = || {
        let films = cases.iter().zip(&column.of_film);
        films.filter_map(|(case, of)| Some((case.whose.cluster, *of, case.truths[label]?)))
    };
    for (cluster, group, positive) in labelled() {
        for (hits, films) in [&mut by_group[group], by_patient.entry((cluster, group)).or_default()] {
            *hits += f64::from(u8::from(positive));
            *films += 1.0;
        }
    }
    let (hits, films) = by_group.iter().fold((0.0, 0.0), |sum, group| (sum.0 + group.0, sum.1 + group.1));
    let scored = |(cluster, group, positive): (usize, usize, bool)| {
        let (own_hits, own_films) = by_patient.get(&(cluster, group)).copied().unwrap_or_default();
        let (group_hits, group_films) = by_group[group];
        let share = (group_hits - own_hits + hits / films) / (group_films - own_films + 1.0);
        Scored { score: share, positive, cluster }
    };
    labelled().map(scored).collect()
}
