//! A held film that a person wants scored: by whom, when, what for, and what came of it.

use cxr_triage::{
    quality::Gate,
    store::{Answer, FilmState, Requested, Status, Store},
    study::{AuditKind, Severity},
};

use super::support::{Bench, at, broken, dicom, held, scored};

const LOUD: [f32; 3] = [0.9, 0.2, 0.3];

/// A study with a lateral film that is held.
fn with_lateral(bench: &mut Bench) -> (i64, i64) {
    let lateral = dicom(held("x", Gate::View, "a lateral film"), "1.2", "1.2.3");
    let (film, row) = bench.record("a", &lateral, at(0));
    (film, row.id)
}

fn refusal(requested: Requested) -> String {
    match requested {
        Requested::Refused(why) => why,
        Requested::Queued(row) => panic!("queued: {row:?}"),
    }
}

#[test]
fn a_held_film_is_scored_on_request_and_the_audit_keeps_both() {
    let mut bench = Bench::new();
    let (film, study) = with_lateral(&mut bench);
    let before = bench.store.revision().unwrap();
    // Another process asks, and the one that owns the pipeline is started anew.
    let mut follower = Store::open(&bench.place).unwrap();
    assert!(matches!(follower.request_score(film, "anna", at(5)).unwrap(), Requested::Queued(_)));
    bench.store = Store::open(&bench.place).unwrap();
    assert!(bench.store.revision().unwrap() > before, "a follower would not look");
    let row = bench.store.film(film).unwrap().unwrap();
    assert_eq!(row.on_request.unwrap().answer, Answer::Waiting);
    assert!(matches!(row.state, FilmState::Held(_)));

    let due = bench.store.queued(10).unwrap();
    let (_, sha256) = due[0].request.clone().expect("it is queued as a request");
    assert_eq!((due.len(), sha256.as_str()), (1, "x"));
    bench.store.set_status(study, Status::Done, "otto", at(6)).unwrap();
    let outcome = dicom(scored("x", LOUD), "1.2", "1.2.3");
    bench.store.finish(due[0].file, &outcome, at(7)).unwrap();
    bench.store.finish(due[0].file, &outcome, at(8)).unwrap();

    let detail = bench.store.detail(study).unwrap().unwrap();
    let on_request = detail.films[0].on_request.clone().unwrap();
    assert_eq!((on_request.by.as_str(), on_request.at), ("anna", at(5)));
    assert_eq!((on_request.was_held.as_str(), on_request.answer), ("a lateral film", Answer::Scored));
    assert!(matches!(&detail.films[0].state, FilmState::Scored { findings, .. } if findings.len() == 3));
    assert_eq!((detail.study.scored_films, detail.study.held_films), (1, 0));
    assert_eq!((detail.study.severity, detail.study.status), (Severity::Critical, Status::New));
    assert!(bench.store.heatmap(film).unwrap().is_some());
    assert!(bench.store.queued(10).unwrap().is_empty());
    for (kind, times) in [("held", 1), ("requested", 1), ("scored", 1), ("refused", 0)] {
        assert_eq!(bench.count_kind(kind), times, "{kind}");
    }
    let events = bench.store.events(0, 100).unwrap();
    let requested = events.iter().find(|event| event.kind == AuditKind::Requested).unwrap();
    assert_eq!(
        (requested.actor.as_str(), requested.detail["reason"].as_str()),
        ("anna", Some("a lateral film"))
    );
}

#[test]
fn a_film_that_is_scored_on_request_makes_its_study_ring_again() {
    let mut bench = Bench::new();
    let (film, study) = with_lateral(&mut bench);
    let frontal = dicom(scored("y", [0.9, 0.1, 0.1]), "1.2", "1.2.4");
    bench.record("frontal", &frontal, at(1));
    assert!(!bench.store.acknowledge(study, "anna", at(2)).unwrap().unwrap().is_alarm());
    bench.store.request_score(film, "anna", at(3)).unwrap();
    let due = bench.store.queued(10).unwrap().remove(0);
    let worse = dicom(scored("x", [0.1, 0.999, 0.1]), "1.2", "1.2.3");
    bench.store.finish(due.file, &worse, at(4)).unwrap();
    let row = bench.store.detail(study).unwrap().unwrap().study;
    assert!(row.is_alarm(), "another finding leads: {:?}", row.top);
}

#[test]
fn what_cannot_be_scored_stays_held_and_says_why() {
    let mut bench = Bench::new();
    let (film, study) = with_lateral(&mut bench);
    for gone in [true, false] {
        bench.store.request_score(film, "anna", at(5)).unwrap();
        let due = bench.store.queued(10).unwrap().remove(0);
        let why = if gone { "the file is gone" } else { "the model failed" };
        if gone {
            assert!(bench.store.gone(due.file, why, at(6)).unwrap().is_some());
        } else {
            let outcome = dicom(held("x", Gate::Model, why), "1.2", "1.2.3");
            bench.store.finish(due.file, &outcome, at(6)).unwrap();
        }
        let detail = bench.store.detail(study).unwrap().unwrap();
        assert_eq!(detail.films.len(), 1);
        assert!(matches!(&detail.films[0].state, FilmState::Held(held) if held.reason == "a lateral film"));
        assert_eq!(detail.films[0].on_request.clone().unwrap().answer, Answer::Refused(why.to_owned()));
        assert!(bench.store.queued(10).unwrap().is_empty());
    }
    assert_eq!(bench.count_kind("refused"), 2);
}

#[test]
fn a_request_that_makes_no_sense_is_refused_in_words() {
    let mut bench = Bench::new();
    let (film, _) = with_lateral(&mut bench);
    let (good, _) = bench.record("b", &scored("y", LOUD), at(1));
    let (torn, _) = bench.record("c", &broken("z"), at(2));
    bench.store.request_score(film, "anna", at(3)).unwrap();
    for (film, word) in [(film, "waiting"), (good, "scored already"), (torn, "no picture"), (99, "no longer")]
    {
        let why = refusal(bench.store.request_score(film, "otto", at(4)).unwrap());
        assert!(why.contains(word), "{why}");
    }
    assert_eq!(bench.count_kind("requested"), 1);
}
