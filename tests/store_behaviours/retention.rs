//! Retention, backup and restore.

use std::{fs, path::Path};

use cxr_film::Header;
use cxr_triage::{
    store::{Outcome, Status, Store, StoreErrorKind},
    study::{Attributes, AuditKind},
};

use super::support::{Bench, at, dicom, scored};
use crate::postgres::Backend;

/// A film of a patient.
fn of_jane(bytes: &str, study: &str, probabilities: [f32; 3]) -> Outcome {
    let outcome = dicom(scored(bytes, probabilities), study, &format!("{study}.1"));
    let header = Header {
        patient_name: "DOE^JANE".to_owned(),
        patient_id: "P-4711".to_owned(),
        ..outcome.header.clone().unwrap()
    };
    Outcome { header: Some(header), ..outcome }
}

fn done_paths(bench: &Bench, until: i64) -> Vec<String> {
    let films = bench.store.done_films(at(until), 100, |_| true).unwrap();
    films.into_iter().map(|film| film.path.to_string_lossy().into_owned()).collect()
}

#[test]
fn only_films_of_done_studies_may_go_those_that_were_done_first_first() {
    let mut bench = Bench::new();
    let done = |bench: &mut Bench, name: &str, minute: i64| {
        let (_, row) = bench.record(name, &scored(name, [0.1; 3]), at(0));
        bench.store.set_status(row.id, Status::Done, "anna", at(minute)).unwrap();
        row.id
    };
    for name in ["new", "seen", "claimed"] {
        let (_, row) = bench.record(name, &scored(name, [0.1; 3]), at(0));
        if let Some(status) = Status::ALL.into_iter().find(|status| status.word() == name) {
            bench.store.set_status(row.id, status, "anna", at(1)).unwrap();
        }
    }
    done(&mut bench, "later", 20);
    done(&mut bench, "first", 10);
    done(&mut bench, "too late", 99);
    assert_eq!(done_paths(&bench, 50), ["first", "later"]);

    // A copy is a file of its own; a file that was written over is not there any more.
    let copy = bench.receive("copy", at(30));
    let first = bench.store.done_films(at(50), 1, |_| true).unwrap().remove(0);
    bench.store.duplicate(copy, first.film, at(30)).unwrap();
    assert_eq!(done_paths(&bench, 50), ["first", "copy", "later"]);
    bench.receive("later", at(40));
    assert_eq!(done_paths(&bench, 50), ["first", "copy"]);
    assert_eq!(bench.store.done_films(at(50), 9, |path| path == Path::new("copy")).unwrap().len(), 1);

    bench.store.note_deleted(&[first], "by age", at(60)).unwrap();
    assert_eq!(done_paths(&bench, 50), ["copy"]);
    assert_eq!(bench.count_kind(AuditKind::Deleted.word()), 1);
}

#[test]
fn a_critical_study_that_nobody_acknowledged_keeps_its_films_and_its_patient() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("a", [0.7, 0.1, 0.1]), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    assert_eq!(done_paths(&bench, 5), ["a"]);
    // Other thresholds make it critical after it was done: nobody has seen that.
    bench.raw(&format!("UPDATE studies SET severity = 'critical' WHERE id = {}", row.id));
    assert_eq!(done_paths(&bench, 5), [] as [&str; 0]);
    assert_eq!(bench.store.studies_to_forget(at(5), 9).unwrap(), [] as [i64; 0]);
    // Somebody takes it up again, and is done with it as a critical one.
    bench.store.set_status(row.id, Status::Seen, "ben", at(2)).unwrap();
    bench.store.set_status(row.id, Status::Done, "ben", at(3)).unwrap();
    assert_eq!(done_paths(&bench, 5), ["a"]);
}

#[test]
fn a_film_that_is_queued_again_keeps_its_studys_films() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("a", [0.1; 3]), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    bench.raw("UPDATE files SET state = 'queued'");
    assert_eq!(done_paths(&bench, 5), [] as [&str; 0]);
}

#[test]
fn a_forgotten_patient_is_nowhere_in_the_file_and_counts_and_audit_stay() {
    let mut bench = Bench::new();
    let (film, row) = bench.record("/in/DOE_JANE/1.dcm", &of_jane("x", "1.2.840", [0.99, 0.6, 0.1]), at(0));
    bench.store.add_note(row.id, "Mrs Doe called", "anna", at(1)).unwrap();
    bench.store.set_status(row.id, Status::Done, "anna", at(2)).unwrap();
    let (counts, events) = (bench.store.counts().unwrap(), bench.store.events(0, 100).unwrap());
    let revision = bench.store.revision().unwrap();

    assert_eq!(bench.store.studies_to_forget(at(1), 9).unwrap(), [] as [i64; 0], "not yet");
    let due = bench.store.studies_to_forget(at(2), 9).unwrap();
    assert_eq!(due, [row.id]);
    bench.store.forget_patients(&due, at(3)).unwrap();
    assert_eq!(bench.store.studies_to_forget(at(9), 9).unwrap(), [] as [i64; 0], "once");

    let row = bench.store.detail(row.id).unwrap().unwrap().study;
    assert_eq!(
        (row.patient_name.as_str(), row.patient_id.as_str(), row.top.as_deref()),
        ("", "", Some("Effusion"))
    );
    assert_eq!(row.attributes, Attributes::default());
    assert!(bench.store.revision().unwrap() > revision, "dashboards hear of it");
    assert_eq!(bench.store.counts().unwrap(), counts);
    assert_eq!(bench.store.heatmap(film).unwrap().unwrap().labels.len(), 3);
    let after = bench.store.events(0, 100).unwrap();
    assert_eq!(after[..events.len()], events);
    assert_eq!(after.last().unwrap().kind, AuditKind::Forgotten);

    if super::BACKEND == Backend::Server {
        // What a server keeps in its files and logs, and for how long, is its people's.
        return;
    }
    bench.raw("PRAGMA wal_checkpoint(TRUNCATE)");
    let bytes = fs::read(&bench.path).unwrap();
    for secret in ["DOE", "Doe", "4711", "1.2.840"] {
        assert!(
            !bytes.windows(secret.len()).any(|part| part == secret.as_bytes()),
            "{secret} is still there"
        );
    }
}

#[test]
fn a_film_of_a_forgotten_patient_that_is_still_there_does_not_come_in_again() {
    let mut bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.dcm");
    fs::write(&path, "a film").unwrap();
    let (_, row) = bench.record(path.to_str().unwrap(), &of_jane("x", "1.2.840", [0.1; 3]), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    bench.store.forget_patients(&[row.id], at(2)).unwrap();
    assert!(bench.store.is_known(&path, 7, 1).unwrap());
}

#[test]
fn the_path_of_a_film_that_goes_after_its_patient_was_forgotten_goes_with_it() {
    let mut bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let paths = ["DOE_JANE.dcm", "DOE_JOHN.dcm"].map(|name| folder.path().join(name));
    let mut studies = Vec::new();
    for (path, bytes) in paths.iter().zip(["x", "y"]) {
        fs::write(path, "a film").unwrap();
        let (_, row) = bench.record(path.to_str().unwrap(), &of_jane(bytes, bytes, [0.1; 3]), at(0));
        bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
        studies.push(row.id);
    }
    // One whose patient is not forgotten.
    bench.record("/nowhere/ROE_RICHARD.dcm", &of_jane("z", "z", [0.1; 3]), at(0));
    bench.store.forget_patients(&studies, at(2)).unwrap();
    let known = |bench: &Bench| {
        [(&*paths[0], 1), (&*paths[1], 2), (Path::new("/nowhere/ROE_RICHARD.dcm"), 3)]
            .map(|(path, time)| bench.store.is_known(path, 7, time).unwrap())
    };
    assert_eq!(bench.store.forget_more_paths(0, 9).unwrap(), None);
    assert_eq!(known(&bench), [true; 3], "they would come in again");
    paths.iter().for_each(|path| fs::remove_file(path).unwrap());
    let next = bench.store.forget_more_paths(0, 1).unwrap();
    assert_eq!((next.is_some(), known(&bench)), (true, [false, true, true]));
    assert_eq!(bench.store.forget_more_paths(next.unwrap(), 9).unwrap(), None);
    assert_eq!(known(&bench), [false, false, true]);
    assert_eq!(bench.count_kind(AuditKind::Forgotten.word()), 2);
}

#[test]
fn what_two_runs_do_at_once_is_noted_once() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &of_jane("x", "1.2.840", [0.1; 3]), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    let films = bench.store.done_films(at(2), 9, |_| true).unwrap();
    for minute in [2, 3] {
        bench.store.note_deleted(&films, "by age", at(minute)).unwrap();
        bench.store.forget_patients(&[row.id], at(minute)).unwrap();
    }
    let events = bench.store.events(0, 100).unwrap();
    let told = events.iter().filter(|it| it.kind == AuditKind::Deleted || it.kind == AuditKind::Forgotten);
    assert_eq!(told.map(|it| it.time).collect::<Vec<_>>(), [at(2), at(2)]);
}

#[test]
fn the_numbers_of_operation_are_those_of_the_moment() {
    let mut bench = Bench::new();
    assert_eq!(bench.store.operations().unwrap().queued, 0);
    let (_, critical) = bench.record("a", &scored("a", [0.99; 3]), at(0));
    bench.record("b", &scored("b", [0.99; 3]), at(0));
    bench.record("c", &scored("c", [0.1; 3]), at(0));
    let file = bench.receive("d", at(3));
    bench.store.acknowledge(critical.id, "anna", at(4)).unwrap();
    let operations = bench.store.operations().unwrap();
    assert_eq!((operations.queued, operations.queued_since, operations.unacknowledged), (1, Some(at(3)), 1));
    assert!(operations.bytes > 0 && operations.outbox.is_empty());
    assert_eq!(bench.store.received_at(file).unwrap(), at(3));
}

#[test]
fn a_store_that_another_program_holds_is_found_out_in_time() {
    let mut bench = Bench::new();
    let patience = std::time::Duration::from_millis(20);
    bench.store.try_to_write(patience).unwrap();
    let holding = bench.hold();
    assert_eq!(bench.store.try_to_write(patience).unwrap_err().kind, StoreErrorKind::Locked);
    // Whoever only looks need not wait for it.
    let mut looks = Store::open_within(&bench.place, patience).unwrap();
    assert_eq!(looks.try_to_write(patience).unwrap_err().kind, StoreErrorKind::Locked);
    drop(holding);
    bench.store.try_to_write(patience).unwrap();
}
