use jiff::Timestamp;

use super::*;
use crate::{
    intake::Arrival,
    quality::{Gate, Held},
    session::protocol::Similar,
    store::{OnRequest, Outcome, OutsidePriority, Store, Verdict},
    study::{Answer, Difference, SendingState, Severity, SimilarFilm, marks::Mark},
};

const NAME: &str = "OKONKWO^CHIDINMA";
const ID: &str = "77310042";

/// A study in which each text that can name the patient does.
fn detail() -> StudyDetail {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().join("store.db")).unwrap();
    let text = || format!("film of Okonkwo, {ID}");
    let header = Header {
        format: "DICOM".to_owned(),
        study_instance_uid: "1.2.3".to_owned(),
        sop_instance_uid: "1.2.3.4".to_owned(),
        patient_name: NAME.to_owned(),
        patient_id: ID.to_owned(),
        patient_birth_date: "19610203".to_owned(),
        accession_number: "ACC9913".to_owned(),
        study_description: text(),
        series_description: text(),
        protocol_name: text(),
        station_name: text(),
        view_position: text(),
        ..Header::default()
    };
    let held = Held { gate: Gate::Small, reason: text() };
    let outcome = Outcome {
        sha256: "a".repeat(64),
        study_key: "1.2.3".to_owned(),
        started: Timestamp::now(),
        header: Some(header),
        decoded: true,
        verdict: Verdict::Held(held),
        outside: None,
    };
    let path = format!("/in/OKONKWO_{ID}.dcm");
    let arrival = Arrival { path: path.clone().into(), size: 1, modified_ns: 1 };
    let file = store.receive(&[arrival], Timestamp::now()).unwrap()[0].0;
    store.finish(file, &outcome, Timestamp::now()).unwrap();
    let mut detail = store.detail(1).unwrap().unwrap();
    let row = &mut detail.study;
    row.outside = Some(OutsidePriority { floor: Severity::Urgent, source: text() });
    let mark = || Mark { plugin: "beds".to_owned(), text: text() };
    row.marks.tags.push(mark());
    row.marks.notes.push(mark());
    row.marks.set_cell("beds", "Ward", &text());
    let film = &mut detail.films[0];
    film.warnings.push(text());
    film.clashes.push(Clash::Film {
        file_name: path.clone(),
        study: path.clone(),
        difference: Difference { patient: true, study: false, pixels: None },
    });
    film.on_request = Some(OnRequest {
        by: "anna".to_owned(),
        at: Timestamp::now(),
        was_held: text(),
        answer: Answer::Waiting,
    });
    detail.notes.push(Note {
        author: "anna".to_owned(),
        time: Timestamp::now(),
        text: "called Chidi".to_owned(),
    });
    detail.clashes.push(Clash::Study { key: path });
    // The study's other film, on which the patient bears another name, and its words bear that.
    let mut other = detail.films[0].clone();
    other.header.patient_name = "WERNICKE^C".to_owned();
    other.header.view_modifiers = vec![format!("{} Wernicke, 1961-02-03", text())];
    detail.films[0].header.institution_name = format!("{} (Wernicke)", text());
    detail.films.push(other);
    let says = |state| Sending { id: 1, study: 1, destination: "pacs".to_owned(), version: 1, state };
    let (at, why) = (Timestamp::now(), text());
    detail.sendings = vec![
        says(SendingState::Failing { why: why.clone(), next: at }),
        says(SendingState::GivenUp { why: why.clone(), at }),
        says(SendingState::Sent { at, remark: why }),
    ];
    detail
}

#[test]
fn nothing_that_says_whose_film_it_is_reaches_a_dashboard_without_names() {
    let detail = detail();
    let shown = format!("{detail:?}");
    let secret = ["okonkwo", "chidi", ID, "acc9913", "19610203", "1961-02-03", "1.2.3", "wernicke"];
    for word in secret {
        assert!(shown.to_lowercase().contains(word), "{word} is not there to be hidden");
    }
    let row = Update::Studies(vec![detail.study.clone()]);
    let sendings = Update::Sendings(detail.sendings.clone());
    let (study, notes) = (detail.study.clone(), detail.notes.clone());
    let film = SimilarFilm { film: 1, study, findings: Vec::new(), notes, distance: 0.1 };
    let similar = Update::Similar(Similar { film: 2, neighbours: Ok(vec![film]) });
    assert!(!format!("{:?}", without_names(sendings)).contains("Okonkwo"));
    for update in [row, similar, Update::Detail(Box::new(detail))] {
        let told = format!("{:?}", without_names(update)).to_lowercase();
        for word in secret {
            assert!(!told.contains(word), "{word}: {told}");
        }
        assert!(told.contains("film of"), "the rest of a text stays: {told}");
    }
}
