//! Films between hosts: which host has which file, and what becomes of a film whose worker is disturbed.

use std::{
    fs::{self, File},
    thread,
    time::{Duration, SystemTime},
};

use cxr_triage::study::Severity;

use super::{
    server::Server,
    support::{Site, signal, until},
};
use crate::cli::support::drawn_film;

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
