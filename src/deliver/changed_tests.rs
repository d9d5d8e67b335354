use std::{path::PathBuf, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    dicom::results::What,
    intake::Arrival,
    quality::{Gate, Held},
    store::{ModelRef, Outcome, Scored, StudyId, Verdict},
    study::{LabelRule, Rules, assess},
};
use cxr_film::Header;

/// A store with a study for each of these probabilities; none: its film is held.
fn with_studies(folder: &std::path::Path, key: &str, probabilities: &[Option<f32>]) -> (Store, Vec<StudyId>) {
    let mut store = Store::open(folder.join("store.db")).unwrap();
    let studies = probabilities
        .iter()
        .enumerate()
        .map(|(number, probability)| record(&mut store, &format!("{key}{number}"), *probability))
        .collect();
    store.complete_quiet(SignedDuration::ZERO, Timestamp::now()).unwrap();
    (store, studies)
}

fn rules(alert: f64, critical: f64) -> Rules {
    let label = LabelRule {
        label: "Mass".to_owned(),
        alert,
        critical,
        cap: Severity::Critical,
        rank: true,
        validated: true,
    };
    Rules { model: "starter".to_owned(), labels: vec![label] }
}

fn record(store: &mut Store, key: &str, probability: Option<f32>) -> StudyId {
    let rules = rules(0.5, 0.8);
    let verdict = match probability {
        None => Verdict::Held(Held { gate: Gate::Blank, reason: "blank".to_owned() }),
        Some(probability) => Verdict::Scored(Scored {
            findings: assess(&[probability], &rules).findings,
            heatmap: Vec::new(),
            warnings: Vec::new(),
            model: Arc::new(ModelRef {
                name: "starter".to_owned(),
                sha256: "ab".repeat(32),
                manifest: String::new(),
            }),
            rules: Arc::new(rules),
            device: "cpu".to_owned(),
        }),
    };
    let outcome = Outcome {
        sha256: key.to_owned(),
        study_key: key.to_owned(),
        started: Timestamp::now(),
        header: Some(Header { sop_instance_uid: key.to_owned(), ..Header::default() }),
        decoded: true,
        verdict,
        outside: None,
    };
    let arrival = Arrival { path: PathBuf::from(key), size: 1, modified_ns: 1 };
    let file = store.receive(&[arrival], Timestamp::now()).unwrap()[0].0;
    store.finish(file, &outcome, Timestamp::now()).unwrap();
    store.study_by_key(key).unwrap().unwrap()
}

fn waiting(store: &Store, target: &str) -> Vec<StudyId> {
    let sendings = store.sendings(100).unwrap();
    let mut studies: Vec<_> =
        sendings.into_iter().filter(|it| it.destination == target).map(|it| it.study).collect();
    studies.sort_unstable();
    studies
}

#[test]
fn each_destination_gets_the_studies_that_it_wants() {
    let folder = tempfile::tempdir().unwrap();
    let destination = |when, held| Destination { when, held, ..Destination::default() };
    let wants = [
        ("critical", destination(When::Critical, false), &[0][..]),
        ("urgent", destination(When::Urgent, false), &[0, 1]),
        ("all", destination(When::All, false), &[0, 1, 2]),
        ("held", destination(When::Critical, true), &[0, 3]),
        ("command", destination(When::OnCommand, true), &[]),
        // A picture is of a film with a finding.
        ("pictures", Destination { what: vec![What::Sc], ..destination(When::All, true) }, &[0, 1]),
    ];
    let destinations: Destinations =
        wants.iter().map(|(name, destination, _)| ((*name).to_owned(), destination.clone())).collect();
    let mut store = Store::open(folder.path().join("store.db")).unwrap();
    store.follow_results_for(destinations.keys()).unwrap();
    let films = [Some(0.9), Some(0.6), Some(0.1), None];
    let (mut store, studies) = with_studies(folder.path(), "1.2.", &films);
    // Films without a study of their own.
    with_studies(folder.path(), "sha256:", &films);
    put_changed_results(&mut store, &destinations).unwrap();
    for (name, _, wanted) in wants {
        let wanted: Vec<StudyId> = wanted.iter().map(|place| studies[*place]).collect();
        assert_eq!(waiting(&store, name), wanted, "{name}");
    }
}

#[test]
fn other_thresholds_correct_what_was_sent_and_bring_no_study_of_the_past() {
    let folder = tempfile::tempdir().unwrap();
    let critical = Destination { when: When::Critical, ..Destination::default() };
    let destinations = Destinations::from([("pacs".to_owned(), critical)]);
    let mut store = Store::open(folder.path().join("store.db")).unwrap();
    store.follow_results_for(destinations.keys()).unwrap();
    let (mut store, studies) = with_studies(folder.path(), "1.2.", &[Some(0.9), Some(0.7), Some(0.7)]);
    put_changed_results(&mut store, &destinations).unwrap();
    assert_eq!(waiting(&store, "pacs"), studies[..1]);
    store.set_status(studies[1], Status::Done, "anna", Timestamp::now()).unwrap();
    let digest = |store: &Store| {
        let content = store.last_send(studies[0], "pacs").unwrap().unwrap().content.unwrap();
        content.last_wanted().to_owned()
    };
    let before = digest(&store);
    store.reassess(&rules(0.5, 0.65), Timestamp::now()).unwrap();
    put_changed_results(&mut store, &destinations).unwrap();
    assert_eq!(waiting(&store, "pacs"), [studies[0], studies[2]], "the one that is done stays");
    assert_eq!(digest(&store), before, "its band has not moved");
    store.reassess(&rules(0.95, 0.99), Timestamp::now()).unwrap();
    put_changed_results(&mut store, &destinations).unwrap();
    assert_ne!(digest(&store), before, "it is no longer critical, and the destination must know");
}
