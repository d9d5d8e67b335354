//! `similar`: the films of the store that are most like one.

use std::{fs, thread, time::Duration};

use serde_json::Value;

use crate::cli::support::{Bench, text};

fn similar(bench: &Bench, more: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["similar", "inbox/1.png", "--store", "data/store.db", "--json"];
    arguments.extend(more);
    let output = bench.run(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["similar"].as_array().unwrap().clone()
}

#[test]
fn films_that_were_scored_are_found_by_their_likeness_and_never_the_film_itself() {
    let bench = Bench::new();
    for seed in 1..=8 {
        bench.film(&format!("{seed}.png"), seed);
    }
    bench.watch(&["--once"]).rest();
    let found = similar(&bench, &[]);
    assert_eq!(found.len(), 5);
    let distances: Vec<f64> = found.iter().map(|film| film["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted() && distances[0] > 0.0 && distances[4] < 0.5, "{distances:?}");
    assert!(found.iter().all(|film| film["findings"].as_array().unwrap().len() == 14));
    assert_eq!(similar(&bench, &["--top", "9"]).len(), 7);
    // A film from elsewhere finds its copy in the store.
    fs::rename(bench.path("inbox/2.png"), bench.path("2.png")).unwrap();
    let table = text(&bench.run(&["similar", "2.png", "--store", "data/store.db", "--top", "1"]).stdout);
    assert!(table.starts_with("STUDY  FILM  DISTANCE  SEVERITY"), "{table}");
    assert_eq!(table.lines().count(), 2);
}

#[test]
fn without_a_store_features_or_a_film_it_says_what_to_do() {
    let bench = Bench::new();
    bench.film("1.png", 1);
    let says = |arguments: &[&str]| {
        let output = bench.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        text(&output.stderr)
    };
    let (film, store) = ("inbox/1.png", "data/store.db");
    assert!(says(&["similar", film, "--store", store]).contains("there is no store"));
    bench.config("[similar]\nkeep = false\n");
    let config = bench.path("config.toml");
    bench.watch(&["--once", "--config", config.to_str().unwrap()]).rest();
    assert!(says(&["similar", film, "--store", store]).contains("[similar] keep"));
    bench.film("2.png", 2);
    bench.watch(&["--once"]).rest();
    fs::write(bench.path("no film.png"), "no film").unwrap();
    assert!(says(&["similar", "no film.png", "--store", store]).contains("cannot be compared"));
}

#[test]
fn a_folder_that_is_a_study_is_not_named() {
    let bench = Bench::new();
    bench.config("[inbox]\nraster_study = \"folder\"\n");
    bench.film("DOE_JANE/1.png", 1);
    bench.film("ROE_RICHARD/2.png", 2);
    let config = bench.path("config.toml");
    bench.watch(&["--once", "--config", config.to_str().unwrap()]).rest();
    let arguments = ["similar", "inbox/DOE_JANE/1.png", "--store", "data/store.db", "--json"];
    let said = text(&bench.run(&arguments).stdout);
    let report: Value = serde_json::from_str(&said).unwrap();
    let [film] = &report["similar"].as_array().unwrap()[..] else { panic!("{said}") };
    assert!(film["study"].is_i64() && film["study_key"].is_null(), "{said}");
    assert!(!said.contains("ROE"), "{said}");
}

/// Films of a time before features were kept, and films of which a damaged file has lost them.
#[test]
fn what_the_file_lacks_is_filled_in_while_nothing_waits() {
    let bench = Bench::new();
    for seed in 1..=4 {
        bench.film(&format!("{seed}.png"), seed);
    }
    bench.config("[similar]\nkeep = false\n");
    let config = bench.path("config.toml");
    bench.watch(&["--once", "--config", config.to_str().unwrap()]).rest();
    let is_features = |name: &str| name.contains(".features-");
    let file = || {
        let names = fs::read_dir(bench.path("data")).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).find(|name| is_features(name))
    };
    assert_eq!(file(), None);
    let all_are_there = || {
        let mut watch = bench.watch(&[]);
        let filled = (0..600).any(|_| {
            thread::sleep(Duration::from_millis(100));
            file().is_some_and(|_| {
                let found = bench.run(&["similar", "inbox/1.png", "--store", "data/store.db", "--json"]);
                let report: Option<Value> = serde_json::from_slice(&found.stdout).ok();
                report.is_some_and(|it| it["similar"].as_array().unwrap().len() == 3)
            })
        });
        watch.child.kill().unwrap();
        filled
    };
    assert!(all_are_there());
    let place = bench.path("data").join(file().unwrap());
    let mut bytes = fs::read(&place).unwrap();
    // The first two vectors, behind the page and the heads.
    bytes[4096 + 24 * 256..][..4096].fill(0x11);
    fs::write(&place, bytes).unwrap();
    assert!(all_are_there());
}
