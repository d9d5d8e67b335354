//! A film counts once, a broken one never stands in the way, and nothing is silently lost.

use cxr_triage::{
    intake::Arrival,
    quality::Gate,
    store::{FilmState, Finished, Queued, Status, Verdict},
    study::AuditKind,
};

use super::support::{Bench, at, broken, dicom, held, scored};

const CALM: [f32; 3] = [0.1, 0.2, 0.3];

/// Two files, one after the other: what stands on the list in the end.
#[test]
fn two_files_make_the_list_that_they_should() {
    let dicom_a = |outcome| dicom(outcome, "1.2", "1.2.3");
    let other_uid = |outcome| dicom(outcome, "1.2", "1.2.4");
    let lateral = |bytes| held(bytes, Gate::View, "a lateral film");
    let cases = [
        (
            "the same bytes elsewhere",
            ("a", scored("x", CALM)),
            ("b", scored("x", CALM)),
            vec![("sha256:x", 1, 0)],
        ),
        (
            "the same UID, other bytes",
            ("a", dicom_a(scored("x", CALM))),
            ("b", dicom_a(scored("y", CALM))),
            vec![("1.2", 1, 0)],
        ),
        (
            "two films of a study",
            ("a", dicom_a(scored("x", CALM))),
            ("b", other_uid(scored("y", CALM))),
            vec![("1.2", 2, 0)],
        ),
        ("a held film counts once too", ("a", lateral("x")), ("b", lateral("x")), vec![("sha256:x", 0, 1)]),
        (
            "a held film that decoded claims its UID",
            ("a", dicom_a(lateral("x"))),
            ("b", dicom_a(scored("y", CALM))),
            vec![("1.2", 0, 1)],
        ),
        (
            "good after broken, by UID",
            ("a", dicom_a(broken("x"))),
            ("b", dicom_a(scored("y", CALM))),
            vec![("1.2", 1, 0)],
        ),
        (
            "good after broken, by path, another study",
            ("a", broken("x")),
            ("a", dicom_a(scored("y", CALM))),
            vec![("1.2", 1, 0)],
        ),
        (
            "good after broken, by path, raster",
            ("a", broken("x")),
            ("a", scored("y", CALM)),
            vec![("sha256:y", 1, 0)],
        ),
        ("broken again at its path", ("a", broken("x")), ("a", broken("y")), vec![("sha256:y", 0, 1)]),
        (
            "held takes a broken one's place",
            ("a", broken("x")),
            ("a", lateral("y")),
            vec![("sha256:y", 0, 1)],
        ),
        (
            "broken after good, by UID",
            ("a", dicom_a(scored("x", CALM))),
            ("b", dicom_a(broken("y"))),
            vec![("1.2", 1, 0)],
        ),
        (
            "broken at a good one's path is shown",
            ("a", scored("x", CALM)),
            ("a", broken("y")),
            vec![("sha256:x", 1, 0), ("sha256:y", 0, 1)],
        ),
        (
            "a good one stays when its path is written over",
            ("a", scored("x", CALM)),
            ("a", scored("y", CALM)),
            vec![("sha256:x", 1, 0), ("sha256:y", 1, 0)],
        ),
        (
            "a held one that decoded stays too",
            ("a", lateral("x")),
            ("a", scored("y", CALM)),
            vec![("sha256:x", 0, 1), ("sha256:y", 1, 0)],
        ),
        (
            "another film at a broken one's path",
            ("a", dicom_a(broken("x"))),
            ("a", other_uid(scored("y", CALM))),
            vec![("1.2", 1, 1)],
        ),
        (
            "broken films elsewhere stay",
            ("a", broken("x")),
            ("b", scored("y", CALM)),
            vec![("sha256:x", 0, 1), ("sha256:y", 1, 0)],
        ),
        (
            "two broken ones of one UID both stay",
            ("a", dicom_a(broken("x"))),
            ("b", dicom_a(broken("y"))),
            vec![("1.2", 0, 2)],
        ),
    ];
    for (name, first, second, expected) in cases {
        let mut bench = Bench::new();
        bench.finish(first.0, &first.1, at(0));
        bench.finish(second.0, &second.1, at(1));
        let expected: Vec<_> = expected.into_iter().map(|(key, s, h)| (key.to_owned(), s, h)).collect();
        assert_eq!(bench.list(), expected, "{name}");
        assert!(bench.store.queued(100).unwrap().is_empty(), "{name}: a file is still queued");
        assert_eq!(bench.count_kind("received"), 2, "{name}");
    }
}

#[test]
fn a_duplicate_names_the_film_that_counts() {
    let mut bench = Bench::new();
    let (film, _) = bench.record("first.dcm", &dicom(scored("x", CALM), "1.2", "1.2.3"), at(0));
    let again = bench.finish("second.dcm", &dicom(scored("y", CALM), "1.2", "1.2.3"), at(1));
    assert_eq!(again, Finished::Duplicate { of: film, path: "first.dcm".into(), others: vec![] });
    let told = bench.store.events(0, 100).unwrap().pop().unwrap();
    assert_eq!(
        (told.kind.word(), told.film, told.detail["sha256"].as_str()),
        ("duplicate", Some(film), Some("y"))
    );
}

#[test]
fn known_bytes_need_no_decoding() {
    let mut bench = Bench::new();
    let (film, _) = bench.record("a", &scored("x", CALM), at(0));
    bench.record("c", &broken("z"), at(0));
    assert_eq!(bench.store.film_by_sha256("x").unwrap(), Some(film));
    assert_eq!(bench.store.film_by_sha256("y").unwrap(), None);
    // The good bytes come again, by the path of the broken film: that one leaves the list.
    let file = bench.receive("c", at(1));
    let Finished::Duplicate { of, others, .. } = bench.store.duplicate(file, film, at(1)).unwrap() else {
        panic!("not a duplicate");
    };
    assert_eq!(of, film);
    assert!(others.len() == 1 && others[0].is_gone() && others[0].key == "sha256:z");
    assert_eq!(bench.list(), [("sha256:x".to_owned(), 1, 0)]);
}

#[test]
fn a_file_that_was_touched_while_it_waited_leaves_no_entry_of_its_earlier_time() {
    let mut bench = Bench::new();
    let earlier = bench.receive("/in/a.png", at(0));
    bench.record("/in/a.png", &scored("a", [0.9; 3]), at(1));
    assert_eq!(bench.store.gone(earlier, "It was taken out of the inbox.", at(2)).unwrap(), None);
    assert_eq!(bench.list(), [("sha256:a".to_owned(), 1, 0)]);
    assert_eq!(bench.count_kind("gone"), 1);
}

#[test]
fn a_copy_of_a_broken_film_that_went_and_came_back_is_no_entry_of_its_own() {
    let mut bench = Bench::new();
    let copy = bench.receive("/in/copy.png", at(0));
    bench.store.gone(copy, "It was taken out of the inbox.", at(1)).unwrap().unwrap();
    bench.record("/in/a.png", &broken("a"), at(2));
    let arrival = Arrival { path: "/in/copy.png".into(), size: 7, modified_ns: 1 };
    let (back, _) = bench.store.receive(&[arrival], at(3)).unwrap()[0];
    assert_eq!(back, copy);
    assert!(matches!(bench.store.finish(back, &broken("a"), at(4)).unwrap(), Finished::Duplicate { .. }));
    assert_eq!(bench.list(), [("sha256:a".to_owned(), 0, 1)]);
}

#[test]
fn a_broken_film_that_gives_way_stays_in_the_audit() {
    let mut bench = Bench::new();
    let (old, _) = bench.record("a", &broken("x"), at(0));
    let Finished::Recorded { film, others, .. } = bench.finish("a", &scored("y", CALM), at(1)) else {
        panic!("not recorded");
    };
    assert!(others.len() == 1 && others[0].is_gone());
    let superseded =
        bench.store.events(0, 100).unwrap().into_iter().find(|e| e.kind == AuditKind::Superseded).unwrap();
    assert_eq!((superseded.film, superseded.detail["by"].as_i64()), (Some(old), Some(film)));
    let kept = bench.store.film(old).unwrap().unwrap();
    assert!(matches!(kept.state, FilmState::Held(held) if held.reason == "the file ends too early"));
}

#[test]
fn finishing_a_file_twice_does_nothing_new() {
    for outcome in [scored("x", CALM), broken("x"), dicom(scored("x", CALM), "1.2", "1.2.3")] {
        let mut bench = Bench::new();
        let file = bench.receive("a", at(0));
        let first = bench.store.finish(file, &outcome, at(1)).unwrap();
        let (revision, events) = (bench.store.revision().unwrap(), bench.kinds());
        assert_eq!(bench.store.finish(file, &outcome, at(2)).unwrap(), first);
        assert_eq!(bench.store.gone(file, "vanished", at(2)).unwrap(), None);
        assert_eq!((bench.store.revision().unwrap(), bench.kinds()), (revision, events));

        let copy = bench.receive("b", at(3));
        let second = bench.store.finish(copy, &outcome, at(3)).unwrap();
        assert!(matches!(second, Finished::Duplicate { .. }));
        let events = bench.kinds();
        assert_eq!(bench.store.finish(copy, &outcome, at(4)).unwrap(), second);
        assert_eq!(bench.kinds(), events);
    }
}

#[test]
fn a_file_that_vanished_is_held_and_may_come_back() {
    let mut bench = Bench::new();
    let file = bench.receive("a", at(0));
    let row = bench.store.gone(file, "the file was \u{1b}[31mtaken away", at(1)).unwrap().unwrap();
    assert_eq!((row.held_films, row.held_reason.as_str()), (1, "the file was [31mtaken away"));
    assert!(bench.store.queued(100).unwrap().is_empty());
    let arrival = cxr_triage::intake::Arrival { path: "a".into(), size: 7, modified_ns: 1 };
    assert!(!bench.store.is_known(&arrival.path, 7, 1).unwrap(), "a file that is back must be read");

    // It comes back, and goes again: still one entry.
    assert_eq!(bench.store.receive(std::slice::from_ref(&arrival), at(2)).unwrap()[0].0, file);
    bench.store.gone(file, "taken away again", at(3)).unwrap().unwrap();
    let rows = bench.store.studies_since(0).unwrap();
    assert_eq!((rows.len(), rows[0].held_films, rows[0].held_reason.as_str()), (1, 1, "taken away again"));

    // It comes back for good: the entry gives way.
    bench.store.receive(&[arrival], at(4)).unwrap();
    bench.store.finish(file, &scored("x", CALM), at(5)).unwrap();
    assert_eq!(bench.list(), [("sha256:x".to_owned(), 1, 0)]);
    assert!(bench.store.is_known("a".as_ref(), 7, 1).unwrap());
}

#[test]
fn a_study_that_was_done_is_new_again_with_its_next_film() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &dicom(scored("x", CALM), "1.2", "1.2.3"), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    let (_, row) = bench.record("b", &dicom(scored("y", CALM), "1.2", "1.2.4"), at(2));
    assert_eq!((row.status, row.status_by.as_str(), row.status_at), (Status::New, "", None));
    assert_eq!(bench.count_kind("reopened"), 1);
}

#[test]
fn what_was_in_flight_is_queued_after_a_restart() {
    let mut bench = Bench::new();
    let files: Vec<_> = ["a", "b", "c"].map(|path| bench.receive(path, at(0))).to_vec();
    bench.store.finish(files[1], &scored("x", CALM), at(1)).unwrap();
    let reopened = cxr_triage::store::Store::open(&bench.place).unwrap();
    let queued: Vec<_> = reopened.queued(100).unwrap();
    assert_eq!(queued.iter().map(|due| due.file).collect::<Vec<_>>(), [files[0], files[2]]);
    assert_eq!(
        (queued[0].arrival.path.to_str(), queued[0].arrival.size, queued[0].arrival.modified_ns),
        (Some("a"), 7, 1)
    );
}

#[test]
fn an_outcome_that_cannot_be_written_leaves_no_trace() {
    let mut bench = Bench::new();
    let file = bench.receive("a", at(0));
    let mut outcome = scored("x", CALM);
    if let Verdict::Scored(scored) = &mut outcome.verdict {
        // Nobody can write "not a number" into a column that must not be null: the last insert fails.
        scored.findings[2].score = f64::NAN;
    }
    let error = bench.store.finish(file, &outcome, at(1)).unwrap_err();
    assert!(error.to_string().to_lowercase().replace('-', " ").contains("not null"), "{error}");
    assert_eq!(bench.list(), []);
    assert_eq!(bench.kinds(), ["received"]);
    assert_eq!(bench.store.film_by_sha256("x").unwrap(), None);
    assert_eq!(bench.store.queued(100).unwrap()[0].file, file);
    bench.store.finish(file, &scored("x", CALM), at(2)).unwrap();
    assert_eq!(bench.list(), [("sha256:x".to_owned(), 1, 0)]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_utf8_is_found_again() {
    use std::os::unix::ffi::OsStrExt;
    let mut bench = Bench::new();
    let path = std::path::PathBuf::from(std::ffi::OsStr::from_bytes(b"/inbox/r\xf6ntgen.dcm"));
    let arrival = cxr_triage::intake::Arrival { path: path.clone(), size: 1, modified_ns: -5 };
    let file = bench.store.receive(std::slice::from_ref(&arrival), at(0)).unwrap()[0].0;
    assert!(bench.store.is_known(&path, 1, -5).unwrap());
    let claim = file.into();
    let due = Queued { file, claim, arrival, request: None, alone: false, tries: 0, seen_elsewhere: false };
    assert_eq!(bench.store.queued(100).unwrap(), [due]);
    let Finished::Recorded { film, study, .. } = bench.store.finish(file, &scored("x", CALM), at(1)).unwrap()
    else {
        panic!("not recorded");
    };
    assert_eq!(bench.store.film(film).unwrap().unwrap().path, path);
    assert_eq!(study.file_name, "r\u{fffd}ntgen.dcm");
}

#[test]
fn ten_thousand_at_once_are_queued_once() {
    let mut bench = Bench::new();
    let arrivals: Vec<_> = (0..10_000)
        .map(|n| cxr_triage::intake::Arrival { path: format!("/inbox/{n}").into(), size: n, modified_ns: 1 })
        .collect();
    assert_eq!(bench.store.receive(&arrivals, at(0)).unwrap().len(), 10_000);
    assert_eq!(bench.store.receive(&arrivals, at(1)).unwrap(), []);
    assert_eq!(bench.store.counts().unwrap().queued, 10_000);
    assert_eq!(bench.store.last_arrival().unwrap(), Some(at(0)));
}
