//! Several workers at one store: the duties, of which each is one worker's at a time.

use std::{
    thread,
    time::{Duration, Instant},
};

use cxr_triage::store::{DutyKind, Store, StoreErrorKind};

use super::{
    hosts::{LAPSE, bench, member},
    support::{at, rules, scored},
};
use crate::postgres;

#[test]
fn a_duty_is_renewed_while_a_change_under_it_goes_on_and_nobody_else_gets_it_before_that_ends() {
    let Some(mut bench) = bench() else { return };
    let (mut one, mut other) = (Store::open(&bench.place).unwrap(), Store::open(&bench.place).unwrap());
    let (a, b) = (member(&mut one, "a", ""), member(&mut other, "b", ""));
    let kind = DutyKind::Studies;
    assert!(one.take_duty(&a, a.duty(kind)).unwrap());
    bench.record("/in/a", &scored("a", [0.9, 0.1, 0.1]), at(0));
    let raw = postgres::Raw::connect(bench.url.as_deref().unwrap());
    // The change gets no further than the study's row.
    let slow = bench.hold_by("SELECT 1 FROM studies FOR UPDATE");
    let (duty, place) = (a.duty(kind).clone(), bench.place.clone());
    let change = thread::spawn(move || {
        let mut store = Store::open(&place).unwrap();
        store.under(&duty, |store| store.complete_quiet(jiff::SignedDuration::ZERO, at(10))).unwrap().len()
    });
    let began = Instant::now();
    while !raw.rows("SELECT 1 FROM duties FOR UPDATE SKIP LOCKED").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "the change does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    bench.raw(LAPSE);
    let began = Instant::now();
    assert!(!other.take_duty(&b, b.duty(kind)).unwrap(), "a change under it goes on");
    assert!(one.take_duty(&a, a.duty(kind)).unwrap() && one.duties().unwrap()[0].is_held);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(slow);
    assert_eq!(change.join().unwrap(), 1);
    // Nobody took it while it had lapsed: what began under it goes on.
    let pinned = a.duty(kind).pinned();
    bench.raw(LAPSE);
    assert!(one.take_duty(&a, a.duty(kind)).unwrap() && pinned.is_held());
    assert_eq!(one.duties().unwrap()[0].token, 1);
    bench.raw(LAPSE);
    assert!(other.take_duty(&b, b.duty(kind)).unwrap() && !one.take_duty(&a, a.duty(kind)).unwrap());
}

#[test]
fn a_change_of_many_studies_renews_its_duty_on_the_way() {
    let Some(mut bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let member = member(&mut store, "a", "");
    let duty = member.duty(DutyKind::Studies);
    assert!(store.take_duty(&member, duty).unwrap());
    for number in 0..201 {
        bench.record(&format!("/in/{number}"), &scored(&format!("x{number}"), [0.6, 0.1, 0.1]), at(0));
    }
    bench.raw("UPDATE duties SET lease_until = 0");
    let changed = store.under(duty, |store| store.reassess(&rules(0.7, 0.9), at(1))).unwrap();
    assert_eq!((changed.len(), store.duties().unwrap()[0].is_held), (201, true));
    bench.raw("UPDATE duties SET lease_until = 0");
    let quiet = jiff::SignedDuration::from_mins(1);
    let changed = store.under(duty, |store| store.complete_quiet(quiet, at(10))).unwrap();
    assert_eq!((changed.len(), store.duties().unwrap()[0].is_held), (201, true));
}

#[test]
fn a_duty_is_one_workers_and_a_change_under_one_that_is_lost_does_not_count() {
    let Some(mut bench) = bench() else { return };
    let (mut one, mut other) = (Store::open(&bench.place).unwrap(), Store::open(&bench.place).unwrap());
    let (a, b) = (member(&mut one, "a", ""), member(&mut other, "b", ""));
    let kind = DutyKind::Studies;
    assert!(one.take_duty(&a, a.duty(kind)).unwrap() && a.duty(kind).is_held());
    assert!(!other.take_duty(&b, b.duty(kind)).unwrap() && !b.duty(kind).is_held());
    bench.record("/in/a", &scored("a", [0.9, 0.1, 0.1]), at(0));
    let quiet = jiff::SignedDuration::from_mins(1);
    let complete = |store: &mut Store, duty: &cxr_triage::store::Duty| {
        store.under(duty, |store| store.complete_quiet(quiet, at(10)))
    };
    assert_eq!(complete(&mut other, b.duty(kind)).unwrap_err().error.kind, StoreErrorKind::OffDuty);
    bench.raw(LAPSE);
    assert!(other.take_duty(&b, b.duty(kind)).unwrap());
    // The first one does not know yet, and nothing of what it does is kept.
    assert!(a.duty(kind).is_held());
    assert_eq!(complete(&mut one, a.duty(kind)).unwrap_err().error.kind, StoreErrorKind::OffDuty);
    assert!(!bench.store.studies_since(0).unwrap()[0].complete);
    assert_eq!(complete(&mut other, b.duty(kind)).unwrap().len(), 1);
    assert!(!one.take_duty(&a, a.duty(kind)).unwrap() && !a.duty(kind).is_held());
    other.give_up_duty(&b, b.duty(kind)).unwrap();
    assert!(one.take_duty(&a, a.duty(kind)).unwrap());
    let duties = one.duties().unwrap();
    assert_eq!((duties[0].holder, duties[0].token, duties[0].is_held), (a.id(), 3, true));
}

#[test]
fn what_began_under_a_duty_ends_with_it_also_where_the_process_has_it_again() {
    let Some(mut bench) = bench() else { return };
    let (mut one, mut other) = (Store::open(&bench.place).unwrap(), Store::open(&bench.place).unwrap());
    let (a, b) = (member(&mut one, "a", ""), member(&mut other, "b", ""));
    let duty = a.duty(DutyKind::Sending);
    assert!(one.take_duty(&a, duty).unwrap());
    let began = duty.pinned();
    assert!(one.take_duty(&a, duty).unwrap() && began.is_held(), "it was renewed");
    bench.raw(LAPSE);
    assert!(other.take_duty(&b, b.duty(DutyKind::Sending)).unwrap());
    bench.raw(LAPSE);
    assert!(one.take_duty(&a, duty).unwrap() && duty.is_held() && !began.is_held());
    bench.record("/in/a", &scored("a", [0.9, 0.1, 0.1]), at(0));
    let mut complete = |duty: &cxr_triage::store::Duty| {
        one.under(duty, |store| store.complete_quiet(jiff::SignedDuration::ZERO, at(10)))
    };
    assert_eq!(complete(&began).unwrap_err().error.kind, StoreErrorKind::OffDuty);
    assert_eq!(complete(&duty.pinned()).unwrap().len(), 1);
}
