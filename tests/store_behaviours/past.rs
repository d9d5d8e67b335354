//! The studies that came, as the threshold workbench asks for them.

use cxr_triage::{
    store::Status,
    study::{Severity, WhatIf, what_if},
};

use super::support::{Bench, at, dicom, held, rules, scored, scored_by, usual_rules};
use cxr_triage::quality::Gate;

#[test]
fn each_study_comes_with_its_probabilities_and_when_it_was_opened_first() {
    let mut bench = Bench::new();
    let (_, first) = bench.record("a", &dicom(scored("a", [0.6, 0.1, 0.2]), "1.1", "1.1.1"), at(0));
    bench.record("b", &dicom(scored("b", [0.9, 0.1, 0.3]), "1.1", "1.1.2"), at(1));
    let (_, second) = bench.record("c", &scored("c", [0.1, 0.2, 0.3]), at(2));
    // Held, and of another model: neither says anything about these thresholds.
    bench.record("d", &held("d", Gate::View, "Lateral"), at(3));
    let mut other = usual_rules();
    other.model = "another".to_owned();
    bench.record("e", &scored_by("e", [0.9; 3], &other), at(4));
    let mut fewer = usual_rules();
    fewer.labels.pop();
    bench.record("f", &scored_by("f", [0.9; 3], &fewer), at(5));
    bench.store.set_status(first.id, Status::Seen, "anna", at(7)).unwrap();
    bench.store.set_status(first.id, Status::Done, "anna", at(9)).unwrap();

    let past = bench.store.past_studies(&usual_rules(), 100).unwrap();
    assert_eq!(past.iter().map(|study| study.study).collect::<Vec<_>>(), [first.id, second.id]);
    assert_eq!(past[0].films, [vec![0.6_f32, 0.1, 0.2], vec![0.9, 0.1, 0.3]], "to the bit");
    assert_eq!(
        (past[0].since, past[0].opened),
        (at(0), Some(at(7))),
        "done ones count, opened when first seen"
    );
    assert_eq!((past[1].since, past[1].opened), (at(2), None));

    let last = bench.store.past_studies(&usual_rules(), 3).unwrap();
    assert!(last.is_empty() || last.len() <= 2, "at most so many of the last");
}

#[test]
fn what_the_workbench_foretells_is_what_a_change_of_thresholds_does() {
    let mut bench = Bench::new();
    for (number, effusion) in [0.1, 0.35, 0.45, 0.55, 0.7, 0.85, 0.95].into_iter().enumerate() {
        bench.record(
            &format!("{number}"),
            &scored(&format!("{number}"), [effusion, 0.2, 0.99]),
            at(number as i64),
        );
    }
    for (alert, critical) in [(0.4, 0.8), (0.6, 0.9), (0.3, 0.5), (0.5, 0.8), (0.97, 0.98)] {
        let new = rules(alert, critical);
        let past = bench.store.past_studies(&new, 100).unwrap();
        let before: std::collections::BTreeMap<i64, Severity> =
            bench.store.studies_since(0).unwrap().into_iter().map(|row| (row.id, row.severity)).collect();
        let now = rules_in_force(&bench);
        let WhatIf { moves, .. } = what_if(&past, &now, &new, None);
        let changed = bench.store.reassess(&new, at(60)).unwrap();
        let mut moved: Vec<_> = changed
            .iter()
            .filter(|row| before[&row.id] != row.severity)
            .map(|row| (row.id, before[&row.id], row.severity))
            .collect();
        let mut foretold: Vec<_> = moves.iter().map(|it| (it.study, it.from, it.to)).collect();
        moved.sort_unstable();
        foretold.sort_unstable();
        assert_eq!(foretold, moved, "{alert} {critical}");
    }
}

/// The rules by which the list stands.
fn rules_in_force(bench: &Bench) -> cxr_triage::study::Rules {
    let detail = bench.store.detail(1).unwrap().unwrap();
    let cxr_triage::store::FilmState::Scored { findings, .. } = &detail.films[0].state else {
        panic!("scored")
    };
    rules(findings[0].threshold, findings[0].critical)
}
