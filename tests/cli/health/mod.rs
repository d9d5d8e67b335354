//! `health` beside a running `watch`: faults are told within seconds, and are over when they are over.

mod faults;
mod hung;

use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use crate::cli::support::{Bench, is, text};

/// A fault is told within this time.
const IN_TIME: Duration = Duration::from_secs(15);

const CONFIG: &str = "[health]\nmin_free = \"off\"\n";
const ARGUMENTS: [&str; 4] = ["--store", "data/store.db", "--config", "config.toml"];

/// The answer of `health --json` now, and its exit code.
fn health(bench: &Bench) -> (Value, Option<i32>) {
    let mut arguments = vec!["health", "--json"];
    arguments.extend(ARGUMENTS);
    let output = bench.run(&arguments);
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr)));
    (said, output.status.code())
}

/// Asks until the checks at fault are these, and no others.
fn until(bench: &Bench, checks: &[&str]) -> Value {
    within(IN_TIME, bench, checks)
}

fn within(time: Duration, bench: &Bench, checks: &[&str]) -> Value {
    let begun = Instant::now();
    loop {
        let (said, code) = health(bench);
        let reasons = said["reasons"].as_array().unwrap().iter();
        let mut found: Vec<&str> = reasons.map(|reason| reason["check"].as_str().unwrap()).collect();
        found.dedup();
        if found == checks {
            assert_eq!(
                (code, &said["ready"]),
                (Some(i32::from(!checks.is_empty())), &Value::from(checks.is_empty()))
            );
            return said;
        }
        assert!(begun.elapsed() < time, "not {checks:?} in time, but {said:#}");
        // A process for each look: without a pause they keep a core busy that other tests wait for.
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn without_a_store_it_says_so_and_makes_nothing() {
    let bench = Bench::new();
    let output = bench.run(&["health", "--store", "data/store.db"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.starts_with("not ready\n") && said.contains("store: there is no store at"), "{said}");
    assert!(output.stderr.is_empty() && !bench.path("data").exists());
}

#[test]
fn a_broken_configuration_is_a_reason_like_others() {
    let bench = Bench::new();
    bench.config("[health]\nlongest_queue = 5\n");
    let (said, code) = health(&bench);
    assert_eq!(code, Some(1));
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("line 2"), "{said:#}");
}

#[test]
fn each_fault_is_told_in_time_and_is_over_when_it_is_over() {
    let bench = Bench::new();
    bench.config(CONFIG);
    bench.film("a.png", 1);
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "idle"));
    let ready = until(&bench, &[]);
    assert_eq!(ready["owner"]["model"], "starter");
    assert_eq!((&ready["store"]["queued"], &ready["owner"]["pid"]), (&0.into(), &watch.child.id().into()));
    assert!(!ready.to_string().contains("a.png"), "{ready:#}");

    fs::rename(bench.inbox(), bench.path("away")).unwrap();
    until(&bench, &["inbox"]);
    fs::rename(bench.path("away"), bench.inbox()).unwrap();
    until(&bench, &[]);

    // The process keeps its settings; whoever asks sees that the file is broken.
    bench.config("[health]\nmin_free = 7\n");
    until(&bench, &["configuration"]);
    bench.config("[health]\nmin_free = \"9000TiB\"\n");
    let full = until(&bench, &["disk"]);
    assert!(full["reasons"][0]["text"].as_str().unwrap().contains("are wanted"), "{full:#}");
    bench.config(CONFIG);
    until(&bench, &[]);

    let mut other = Connection::open(bench.store()).unwrap();
    let holding = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let (said, _) = health(&bench);
    assert!(said["reasons"][0]["text"].as_str().unwrap().contains("locked"), "{said:#}");
    holding.rollback().unwrap();
    until(&bench, &[]);

    let signal = |name: &str| {
        let pid = watch.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-STOP");
    until(&bench, &["owner"]);
    signal("-CONT");
    until(&bench, &[]);

    signal("-KILL");
    let _ = watch.child.wait();
    let gone = until(&bench, &["owner"]);
    assert!(gone["reasons"][0]["text"].as_str().unwrap().contains("no process runs"), "{gone:#}");
}

#[test]
fn a_silent_feed_and_a_plugin_that_fails_are_told() {
    let bench = Bench::new();
    let feed = "[feed_alarm]\nafter = \"4s\"\nhours = \"00:00-24:00\"\n\
                days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\n";
    let plugin = "[plugins]\nenabled = [\"broken\"]\n";
    bench.config(&format!("{CONFIG}{feed}{plugin}"));
    fs::create_dir(bench.path("plugins")).unwrap();
    fs::write(bench.path("plugins/broken.luau"), "return nonsense(").unwrap();
    let mut watch = bench.watch(&["--config", "config.toml"]);
    watch.until(|event| is(event, "idle"));
    until(&bench, &["feed", "plugins"]);
    fs::write(
        bench.path("plugins/broken.luau"),
        "return { api = 1, name = \"broken\", version = \"1\", on_film = function() return {} end }",
    )
    .unwrap();
    until(&bench, &["feed"]);
    bench.film("a.png", 1);
    until(&bench, &[]);
}

#[test]
fn a_model_whose_files_are_gone_is_told_before_the_next_start_fails() {
    let bench = Bench::new();
    bench.config(CONFIG);
    let starter = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/starter");
    let model = bench.path("weights/starter");
    fs::create_dir_all(&model).unwrap();
    for file in fs::read_dir(starter).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), model.join(file.file_name())).unwrap();
    }
    let mut watch = bench.watch(&["--config", "config.toml", "--weights", "weights", "--model", "starter"]);
    watch.until(|event| is(event, "idle"));
    until(&bench, &[]);
    fs::rename(model.join("model.safetensors"), model.join("elsewhere")).unwrap();
    until(&bench, &["model"]);
    fs::rename(model.join("elsewhere"), model.join("model.safetensors")).unwrap();
    until(&bench, &[]);
}
