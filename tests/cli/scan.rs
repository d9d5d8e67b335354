//! `scan`: what scripts rely on.

use std::fs;

use cxr_triage::{quality::SAME_EXPOSURE, store::Store};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use serde_json::Value;

use crate::cli::{
    dicom,
    support::{Bench, count, drawn_film, films, is, text},
};

fn lines(out: &[u8]) -> Vec<Value> {
    text(out).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SEVERITIES: [&str; 4] = ["critical", "urgent", "routine", "held"];

/// Severity first, then score.
fn assert_ranked(studies: &[Value]) {
    let place = |study: &Value| {
        let band = SEVERITIES.iter().position(|word| study["severity"] == *word).unwrap();
        (band, -study["score"].as_f64().unwrap_or(-1.0))
    };
    for pair in studies.windows(2) {
        assert!(
            place(&pair[0]) <= place(&pair[1]),
            "{:?} stands above {:?}",
            place(&pair[0]),
            place(&pair[1])
        );
    }
}

#[test]
fn a_line_of_json_a_study_with_the_fields_of_the_contract() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    bench.film("ward/b.png", 2);
    fs::copy(bench.inbox().join("a.png"), bench.inbox().join("the same again.png")).unwrap();
    fs::write(bench.inbox().join("broken.dcm"), b"<!DOCTYPE html><html>404</html>").unwrap();
    fs::write(bench.inbox().join("labels.csv"), b"a,b\n").unwrap();

    let run = bench.run(&["scan", "inbox", "--json"]);
    assert_eq!(run.status.code(), Some(0), "held films are no failure: {}", text(&run.stderr));
    let studies = lines(&run.stdout);
    assert_eq!(studies.len(), 3, "two films, one of them twice, and a web page; the list is no film");
    assert_ranked(&studies);
    for study in &studies {
        let fields: Vec<&String> = study.as_object().unwrap().keys().collect();
        for field in ["study", "films", "severity", "score", "top", "held", "model", "version"] {
            assert!(fields.contains(&&field.to_owned()), "{field} is missing in {fields:?}");
        }
        assert_eq!(study["model"]["sha256"].as_str().unwrap().len(), 64);
        for film in study["films"].as_array().unwrap() {
            assert_eq!(film["sha256"].as_str().unwrap().len(), 64);
            for finding in film["findings"].as_array().unwrap() {
                let probability = finding["probability"].as_f64().unwrap();
                let threshold = finding["threshold"].as_f64().unwrap();
                let score = finding["score"].as_f64().unwrap();
                assert!((0.0..=1.0).contains(&probability), "{finding}");
                assert_eq!(score >= 0.5, probability >= threshold, "0.5 is the threshold: {finding}");
            }
        }
    }
    let held = studies.last().unwrap();
    assert_eq!((held["severity"].as_str(), held["score"].is_null()), (Some("held"), true));
    assert!(held["held"][0]["reason"].as_str().unwrap().contains("web page"), "{held}");

    let again = bench.run(&["scan", "inbox", "--json"]);
    assert_eq!(run.stdout, again.stdout, "the same films give the same bytes");

    let top = bench.run(&["scan", "inbox", "--json", "--top", "1"]);
    assert_eq!(lines(&top.stdout), studies[..1]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_scored() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    let run = bench.run(&["scan", "inbox/a.png", "inbox/nowhere.png"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run.stderr).contains("inbox/nowhere.png"), "{}", text(&run.stderr));
    assert!(text(&run.stdout).contains("a.png"), "{}", text(&run.stdout));
}

#[test]
fn the_real_films_come_out_ranked() {
    let Some(nih) = films("nih") else { return };
    let bench = Bench::as_shipped();
    let run = bench.run(&["scan", nih.to_str().unwrap(), "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let studies = lines(&run.stdout);
    assert_eq!(studies.len(), 54);
    assert_ranked(&studies);
    for study in &studies {
        assert!(study["held"].as_array().unwrap().is_empty(), "{study}");
        assert_eq!(study["films"][0]["findings"].as_array().unwrap().len(), 14);
    }
}

#[test]
fn what_must_not_be_scored_is_held_with_its_reason() {
    let Some(reject) = films("reject") else { return };
    let bench = Bench::as_shipped();
    let run = bench.run(&["scan", reject.to_str().unwrap(), "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    for study in lines(&run.stdout) {
        assert_eq!(study["severity"], "held", "{study}");
        assert!(study["films"].as_array().unwrap().is_empty(), "{study}");
        assert!(!study["held"][0]["reason"].as_str().unwrap().is_empty(), "{study}");
    }
}

#[test]
fn what_looks_like_no_chest_film_is_held_by_every_command_alike() {
    let bench = Bench::as_shipped();
    bench.film("drawn.png", 1);
    let reason = "does not look like the films that the model was trained on (distance ";

    let scan = bench.run(&["scan", "inbox", "--json"]);
    let study = lines(&scan.stdout).remove(0);
    assert!(study["held"][0]["reason"].as_str().unwrap().contains(reason), "{study}");
    assert_eq!((study["severity"].as_str(), study["score"].is_null()), (Some("held"), true));

    let show = bench.run(&["show", "inbox/drawn.png"]);
    assert!(text(&show.stdout).contains(reason), "{}", text(&show.stdout));

    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(code, Some(0));
    let held = events.iter().find(|event| is(event, "held")).unwrap();
    assert!(held["reason"].as_str().unwrap().contains(reason), "{held}");
    assert_eq!(count(&events, "scored"), 0);
}

#[test]
fn what_a_detector_sends_for_processing_and_for_presentation_counts_once_in_every_command() {
    let bench = Bench::new();
    let image = |number, intent, uid| {
        let attributes = [
            (tags::STUDY_INSTANCE_UID, VR::UI, "1.2"),
            (tags::SOP_INSTANCE_UID, VR::UI, uid),
            (tags::PRESENTATION_INTENT_TYPE, VR::CS, intent),
        ];
        dicom::object(number, &drawn_film(number), &attributes)
    };
    // In the order of their names, and so of `scan`: the one for processing before and behind.
    for name in ["a", "c"] {
        let shown = {
            let mut object = image(2, "FOR PRESENTATION", "1.2.2");
            dicom::made_from(&mut object, "1.2.1");
            object
        };
        fs::write(bench.inbox().join(name), dicom::file(image(1, "FOR PROCESSING", "1.2.1"))).unwrap();
        fs::write(bench.inbox().join("b"), dicom::file(shown)).unwrap();

        let scan = lines(&bench.run(&["scan", "inbox", "--json"]).stdout);
        assert_eq!((scan.len(), scan[0]["films"].as_array().unwrap().len()), (1, 1), "{scan:?}");
        assert!(scan[0]["films"][0]["path"].as_str().unwrap().ends_with('b'), "{scan:?}");
        let aside = &scan[0]["held"][0];
        assert!(aside["path"].as_str().unwrap().ends_with(name), "{aside}");
        assert_eq!(aside["reason"], SAME_EXPOSURE);

        assert_eq!(bench.watch(&["--once"]).rest().1, Some(0));
        let counts = Store::open(bench.store()).unwrap().counts().unwrap();
        assert_eq!((counts.scored_films, counts.listed_films, counts.held_films), (1, 1, 0));
        for file in [name, "b"] {
            fs::remove_file(bench.inbox().join(file)).unwrap();
        }
        fs::remove_dir_all(bench.path("data")).unwrap();
    }
}
