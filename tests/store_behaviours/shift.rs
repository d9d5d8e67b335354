//! The numbers of the shift panel.

use cxr_triage::{
    intake::Arrival,
    quality::Gate,
    store::{Seen, Shift, ShiftQuestion, Status, Store, Unseen},
    study::Severity,
};
use jiff::SignedDuration;

use super::support::{Bench, at, broken, dicom, held, scored};

/// The last two hours until `now` minutes; counted from `since` on.
fn question(since: i64, now: i64) -> ShiftQuestion {
    ShiftQuestion { since: at(since), hours: vec![at(now - 120), at(now - 60)], now: at(now) }
}

fn counted(bench: &Bench, since: i64, now: i64) -> Shift {
    bench.store.shift(&question(since, now)).unwrap()
}

fn seen(studies: u32, median: i64, most: i64) -> Seen {
    Seen { studies, median: SignedDuration::from_mins(median), most: SignedDuration::from_mins(most) }
}

#[test]
fn an_empty_store_has_a_quiet_shift() {
    let shift = counted(&Bench::new(), 0, 0);
    assert_eq!((shift.arrived, shift.scored, shift.queued, shift.last_minute), (0, 0, 0, 0));
    assert_eq!(shift.hours, [(at(-120), 0), (at(-60), 0)]);
    assert!(shift.held.is_empty() && shift.unseen.is_empty() && shift.seen_all.is_none());
}

#[test]
fn arrivals_are_films_by_the_hour_they_came_in() {
    let mut bench = Bench::new();
    for (name, minute) in [("a", -130), ("b", -120), ("c", -61), ("d", -60), ("e", -1)] {
        bench.record(name, &scored(name, [0.1; 3]), at(minute));
    }
    // The same film again is no arrival, one that waits is.
    bench.finish("again", &scored("e", [0.1; 3]), at(-1));
    bench.receive("waits", at(0));
    let shift = counted(&bench, -90, 0);
    assert_eq!(shift.hours, [(at(-120), 2), (at(-60), 3)]);
    assert_eq!((shift.arrived, shift.scored), (4, 3), "since an hour and a half ago");
    assert_eq!((shift.queued, shift.queued_since), (1, Some(at(0))));
    assert_eq!((shift.last_minute, shift.device.as_str()), (0, "cpu fp32"));
    assert_eq!(counted(&bench, -200, -1).arrived, 6);
}

#[test]
fn held_films_are_counted_by_what_held_them() {
    let mut bench = Bench::new();
    let lateral = |bytes: &str| held(bytes, Gate::View, "a lateral");
    bench.record("a", &broken("a"), at(-200));
    bench.record("b", &broken("b"), at(-10));
    bench.record("c", &broken("c"), at(-9));
    bench.record("d", &held("d", Gate::Blank, "nothing to see"), at(-8));
    // A lateral alone is held; beside a scored film it is as it should be.
    bench.record("e", &lateral("e"), at(-7));
    bench.record("f", &dicom(scored("f", [0.1; 3]), "1.2", "1.2.1"), at(-6));
    bench.record("g", &dicom(lateral("g"), "1.2", "1.2.2"), at(-5));
    let shift = counted(&bench, -60, 0);
    assert_eq!(shift.held, [(Gate::Unreadable, 2), (Gate::Blank, 1), (Gate::View, 1)]);
    // Someone has one scored after all.
    let film = bench.store.detail(5).unwrap().unwrap().films[0].id;
    assert_eq!(bench.store.film(film).unwrap().unwrap().path.to_str(), Some("e"));
    bench.store.request_score(film, "anna", at(1)).unwrap();
    let waiting = counted(&bench, -60, 1);
    assert_eq!((waiting.queued, waiting.queued_since), (1, None), "it does not wait since it came");
}

#[test]
fn the_longest_wait_of_each_band_is_found() {
    let mut bench = Bench::new();
    let mut study = |name: &str, probability: f32, minute: i64| {
        bench.record(name, &scored(name, [probability, 0.1, 0.1]), at(minute)).1.id
    };
    let oldest = study("a", 0.9, -50);
    study("b", 0.9, -40);
    let seen = study("c", 0.6, -90);
    let urgent = study("d", 0.6, -80);
    bench.store.set_status(seen, Status::Seen, "anna", at(-1)).unwrap();
    bench.record("x", &broken("x"), at(-5));
    let shift = counted(&bench, -200, 0);
    let expected = [
        (Severity::Held, Unseen { studies: 1, oldest: 5, since: at(-5) }),
        (Severity::Urgent, Unseen { studies: 1, oldest: urgent, since: at(-80) }),
        (Severity::Critical, Unseen { studies: 2, oldest, since: at(-50) }),
    ];
    assert_eq!(shift.unseen.into_iter().collect::<Vec<_>>(), expected);
    // What is gone from the list waits no more.
    bench.record("x", &scored("better", [0.1; 3]), at(0));
    assert!(!counted(&bench, -200, 0).unseen.contains_key(&Severity::Held));
}

#[test]
fn a_study_is_seen_when_somebody_first_took_it_from_new() {
    let mut bench = Bench::new();
    let critical = bench.record("a", &scored("a", [0.9, 0.1, 0.1]), at(0)).1.id;
    let routine = bench.record("b", &dicom(scored("b", [0.1; 3]), "1.2", "1.2.1"), at(0)).1.id;
    let store = &mut bench.store;
    store.set_status(critical, Status::Seen, "anna", at(5)).unwrap();
    // What happens to it later changes nothing.
    store.set_status(critical, Status::Claimed, "ben", at(20)).unwrap();
    store.set_status(critical, Status::Done, "ben", at(30)).unwrap();
    // A slip, taken back; then done at once.
    let before = store.detail(routine).unwrap().unwrap().study.handling();
    store.set_status(routine, Status::Seen, "anna", at(6)).unwrap();
    store.take_back(routine, &before, "anna", at(7)).unwrap();
    let shift = counted(&bench, 0, 10);
    assert_eq!((shift.seen_all, shift.seen.len()), (Some(seen(1, 5, 5)), 1));

    bench.store.set_status(routine, Status::Done, "anna", at(60)).unwrap();
    let shift = counted(&bench, 0, 60);
    assert_eq!(shift.seen[&Severity::Critical], seen(1, 5, 5));
    assert_eq!(shift.seen[&Severity::Routine], seen(1, 60, 60));
    assert_eq!(shift.seen_all, Some(seen(2, 5, 60)));
    assert_eq!(counted(&bench, 50, 60).seen_all, Some(seen(1, 60, 60)), "only what was seen since");

    // A second film brings the study back, and its wait begins with it.
    bench.record("c", &dicom(scored("c", [0.1; 3]), "1.2", "1.2.2"), at(100));
    bench.store.set_status(routine, Status::Seen, "anna", at(109)).unwrap();
    assert_eq!(counted(&bench, 61, 110).seen_all, Some(seen(1, 9, 9)));
    assert_eq!(counted(&bench, 0, 110).seen[&Severity::Routine], seen(2, 9, 60));
}

#[test]
fn every_dashboard_on_a_store_counts_the_same() {
    let mut bench = Bench::new();
    let other = Store::open(&bench.place).unwrap();
    for n in 0..30_u8 {
        let name = format!("f{n}");
        let study =
            bench.record(&name, &scored(&name, [f32::from(n) / 30.0, 0.1, 0.1]), at(i64::from(n))).1.id;
        if n % 3 == 0 {
            bench.store.set_status(study, Status::Seen, "anna", at(40)).unwrap();
        }
    }
    let arrival = Arrival { path: "waits".into(), size: 1, modified_ns: 1 };
    bench.store.receive(&[arrival], at(41)).unwrap();
    let question = question(0, 42);
    let here = bench.store.shift(&question).unwrap();
    assert_eq!(here, other.shift(&question).unwrap());
    assert_eq!((here.arrived, here.scored, here.queued), (31, 30, 1));
    assert_eq!(here.seen_all.map(|seen| seen.studies), Some(10));
    assert_eq!(here.unseen.values().map(|unseen| unseen.studies).sum::<u32>(), 20);
}
