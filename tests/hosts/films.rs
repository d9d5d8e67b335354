//! Films between hosts: which host has which file, and what becomes of a film whose worker is disturbed.

use std::{
    fs::{self, File},
    thread,
    time::{Duration, SystemTime},
};

use cxr_triage::{
    store::{DutyKind, Status},
    study::Severity,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    server::Server,
    support::{Site, signal, until},
};
use crate::{cli::support::drawn_film, support::peers::libfaketime};

fn enqueue(site: &Site, inboxes: &[&str]) {
    let place = site.mount("desk", "er");
    let output = site.run("desk", &["enqueue", place.to_str().unwrap()], inboxes);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn another_file_that_lies_at_the_same_place_of_another_host_is_not_scored_for_it() {
    let Some(site) = Site::new() else { return };
    site.films("er", 0..2);
    // In no named inbox: each host has its own disk there.
    enqueue(&site, &[]);
    let other = site.mount("desk", "er").join("1.png");
    drawn_film(7).save(&other).unwrap();
    File::open(&other).unwrap().set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
    let worker = site.start("other", &["work", "--until-empty"], &[]);
    assert_eq!(worker.end(), Some(0));
    assert_eq!(site.states().get("scored"), Some(&1));
    assert_eq!(site.store().queued_count().unwrap(), 1, "the other film waits for the host that has it");
}

#[test]
fn a_host_scores_its_own_films_while_the_share_of_anothers_fails_on_it() {
    let Some(site) = Site::new() else { return };
    site.films("er", 0..40);
    enqueue(&site, &["er"]);
    site.films("icu", 40..43);
    // What lies there is no folder: everything below it fails as on a share that is broken.
    fs::create_dir_all(site.path("a/mounted")).unwrap();
    fs::write(site.path("a/mounted/er"), "").unwrap();
    let inbox = site.mount("a", "icu");
    let watch = site.start("a", &["watch", inbox.to_str().unwrap(), "--headless"], &["er", "icu"]);
    until("its own films are scored", || site.states().get("scored") == Some(&3));
    assert!(watch.has_said("takes none of them for a while"));
    assert_eq!(site.store().queued_count().unwrap(), 40);
}

#[test]
fn a_film_whose_trial_ends_while_the_server_is_away_is_tried_again() {
    let Some(server) = Server::start() else { return };
    let site = Site::on(&server);
    site.films("er", 0..1);
    enqueue(&site, &["er"]);
    // As if it had ended two workers.
    site.raw().batch("UPDATE files SET behind = id, lost = 2");
    let worker = site.start("a", &["work"], &["er"]);
    let helper = worker.helper();
    signal(helper, "-STOP");
    server.stop("immediate");
    signal(helper, "-KILL");
    thread::sleep(Duration::from_secs(4));
    server.begin();
    site.until_scored(1);
}

#[test]
fn a_sidecar_that_comes_while_a_film_is_recorded_by_another_host_raises_its_study() {
    let Some(server) = Server::start() else { return };
    let site = Site::on(&server);
    site.films("er", 0..1);
    enqueue(&site, &["er"]);
    site.raw().batch("UPDATE files SET claimed_by = 0, lease_until = 9000000000000000000");
    let _worker = site.start("a", &["work"], &["er"]);
    until("it is at work", || site.raw().rows("SELECT count(*) FROM rules") == ["1"]);
    let writer = site.raw();
    writer.batch(
        "BEGIN; SELECT pg_advisory_xact_lock(hashtext('cxr-triage writers'), hashtext(current_schema()))",
    );
    site.raw().batch("UPDATE files SET claimed_by = NULL, lease_until = NULL");
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
    until("its result waits", || site.raw().rows(waits) == ["1"]);
    // The host that takes films in finds no study to raise yet.
    fs::write(site.path("films/er/0.png.priority"), "STAT").unwrap();
    writer.batch("ROLLBACK");
    site.until_scored(1);
    until("it is raised", || site.store().studies_since(0).unwrap()[0].severity >= Severity::Urgent);
}

#[test]
fn the_retention_by_hand_goes_by_the_servers_clock_and_not_at_all_where_that_differs_by_hours() {
    let (Some(library), Some(site)) = (libfaketime(), Site::new()) else { return };
    site.config("[retention]\nresults = \"1d\"\n");
    site.films("er", 0..1);
    enqueue(&site, &["er"]);
    assert_eq!(site.start("a", &["work", "--until-empty"], &["er"]).end(), Some(0));
    let mut store = site.store();
    assert!(
        store.duty_by_hand(DutyKind::Retention).unwrap().clock_ahead().abs() < SignedDuration::from_mins(1)
    );
    let study = store.studies_since(0).unwrap()[0].id;
    let mut is_done = |minutes_ago: i64| {
        store.set_status(study, Status::New, "anna", Timestamp::now()).unwrap();
        let then = Timestamp::now() - SignedDuration::from_mins(minutes_ago);
        store.set_status(study, Status::Done, "anna", then).unwrap();
    };
    let run = |ahead: i64| {
        let output = site.run_ahead(&library, ahead, "a", &["retention"]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), output.stderr)
    };
    // By the clock of its host it was done for long enough.
    is_done(24 * 60 - 20);
    let (code, said, _) = run(40 * 60);
    assert_eq!((code, said.contains("data of 0 studies are gone")), (Some(0), true), "{said}");
    is_done(25 * 60);
    for ahead in [2 * 60 * 60, -2 * 60 * 60] {
        let (code, said, why) = run(ahead);
        let why = String::from_utf8_lossy(&why).into_owned();
        assert_eq!(
            (code, said.as_str(), why.contains("off by more than an hour")),
            (Some(1), "", true),
            "{why}"
        );
    }
    let (code, said, _) = run(-40 * 60);
    assert_eq!((code, said.contains("data of 1 studies are gone")), (Some(0), true), "{said}");
}
