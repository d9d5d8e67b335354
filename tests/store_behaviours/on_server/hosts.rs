//! Several workers at one store: claims, late results, the films that each host has.

use std::{
    collections::HashSet,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use cxr_triage::{
    deliver, health,
    intake::{Arrival, Mounts},
    pipeline::Membership,
    store::{Claim, DutyKind, FileId, Finished, Member, NewWorker, Status, Store, StoreErrorKind},
    study::SendingState,
    supervise::Supervisor,
};

use super::support::{Bench, at, dicom, scored};
use crate::postgres;

/// A worker on a host that has these inboxes.
pub(super) fn member(store: &mut Store, host: &str, inboxes: &str) -> Member {
    let new = NewWorker { host: host.to_owned(), inboxes: inboxes.to_owned(), ..NewWorker::default() };
    store.join(new).unwrap()
}

pub(super) fn bench() -> Option<Bench> {
    postgres::server().map(|_| Bench::new())
}

fn claims(store: &mut Store, member: &Member, limit: u32) -> Vec<Claim> {
    store.claim(member, limit, true).unwrap().iter().map(|due| due.claim).collect()
}

fn files(claims: &[Claim]) -> Vec<FileId> {
    claims.iter().map(|claim| claim.file).collect()
}

/// Ends the lease of everything that is claimed or held.
pub(super) const LAPSE: &str =
    "UPDATE files SET lease_until = 0 WHERE claimed_by IS NOT NULL; UPDATE duties SET lease_until = 0";

#[test]
fn no_film_is_claimed_twice_however_many_claim_at_once() {
    let Some(mut bench) = bench() else { return };
    let expected: HashSet<FileId> = (0..200).map(|n| bench.receive(&format!("/in/{n}"), at(0))).collect();
    let workers: Vec<_> = (0..8)
        .map(|n| {
            let mut store = Store::open(&bench.place).unwrap();
            thread::spawn(move || {
                let member = member(&mut store, &format!("h{n}"), "");
                let mut all = Vec::new();
                loop {
                    let some = files(&claims(&mut store, &member, 3));
                    if some.is_empty() {
                        return all;
                    }
                    all.extend(some);
                }
            })
        })
        .collect();
    let all: Vec<FileId> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    assert_eq!((all.len(), all.into_iter().collect::<HashSet<_>>()), (200, expected));
}

#[test]
fn films_are_claimed_in_the_order_in_which_they_came_and_those_that_were_lost_twice_alone_and_last() {
    let Some(mut bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let expected: Vec<FileId> = (0..5).map(|n| bench.receive(&format!("/in/{n}"), at(0))).collect();
    let (one, other) = (member(&mut store, "a", ""), member(&mut store, "b", ""));
    assert_eq!(files(&claims(&mut store, &one, 2)), expected[..2]);
    bench.raw(LAPSE);
    assert_eq!(store.take_back_claims().unwrap(), 2);
    // Lost once: whoever had them may have been cut off. Lost twice: they may have ended who had them.
    assert_eq!(files(&claims(&mut store, &one, 2)), expected[..2]);
    bench.raw(LAPSE);
    assert_eq!(store.take_back_claims().unwrap(), 2);
    let due = store.claim(&other, 10, true).unwrap();
    let alone: Vec<(FileId, bool)> = due.iter().map(|due| (due.claim.file, due.alone)).collect();
    let later = |at: usize| (expected[at], at < 2);
    assert_eq!(alone, [later(2), later(3), later(4), later(0), later(1)]);
    assert!(claims(&mut store, &one, 10).is_empty());
}

#[test]
fn a_result_counts_while_the_claim_lasts_and_once() {
    let Some(mut bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let file = bench.receive("/in/a", at(0));
    let (one, other) = (member(&mut store, "a", ""), member(&mut store, "b", ""));
    let outcome = scored("a", [0.9, 0.1, 0.1]);
    let late = claims(&mut store, &one, 1)[0];
    bench.raw(LAPSE);
    // Nobody has taken it yet.
    store.beat(&one).unwrap();
    assert_eq!(store.take_back_claims().unwrap(), 0);
    bench.raw(LAPSE);
    assert_eq!(store.take_back_claims().unwrap(), 1);
    // A claim whose answer was lost on its way is nobody's work, and is not renewed.
    bench.raw(&format!("UPDATE files SET claimed_by = {}, claim = claim + 1, lease_until = 0", other.id()));
    store.beat(&other).unwrap();
    assert_eq!(store.take_back_claims().unwrap(), 1);
    let kind = |result: Result<Finished, cxr_triage::store::StoreError>| result.unwrap_err().kind;
    assert_eq!(kind(store.finish(late, &outcome, at(1))), StoreErrorKind::Late);
    let claim = claims(&mut store, &other, 1)[0];
    assert_eq!(kind(store.finish(late, &outcome, at(1))), StoreErrorKind::Late);
    assert_eq!(store.gone(late, "gone", at(1)).unwrap_err().kind, StoreErrorKind::Late);
    assert_eq!(store.put_behind(late, true).unwrap_err().kind, StoreErrorKind::Late);
    assert!(matches!(store.finish(claim, &outcome, at(1)).unwrap(), Finished::Recorded { .. }));
    assert_eq!(kind(store.finish(late, &outcome, at(2))), StoreErrorKind::Late);
    // Whoever did not hear that it counts asks again, and is told; it counts no second time.
    assert!(matches!(store.finish(claim, &outcome, at(2)).unwrap(), Finished::Recorded { .. }));
    assert_eq!(store.gone(claim, "gone", at(2)).unwrap(), None);
    assert_eq!(bench.store.film_by_sha256(&outcome.sha256).unwrap().map(|_| file), Some(file));
    assert_eq!((bench.list().len(), bench.store.queued_count().unwrap()), (1, 0));
    assert_eq!(bench.count_kind("scored"), 1);
}

#[test]
fn a_claim_that_nobody_works_on_any_more_ends_and_the_film_is_anothers() {
    let Some(mut bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let expected: Vec<FileId> = (0..2).map(|n| bench.receive(&format!("/in/{n}"), at(0))).collect();
    let (one, other) = (member(&mut store, "a", ""), member(&mut store, "b", ""));
    claims(&mut store, &one, 2);
    one.drops(expected[0]);
    bench.raw(LAPSE);
    store.beat(&one).unwrap();
    assert_eq!(store.take_back_claims().unwrap(), 1);
    assert_eq!(files(&claims(&mut store, &other, 2)), expected[..1]);
    assert_eq!(store.claims_of(&one).unwrap(), 1);
}

#[test]
fn a_worker_that_ends_in_order_leaves_its_films_as_they_were() {
    let Some(mut bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    bench.receive("/in/a", at(0));
    let (one, other) = (member(&mut store, "a", ""), member(&mut store, "b", ""));
    claims(&mut store, &one, 1);
    assert_eq!((store.claims_of(&one).unwrap(), store.has_left(&other).unwrap()), (1, true));
    store.leave(&one).unwrap();
    let due = store.claim(&other, 1, true).unwrap();
    assert!(!due[0].alone);
    assert!(store.workers().unwrap().iter().any(|row| row.host == "a" && row.has_ended && !row.is_alive()));
}

#[test]
fn a_film_is_for_the_hosts_that_have_its_inbox_and_can_open_it() {
    let Some(bench) = bench() else { return };
    let mounts = Arc::new(Mounts::new(["er=/mnt/er".parse().unwrap()]).unwrap());
    let mut intake = Store::open(bench.place.clone().with_mounts(mounts)).unwrap();
    let arrival = |path: &str| Arrival { path: path.into(), size: 7, modified_ns: 1 };
    let arrivals = [arrival("/mnt/er/2026/a.dcm"), arrival("/data/b.dcm")];
    assert_eq!(intake.receive(&arrivals, at(0)).unwrap().len(), 2);
    assert!(intake.is_known("/mnt/er/2026/a.dcm".as_ref(), 7, 1).unwrap());
    let elsewhere = Arc::new(Mounts::new(["er=/films".parse().unwrap()]).unwrap());
    let mut store = Store::open(bench.place.clone().with_mounts(elsewhere)).unwrap();
    assert!(!store.is_known("/mnt/er/2026/a.dcm".as_ref(), 7, 1).unwrap());
    assert!(store.is_known("/films/2026/a.dcm".as_ref(), 7, 1).unwrap());

    let without = member(&mut store, "without", "icu");
    let due = store.claim(&without, 10, true).unwrap();
    assert_eq!(due.len(), 1);
    assert!(due[0].arrival.path == std::path::Path::new("/data/b.dcm") && due[0].seen_elsewhere);
    store.release(due[0].claim, Some(without.host())).unwrap();
    assert_eq!((claims(&mut store, &without, 10), store.has_left(&without).unwrap()), (vec![], false));
    assert_eq!(store.out_of_reach().unwrap(), [(String::new(), 1), ("er".to_owned(), 1)]);

    let with = member(&mut store, "with", "er,icu");
    let paths: Vec<_> =
        store.claim(&with, 10, true).unwrap().into_iter().map(|due| due.arrival.path).collect();
    assert_eq!(paths, [std::path::Path::new("/films/2026/a.dcm"), std::path::Path::new("/data/b.dcm")]);
    assert!(store.out_of_reach().unwrap().is_empty());
    store.release_all(&with).unwrap();
    // Its next worker tries again, and so does one that has waited for long enough.
    let again = member(&mut store, "without", "");
    for _ in 0..2 {
        let claims = claims(&mut store, &again, 10);
        assert_eq!(claims.len(), 1);
        store.release(claims[0], Some(again.host())).unwrap();
        assert!(!store.has_left(&again).unwrap());
        store.try_again(&again).unwrap();
    }
}

#[test]
fn a_worker_that_takes_the_films_of_its_own_host_alone_leaves_those_of_others_in_their_place() {
    let Some(mut bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let expected: Vec<FileId> = (0..6).map(|n| bench.receive(&format!("/in/{n}"), at(0))).collect();
    bench.raw(&format!(
        "UPDATE files SET seen_by = CASE WHEN id IN ({}, {}) THEN 'a' ELSE 'b' END",
        expected[3], expected[5]
    ));
    let one = member(&mut store, "a", "");
    let own: Vec<FileId> = store.claim_own(&one, 10, true).unwrap().iter().map(|due| due.file).collect();
    assert_eq!(own, [expected[3], expected[5]]);
    assert!(store.claim_own(&one, 10, true).unwrap().is_empty());
    assert_eq!(files(&claims(&mut store, &one, 1)), expected[..1]);
}

#[test]
fn a_worker_hears_at_its_next_heartbeat_that_a_newer_version_has_taken_the_store_over() {
    let Some(bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let member = member(&mut store, "a", "");
    store.beat(&member).unwrap();
    bench.raw("UPDATE store_format SET version = version + 1");
    let error = store.beat(&member).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NewerVersion, "{error}");
    assert_eq!(error.to_string(), Store::open(&bench.place).unwrap_err().to_string());
}

#[test]
fn a_film_on_another_hosts_disk_is_neither_offered_for_deletion_nor_known_to_be_gone() {
    let Some(mut bench) = bench() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (inbox, local) = (folder.path().join("er"), folder.path().join("local.dcm"));
    std::fs::create_dir(&inbox).unwrap();
    let mounts = Arc::new(Mounts::new([format!("er={}", inbox.display()).parse().unwrap()]).unwrap());
    let place = bench.place.clone().with_mounts(mounts);
    let mut store = Store::open(place).unwrap();
    for (bytes, path) in [("a", inbox.join("a.dcm")), ("b", local.clone())] {
        let arrival = Arrival { path, size: 7, modified_ns: 1 };
        let file = store.receive(&[arrival], at(0)).unwrap()[0].0;
        let Finished::Recorded { study, .. } = store.finish(file, &scored(bytes, [0.1; 3]), at(0)).unwrap()
        else {
            panic!("it counted as a copy")
        };
        store.set_status(study.id, Status::Done, "anna", at(1)).unwrap();
    }
    let done = |store: &Store| {
        let films = store.done_films(at(5), 9, |_| true).unwrap();
        films.into_iter().map(|film| film.path).collect::<Vec<_>>()
    };
    // The inbox has nothing in it, as a share that is not mounted; the other film came in here, and is gone.
    assert_eq!(done(&store), std::slice::from_ref(&local));
    std::fs::write(inbox.join("z.dcm"), "another film").unwrap();
    assert_eq!(done(&store), [inbox.join("a.dcm"), local.clone()]);
    // On a host that lacks the inbox, and did not receive the other one.
    bench.raw("UPDATE files SET seen_by = 'elsewhere'");
    assert_eq!(done(&bench.store), [] as [&std::path::Path; 0]);
    assert_eq!(done(&store), [inbox.join("a.dcm")]);
    // A disk that both hosts have at one place.
    std::fs::write(&local, "a film").unwrap();
    assert_eq!(done(&bench.store), std::slice::from_ref(&local));
    let film = bench.store.done_films(at(5), 9, |_| true).unwrap().remove(0);
    std::fs::remove_file(&local).unwrap();
    assert!(!bench.store.knows_of(&film.path, &film.seen_by));
    bench.store.note_deleted(&[film], "by age", at(6)).unwrap();
}

#[test]
fn a_path_that_one_host_cannot_judge_when_its_patient_is_forgotten_goes_by_the_host_that_can() {
    let Some(mut bench) = bench() else { return };
    let path = "/nowhere/DOE_JANE.dcm";
    let (_, row) = bench.record(path, &scored("a", [0.1; 3]), at(0));
    bench.store.set_status(row.id, Status::Done, "anna", at(1)).unwrap();
    let is_kept = |bench: &Bench| bench.store.is_known(path.as_ref(), 7, 1).unwrap();
    bench.raw("UPDATE files SET seen_by = 'elsewhere'");
    bench.store.forget_patients(&[row.id], at(2)).unwrap();
    bench.store.forget_more_paths(0, 9).unwrap();
    assert!(is_kept(&bench), "it may lie on the other host");
    bench.raw(&format!("UPDATE files SET seen_by = '{}'", cxr_triage::store::host_name()));
    bench.store.forget_more_paths(0, 9).unwrap();
    assert!(!is_kept(&bench));
}

#[test]
fn a_result_whose_film_another_host_has_is_not_given_up_here() {
    let Some(bench) = bench() else { return };
    let mounts = Arc::new(Mounts::new(["er=/mnt/er".parse().unwrap()]).unwrap());
    let mut intake = Store::open(bench.place.clone().with_mounts(mounts)).unwrap();
    let send = cxr_triage::config::parse("[send.PACS]\nhost = \"127.0.0.1\"\nport = 9\naet = \"A\"", None)
        .unwrap()
        .config
        .send;
    for (bytes, path) in [("a", "/mnt/er/a.dcm"), ("b", "/nowhere/b.dcm")] {
        let arrival = Arrival { path: path.into(), size: 7, modified_ns: 1 };
        let file = intake.receive(&[arrival], at(0)).unwrap()[0].0;
        let film = dicom(scored(bytes, [0.9, 0.1, 0.1]), bytes, bytes);
        let Finished::Recorded { study, .. } = intake.finish(file, &film, at(0)).unwrap() else {
            panic!("it counted as a copy")
        };
        bench.raw("UPDATE files SET seen_by = 'elsewhere'");
        let mut store = Store::open(&bench.place).unwrap();
        let sending = deliver::send_now(&mut store, study.id, "PACS", &send, "anna").unwrap();
        let SendingState::Failing { why, .. } = sending.state else { panic!("{sending:?}") };
        assert!(why.contains("waits for a host that has the film"), "{why}");
        assert_eq!(store.waiting_send(study.id, "PACS").unwrap().unwrap().attempts, 0);
        // Where this host received it, it is gone.
        bench.raw(&format!("UPDATE files SET seen_by = '{}'", cxr_triage::store::host_name()));
        deliver::send_now(&mut store, study.id, "PACS", &send, "anna").unwrap();
        let attempts = store.waiting_send(study.id, "PACS").unwrap().unwrap().attempts;
        assert_eq!(attempts, u32::from(bytes == "b"));
    }
}

#[test]
fn a_duty_that_its_process_cannot_do_goes_to_another_one() {
    let Some(bench) = bench() else { return };
    let (supervisor, kind) = (Supervisor::default(), DutyKind::Sending);
    let begin = |host: &str| {
        let new = NewWorker { host: host.to_owned(), ..NewWorker::default() };
        Membership::begin(&bench.place, new, &[kind], &supervisor).unwrap()
    };
    let (one, other) = (begin("a"), begin("b"));
    let has = |membership: &Membership| membership.member().duty(kind).is_held();
    assert!(has(&one) && !has(&other));
    one.member().duty(kind).leave_for(Duration::from_secs(600));
    let began = Instant::now();
    while !has(&other) {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody took it");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(!has(&one));
}

#[test]
fn health_judges_the_duties_of_the_configuration_and_the_inbox_of_its_own_host() {
    let Some(bench) = bench() else { return };
    let mut store = Store::open(&bench.place).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Zoned::now();
    let of = |store: &mut Store, text: &str| {
        let config = cxr_triage::config::parse(text, None).unwrap().config;
        let facts = health::gather(store, health::Question { config: &config, now: &now });
        (facts.hosts.duties_free, facts.disks.iter().any(|disk| disk.of == "inbox"))
    };
    let elsewhere = member(&mut store, "elsewhere", "");
    elsewhere.note(None, serde_json::json!({ "inbox": folder.path() }).to_string());
    store.take_duty(&elsewhere, elsewhere.duty(DutyKind::Sending)).unwrap();
    store.beat(&elsewhere).unwrap();
    bench.raw(LAPSE);
    let away = "[inbox]\npath = \"no-such-folder\"\n";
    let sending = format!("{away}[send.PACS]\nhost = \"127.0.0.1\"\nport = 9\naet = \"A\"");
    assert_eq!(of(&mut store, away), (vec![], false), "nobody asks for it any more");
    assert_eq!(of(&mut store, &sending), (vec!["sending".to_owned()], false));
    let here = member(&mut store, &cxr_triage::store::host_name(), "");
    here.note(None, serde_json::json!({ "inbox": folder.path() }).to_string());
    store.beat(&here).unwrap();
    assert!(of(&mut store, away).1);
}
