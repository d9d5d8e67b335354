//! Several hosts on one PostgreSQL: the real program, processes as hosts, the inboxes mounted at places of their own.

mod duties;
mod films;
pub(crate) mod server;
mod support;

use std::{
    os::unix::fs::PermissionsExt,
    thread,
    time::{Duration, Instant},
};

use cxr_triage::study::AuditKind;
use jiff::{SignedDuration, Timestamp};
use server::Server;
use support::{Site, lines, until};

use crate::{postgres, support::peers::libfaketime};

/// A plugin that writes a line for each study that is complete.
const PLUGIN: &str = "return { api = 1, name = \"count\", permissions = { \"write\" },
  on_study = function(study)
    local once = tostring(study.id)
    return { write = \"studies.csv\", text = once .. \"\\n\", once = once }
  end }";

/// A duty of a host that died is another one's within this time.
const TAKEN_OVER: Duration = Duration::from_secs(30);

fn plugin(site: &Site) {
    std::fs::create_dir_all(site.path("plugins")).unwrap();
    std::fs::write(site.path("plugins/count.luau"), PLUGIN).unwrap();
    std::fs::create_dir_all(site.path("exports")).unwrap();
    site.config(&format!(
        "[plugins]\nenabled = [\"count\"]\nexports = \"{}\"\n[plugins.count]\nallow = [\"write\"]\n",
        site.path("exports").display()
    ));
}

/// Whether a host has a duty.
fn has_duty(site: &Site, host: &str, duty: &str) -> bool {
    let health = site.health("c", &[]);
    let workers = health["hosts"]["workers"].as_array().cloned().unwrap_or_default();
    workers.iter().any(|worker| {
        worker["host"] == host
            && worker["duties"].as_array().is_some_and(|duties| duties.iter().any(|known| known == duty))
    })
}

#[test]
fn films_that_one_host_takes_in_are_scored_by_another_that_has_the_inbox_elsewhere() {
    let Some(site) = Site::new() else { return };
    site.films("er", 0..10);
    // A host that takes films in and is stopped at once; what it queued is there for the others.
    let output = site.run("desk", &["enqueue", site.mount("desk", "er").to_str().unwrap()], &["er"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("10 films queued"), "{output:?}");
    // A worker without the inbox leaves them alone, and has nothing to do.
    let idle = site.start("other", &["work", "--until-empty"], &["icu"]);
    assert_eq!(idle.end(), Some(0));
    assert_eq!(site.store().queued_count().unwrap(), 10);
    let health = site.health("other", &["icu"]).to_string();
    assert!(health.contains("no worker at work has mounted") || health.contains("no process"), "{health}");
    let workers = ["a", "b"].map(|host| site.start(host, &["work", "--until-empty"], &["er", "icu"]));
    for worker in workers {
        assert_eq!(worker.end(), Some(0));
    }
    site.until_scored(10);
    let again = site.run("desk", &["enqueue", site.mount("desk", "er").to_str().unwrap()], &["er"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("0 films queued, 10 known"), "{again:?}");
}

#[test]
fn a_worker_that_is_killed_loses_its_films_to_another_and_a_late_result_is_refused() {
    let Some(site) = Site::new() else { return };
    site.films("er", 0..40);
    site.run("desk", &["enqueue", site.mount("desk", "er").to_str().unwrap()], &["er"]);
    let killed = site.start("killed", &["work"], &["er"]);
    let stopped = site.start("stopped", &["work"], &["er"]);
    until("both are at work", || killed.count("scored") > 0 && stopped.count("scored") > 0);
    killed.signal("-KILL");
    stopped.signal("-STOP");
    let third = site.start("third", &["work"], &["er"]);
    site.until_scored(40);
    assert!(third.count("scored") > 0);
    stopped.signal("-CONT");
    until("it hears that it was late", || stopped.has_said("came late"));
    site.until_scored(40);
}

#[test]
fn a_duty_is_taken_over_from_a_host_that_dies_and_what_it_does_is_done_once() {
    let Some(site) = Site::new() else { return };
    plugin(&site);
    let watch = |host: &str| {
        let inbox = site.mount(host, "er");
        site.start(host, &["watch", inbox.to_str().unwrap(), "--headless"], &["er"])
    };
    let first = watch("a");
    site.films("er", 0..4);
    site.until_scored(4);
    let file = site.path("exports/studies.csv");
    until("four lines are written", || lines(&file).len() == 4);
    let second = watch("b");
    let has = |host: &str, duty: &str| has_duty(&site, host, duty);
    until("the first has the duties", || has("a", "plugins") && has("a", "studies"));
    until("the second is there", || site.health("c", &[])["hosts"]["workers"].as_array().unwrap().len() == 2);
    first.signal("-KILL");
    let killed = Instant::now();
    until("the second has taken the plugins over", || has("b", "plugins"));
    assert!(killed.elapsed() < TAKEN_OVER, "the plugins were taken over after {:?}", killed.elapsed());
    until("the second has taken the studies over", || has("b", "studies"));
    site.films("er", 4..8);
    site.until_scored(8);
    until("eight lines are written", || lines(&file).len() == 8);
    let mut written = lines(&file);
    written.sort();
    written.dedup();
    assert_eq!(written.len(), 8);
    drop(second);
}

#[test]
fn a_server_that_goes_and_comes_back_costs_nothing_but_time() {
    let Some(server) = Server::start() else { return };
    let site = Site::on(&server);
    let inbox = site.mount("a", "er");
    server.stop("fast");
    let watch = site.start("a", &["watch", inbox.to_str().unwrap(), "--headless"], &["er"]);
    until("it says that the server is away", || watch.count("error") > 0);
    let unwanted = site.start("b", &["work"], &["er"]);
    until("it says so too", || unwanted.count("error") > 0);
    unwanted.signal("-TERM");
    assert_eq!(unwanted.end(), Some(0), "to end while it waits is in order");
    site.films("er", 0..6);
    server.begin();
    until("it has begun", || watch.count("scored") > 0);
    for how in ["fast", "immediate"] {
        server.stop(how);
        site.films("er", if how == "fast" { 6..12 } else { 12..18 });
        thread::sleep(Duration::from_secs(4));
        server.begin();
        site.until_scored(if how == "fast" { 12 } else { 18 });
    }
}

#[test]
fn a_process_that_gets_no_connection_at_any_moment_of_its_start_waits_for_one() {
    let Some(server) = Server::start() else { return };
    let superuser = postgres::Raw::connect(&server.url());
    superuser.batch("CREATE ROLE station LOGIN; GRANT CREATE ON SCHEMA public TO station");
    let site = Site::at(server.url_of("station"));
    let inbox = site.mount("a", "er");
    for words in [&["work"][..], &["watch", inbox.to_str().unwrap(), "--headless"]] {
        for connections in 1..5 {
            superuser.batch(&format!("ALTER ROLE station CONNECTION LIMIT {connections}"));
            let process = site.start("a", words, &["er"]);
            until("it has begun, or says why not", || process.count("error") + process.count("idle") > 0);
            superuser.batch("ALTER ROLE station CONNECTION LIMIT -1");
            until(&format!("it goes on after {connections}"), || process.count("idle") > 0);
        }
    }
}

#[test]
fn a_dashboard_says_how_old_its_list_is_while_its_server_is_away() {
    let Some(server) = Server::start() else { return };
    let site = Site::on(&server);
    let inbox = site.mount("a", "er");
    let watch = site.start("a", &["watch", inbox.to_str().unwrap(), "--headless"], &["er"]);
    site.films("er", 0..2);
    site.until_scored(2);
    let dashboard = site.start("b", &["watch", "--follow", "--plain"], &[]);
    until("it has the list", || dashboard.has_told("2 studies: "));
    server.stop("fast");
    let away = "The store does not answer: the list is as it was ";
    until("it says how old the list is", || dashboard.has_told(away));
    server.begin();
    until("it says that the server is back", || dashboard.has_told("fault is over"));
    site.films("er", 2..3);
    site.until_scored(3);
    until("it tells of what came since", || dashboard.has_told(", study 3"));
    drop(watch);
}

#[test]
fn clocks_that_differ_by_minutes_cost_no_film_and_no_effect_and_are_told_of() {
    let Some(library) = libfaketime() else { return };
    let Some(site) = Site::new() else { return };
    plugin(&site);
    let watch = |ahead: i64, host: &str| {
        let inbox = site.mount(host, "er");
        site.start_ahead(&library, ahead, host, &["watch", inbox.to_str().unwrap(), "--headless"])
    };
    let file = site.path("exports/studies.csv");
    let written = |studies: usize| {
        until("each study has its line", || lines(&file).len() >= studies);
        let mut written = lines(&file);
        written.sort();
        written.dedup();
        assert_eq!((lines(&file).len(), written.len()), (studies, studies));
    };
    let began = Timestamp::now();
    let behind = watch(-425, "behind");
    let ahead = site.start_ahead(&library, 605, "ahead", &["work"]);
    site.films("er", 0..12);
    site.until_scored(12);
    written(12);
    until("health tells of both clocks", || {
        let said = site.health("c", &[])["reasons"].to_string();
        said.contains("the clock of behind is 7 min") && said.contains("the clock of ahead is 10 min")
    });
    // Who takes over goes by the server's clock: neither too early nor minutes late.
    behind.signal("-KILL");
    let second = watch(300, "second");
    site.films("er", 12..20);
    site.until_scored(20);
    written(20);
    let events = site.store().events(0, 10_000).unwrap();
    let noted: Vec<Timestamp> =
        events.iter().filter(|event| event.kind == AuditKind::Plugin).map(|event| event.time).collect();
    let (first, last) =
        (began - SignedDuration::from_mins(1), Timestamp::now() + SignedDuration::from_mins(1));
    assert!(!noted.is_empty() && noted.iter().all(|time| (first..last).contains(time)), "{noted:?}");
    for host in [&ahead, &second] {
        assert!(host.has_said("the database server's"), "it says itself that its clock is wrong");
        assert!(!host.has_said("came late"), "no film was lost to a clock");
    }
}

#[test]
fn workers_that_score_differently_are_a_reason_not_to_be_ready() {
    let Some(site) = Site::new() else { return };
    let first = site.start("a", &["work"], &["er"]);
    until("it is ready", || site.health("c", &[])["ready"] == true);
    site.config_of("b", "[thresholds.starter.Effusion]\nalert = 0.2\n");
    let second = site.start("b", &["work"], &["er"]);
    let reasons = || site.health("c", &[])["reasons"].to_string();
    until("they are told apart", || reasons().contains("different thresholds"));
    drop((first, second));
}

#[test]
fn films_that_a_promoted_replica_never_heard_of_are_found_again_without_a_restart() {
    let Some(server) = Server::start() else { return };
    let site = Site::on(&server);
    let inbox = site.mount("a", "er");
    let watch = site.start("a", &["watch", inbox.to_str().unwrap(), "--headless"], &["er"]);
    site.films("er", 0..3);
    site.until_scored(3);
    server.keep_copy();
    site.films("er", 3..6);
    site.until_scored(6);
    server.fail_over();
    site.until_scored(6);
    drop(watch);
}

#[test]
fn a_duty_goes_to_the_host_that_has_more_inboxes_and_back_when_that_dies() {
    let Some(site) = Site::new() else { return };
    plugin(&site);
    let watch = |host: &str, inboxes: &[&str]| {
        let inbox = site.mount(host, "er");
        site.start(host, &["watch", inbox.to_str().unwrap(), "--headless"], inboxes)
    };
    let few = watch("few", &["er"]);
    until("the first has the duty", || has_duty(&site, "few", "plugins"));
    let more = watch("more", &["er", "icu"]);
    until("it goes to the one with more", || has_duty(&site, "more", "plugins"));
    assert!(has_duty(&site, "few", "studies"), "what needs no film stays");
    more.signal("-KILL");
    until("it comes back", || has_duty(&site, "few", "plugins"));
    drop(few);
}

#[test]
fn a_session_whose_key_was_removed_ends_in_time_although_the_server_does_not_answer() {
    let Some(server) = Server::start() else { return };
    let site = Site::on(&server);
    drop(site.store());
    let list = site.path("people.toml");
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMSHkbY1eAQRHQIZOwHvmP1QrObjJ05t7atVVCY6Jk+";
    let write = |text: &str| {
        let beside = list.with_extension("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::rename(&beside, &list).unwrap();
    };
    write(&format!("[ANNA]\nrole = \"view\"\nkeys = [\"{key}\"]\n"));
    site.config(&format!("[people]\nfile = \"{}\"\n", list.display()));
    let print = "SHA256:dbQyWIT0oLoHEyrnT1CI8WsAIpDP3BRRbULFG6f9bEs";
    let session = site.start("desk", &["watch", "--plain", "--as", "ANNA", "--key", print], &[]);
    until("she is in", || site.store().events(0, 10).unwrap().iter().any(|event| event.actor == "ANNA"));
    thread::sleep(Duration::from_secs(1));
    server.pause(true);
    write("");
    let begun = Instant::now();
    let end = session.end();
    let took = begun.elapsed();
    server.pause(false);
    assert_eq!(end, Some(1));
    assert!(took < Duration::from_secs(7), "{took:?}");
}

#[test]
fn what_waited_too_long_goes_by_the_database_servers_clock() {
    let Some(library) = libfaketime() else { return };
    let Some(site) = Site::new() else { return };
    site.config("max_wait = \"5m\"\n");
    site.films("er", 0..3);
    site.run("desk", &["enqueue", site.mount("desk", "er").to_str().unwrap()], &["er"]);
    // It has the duty, and its clock says that ten minutes have passed.
    let _ahead = site.start_ahead(&library, 600, "ahead", &["work"]);
    site.until_scored(3);
    until("each is complete", || site.store().studies_since(0).unwrap().iter().all(|row| row.complete));
    thread::sleep(Duration::from_secs(6));
    let rows = site.store().studies_since(0).unwrap();
    assert!(rows.iter().all(|row| row.promoted_at.is_none()), "{rows:?}");
}

#[test]
fn a_process_ends_when_a_newer_version_has_taken_the_store_over() {
    let Some(site) = Site::new() else { return };
    let worker = site.start("a", &["work"], &["er"]);
    until("it is at work", || site.health("c", &[])["ready"] == true);
    site.raw().batch("UPDATE store_format SET version = version + 1");
    assert_eq!(worker.end(), Some(1));
}
