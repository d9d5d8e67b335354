//! Every mistake gets a message that says what to do, and the exit code that scripts expect.

use std::fs;

use crate::cli::support::{Bench, text};

struct Case {
    what: &'static str,
    config: &'static str,
    arguments: &'static [&'static str],
    code: i32,
    says: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        what: "no inbox",
        config: "",
        arguments: &["watch", "nowhere", "--headless", "--once"],
        code: 2,
        says: &["nowhere", "create the folder"],
    },
    Case {
        what: "an inbox that is a file",
        config: "",
        arguments: &["watch", "config.toml", "--headless", "--once"],
        code: 2,
        says: &["config.toml", "not a folder"],
    },
    Case {
        what: "a store where no file can be",
        config: "",
        arguments: &["watch", "inbox", "--headless", "--once", "--store", "config.toml/store.db"],
        code: 1,
        says: &["config.toml/store.db", "--store"],
    },
    Case {
        what: "a store that is something else",
        config: "",
        arguments: &["watch", "inbox", "--headless", "--once", "--store", "no store.db"],
        code: 1,
        says: &["not a store of cxr-triage"],
    },
    Case {
        what: "a model that is not there",
        config: "",
        arguments: &["scan", "inbox", "--model", "nosuch"],
        code: 2,
        says: &["nosuch", "starter"],
    },
    Case {
        what: "a model whose name is a path",
        config: "",
        arguments: &["scan", "inbox", "--model", "../starter"],
        code: 2,
        says: &["../starter"],
    },
    Case {
        what: "a key that is not known",
        config: "[triage]\nmax_wiat = \"4h\"\n",
        arguments: &["config", "check"],
        code: 2,
        says: &["config.toml:2", "max_wiat", "max_wait"],
    },
    Case {
        what: "a threshold over 1",
        config: "[thresholds.starter.Pneumonia]\nalert = 1.4\n",
        arguments: &["config", "check"],
        code: 2,
        says: &["config.toml:2", "1.4"],
    },
    Case {
        what: "a label that the model does not have",
        config: "[thresholds.starter.Pneumonai]\nalert = 0.4\n",
        arguments: &["config", "check"],
        code: 2,
        says: &["Pneumonai", "Pneumonia"],
    },
    Case {
        what: "a configuration that is not there",
        config: "",
        arguments: &["config", "check", "--config", "nowhere.toml"],
        code: 2,
        says: &["nowhere.toml"],
    },
    Case {
        what: "a dashboard without a terminal",
        config: "",
        arguments: &["watch", "inbox"],
        code: 2,
        says: &["terminal", "--headless"],
    },
    Case { what: "a word that is no command's", config: "", arguments: &["scan"], code: 2, says: &["PATHS"] },
    Case {
        what: "a label that `show` cannot find",
        config: "",
        arguments: &["show", "inbox/a.png", "--label", "Pneumonai", "--out", "out.png"],
        code: 2,
        says: &["Pneumonai", "Pneumonia"],
    },
    Case {
        what: "a profile for the model within the program",
        config: "",
        arguments: &["weights", "profile", "starter", "--films", "inbox"],
        code: 2,
        says: &["starter", "--weights"],
    },
    Case {
        what: "a batch of a billion films",
        config: "",
        arguments: &["bench", "--batch", "1000000000"],
        code: 2,
        says: &["1000000000", "1..=256"],
    },
    Case {
        what: "a batch that no memory holds",
        config: "",
        arguments: &["bench", "--batch", "256", "--size", "2048"],
        code: 2,
        says: &["--batch 256", "1..=4"],
    },
    Case {
        what: "a billion threads",
        config: "",
        arguments: &["bench", "--threads", "1000000000"],
        code: 2,
        says: &["1..=1024"],
    },
    Case {
        what: "a trillion runs",
        config: "",
        arguments: &["bench", "--runs", "1000000000000"],
        code: 2,
        says: &["1..=100000"],
    },
    Case {
        what: "films as wide as a street",
        config: "",
        arguments: &["bench", "--size", "4000000000"],
        code: 2,
        says: &["32..=2048"],
    },
    Case {
        what: "a table of no studies",
        config: "",
        arguments: &["scan", "inbox", "--top", "0"],
        code: 2,
        says: &["--top", "1..="],
    },
    Case {
        what: "a film in a thousand years",
        config: "",
        arguments: &["demo", "--every", "9000000h"],
        code: 2,
        says: &["0s to 24h"],
    },
    Case {
        what: "an inbox that is looked through without a pause",
        config: "[inbox]\npoll = \"1ns\"\n",
        arguments: &["config", "check"],
        code: 2,
        says: &["config.toml:2", "too short", "50ms"],
    },
    Case {
        what: "a wait of a thousand years",
        config: "[triage]\nmax_wait = \"9000000h\"\n",
        arguments: &["config", "check"],
        code: 2,
        says: &["config.toml:2", "too long", "8784h"],
    },
    Case {
        what: "a film that is none",
        config: "",
        arguments: &["show", "config.toml"],
        code: 1,
        says: &["config.toml"],
    },
];

#[test]
fn mistakes_are_told_in_words_and_by_exit_code() {
    for case in CASES {
        let bench = Bench::new();
        bench.config(case.config);
        bench.film("a.png", 1);
        fs::write(bench.path("no store.db"), "something else entirely, and long enough to look at").unwrap();
        let mut arguments = case.arguments.to_vec();
        if !arguments.contains(&"--config") {
            arguments.extend(["--config", "config.toml"]);
        }
        let run = bench.run(&arguments);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(case.code), "{}: {said}", case.what);
        for word in case.says {
            assert!(said.contains(word), "{}: `{word}` is not in: {said}", case.what);
        }
        assert!(!said.contains("panicked"), "{}: {said}", case.what);
    }
}

/// The starter, copied out and damaged.
#[test]
fn damaged_models_are_refused_with_their_fault() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/starter/");
    let manifest = fs::read_to_string(format!("{source}model.toml")).unwrap();
    let weights = fs::read(format!("{source}model.safetensors")).unwrap();
    let renamed = manifest.replacen("name = \"starter\"", "name = \"mine\"", 1);
    assert_ne!(renamed, manifest, "the manifest names its model");
    let mut flipped = weights.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let cases: [(&str, String, Option<&[u8]>, &str); 3] = [
        ("one bit is wrong", renamed.clone(), Some(&flipped), "checksum"),
        ("the weights are missing", renamed.clone(), None, "model.safetensors"),
        ("the manifest is no TOML", "name = ".to_owned(), Some(&weights), "model.toml"),
    ];
    for (what, manifest, weights, says) in cases {
        let bench = Bench::new();
        let folder = bench.path("weights/mine");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.toml"), manifest).unwrap();
        if let Some(weights) = weights {
            fs::write(folder.join("model.safetensors"), weights).unwrap();
        }
        let run = bench.run(&["weights", "verify", "mine"]);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{what}: {said}");
        assert!(said.contains(says), "{what}: `{says}` is not in: {said}");
    }
}

#[test]
fn themes_that_inherit_in_a_ring_are_named_before_anything_is_shown() {
    let bench = Bench::new();
    let themes = bench.path("home/config/cxr-triage/themes");
    fs::create_dir_all(&themes).unwrap();
    for (name, parent) in [("dusk", "dawn"), ("dawn", "dusk")] {
        fs::write(themes.join(format!("{name}.toml")), format!("inherits = \"{parent}\"\n")).unwrap();
    }
    let output = bench.run(&["watch", "inbox", "--plain", "--theme", "dusk"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("in a ring") && said.contains("`dusk` inherits `dawn`"), "{said}");
}
