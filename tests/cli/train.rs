//! `train`: labelled films in, a model out that is used like any other; mistakes told before anything is read.

use std::fs;

use serde_json::Value;

use crate::cli::support::{Bench, interrupted, text};

/// Sixty drawn films of thirty patients: `Wide` is how far apart their ribs are, which can be seen; `Rare` is on too few.
fn labelled() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.path("models")).unwrap();
    let mut rows = String::from("Image,Wide,Odd,Rare,PatientId,Split,Site\n");
    for n in 0..60_u32 {
        bench.film(&format!("set/{n}.png"), n);
        let (wide, odd) =
            (u32::from(n % 5 >= 3), if n % 7 == 0 { "" } else { ["0", "1"][n as usize / 3 % 2] });
        let split = ["val", "train", "test"][(n / 2 % 9).min(2) as usize].to_owned();
        let split = if n / 2 % 9 > 2 { "train".to_owned() } else { split };
        let rare = u32::from(n < 12);
        rows.push_str(&format!("{n}.png,{wide},{odd},{rare},{},{split},{}\n", n / 2, n / 2 % 3));
    }
    fs::write(bench.path("labels.csv"), rows).unwrap();
    bench
}

const SET: [&str; 11] = [
    "train",
    "--films",
    "inbox/set",
    "--labels",
    "labels.csv",
    "--from",
    "starter",
    "--name",
    "ours",
    "--weights",
    "models",
];

fn train(bench: &Bench, more: &[&str]) -> (Option<i32>, String, String) {
    let run = bench.run(&[&SET, more].concat());
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

fn manifest(bench: &Bench) -> toml::Table {
    fs::read_to_string(bench.path("models/ours/model.toml")).unwrap().parse().unwrap()
}

#[test]
fn a_model_is_trained_used_compared_and_trained_again_at_once() {
    let bench = labelled();
    fs::write(bench.inbox().join("set/0.png"), b"\x89PNG\r\n\x1a\n half a film").unwrap();
    // Folds of sites: nothing is left alone.
    let (code, stdout, stderr) = train(&bench, &["--split-column", "Site", "--goal", "specificity=0.9"]);
    assert_eq!(code, Some(0), "{stderr}");
    for says in [
        "trained on 59 films of 30 patients, folds by column Site",
        "1 films would be held and are left out: 0.png",
        "1 labels are left out, which need 10 patients with their finding and as many without: Rare (6 patients with it",
        "that of the model to begin with stays",
    ] {
        assert!(stdout.contains(says), "`{says}` is not in: {stdout}");
    }
    let model = manifest(&bench);
    let labels = model["labels"].as_array().unwrap();
    let names: Vec<&str> = labels.iter().map(|label| label["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Wide", "Odd"]);
    assert!(labels[0]["auc"].as_float().unwrap() > 0.95, "what can be seen is learned: {labels:?}");
    assert_eq!(labels[0]["films"].as_integer(), Some(59));
    let run = &model["training"]["run"];
    assert_eq!((run["films"].as_integer(), run["from"].as_str()), (Some(59), Some("starter")));
    assert!(run["options"].as_str().unwrap().contains("specificity=0.9"), "{run}");

    let before = fs::read(bench.path("models/ours/model.safetensors")).unwrap();
    let (code, stdout, stderr) = train(&bench, &["--split-column", "Site", "--goal", "specificity=0.9"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("60 films were seen by an earlier run"), "{stdout}");
    assert_eq!(fs::read(bench.path("models/ours/model.safetensors")).unwrap(), before);
    assert_eq!(manifest(&bench), model);

    let scanned = bench.run(&["scan", "inbox/set/4.png", "--json", "--model", "ours", "--weights", "models"]);
    let study: Value = serde_json::from_str(&text(&scanned.stdout)).unwrap();
    assert!(study.to_string().contains("\"Wide\""), "{study}");
    let set = ["evaluate", "--films", "inbox/set", "--labels", "labels.csv", "--weights", "models", "--json"];
    let report = bench.run(&[&set[..], &["--model", "ours"]].concat());
    let report: Value = serde_json::from_str(&text(&report.stdout)).unwrap();
    let says = "60 of the films are of a training split";
    assert!(report["notes"].to_string().contains(says), "the new model knows its films: {}", report["notes"]);
    let verified = bench.run(&["weights", "verify", "ours", "--weights", "models"]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
}

#[test]
fn a_split_of_the_label_file_is_kept_to() {
    let bench = labelled();
    let (code, stdout, stderr) = train(&bench, &["--only", "wide"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("films are left alone, as column `Split` says of them: `test`"), "{stdout}");
    let model = manifest(&bench);
    let rows = fs::read_to_string(bench.path("labels.csv")).unwrap();
    let of = |split: &str| rows.lines().filter(|row| row.contains(&format!(",{split},"))).count() as i64;
    assert_eq!(model["training"]["run"]["films"].as_integer(), Some(of("train")));
    assert_eq!(model["labels"][0]["films"].as_integer(), Some(of("val")));
    assert_eq!(model["training"]["splits"].as_array().unwrap().len(), 0, "`train` needs no naming");
    assert_eq!(model["labels"].as_array().unwrap().len(), 1);
}

/// One epoch of the last block, after which its state is gone and the model is there; then one with batch norm.
#[test]
fn a_block_is_trained_and_used() {
    let bench = labelled();
    let block = ["--only", "Wide", "--depth", "block4", "--epochs", "1"];
    for (more, says) in [
        (&[][..], "block4, best after epoch"),
        (&["--batch-norm", "trained"][..], "block4 with batch norm's statistics, best after epoch"),
    ] {
        let (code, stdout, stderr) = train(&bench, &[&block, more].concat());
        assert_eq!(code, Some(0), "{stderr}");
        let model = manifest(&bench);
        let options = model["training"]["run"]["options"].as_str().unwrap();
        assert!(options.starts_with(says), "{options}: {stdout}");
    }
    let model = manifest(&bench);
    assert!(model["evaluated"]["also_used_for"].as_str().unwrap().contains("chose the epoch"));
    let states = fs::read_dir(bench.path("home/.cache/cxr-triage/training")).unwrap();
    assert_eq!(states.count(), 0, "of no use any more");
    let scanned = bench.run(&["scan", "inbox/set", "--json", "--model", "ours", "--weights", "models"]);
    assert!(scanned.status.success(), "{}", text(&scanned.stderr));
}

#[test]
fn ctrl_c_loses_nothing_that_was_read() {
    let bench = labelled();
    let cache = bench.path("home/.cache/cxr-triage/features");
    let cached = || {
        let files = fs::read_dir(&cache).into_iter().flatten().filter_map(Result::ok);
        files.map(|file| fs::read_to_string(file.path()).unwrap_or_default().lines().count()).sum::<usize>()
    };
    let mut command = bench.command(&[&SET[..], &["--only", "Wide"]].concat());
    let stopped = interrupted(&mut command, || cached() > 0);
    let said = text(&stopped.stderr);
    assert_eq!(stopped.status.code(), Some(130), "{said}");
    assert!(said.contains("is in the cache; the same command goes on from there"), "{said}");
    assert!(!bench.path("models/ours").exists(), "no half of a model");
    let done = cached();
    let (code, stdout, stderr) = train(&bench, &["--only", "Wide"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains(&format!("{done} films were seen by an earlier run")), "{done}: {stdout}");
    // Its owner alone reads what was seen, and no path is in it.
    let file = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o077,
        0
    );
    assert!(!fs::read_to_string(&file).unwrap().contains(".png"));
}

/// Each with its exit code, what it says, and nothing trained.
#[test]
fn mistakes_are_told_and_nothing_is_trained() {
    let bench = labelled();
    fs::create_dir_all(bench.path("models/taken")).unwrap();
    let rows = fs::read_to_string(bench.path("labels.csv")).unwrap();
    fs::write(bench.path("leak.csv"), rows.replacen(",0,val,", ",0,train,", 1)).unwrap();
    fs::write(bench.path("test.csv"), "Image,Wide,PatientId\nelsewhere.png,1,00003\n").unwrap();
    fs::write(bench.path("few.csv"), "Image,Wide,PatientId\n1.png,1,1\n2.png,0,2\n").unwrap();
    fs::write(bench.path("words.csv"), "Image,View,PatientId\n1.png,PA,1\n").unwrap();
    let cases: [(&[&str], i32, &str); 11] = [
        (&["--labels", "leak.csv"], 2, "1 patients have films in more than one part of the column `Split`"),
        (&["--against", "test.csv"], 1, "1 of the 26 patients"),
        (&["--labels", "few.csv"], 2, "Wide (1 patients with it, 1 without)"),
        (&["--labels", "words.csv"], 2, "no column says of films whether a finding is there"),
        (&["--batch-norm", "trained"], 2, "add --depth block4"),
        (&["--only", "Wyde"], 2, "did you mean `Wide`?"),
        (&["--split-column", "Sight"], 2, "it has no column `Sight`"),
        (&["--split-column", "PatientId"], 2, "the column `PatientId` has"),
        (&["--from", "nobody"], 2, "there is no model 'nobody'"),
        (&["--name", "taken"], 2, "was not made by `train`"),
        (&["--name", "starter"], 2, "is the model that it begins with"),
    ];
    for (more, wanted, says) in cases {
        // Of an option that stands there twice clap would say so.
        let mut arguments: Vec<&str> = SET.to_vec();
        for pair in more.chunks(2) {
            match arguments.iter().position(|word| *word == pair[0]) {
                Some(place) => arguments[place + 1] = pair[1],
                None => arguments.extend(pair),
            }
        }
        let run = bench.run(&arguments);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(wanted), "{more:?}: {said}");
        assert!(said.contains(says), "{more:?}: `{says}` is not in: {said}");
        assert!(!bench.path("models/ours").exists(), "{more:?}");
    }
}
