//! Thresholds chosen together: [`super::alarms`] as [`propose`] uses it.

use proptest::prelude::*;

use super::{Case, Goal, LabelInfo, Whose, propose, without_finding};

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
