//! A change of thresholds takes effect at once, on what is not done.

use cxr_triage::{
    store::{FilmState, OutsidePriority, Status},
    study::Severity::{self, Critical, Routine, Urgent},
};

use super::support::{Bench, at, dicom, rules, scored, scored_by, usual_rules};

#[test]
fn studies_move_to_the_band_that_the_new_thresholds_give() {
    // Probability of Effusion, new alert and critical thresholds, band before and after.
    for (probability, alert, critical, before, after) in [
        (0.6, 0.7, 0.8, Urgent, Routine),
        (0.6, 0.3, 0.5, Urgent, Critical),
        (0.4, 0.3, 0.8, Routine, Urgent),
        (0.9, 0.5, 0.95, Critical, Urgent),
        (0.9, 0.95, 0.99, Critical, Routine),
        (0.9, 0.4, 0.85, Critical, Critical),
    ] {
        let mut bench = Bench::new();
        let (film, row) = bench.record("a", &scored("x", [probability, 0.01, 0.01]), at(0));
        assert_eq!(row.severity, before);
        let new = rules(alert, critical);
        let changed = bench.store.reassess(&new, at(7)).unwrap();
        let name = format!("{probability} against {alert} and {critical}");
        assert_eq!(changed.len(), 1, "{name}");
        assert_eq!((changed[0].severity, changed[0].assessed), (after, after), "{name}");
        assert!(changed[0].revision > row.revision, "{name}");
        let flag = (before == Critical && after != Critical).then(|| at(7));
        assert_eq!(changed[0].was_critical_until, flag, "{name}");
        let FilmState::Scored { findings, .. } = bench.store.film(film).unwrap().unwrap().state else {
            panic!()
        };
        assert_eq!(
            (findings[0].threshold, findings[0].critical, findings[0].severity),
            (alert, critical, after)
        );
        assert_eq!(bench.store.reassess(&new, at(8)).unwrap(), [], "{name}: the second time nothing changes");
    }
}

#[test]
fn reassessing_is_the_same_as_having_scored_with_the_new_thresholds() {
    let films = [[0.1, 0.2, 0.9], [0.6, 0.55, 0.2], [0.05, 0.97, 0.4]];
    let (mut old, mut new) = (Bench::new(), Bench::new());
    let tightened = rules(0.15, 0.56);
    for (number, probabilities) in films.into_iter().enumerate() {
        let name = format!("x{number}");
        let uid = format!("1.2.{number}");
        old.record(&name, &dicom(scored(&name, probabilities), "1.2", &uid), at(0));
        new.record(&name, &dicom(scored_by(&name, probabilities, &tightened), "1.2", &uid), at(0));
    }
    let changed = old.store.reassess(&tightened, at(1)).unwrap();
    let (old, new) =
        (old.store.detail(changed[0].id).unwrap().unwrap(), new.store.detail(1).unwrap().unwrap());
    assert_eq!(old.films, new.films);
    assert_eq!(
        (old.study.severity, old.study.score, old.study.top),
        (new.study.severity, new.study.score, new.study.top)
    );
}

#[test]
fn only_a_critical_that_nobody_acknowledged_says_until_when_it_was() {
    let (lenient, strict) = (rules(0.5, 0.99), usual_rules());
    for (status, flagged) in [(Status::New, true), (Status::Seen, false), (Status::Claimed, false)] {
        let mut bench = Bench::new();
        let (_, row) = bench.record("a", &scored("x", [0.9, 0.1, 0.1]), at(0));
        bench.store.set_status(row.id, status, "anna", at(1)).unwrap();
        let fallen = bench.store.reassess(&lenient, at(2)).unwrap();
        assert_eq!(fallen[0].was_critical_until, flagged.then(|| at(2)), "{status:?}");
        let again = bench.store.reassess(&rules(0.5, 0.98), at(3)).unwrap();
        assert_eq!(
            again[0].was_critical_until,
            flagged.then(|| at(2)),
            "{status:?}: the flag keeps its time"
        );
        let back = bench.store.reassess(&strict, at(4)).unwrap();
        assert_eq!((back[0].severity, back[0].was_critical_until), (Critical, None), "{status:?}");
    }
}

#[test]
fn what_outside_holds_critical_does_not_fall() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.9, 0.1, 0.1]), at(0));
    let outside = OutsidePriority { floor: Critical, source: "icu".to_owned() };
    bench.store.raise(row.id, &outside, at(1)).unwrap();
    let changed = bench.store.reassess(&rules(0.5, 0.99), at(2)).unwrap();
    assert_eq!((changed[0].severity, changed[0].assessed), (Critical, Urgent));
    assert_eq!(changed[0].was_critical_until, None);
}

#[test]
fn done_studies_other_models_and_other_labels_keep_their_judgement() {
    let mut bench = Bench::new();
    let (_, done) = bench.record("a", &scored("x", [0.6; 3]), at(0));
    bench.store.set_status(done.id, Status::Done, "anna", at(1)).unwrap();
    let mut other = usual_rules();
    other.model = "xrv-all".to_owned();
    bench.record("b", &scored_by("y", [0.6; 3], &other), at(0));
    let mut relabelled = usual_rules();
    relabelled.labels.swap(0, 1);
    bench.record("c", &scored_by("z", [0.6; 3], &relabelled), at(0));
    bench.record("d", &scored("w", [0.6; 3]), at(0));
    let changed = bench.store.reassess(&rules(0.9, 0.95), at(2)).unwrap();
    assert_eq!(changed.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["sha256:w"]);
    let urgent =
        bench.store.studies_since(0).unwrap().iter().filter(|r| r.severity == Severity::Urgent).count();
    assert_eq!(urgent, 3);
    assert_eq!((bench.count_kind("thresholds"), bench.count_kind("reassessed")), (1, 1));
}

#[test]
fn a_study_reopened_after_a_change_is_judged_by_the_rules_in_force() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.6, 0.1, 0.1]), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    let strict = rules(0.9, 0.95);
    assert_eq!(bench.store.reassess(&strict, at(2)).unwrap(), []);
    bench.store.set_status(row.id, Status::New, "anna", at(3)).unwrap();
    assert_eq!(bench.store.reassess(&strict, at(4)).unwrap()[0].severity, Routine);
}

#[test]
fn however_many_studies_there_are_each_is_judged_and_noted_once_also_where_the_store_fails_on_the_way() {
    let mut bench = Bench::new();
    let mut last = 0;
    for number in 0..401 {
        let (_, row) =
            bench.record(&format!("{number}"), &scored(&format!("x{number}"), [0.6, 0.1, 0.1]), at(0));
        last = row.id;
    }
    let strict = rules(0.9, 0.95);
    bench.break_study(last);
    let failed = bench.store.reassess(&strict, at(1)).unwrap_err();
    bench.mend_study();
    let mut changed = failed.changed;
    assert_eq!(changed.len(), 400, "{}", failed.error);
    changed.extend(bench.store.reassess(&strict, at(1)).unwrap());
    let mut changed: Vec<i64> = changed.iter().map(|row| row.id).collect();
    changed.dedup();
    assert_eq!(changed.len(), 401);
    let rows = bench.store.studies_since(0).unwrap();
    assert!(rows.iter().all(|row| row.severity == Routine));
    let events = bench.store.events(0, 10_000).unwrap();
    let noted = events.iter().filter(|event| event.kind.word() == "thresholds");
    let noted: Vec<_> = noted.map(|event| event.detail["studies"].as_u64().unwrap()).collect();
    assert_eq!(noted, [200, 200, 1]);
    assert!(bench.store.reassess(&strict, at(2)).unwrap().is_empty());
}
