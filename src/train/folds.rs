//! Folds of patients: all films of a patient are in one.

use std::collections::BTreeMap;

use crate::hash::sha256;

/// How many folds there are where nobody says otherwise.
pub const FOLDS: usize = 5;

/// Deals patients to `count` folds, and returns each film's. `patients` has a film's patient, `truths` its labels.
///
/// Patients are dealt one by one, those first who have the rarest finding, so that every fold has its share of it. Which
/// of them comes first is decided by a hash: it depends on nothing but the set.
#[must_use]
pub fn folds(patients: &[&str], truths: &[Vec<Option<bool>>], count: usize) -> Vec<usize> {
    let labels = truths.first().map_or(0, Vec::len);
    let mut findings: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (patient, truths) in patients.iter().zip(truths) {
        let found = findings.entry(patient).or_insert_with(|| vec![false; labels]);
        found.iter_mut().zip(truths).for_each(|(found, truth)| *found |= *truth == Some(true));
    }
    let frequency = |label: usize| findings.values().filter(|found| found[label]).count();
    let mut by_frequency: Vec<(usize, usize)> = (0..labels).map(|label| (frequency(label), label)).collect();
    by_frequency.sort_unstable();
    let rarest = |found: &[bool]| by_frequency.iter().position(|&(_, label)| found[label]).unwrap_or(labels);
    let mut order: Vec<(usize, String, &str)> =
        findings.iter().map(|(patient, found)| (rarest(found), sha256(patient), *patient)).collect();
    order.sort_unstable();
    let fold: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(n, (_, _, patient))| (*patient, n % count.max(1))).collect();
    patients.iter().map(|patient| fold[patient]).collect()
}

/// The fold whose films are held out where a network is trained once: the first of those that have films; none where
/// only one has, for nothing would be left to train on.
#[must_use]
pub fn held_out(folds: &[usize]) -> Option<usize> {
    let first = *folds.iter().min()?;
    folds.iter().any(|fold| *fold != first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_is_held_out_that_has_films_and_leaves_some() {
        for (folds, held) in
            [(&[0, 1, 2, 0][..], Some(0)), (&[3, 1, 2], Some(1)), (&[2, 2], None), (&[], None)]
        {
            assert_eq!(held_out(folds), held, "{folds:?}");
        }
    }

    #[test]
    fn a_patient_is_in_one_fold_and_every_fold_has_its_share_of_a_rare_finding() {
        let names: Vec<String> = (0..200).map(|n| format!("patient {}", n / 2)).collect();
        let patients: Vec<&str> = names.iter().map(String::as_str).collect();
        let truths: Vec<Vec<Option<bool>>> =
            (0..200).map(|n| vec![Some(n % 3 == 0), (n % 7 != 0).then_some(n < 40 && n % 4 == 1)]).collect();
        let folds = folds(&patients, &truths, FOLDS);
        for pair in folds.chunks(2) {
            assert_eq!(pair[0], pair[1]);
        }
        let of_fold = |fold: usize| (0..200).filter(|&n| folds[n] == fold).collect::<Vec<_>>();
        let with = |fold: usize, label: usize| {
            let with = of_fold(fold).into_iter().filter(|&n| truths[n][label] == Some(true));
            with.map(|n| n / 2).collect::<std::collections::BTreeSet<_>>().len()
        };
        let rare: Vec<usize> = (0..FOLDS).map(|fold| with(fold, 1)).collect();
        assert_eq!(
            rare.iter().max().unwrap() - rare.iter().min().unwrap(),
            usize::from(rare[0] != rare[4]),
            "{rare:?}"
        );
        assert!((0..FOLDS).all(|fold| of_fold(fold).len() == 40));
    }

    #[test]
    fn the_order_of_films_changes_nothing() {
        let patients: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        let truths: Vec<Vec<Option<bool>>> = (0..30).map(|n| vec![Some(n % 2 == 0)]).collect();
        let all: Vec<&str> = patients.iter().map(String::as_str).collect();
        let forwards = folds(&all, &truths, 3);
        let backwards = folds(
            &all.iter().rev().copied().collect::<Vec<_>>(),
            &truths.iter().rev().cloned().collect::<Vec<_>>(),
            3,
        );
        assert_eq!(forwards, backwards.into_iter().rev().collect::<Vec<_>>());
    }
}
