//! A service's work beside scoring: it tells the service manager and Prometheus how it goes, keeps to its retention, and
//! can be backed up.

use std::{fs, os::unix::net::UnixDatagram, time::Duration};

use cxr_triage::{
    store::{Status, Store},
    text::unnamed,
};
use jiff::Timestamp;

use crate::cli::support::{Bench, is, text};

#[test]
fn a_service_says_that_it_is_ready_lives_and_stops() {
    let bench = Bench::new();
    let socket = bench.path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut child = bench
        .command(&["watch", "inbox", "--headless", "--store", "data/store.db"])
        .env("NOTIFY_SOCKET", &socket)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let until = |wanted: &str| {
        let mut bytes = [0; 512];
        loop {
            let length = manager.recv(&mut bytes).unwrap_or_else(|error| panic!("no {wanted}: {error}"));
            if text(&bytes[..length]).starts_with(wanted) {
                return;
            }
        }
    };
    until("READY=1");
    until("WATCHDOG=1");
    until("WATCHDOG=1");
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    until("STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_metrics_lie_whole_in_their_file_for_everybody_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.config("[metrics]\ntextfile = \"cxr-triage.prom\"\n");
    bench.film("a.png", 1);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "scored"));
    let page = bench.path("cxr-triage.prom");
    let (watcher, changes) = std::sync::mpsc::channel();
    let mut seen =
        notify::recommended_watcher(move |_: notify::Result<notify::Event>| _ = watcher.send(())).unwrap();
    notify::Watcher::watch(&mut seen, page.parent().unwrap(), notify::RecursiveMode::NonRecursive).unwrap();
    while !page.exists() {
        changes.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    let written = fs::read_to_string(&page).unwrap();
    assert!(written.contains("cxr_triage_films_total{outcome=\"scored\",reason=\"\"} 1"), "{written}");
    assert!(!written.contains("a.png"), "{written}");
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o644);
}

#[test]
fn retention_says_first_and_deletes_then_what_is_done_alone() {
    let bench = Bench::new();
    let (done, open) = (bench.film("done.png", 1), bench.film("open.png", 2));
    bench.config("[retention]\nfolders = [\"inbox\"]\nfilms = \"1d\"\nresults = \"1d\"\n");
    assert_eq!(bench.watch(&["--once"]).rest().1, Some(0));
    let mut store = Store::open(bench.store()).unwrap();
    let studies = store.studies_since(0).unwrap();
    let study = studies.iter().find(|study| study.file_name.ends_with("done.png")).unwrap();
    let long_ago = Timestamp::now() - jiff::SignedDuration::from_hours(30);
    store.set_status(study.id, Status::Done, "anna", long_ago).unwrap();
    drop(store);

    let retention = |more: &[&str]| {
        let arguments = ["retention", "--store", "data/store.db", "--config", "config.toml"];
        let output = bench.run(&[&arguments, more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let said = retention(&["--dry-run"]);
    // What a timer runs becomes somebody's mail: no path, which may hold a name, but its hash.
    let line = format!("film {}: its study was done 1 d 6 h ago", unnamed(&done));
    assert!(said.contains(&line) && said.matches("film file:").count() == 1, "{said}");
    assert!(!said.contains(".png"), "{said}");
    assert!(done.exists());
    let said = retention(&[]);
    assert!(said.contains("1 films and the patients' data of 1 studies are gone"), "{said}");
    assert!(!done.exists() && open.exists());
    assert!(retention(&[]).starts_with("0 films"), "there is nothing left to do");

    // The next start finds nothing amiss.
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(
        (code, events.iter().filter(|event| is(event, "arrived")).count()),
        (Some(0), 0),
        "{events:#?}"
    );
}

#[test]
fn a_backup_is_taken_beside_a_running_service_and_put_back() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    let mut watch = bench.watch(&[]);
    watch.until(|event| is(event, "idle"));
    let output = bench.run(&["store", "backup", "backup.db", "--store", "data/store.db"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    drop(watch);

    let again = bench.run(&["store", "backup", "backup.db", "--store", "data/store.db"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("something of that name already"), "{}", text(&again.stderr));

    fs::remove_dir_all(bench.path("data")).unwrap();
    fs::create_dir(bench.path("data")).unwrap();
    fs::rename(bench.path("backup.db"), bench.store()).unwrap();
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!(
        (code, events.iter().filter(|event| is(event, "scored")).count()),
        (Some(0), 0),
        "{events:#?}"
    );
    assert_eq!(Store::open(bench.store()).unwrap().counts().unwrap().scored_films, 1);
}
