//! Quiet periods, waiting, and what people do.

use cxr_triage::{
    quality::Gate,
    store::{NewEvent, Status},
    study::{
        AuditKind,
        Severity::{Critical, Held, Routine, Urgent},
    },
};
use jiff::SignedDuration;

use super::support::{Bench, at, dicom, held, scored};

#[test]
fn a_study_is_complete_when_its_last_film_is_quiet_and_grows_again_with_the_next() {
    let quiet = SignedDuration::from_mins(1);
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &dicom(scored("x", [0.1; 3]), "1.2", "1.2.1"), at(0));
    bench.record("b", &scored("y", [0.1; 3]), at(5));
    assert!(!row.complete);
    let changed = bench.store.complete_quiet(quiet, at(2)).unwrap();
    assert_eq!(changed.iter().map(|r| (r.id, r.complete)).collect::<Vec<_>>(), [(row.id, true)]);
    assert_eq!(bench.store.complete_quiet(quiet, at(2)).unwrap(), []);
    let (_, grown) = bench.record("c", &dicom(scored("z", [0.1; 3]), "1.2", "1.2.2"), at(9));
    assert!(!grown.complete && grown.last_arrival == at(9));
    assert_eq!(bench.store.complete_quiet(quiet, at(20)).unwrap().len(), 2);
}

#[test]
fn what_changed_before_the_store_failed_is_handed_back_with_the_failure() {
    let mut bench = Bench::new();
    let mut last = 0;
    for number in 0..201 {
        let (_, row) =
            bench.record(&format!("{number}"), &scored(&format!("x{number}"), [0.1; 3]), at(number));
        last = row.id;
    }
    bench.break_study(last);
    let failed = bench.store.complete_quiet(SignedDuration::ZERO, at(300)).unwrap_err();
    assert_eq!(failed.changed.len(), 200, "{failed}");
    assert!(failed.to_string().contains("broken"), "{failed}");
    let complete = bench.store.studies_since(0).unwrap().into_iter().filter(|row| row.complete).count();
    assert_eq!(complete, 200);
    bench.mend_study();
    let rest = bench.store.complete_quiet(SignedDuration::ZERO, at(300)).unwrap();
    assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), [last]);
}

#[test]
fn who_waits_too_long_unseen_is_promoted_once() {
    let hour = SignedDuration::from_hours(1);
    // Probability of Effusion, status, minutes waited; the band then, if it moves.
    for (probability, status, waited, promoted) in [
        (0.1, Status::New, 61, Some(Urgent)),
        (0.6, Status::New, 61, Some(Critical)),
        (0.9, Status::New, 61, None),
        (0.1, Status::New, 59, None),
        (0.1, Status::Seen, 61, None),
        (0.1, Status::Claimed, 61, None),
        (0.1, Status::Done, 61, None),
    ] {
        let mut bench = Bench::new();
        let (_, row) = bench.record("a", &scored("x", [probability, 0.01, 0.01]), at(0));
        bench.store.set_status(row.id, status, "anna", at(1)).unwrap();
        let changed = bench.store.promote_overdue(hour, at(waited)).unwrap();
        let name = format!("{probability} {status:?} {waited}");
        assert_eq!(changed.first().map(|row| row.severity), promoted, "{name}");
        assert_eq!(changed.first().and_then(|row| row.promoted_at), promoted.map(|_| at(waited)), "{name}");
        assert_eq!(
            bench.store.promote_overdue(hour, at(500)).unwrap().len(),
            usize::from(status == Status::New && waited < 60),
            "{name}: once"
        );
        assert!(bench.count_kind("promoted") <= 1, "{name}");
    }
}

#[test]
fn a_held_study_is_not_promoted_but_its_first_scored_film_is() {
    let hour = SignedDuration::from_hours(1);
    let mut bench = Bench::new();
    let lateral = held("x", Gate::View, "a lateral film");
    let (_, row) = bench.record("a", &dicom(lateral, "1.2", "1.2.1"), at(0));
    assert_eq!((row.severity, bench.store.promote_overdue(hour, at(90)).unwrap().len()), (Held, 0));
    let (_, row) = bench.record("b", &dicom(scored("y", [0.1; 3]), "1.2", "1.2.2"), at(91));
    assert_eq!(row.severity, Routine);
    assert_eq!(bench.store.promote_overdue(hour, at(92)).unwrap()[0].severity, Urgent);
}

#[test]
fn a_promotion_outlives_films_and_thresholds() {
    let mut bench = Bench::new();
    bench.record("a", &dicom(scored("x", [0.1; 3]), "1.2", "1.2.1"), at(0));
    bench.store.promote_overdue(SignedDuration::from_hours(1), at(90)).unwrap();
    let (_, row) = bench.record("b", &dicom(scored("y", [0.6; 3]), "1.2", "1.2.2"), at(91));
    assert_eq!((row.assessed, row.severity, row.promoted_at), (Urgent, Critical, Some(at(90))));
}

#[test]
fn a_status_is_told_with_its_name_and_time_and_can_be_undone() {
    let mut bench = Bench::new();
    let (_, row) = bench.record("a", &scored("x", [0.1; 3]), at(0));
    for (status, actor, changes) in [
        (Status::Seen, "anna", true),
        (Status::Seen, "anna", false),
        (Status::Claimed, "an\u{1b}na", true),
        (Status::Claimed, "ben", true),
        (Status::Done, "ben", true),
        (Status::New, "ben", true),
        (Status::New, "anna", false),
    ] {
        let changed = bench.store.set_status(row.id, status, actor, at(3)).unwrap();
        assert_eq!(changed.is_some(), changes, "{status:?} by {actor:?}");
        let Some(changed) = changed else { continue };
        let told = if status == Status::New {
            ("", None)
        } else {
            (if actor == "ben" { "ben" } else { "anna" }, Some(at(3)))
        };
        assert_eq!((changed.status, changed.status_by.as_str(), changed.status_at), (status, told.0, told.1));
    }
    assert_eq!(bench.store.set_status(99, Status::Seen, "anna", at(4)).unwrap(), None);
    let events = bench.store.events(0, 100).unwrap();
    let actors: Vec<_> =
        events.iter().filter(|e| e.kind == AuditKind::Status).map(|e| e.actor.as_str()).collect();
    assert_eq!(actors, ["anna", "anna", "ben", "ben", "ben"]);
}

#[test]
fn the_audit_is_written_from_elsewhere_and_read_in_pages() {
    let mut bench = Bench::new();
    for kind in [AuditKind::Started, AuditKind::Shown, AuditKind::ThresholdSet] {
        let detail = serde_json::json!({ "kind": kind.word() });
        bench.store.record(&NewEvent { detail, ..NewEvent::of(kind) }, at(1)).unwrap();
    }
    let first = bench.store.events(0, 2).unwrap();
    let rest = bench.store.events(first[1].id, 2).unwrap();
    assert_eq!((first.len(), rest.len()), (2, 1));
    assert_eq!((rest[0].actor.as_str(), rest[0].time), ("pipeline", at(1)));
    assert_eq!(rest[0].kind, AuditKind::ThresholdSet);
    assert_eq!(rest[0].detail["kind"], "threshold-set");
}

#[test]
fn a_kind_of_event_that_a_newer_version_wrote_is_read_by_its_word() {
    let bench = Bench::new();
    bench.raw("INSERT INTO events (time, kind, actor, detail) VALUES (1, 'exported', 'anna', 'null')");
    let events = bench.store.events(0, 10).unwrap();
    assert_eq!((events.len(), events[0].kind.known(), events[0].kind.word()), (1, None, "exported"));
}

#[test]
fn what_came_while_the_clock_was_ahead_is_complete_and_overdue_from_now_on() {
    let (quiet, hour) = (SignedDuration::from_mins(1), SignedDuration::from_hours(1));
    let mut bench = Bench::new();
    bench.record("b", &scored("y", [0.1; 3]), at(-1));
    let (_, early) = bench.record("a", &scored("x", [0.1; 3]), at(30 * 1_440));
    let changed = bench.store.bring_back_from_future(at(0)).unwrap();
    assert_eq!(changed.iter().map(|row| row.id).collect::<Vec<_>>(), [early.id]);
    assert_eq!((changed[0].first_arrival, changed[0].last_arrival), (at(0), at(0)));
    assert_eq!(bench.store.last_arrival().unwrap(), Some(at(0)), "the feed's silence counts from now");
    assert_eq!(bench.store.bring_back_from_future(at(0)).unwrap(), []);
    assert_eq!(bench.store.complete_quiet(quiet, at(1)).unwrap().len(), 2);
    assert_eq!(bench.store.promote_overdue(hour, at(59)).unwrap().len(), 0);
    assert_eq!(bench.store.promote_overdue(hour, at(61)).unwrap().len(), 2);
}
