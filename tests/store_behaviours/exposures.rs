//! What a detector sends twice, for processing and for presentation, counts once; a lateral is no fault.

use cxr_triage::{
    quality::{Gate, SAME_EXPOSURE},
    store::{FilmState, Outcome, Requested},
    study::Severity,
};

use super::support::{Bench, at, broken, dicom, held, scored};

const LOUD: [f32; 3] = [0.9, 0.2, 0.3];
const CALM: [f32; 3] = [0.1, 0.2, 0.3];

/// One exposure of the study 1.2, as that intent shows it.
fn image(outcome: Outcome, intent: &str) -> Outcome {
    let uid = if intent == "FOR PROCESSING" { "1.2.1" } else { "1.2.2" };
    let mut outcome = dicom(outcome, "1.2", uid);
    let header = outcome.header.get_or_insert_default();
    header.presentation_intent_type = intent.to_owned();
    if intent == "FOR PRESENTATION" {
        header.source_images = vec!["1.2.1".to_owned()];
    }
    outcome
}

fn raw(outcome: Outcome) -> Outcome {
    image(outcome, "FOR PROCESSING")
}

fn shown(outcome: Outcome) -> Outcome {
    image(outcome, "FOR PRESENTATION")
}

/// (scored, listed, held) and the band of the one study.
fn line(bench: &Bench) -> ((u32, u32, u32), Severity) {
    let row = bench.store.studies_since(0).unwrap().remove(0);
    assert_eq!(row.held_reason.is_empty(), row.held_films == 0, "{row:?}");
    ((row.scored_films, row.listed_films, row.held_films), row.severity)
}

#[test]
fn an_exposure_counts_once_whatever_comes_first() {
    use Severity::{Critical, Held, Routine};
    let off = |bytes| held(bytes, Gate::OutOfDistribution, "like no film");
    let cases = [
        ("only for processing", vec![raw(scored("r", LOUD))], (1, 0, 0), Critical),
        ("processing first", vec![raw(scored("r", LOUD)), shown(scored("p", CALM))], (1, 1, 0), Routine),
        ("presentation first", vec![shown(scored("p", CALM)), raw(scored("r", LOUD))], (1, 1, 0), Routine),
        ("presentation held", vec![raw(scored("r", LOUD)), shown(off("p"))], (1, 0, 1), Critical),
        ("processing held", vec![shown(scored("p", LOUD)), raw(off("r"))], (1, 1, 0), Critical),
        ("processing held first", vec![raw(off("r")), shown(scored("p", LOUD))], (1, 1, 0), Critical),
        ("both held", vec![raw(off("r")), shown(off("p"))], (0, 0, 2), Held),
        ("processing broken", vec![shown(scored("p", CALM)), raw(broken("r"))], (1, 0, 1), Routine),
    ];
    for (name, outcomes, films, severity) in cases {
        let mut bench = Bench::new();
        for outcome in &outcomes {
            bench.record(&outcome.sha256, outcome, at(0));
        }
        assert_eq!(line(&bench), (films, severity), "{name}");
        let detail = bench.store.detail(1).unwrap().unwrap();
        assert_eq!(detail.films.len(), outcomes.len(), "{name}: nothing is lost");
        assert_eq!(bench.count_kind("set-aside"), films.1 as usize, "{name}");
        if films.1 == 1 {
            let aside = &detail.films[1];
            assert_eq!(aside.sha256, "r", "{name}");
            assert!(matches!(&aside.state, FilmState::Held(held) if held.reason == SAME_EXPOSURE), "{name}");
            let asked = bench.store.request_score(aside.id, "anna", at(5)).unwrap();
            assert!(matches!(asked, Requested::Refused(why) if why == SAME_EXPOSURE), "{name}");
        }
    }
}

#[test]
fn a_critical_image_that_is_set_aside_leaves_its_mark() {
    let mut bench = Bench::new();
    bench.record("r", &raw(scored("r", LOUD)), at(0));
    let (_, row) = bench.record("p", &shown(scored("p", CALM)), at(1));
    assert_eq!((row.severity, row.was_critical_until), (Severity::Routine, Some(at(1))));
}

#[test]
fn what_is_scored_on_request_counts_for_its_exposure() {
    let mut bench = Bench::new();
    bench.record("r", &raw(scored("r", LOUD)), at(0));
    let (film, _) = bench.record("p", &shown(held("p", Gate::Blank, "blank")), at(1));
    bench.store.request_score(film, "anna", at(2)).unwrap();
    let due = bench.store.queued(1).unwrap().remove(0);
    bench.store.finish(due.file, &shown(scored("p", CALM)), at(3)).unwrap();
    assert_eq!(line(&bench), ((1, 1, 0), Severity::Routine));
}

#[test]
fn two_films_of_a_study_are_two_exposures_unless_they_say_otherwise() {
    let mut bench = Bench::new();
    let mut other = raw(scored("o", CALM));
    other.header.get_or_insert_default().sop_instance_uid = "1.2.9".to_owned();
    for outcome in [shown(scored("p", CALM)), other] {
        bench.record(&outcome.sha256, &outcome, at(0));
    }
    assert_eq!(line(&bench), ((2, 0, 0), Severity::Routine));
}

#[test]
fn a_lateral_beside_a_scored_frontal_is_no_fault_and_alone_it_is_held() {
    let lateral = || dicom(held("l", Gate::View, "Lateral"), "1.2", "1.2.5");
    let frontal = || dicom(scored("f", LOUD), "1.2", "1.2.6");
    let blank = || dicom(held("b", Gate::Blank, "blank"), "1.2", "1.2.7");
    let cases = [
        ("lateral alone", vec![lateral()], (0, 0, 1), "Lateral"),
        ("frontal and lateral", vec![frontal(), lateral()], (1, 1, 0), ""),
        ("lateral and frontal", vec![lateral(), frontal()], (1, 1, 0), ""),
        ("lateral, a blank one, frontal", vec![lateral(), blank(), frontal()], (1, 1, 1), "blank"),
        ("lateral and a blank one", vec![lateral(), blank()], (0, 0, 2), "blank"),
    ];
    for (name, outcomes, films, reason) in cases {
        let mut bench = Bench::new();
        for outcome in &outcomes {
            bench.record(&outcome.sha256, outcome, at(0));
        }
        let row = bench.store.studies_since(0).unwrap().remove(0);
        assert_eq!((row.scored_films, row.listed_films, row.held_films), films, "{name}");
        assert_eq!(row.held_reason, reason, "{name}");
        let counts = bench.store.counts().unwrap();
        let total = counts.scored_films + counts.listed_films + counts.held_films;
        assert_eq!(total, outcomes.len(), "{name}: every film is counted somewhere");
    }
}
