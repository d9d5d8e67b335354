//! Thresholds of all ranking labels chosen together, by what films without any finding do.

use super::{
    calibrate::{Choice, ENOUGH, at_most},
    case::{Case, LabelInfo, patients, score},
    measure::any_alarm,
    metrics::Ranked,
    report::WithoutFinding,
};

/// Of the films without finding that may alert, one in so many may be critical.
const CRITICAL: f64 = 5.0;

/// Chooses alert and critical thresholds of every label that ranks: each label lets the same share of the films without
/// it through, as much as can be so that of the films without any finding no more than `share` alert for any label.
pub(super) fn choose(share: f64, labels: &[LabelInfo], cases: &[Case<'_>]) -> Vec<Result<Choice, String>> {
    let clean: Vec<&Case<'_>> = cases.iter().filter(|case| case.is_without_finding()).collect();
    let negatives: Vec<Ranked> = (0..labels.len()).map(|n| without(n, cases)).collect();
    let few = too_few(share, &clean);
    let alerts = shared(share, labels, &clean, &negatives);
    let criticals = shared(share / CRITICAL, labels, &clean, &negatives);
    let choice = |n: usize| {
        if !labels[n].rank {
            return Err("it does not rank, so its threshold alarms nobody".to_owned());
        }
        if let Some(few) = &few {
            return Err(few.clone());
        }
        let (alert, critical) = (alerts[n].clone()?, criticals[n].clone()?);
        // Shortened numbers may fall on each other, never past each other.
        Ok(Choice { alert, critical: Some(critical.max(alert)) })
    };
    (0..labels.len()).map(choice).collect()
}

/// The scores of the films that are known to be without a label, whatever else they have.
fn without(n: usize, cases: &[Case<'_>]) -> Ranked {
    let are = cases.iter().filter(|case| case.truths[n] == Some(false));
    Ranked::new(are.map(|case| (score(n, case), false)))
}

/// Why a share of films cannot be told from so few; none if it can.
fn too_few(share: f64, clean: &[&Case<'_>]) -> Option<String> {
    // One critical film must be a film.
    let needed = ((CRITICAL / share).ceil() as usize).max(ENOUGH as usize);
    let of_patients = patients(clean.iter().copied()).unwrap_or(clean.len() as u64);
    (clean.len() < needed || of_patients < ENOUGH).then(|| {
        format!(
            "too few to choose by: {} films without any finding of {of_patients} patients, and {needed} of {ENOUGH} \
             are needed",
            clean.len()
        )
    })
}

/// A threshold a label, each of the same specificity, the lowest with which at most `share` of the clean films reach any
/// of those that rank.
fn shared(
    share: f64,
    labels: &[LabelInfo],
    clean: &[&Case<'_>],
    negatives: &[Ranked],
) -> Vec<Result<f64, String>> {
    let allowed = (share * clean.len() as f64 + 1e-9) as usize;
    let thresholds = |rate: f64| -> Vec<Result<f64, String>> {
        let threshold = |ranked: &Ranked| match ranked.cases() {
            0 => Err("no film is known to be without it".to_owned()),
            all => at_most(ranked, (rate * all as f64 + 1e-9) as u64),
        };
        negatives.iter().map(threshold).collect()
    };
    let fits = |rate: f64| {
        let thresholds = thresholds(rate);
        let reaches = |case: &&&Case<'_>| {
            let reached =
                |n: usize| thresholds[n].as_ref().is_ok_and(|threshold| score(n, case) >= *threshold);
            (0..labels.len()).any(|n| labels[n].rank && reached(n))
        };
        clean.iter().filter(reaches).count() <= allowed
    };
    // Every share of films that a label can let through. More for each is never fewer for all.
    let counts = negatives.iter().map(Ranked::cases);
    let mut rates: Vec<f64> = counts.flat_map(|all| (0..all).map(move |n| n as f64 / all as f64)).collect();
    rates.sort_unstable_by(f64::total_cmp);
    rates.dedup();
    let fitting = rates.partition_point(|rate| fits(*rate));
    thresholds(fitting.checked_sub(1).map_or(0.0, |last| rates[last]))
}

/// What films without finding do now, and with the thresholds proposed: alert and critical of each label.
#[must_use]
pub fn without_finding(labels: &[LabelInfo], cases: &[Case<'_>], then: &[(f64, f64)]) -> WithoutFinding {
    let clean = || cases.iter().filter(|case| case.is_without_finding());
    WithoutFinding {
        films: clean().count(),
        patients: patients(clean()),
        alert_now: any_alarm(clean(), labels, |n| labels[n].alert),
        alert_then: any_alarm(clean(), labels, |n| then[n].0),
        critical_now: any_alarm(clean(), labels, |n| labels[n].critical),
        critical_then: any_alarm(clean(), labels, |n| then[n].1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::{Goal, Whose, propose};

    /// Films without findings, a score a label in steps of a thousandth, two films a patient.
    fn films(scores: &[[f32; 3]]) -> Vec<Case<'_>> {
        let case = |(n, probabilities)| Case {
            probabilities,
            truths: vec![Some(false), Some(false), None],
            whose: Whose::patient(n / 2),
        };
        scores.iter().map(<[f32; 3]>::as_slice).enumerate().map(case).collect()
    }

    fn labels() -> [LabelInfo; 3] {
        let silent = LabelInfo { rank: false, ..LabelInfo::plain("C", 0.5) };
        [LabelInfo::plain("A", 0.5), LabelInfo::plain("B", 0.5), silent]
    }

    proptest! {
        #[test]
        fn no_more_films_without_finding_alert_than_asked_for(
            scores in prop::collection::vec([0_u16..1000, 0_u16..1000, 0_u16..1000], 60..150),
            percent in 10_u32..50,
        ) {
            let scores: Vec<[f32; 3]> =
                scores.iter().map(|film| film.map(|score| f32::from(score) / 1000.0)).collect();
            let (labels, cases) = (labels(), films(&scores));
            let share = f64::from(percent) / 100.0;
            let proposals = propose(Goal::Alarms(share), 1.0, &labels, &cases);
            prop_assert!(proposals[2].not_written.as_deref().unwrap().contains("does not rank"));
            let then: Vec<(f64, f64)> = proposals
                .iter()
                .map(|p| (p.then.as_ref().map_or(0.5, |at| at.threshold), p.critical.unwrap_or(0.9)))
                .collect();
            let found = without_finding(&labels, &cases, &then);
            prop_assert!(found.alert_then.unwrap().value <= share + 1e-9);
            prop_assert!(found.critical_then.unwrap().value <= share / 5.0 + 1e-9);
            prop_assert!(then[..2].iter().all(|(alert, critical)| alert <= critical && *critical < 1.0));
            // The two labels share: neither lets through more than it would alone.
            for (n, proposal) in proposals[..2].iter().enumerate() {
                let through = proposal.then.as_ref().unwrap().false_positives;
                prop_assert!(through as f64 <= share * cases.len() as f64, "{n}: {through}");
            }
        }
    }

    #[test]
    fn the_labels_share_by_equal_specificity() {
        // A alerts on the films that B does not, so each gets half.
        let scores: Vec<[f32; 3]> =
            (0_u8..100).map(|n| [f32::from(n) / 100.0, f32::from(99 - n) / 100.0, 0.0]).collect();
        let cases = films(&scores);
        let proposals = propose(Goal::Alarms(0.1), 1.0, &labels(), &cases);
        for proposal in &proposals[..2] {
            assert_eq!(proposal.then.as_ref().unwrap().false_positives, 5);
            assert_eq!(proposal.critical, Some(0.99), "one film each");
        }
        let few = propose(Goal::Alarms(0.1), 1.0, &labels(), &cases[..49]);
        let reason = few[0].not_written.as_deref().unwrap();
        assert!(reason.contains("49 films without any finding of 25 patients, and 50 of 10"), "{reason}");
        let of_few: Vec<Case<'_>> =
            cases.iter().map(|case| Case { whose: Whose::patient(0), ..case.clone() }).collect();
        assert!(propose(Goal::Alarms(0.1), 1.0, &labels(), &of_few)[0].not_written.is_some());
    }
}
