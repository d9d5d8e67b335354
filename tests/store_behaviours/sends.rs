//! Results on their way to destinations: each version once, the last one always.

use std::time::Duration;

use cxr_triage::{
    store::{Delivery, DeliveryKind, Destination, Due, SendContent, Store, StudyId, Tried},
    study::{AuditKind, Sending, SendingState},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::support::{Bench, at, dicom, scored};
use crate::postgres::Backend;

const SR: &str = r#"[{"what":"sr","instance":"2.25.1","series":"2.25.2"}]"#;

/// A study that is complete.
fn complete(bench: &mut Bench, name: &str) -> StudyId {
    let (_, row) = bench.record(name, &dicom(scored(name, [0.9, 0.1, 0.1]), name, name), at(0));
    bench.store.complete_quiet(SignedDuration::ZERO, at(1)).unwrap();
    row.id
}

/// Follows the audit; what was found goes into the outbox under that digest.
fn put(store: &mut Store, target: &str, digest: &str) -> Vec<StudyId> {
    let changed = store.changed_results(target, 50).unwrap();
    let studies: Vec<StudyId> = changed.studies.iter().map(|(study, _)| *study).collect();
    let results: Vec<_> = studies.iter().map(|study| (*study, digest.to_owned())).collect();
    store.put_results(target, changed.until, &results, at(2)).unwrap();
    studies
}

fn follow(store: &mut Store, targets: &[&str]) {
    let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
    store.follow_results_for(targets.iter()).unwrap();
}

fn due(store: &Store, target: &str) -> Vec<Delivery> {
    let destination =
        Destination { plugin: String::new(), kind: DeliveryKind::Send, target: target.to_owned() };
    let due = store.due_deliveries(&destination, at(60), 10).unwrap();
    due.into_iter().filter_map(Due::delivery).collect()
}

fn state(store: &Store, study: StudyId) -> Vec<Sending> {
    store.detail(study).unwrap().unwrap().sendings
}

/// A complete study whose result "a" waits to be sent.
fn waiting() -> (Bench, StudyId) {
    let mut bench = Bench::new();
    follow(&mut bench.store, &["pacs"]);
    let study = complete(&mut bench, "x");
    put(&mut bench.store, "pacs", "a");
    (bench, study)
}

/// The study's result has that digest from then on.
fn becomes(store: &mut Store, study: StudyId, digest: &str, now: Timestamp) {
    store.put_results("pacs", 0, &[(study, digest.to_owned())], now).unwrap();
}

/// The one delivery that waits, with what is kept of it.
fn only(store: &Store) -> (Delivery, SendContent) {
    let [delivery] = &due(store, "pacs")[..] else { panic!("one delivery: {:?}", due(store, "pacs")) };
    (delivery.clone(), SendContent::read(&delivery.content).unwrap())
}

fn arrives(store: &mut Store, delivery: &Delivery) {
    store.plan_delivery(delivery.id, SR).unwrap();
    store.tried_delivery(delivery, &Tried::Done(json!({ "objects": 1, "remark": "" })), at(3)).unwrap();
}

#[test]
fn a_result_is_put_into_the_outbox_once_and_a_changed_one_as_a_new_version() {
    let mut bench = Bench::new();
    let old = complete(&mut bench, "old");
    follow(&mut bench.store, &["pacs"]);
    assert!(put(&mut bench.store, "pacs", "a").is_empty(), "what was there before is not sent");
    let study = complete(&mut bench, "new");
    assert_eq!(put(&mut bench.store, "pacs", "a"), [study]);
    assert!(put(&mut bench.store, "pacs", "a").is_empty(), "it has been looked at");
    let (delivery, content) = only(&bench.store);
    assert_eq!((delivery.study, content.version), (Some(study), 1));
    let before = bench.store.revision().unwrap();
    arrives(&mut bench.store, &delivery);
    assert!(bench.store.revision().unwrap() > before, "dashboards see that it has arrived");
    assert_eq!(bench.count_kind("sent"), 1);
    becomes(&mut bench.store, study, "a", at(4));
    assert_eq!(due(&bench.store, "pacs"), [], "the destination has it");
    becomes(&mut bench.store, study, "b", at(5));
    let (second, content) = only(&bench.store);
    assert_eq!((content.version, content.digest.as_str(), content.at), (2, "b", at(5)));
    assert_eq!(bench.store.sent_before(&second).unwrap()[0].instance, "2.25.1", "its predecessor");
    // And back again: the first version's content is a third version.
    arrives(&mut bench.store, &second);
    becomes(&mut bench.store, study, "a", at(6));
    assert_eq!(only(&bench.store).1.version, 3);
    assert_eq!(state(&bench.store, old), []);
}

#[test]
fn a_result_that_changes_before_it_arrives_takes_the_place_of_the_old_one() {
    let (mut bench, study) = waiting();
    becomes(&mut bench.store, study, "b", at(4));
    let (delivery, content) = only(&bench.store);
    assert_eq!((content.version, content.last_wanted()), (1, "b"));
    // Found out when it is delivered.
    let renewed = bench.store.renew_send(&delivery, "c", at(5)).unwrap().unwrap();
    assert_eq!((renewed.id, SendContent::read(&renewed.content).unwrap().version), (delivery.id, 1));
    // A part of it has arrived by then: what is new is a version of its own.
    bench.store.plan_delivery(delivery.id, SR).unwrap();
    let (begun, _) = only(&bench.store);
    assert_eq!(bench.store.renew_send(&begun, "d", at(6)).unwrap(), None);
    let told = bench.store.events(0, 100).unwrap();
    let part = told.iter().find(|event| event.kind == AuditKind::Sent).unwrap();
    assert_eq!((&part.detail["version"], &part.detail["objects"]), (&1.into(), &1.into()));
    assert_eq!(part.detail["remark"], "a part; the result has changed since");
    let (second, content) = only(&bench.store);
    assert_eq!(content.version, 2);
    assert_eq!(bench.store.sent_before(&second).unwrap().len(), 1);
}

#[test]
fn a_result_that_changes_while_it_is_on_the_wire_is_sent_as_the_next_version() {
    for is_begun in [false, true] {
        let (mut bench, study) = waiting();
        let (on_the_wire, _) = only(&bench.store);
        if is_begun {
            bench.store.plan_delivery(on_the_wire.id, SR).unwrap();
        }
        becomes(&mut bench.store, study, "b", at(2));
        arrives(&mut bench.store, &on_the_wire);
        let (next, content) = only(&bench.store);
        assert_eq!((content.version, content.last_wanted()), (2, "b"), "begun: {is_begun}");
        assert_eq!(bench.store.sent_before(&next).unwrap().len(), 1, "after the one that arrived");
        let arrived = bench.store.sending(on_the_wire.id).unwrap().unwrap();
        assert!(matches!(arrived.state, SendingState::Sent { .. }) && arrived.version == 1, "{arrived:?}");
        arrives(&mut bench.store, &next);
        becomes(&mut bench.store, study, "b", at(5));
        assert_eq!(due(&bench.store, "pacs"), [], "the destination has it");
    }
}

#[test]
fn a_result_that_is_what_it_was_again_when_it_arrives_is_sent_once() {
    let (mut bench, study) = waiting();
    let (on_the_wire, _) = only(&bench.store);
    for digest in ["b", "a"] {
        becomes(&mut bench.store, study, digest, at(2));
    }
    arrives(&mut bench.store, &on_the_wire);
    assert_eq!(due(&bench.store, "pacs"), []);
}

#[test]
fn what_a_deliverer_found_to_be_the_result_is_what_arrived() {
    let (mut bench, study) = waiting();
    let (delivery, _) = only(&bench.store);
    // It became "b", which the deliverer sees before the audit is followed, and "c" while it is on the wire.
    let renewed = bench.store.renew_send(&delivery, "b", at(2)).unwrap().unwrap();
    for digest in ["b", "c"] {
        becomes(&mut bench.store, study, digest, at(2));
    }
    assert_eq!(SendContent::read(&renewed.content).unwrap().digest, "b");
    let done = Tried::Done(json!({ "version": 1, "objects": 1, "remark": "", "digest": "b" }));
    bench.store.tried_delivery(&delivery, &done, at(3)).unwrap();
    assert_eq!((only(&bench.store).1.version, only(&bench.store).1.last_wanted()), (2, "c"));
}

#[test]
fn a_result_that_changes_while_the_last_try_of_another_fails_is_tried() {
    for is_begun in [false, true] {
        let (mut bench, study) = waiting();
        let (on_the_wire, _) = only(&bench.store);
        if is_begun {
            bench.store.plan_delivery(on_the_wire.id, SR).unwrap();
        }
        becomes(&mut bench.store, study, "b", at(2));
        let given_up = Tried::GivenUp("A700 out of resources".to_owned());
        bench.store.tried_delivery(&on_the_wire, &given_up, at(3)).unwrap();
        let (next, content) = only(&bench.store);
        assert_eq!((content.version, content.last_wanted()), (1 + u32::from(is_begun), "b"));
        bench.store.tried_delivery(&next, &given_up, at(4)).unwrap();
        assert_eq!(due(&bench.store, "pacs"), [], "that one is over");
    }
}

#[test]
fn a_study_whose_patient_was_forgotten_is_not_sent() {
    let (mut bench, study) = waiting();
    let delivery = only(&bench.store).0;
    arrives(&mut bench.store, &delivery);
    becomes(&mut bench.store, study, "b", at(4));
    let delivery = only(&bench.store).0;
    arrives(&mut bench.store, &delivery);
    assert!(bench.store.ask_to_send(study, "pacs", "anna", at(5)).unwrap());
    let delivery = only(&bench.store).0;
    arrives(&mut bench.store, &delivery);
    bench.store.forget_patients(&[study], at(6)).unwrap();
    assert!(!bench.store.ask_to_send(study, "pacs", "anna", at(7)).unwrap());
    assert!(!bench.store.ask_to_send(study, "other", "anna", at(7)).unwrap());
    assert!(!bench.store.ask_to_send(99, "pacs", "anna", at(7)).unwrap(), "no such study");
    assert!(due(&bench.store, "pacs").is_empty() && due(&bench.store, "other").is_empty());
    // A new film of it: what the versions before said is forgotten, how many there were is not.
    becomes(&mut bench.store, study, "c", at(8));
    assert_eq!(only(&bench.store).1.version, 3);
}

#[test]
fn a_person_sees_how_far_a_result_is_and_has_it_tried_again() {
    let (mut bench, study) = waiting();
    assert_eq!(state(&bench.store, study)[0].state, SendingState::Waiting);
    let why = "A700 out of resources".to_owned();
    let (delivery, _) = only(&bench.store);
    let again = Tried::Again { why: why.clone(), due: at(62), others: at(62) };
    bench.store.tried_delivery(&delivery, &again, at(3)).unwrap();
    assert_eq!(state(&bench.store, study)[0].state, SendingState::Failing { why: why.clone(), next: at(62) });
    assert_eq!(due(&bench.store, "pacs"), []);
    bench.store.ask_to_send(study, "pacs", "anna", at(4)).unwrap();
    // At once.
    let (delivery, _) = only(&bench.store);
    bench.store.tried_delivery(&delivery, &Tried::GivenUp(why.clone()), at(5)).unwrap();
    assert_eq!(state(&bench.store, study)[0].state, SendingState::GivenUp { why, at: at(5) });
    bench.store.ask_to_send(study, "pacs", "anna", at(6)).unwrap();
    let (delivery, _) = only(&bench.store);
    assert_eq!((delivery.attempts, delivery.tried_for), (0, Duration::ZERO), "its time begins anew");
    arrives(&mut bench.store, &delivery);
    // Once more, as the same version: the objects bear the same numbers.
    bench.store.ask_to_send(study, "pacs", "anna", at(7)).unwrap();
    let (delivery, content) = only(&bench.store);
    assert_eq!((content.version, content.round), (1, 1));
    arrives(&mut bench.store, &delivery);
    let last = bench.store.last_send(study, "pacs").unwrap().unwrap();
    assert_eq!(last.content.unwrap().round, 1);
    assert_eq!(bench.count_kind("send-asked"), 3);
    let overview = bench.store.sendings(10).unwrap();
    assert_eq!(overview, state(&bench.store, study));
}

#[test]
fn destinations_that_are_new_or_come_back_do_not_make_up_for_the_past() {
    let mut bench = Bench::new();
    follow(&mut bench.store, &["pacs"]);
    follow(&mut bench.store, &["other"]);
    let meanwhile = complete(&mut bench, "meanwhile");
    follow(&mut bench.store, &["pacs", "other", "new"]);
    // Of a store that several hosts share it may be one host alone that did not know the destination.
    let missed = if super::BACKEND == Backend::Server { vec![meanwhile] } else { vec![] };
    assert_eq!(put(&mut bench.store, "pacs", "a"), missed);
    assert!(put(&mut bench.store, "new", "a").is_empty());
    let study = complete(&mut bench, "after");
    assert_eq!(put(&mut bench.store, "pacs", "a"), [study]);
    assert_eq!(put(&mut bench.store, "new", "a"), [study]);
}

#[test]
fn a_result_that_failed_and_then_waits_for_its_film_says_so_and_is_tried_anew_when_that_is_back() {
    let (mut bench, _) = waiting();
    let delivery = due(&bench.store, "pacs").remove(0);
    let again = Tried::Again { why: "A700 out of resources".to_owned(), due: at(3), others: at(3) };
    bench.store.tried_delivery(&delivery, &again, at(2)).unwrap();
    let elsewhere = Tried::Elsewhere { why: "inbox er is not mounted on this host".to_owned(), due: at(5) };
    bench.store.tried_delivery(&due(&bench.store, "pacs")[0], &elsewhere, at(3)).unwrap();
    assert_eq!(bench.store.operations().unwrap().outbox[0].failing, 1);
    bench.store.count_trying(cxr_triage::store::Lane::Results, Duration::from_secs(86_400)).unwrap();
    let after = due(&bench.store, "pacs").remove(0);
    assert_eq!((after.attempts, after.tried_for), (0, Duration::ZERO), "a day of waiting is no day of tries");
}

#[test]
fn what_waits_for_a_film_that_another_host_has_is_no_try_and_says_so() {
    let (mut bench, study) = waiting();
    let delivery = due(&bench.store, "pacs").remove(0);
    let revision = bench.store.revision().unwrap();
    let tried = Tried::Elsewhere { why: "inbox er is not mounted on this host".to_owned(), due: at(5) };
    bench.store.tried_delivery(&delivery, &tried, at(2)).unwrap();
    bench.store.count_trying(cxr_triage::store::Lane::Results, Duration::from_secs(86_400)).unwrap();
    let after = due(&bench.store, "pacs").remove(0);
    assert_eq!((after.attempts, after.tried_for), (0, Duration::ZERO));
    let failing =
        SendingState::Failing { why: "inbox er is not mounted on this host".to_owned(), next: at(5) };
    assert_eq!(state(&bench.store, study)[0].state, failing);
    assert_eq!(bench.store.operations().unwrap().outbox[0].failing, 1);
    let told = bench.store.revision().unwrap();
    assert!(told > revision, "dashboards hear of it");
    bench.store.tried_delivery(&delivery, &tried, at(3)).unwrap();
    assert_eq!(bench.store.revision().unwrap(), told, "once");
}
