//! Numbers that should be unique are not: no film is hidden behind another one, no patient behind another one.

use cxr_triage::{
    quality::Gate,
    store::{Finished, Outcome},
};

use super::support::{Bench, at, broken, dicom, held, scored};
use crate::postgres::Backend;

const CALM: [f32; 3] = [0.1, 0.2, 0.3];
const LOUD: [f32; 3] = [0.9, 0.2, 0.3];

/// ID, name, birth date.
type Person = (&'static str, &'static str, &'static str);

const JANE: Person = ("P1", "DOE^JANE", "19700101");
const JOHN: Person = ("P2", "ROE^JOHN", "19500505");
const JANE_WITHOUT_ID: Person = ("", "DOE^JANE", "19700101");
const JOHN_WITHOUT_ID: Person = ("", "ROE^JOHN", "19500505");
const NOBODY: Person = ("", "", "");

/// The outcome as a DICOM file: study, SOP Instance UID, patient, pixels.
fn of(outcome: Outcome, study: &str, uid: &str, patient: Person, pixels: &str) -> Outcome {
    let mut outcome = dicom(outcome, study, uid);
    let header = outcome.header.get_or_insert_default();
    (header.patient_id, header.patient_name) = (patient.0.to_owned(), patient.1.to_owned());
    (header.patient_birth_date, header.pixels) = (patient.2.to_owned(), pixels.to_owned());
    outcome
}

/// Films, one after the other, by the path that is their bytes too.
struct Case {
    what: &'static str,
    films: Vec<(&'static str, Outcome)>,
    /// Key, patient, scored films, held films, how many warnings its first film has.
    rows: &'static [(&'static str, &'static str, u32, u32, usize)],
}

fn good(
    bytes: &'static str,
    study: &str,
    uid: &str,
    patient: Person,
    pixels: &str,
) -> (&'static str, Outcome) {
    (bytes, of(scored(bytes, CALM), study, uid, patient, pixels))
}

fn bad(bytes: &'static str, study: &str, uid: &str, patient: Person) -> (&'static str, Outcome) {
    (bytes, of(broken(bytes), study, uid, patient, ""))
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            what: "a copy in another transfer syntax",
            films: vec![good("x", "1.2", "1.9", JANE, "a"), good("y", "1.2", "1.9", JANE, "a")],
            rows: &[("1.2", "P1", 1, 0, 0)],
        },
        Case {
            what: "one number, two patients, studies and pictures",
            films: vec![good("x", "1.2", "1.9", JANE, "a"), good("y", "1.3", "1.9", JOHN, "b")],
            rows: &[("1.2", "P1", 1, 0, 1), ("1.3", "P2", 1, 0, 1)],
        },
        Case {
            what: "one number, two pictures of one study",
            films: vec![good("x", "1.2", "1.9", JANE, "a"), good("y", "1.2", "1.9", JANE, "b")],
            rows: &[("1.2", "P1", 2, 0, 1)],
        },
        Case {
            what: "one number, one picture, two studies",
            films: vec![good("x", "1.2", "1.9", JANE, "a"), good("y", "1.3", "1.9", JANE, "a")],
            rows: &[("1.2", "P1", 1, 0, 1), ("1.3", "P1", 1, 0, 1)],
        },
        Case {
            what: "corrected to another patient: until a person says otherwise, both",
            films: vec![good("x", "1.2", "1.9", JANE, "a"), good("y", "1.2", "1.9", JOHN, "a")],
            rows: &[("1.2", "P1", 1, 0, 2), ("1.2#2", "P2", 1, 0, 2)],
        },
        Case {
            what: "one study of two patients",
            films: vec![
                good("x", "1.2", "1.8", JANE, "a"),
                good("y", "1.2", "1.9", JOHN, "b"),
                good("z", "1.2", "1.7", JANE, "c"),
                good("u", "1.2", "1.6", JOHN, "d"),
            ],
            rows: &[("1.2", "P1", 2, 0, 1), ("1.2#2", "P2", 2, 0, 1)],
        },
        Case {
            what: "one study of three patients",
            films: vec![
                good("x", "1.2", "1.8", JANE, "a"),
                good("y", "1.2", "1.9", JOHN, "b"),
                good("z", "1.2", "1.7", ("P3", "", ""), "c"),
            ],
            rows: &[("1.2", "P1", 1, 0, 2), ("1.2#2", "P2", 1, 0, 2), ("1.2#3", "P3", 1, 0, 2)],
        },
        Case {
            what: "an ID that one film lacks splits nobody",
            films: vec![
                good("x", "1.2", "1.8", JANE_WITHOUT_ID, "a"),
                good("y", "1.2", "1.9", JANE, "b"),
                good("z", "1.2", "1.7", NOBODY, "c"),
            ],
            rows: &[("1.2", "P1", 3, 0, 0)],
        },
        Case {
            what: "without an ID, name and birth date tell",
            films: vec![good("x", "1.2", "1.8", JANE, "a"), good("y", "1.2", "1.9", JOHN_WITHOUT_ID, "b")],
            rows: &[("1.2", "P1", 1, 0, 1), ("1.2#2", "", 1, 0, 1)],
        },
        Case {
            what: "a row knows its patient by all its films",
            films: vec![
                good("x", "1.2", "1.8", NOBODY, "a"),
                good("y", "1.2", "1.9", JANE, "b"),
                good("z", "1.2", "1.7", JOHN, "c"),
            ],
            rows: &[("1.2", "P1", 2, 0, 1), ("1.2#2", "P2", 1, 0, 1)],
        },
        Case {
            what: "broken, then whole",
            films: vec![bad("x", "1.2", "1.9", JANE), good("y", "1.2", "1.9", JANE, "a")],
            rows: &[("1.2", "P1", 1, 0, 0)],
        },
        Case {
            what: "whole, then broken",
            films: vec![good("y", "1.2", "1.9", JANE, "a"), bad("x", "1.2", "1.9", JANE)],
            rows: &[("1.2", "P1", 1, 0, 0)],
        },
        Case {
            what: "a broken film gives way to no other patient's",
            films: vec![bad("x", "1.2", "1.9", JANE), good("y", "1.3", "1.9", JOHN, "a")],
            rows: &[("1.2", "P1", 0, 1, 1), ("1.3", "P2", 1, 0, 1)],
        },
        Case {
            what: "and is no copy of another patient's",
            films: vec![good("y", "1.3", "1.9", JOHN, "a"), bad("x", "1.2", "1.9", JANE)],
            rows: &[("1.2", "P1", 0, 1, 1), ("1.3", "P2", 1, 0, 1)],
        },
        Case {
            what: "each broken film gives way to its own whole one",
            films: vec![
                bad("x", "1.2", "1.9", JANE),
                bad("y", "1.3", "1.9", JOHN),
                good("u", "1.2", "1.9", JANE, "a"),
                good("v", "1.3", "1.9", JOHN, "b"),
            ],
            rows: &[("1.2", "P1", 1, 0, 1), ("1.3", "P2", 1, 0, 1)],
        },
        Case {
            what: "a held film of one number with another",
            films: vec![
                ("x", of(held("x", Gate::View, "lateral"), "1.2", "1.9", JANE, "a")),
                ("y", of(scored("y", LOUD), "1.3", "1.9", JOHN, "b")),
            ],
            rows: &[("1.2", "P1", 0, 1, 1), ("1.3", "P2", 1, 0, 1)],
        },
    ]
}

#[test]
fn no_film_and_no_patient_is_hidden_behind_another() {
    for Case { what, films, rows } in cases() {
        let mut bench = Bench::new();
        for (path, outcome) in &films {
            bench.finish(path, outcome, at(0));
        }
        let mut list = bench.store.studies_since(0).unwrap();
        list.retain(|row| !row.is_gone());
        list.sort_by(|a, b| a.key.cmp(&b.key));
        let list: Vec<_> = list
            .iter()
            .map(|row| {
                let detail = bench.store.detail(row.id).unwrap().unwrap();
                let warnings = detail.warnings(&detail.films[0], true).len();
                (row.key.as_str(), row.patient_id.as_str(), row.scored_films, row.held_films, warnings)
            })
            .collect();
        assert_eq!(list, rows, "{what}");
    }
}

#[test]
fn each_of_two_names_the_other_and_the_first_is_told_anew() {
    let mut bench = Bench::new();
    let (first, row) = bench.record("doe.dcm", &of(scored("x", CALM), "1.2", "1.9", JANE, "a"), at(0));
    let Finished::Recorded { film, study, others, .. } =
        bench.finish("roe.dcm", &of(scored("y", LOUD), "1.2", "1.9", JOHN, "b"), at(1))
    else {
        panic!("taken for the first");
    };
    assert_eq!(others.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["1.2"]);
    assert!(others[0].revision > row.revision, "a dashboard must hear of it");
    for (film, study, other, key) in [(first, row.id, "roe.dcm", "1.2#2"), (film, study.id, "doe.dcm", "1.2")]
    {
        let detail = bench.store.detail(study).unwrap().unwrap();
        let warnings = detail.warnings(&detail.films[0], true);
        assert!(warnings[0].starts_with(&format!("The study {key} of another patient")), "{warnings:?}");
        assert!(warnings[1].contains(other) && warnings[1].contains("another picture"), "{warnings:?}");
        let told: Vec<_> =
            bench.store.clashes_of_film(film).unwrap().iter().map(|clash| clash.sentence(true)).collect();
        assert_eq!((told.as_slice(), bench.store.clashes_of_study(study).unwrap().len()), (&warnings[..], 2));
    }
}

#[test]
fn films_of_an_earlier_version_count_once_by_patient_and_study() {
    let cases = [
        ("the same", of(scored("y", CALM), "1.2", "1.9", JANE, "b"), false),
        ("another patient", of(scored("y", CALM), "1.2", "1.9", JOHN, "b"), true),
        ("another study", of(scored("y", CALM), "1.3", "1.9", JANE, "b"), true),
    ];
    for (what, outcome, counts) in cases {
        let mut bench = Bench::new();
        bench.record("a", &of(scored("x", CALM), "1.2", "1.9", JANE, "a"), at(0));
        bench.raw("UPDATE films SET pixels = NULL");
        let finished = bench.finish("b", &outcome, at(1));
        assert_eq!(matches!(finished, Finished::Recorded { .. }), counts, "{what}");
    }
}

#[test]
fn a_thousand_films_of_one_number_are_all_listed_and_each_names_another() {
    let mut bench = Bench::new();
    let many = if super::BACKEND == Backend::Server { 150 } else { 1_000 };
    for number in 0..many {
        let (bytes, id) = (format!("bytes {number}"), format!("P{number}"));
        let mut outcome = of(scored(&bytes, CALM), "1.2", "1.9", JANE, &bytes);
        outcome.header.get_or_insert_default().patient_id = id;
        bench.record(&bytes, &outcome, at(0));
    }
    let rows = bench.store.studies_since(0).unwrap();
    assert_eq!(rows.len(), many);
    for row in rows.iter().step_by(97) {
        let clashes = bench.store.clashes_of_study(row.id).unwrap();
        assert!((2..=6).contains(&clashes.len()), "{}: {clashes:?}", row.key);
    }
    assert!(rows.iter().all(|row| row.key == "1.2" || row.key.starts_with("1.2#")));
}

#[test]
fn of_two_images_for_processing_of_one_number_none_is_set_aside() {
    let mut bench = Bench::new();
    for (bytes, uid, intent) in
        [("r", "1.8", "FOR PROCESSING"), ("s", "1.8", "FOR PROCESSING"), ("p", "1.9", "FOR PRESENTATION")]
    {
        let mut outcome = of(scored(bytes, CALM), "1.2", uid, JANE, bytes);
        let header = outcome.header.get_or_insert_default();
        header.presentation_intent_type = intent.to_owned();
        if intent == "FOR PRESENTATION" {
            header.source_images = vec!["1.8".to_owned()];
        }
        bench.record(bytes, &outcome, at(0));
    }
    assert_eq!(bench.list(), [("1.2".to_owned(), 3, 0)]);
}

#[test]
fn priors_are_the_patients_not_the_studys() {
    let mut bench = Bench::new();
    let (_, jane) = bench.record("x", &of(scored("x", CALM), "1.2", "1.8", JANE, "a"), at(0));
    let (film, _) = bench.record("y", &of(scored("y", CALM), "1.2", "1.9", JOHN, "b"), at(1));
    let (_, john) = bench.record("z", &of(scored("z", CALM), "1.5", "1.7", JOHN, "c"), at(2));
    assert_eq!(bench.store.priors(jane.id).unwrap(), []);
    let priors = bench.store.priors(john.id).unwrap();
    assert_eq!(priors.iter().map(|prior| prior.film).collect::<Vec<_>>(), [film]);
}
