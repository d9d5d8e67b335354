//! The content of a labelled set, before anything is measured on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::labels::{LabelSet, Row, Truth};

/// How one finding is labelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingCount {
    /// The finding.
    pub finding: String,
    /// Films with it.
    pub present: usize,
    /// Films without it.
    pub absent: usize,
    /// Films where it is uncertain (-1).
    pub uncertain: usize,
    /// Films that say nothing.
    pub blank: usize,
    /// Films on which it is the only finding.
    pub alone: usize,
}

/// How often two findings are on one film.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The first.
    pub first: String,
    /// The second.
    pub second: String,
    /// Films with both.
    pub together: usize,
    /// How many times more often than if they knew nothing of each other, over the films that say something
    /// of both.
    pub lift: f64,
}

/// A labelled set in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explored {
    /// Films.
    pub films: usize,
    /// Films without any finding, of those that say something.
    pub without_finding: usize,
    /// Patients, where they are known.
    pub patients: Option<usize>,
    /// Films of the patient who has the most.
    pub most_of_a_patient: usize,
    /// A count a finding, in the file's order.
    pub findings: Vec<FindingCount>,
    /// Pairs of findings, the most frequent first.
    pub pairs: Vec<Pair>,
    /// Films a view.
    pub views: BTreeMap<String, usize>,
    /// Films and patients a split.
    pub splits: BTreeMap<String, (usize, usize)>,
    /// Patients who stand in more than one split, in order.
    pub in_several_splits: Vec<String>,
    /// Names that stand on more than one line.
    pub repeated_films: Vec<String>,
}

/// Counts what a label file says.
#[must_use]
pub fn explore(set: &LabelSet) -> Explored {
    let rows = &set.rows;
    let present = |row: &Row, n: usize| row.truths.get(n) == Some(&Truth::Present);
    let number_present = |row: &Row| row.truths.iter().filter(|truth| **truth == Truth::Present).count();
    let findings = set.findings.iter().enumerate().map(|(n, finding)| {
        let count = |wanted| rows.iter().filter(|row| row.truths.get(n) == Some(&wanted)).count();
        FindingCount {
            finding: finding.clone(),
            present: count(Truth::Present),
            absent: count(Truth::Absent),
            uncertain: count(Truth::Uncertain),
            blank: count(Truth::Blank),
            alone: rows.iter().filter(|row| present(row, n) && number_present(row) == 1).count(),
        }
    });
    let findings: Vec<FindingCount> = findings.collect();
    let mut pairs = Vec::new();
    for first in 0..findings.len() {
        for second in first + 1..findings.len() {
            // Only films that say something of both: where one is blank, chance knows nothing either.
            let says =
                |row: &&Row, n: usize| matches!(row.truths.get(n), Some(Truth::Present | Truth::Absent));
            let of_both = || rows.iter().filter(|row| says(row, first) && says(row, second));
            let together = of_both().filter(|row| present(row, first) && present(row, second)).count();
            if together > 0 {
                let with = |n: usize| of_both().filter(|row| present(row, n)).count() as f64;
                let expected = with(first) * with(second) / of_both().count() as f64;
                pairs.push(Pair {
                    first: findings[first].finding.clone(),
                    second: findings[second].finding.clone(),
                    together,
                    lift: together as f64 / expected,
                });
            }
        }
    }
    pairs.sort_by(|a, b| b.together.cmp(&a.together).then_with(|| b.lift.total_cmp(&a.lift)));

    let mut of_patient: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut views = BTreeMap::new();
    let mut splits: BTreeMap<String, (usize, BTreeSet<&str>)> = BTreeMap::new();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *names.entry(&row.film).or_default() += 1;
        if let Some(view) = &row.view {
            *views.entry(view.clone()).or_default() += 1;
        }
        let split = row.split.as_deref().map(|split| splits.entry(split.to_owned()).or_default());
        if let Some((films, patients)) = split {
            *films += 1;
            patients.extend(row.patient.as_deref());
        }
        if let Some(patient) = &row.patient {
            let (films, in_splits) = of_patient.entry(patient).or_default();
            *films += 1;
            in_splits.extend(row.split.as_deref());
        }
    }
    let several = of_patient.iter().filter(|(_, (_, splits))| splits.len() > 1);
    Explored {
        films: rows.len(),
        without_finding: rows
            .iter()
            .filter(|row| number_present(row) == 0 && row.truths.contains(&Truth::Absent))
            .count(),
        patients: (!of_patient.is_empty()).then_some(of_patient.len()),
        most_of_a_patient: of_patient.values().map(|(films, _)| *films).max().unwrap_or(0),
        in_several_splits: several.map(|(patient, _)| (*patient).to_owned()).collect(),
        findings,
        pairs,
        views,
        splits: splits.into_iter().map(|(name, (films, patients))| (name, (films, patients.len()))).collect(),
        repeated_films: names.iter().filter(|(_, n)| **n > 1).map(|(name, _)| (*name).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::labels::{TruthChoice, read};

    #[test]
    fn a_set_is_counted() {
        let text = "Image,Mass,Nodule,PatientId,View,Split\n\
                    a,1,1,p,PA,train\nb,1,0,p,AP,val\nc,0,,q,PA,train\nd,0,0,r,PA,train\nd,0,-1,r,,train\n";
        let found = explore(&read(text.as_bytes(), None, TruthChoice::Ask).unwrap());
        assert_eq!((found.films, found.patients, found.most_of_a_patient), (5, Some(3), 2));
        assert_eq!(found.without_finding, 3);
        let mass = &found.findings[0];
        assert_eq!((mass.present, mass.absent, mass.alone), (2, 3, 1));
        let nodule = &found.findings[1];
        assert_eq!((nodule.present, nodule.absent, nodule.uncertain, nodule.blank), (1, 2, 1, 1));
        // Of the three films that say something of both, two have a mass and one a nodule.
        assert_eq!((found.pairs[0].together, found.pairs[0].lift), (1, 1.5));
        assert_eq!(found.views["PA"], 3);
        assert_eq!(found.splits["train"], (4, 3));
        assert_eq!(found.in_several_splits, ["p"]);
        assert_eq!(found.repeated_films, ["d"]);
    }
}
