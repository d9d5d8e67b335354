//! Mistakes are told before anything is scored.

use std::fs;

use super::{SET, labelled};
use crate::cli::support::text;

/// Arguments after `SET`, or instead of it if they begin with `evaluate`; exit code; what is said.
const MISTAKES: &[(&str, &[&str], i32, &[&str])] = &[
    ("no labels", &["evaluate", "--films", "inbox"], 2, &["--labels"]),
    ("labels that are not there", &["evaluate", "--films", "inbox", "--labels", "no.csv"], 2, &["no.csv"]),
    (
        "labels of other films",
        &["evaluate", "--films", "inbox/set", "--labels", "others.csv"],
        2,
        &["none of the 8 films", "named in others.csv"],
    ),
    (
        "a folder without films",
        &["evaluate", "--films", "home", "--labels", "labels.csv"],
        2,
        &["home", "no films"],
    ),
    (
        "a folder that is none",
        &["evaluate", "--films", "nowhere", "--labels", "labels.csv"],
        2,
        &["nowhere", "not a folder"],
    ),
    (
        "findings of another model",
        &["evaluate", "--films", "inbox/set", "--labels", "unknown.csv"],
        2,
        &["Scoliosis", "Pneumonia"],
    ),
    (
        "a cell that is no answer",
        &["evaluate", "--films", "inbox/set", "--labels", "cell.csv"],
        2,
        &["line 3", "perhaps"],
    ),
    (
        "a file that is no table",
        &["evaluate", "--films", "inbox/set", "--labels", "inbox/set/1.png"],
        2,
        &["1.png"],
    ),
    ("a split that is not there", &["--split", "test"], 2, &["`test`", "there are `val`"]),
    (
        "a split without a column for it",
        &["evaluate", "--films", "inbox/set", "--labels", "others.csv", "--split", "a"],
        2,
        &["no column `Split`"],
    ),
    ("a model that can be had", &["--model", "xrv-all"], 2, &["weights pull xrv-all", "weights import FILE"]),
    ("patients in both sets", &["--against", "against.csv"], 1, &["1 of the 5 patients", "against.csv"]),
    ("against nobody knows whom", &["--against", "others.csv"], 2, &["others.csv", "PatientId"]),
    ("boxes of other films", &["--boxes", "boxes.csv"], 2, &["boxes.csv", "none of its films"]),
    ("boxes that are none", &["--boxes", "labels.csv"], 2, &["labels.csv", "line 2"]),
    ("a column that is not there", &["--by", "Scanner"], 2, &["`Scanner`", "`PatientId`"]),
    ("a prevalence of no label", &["--prevalence", "Pneumonai=0.1"], 2, &["`Pneumonai`", "`Pneumonia`"]),
    ("a prevalence in percent", &["--prevalence", "2"], 2, &["0.02"]),
    ("a model against itself", &["--compare", "starter"], 2, &["name another one"]),
    ("a goal that is none", &["--calibrate", "auc=1"], 2, &["sensitivity=0.95"]),
    ("alarms of how many films", &["--calibrate", "alarms-per-day=5"], 2, &["--films-per-day"]),
    ("write without a goal", &["--write"], 2, &["--calibrate"]),
    ("a folder that cannot be", &["--out", "labels.csv/report"], 1, &["labels.csv/report"]),
];

#[test]
fn mistakes_are_told_before_anything_is_scored() {
    let bench = labelled();
    fs::create_dir_all(bench.path("home")).unwrap();
    fs::write(bench.path("others.csv"), "Image,Pneumonia\nother.png,1\n").unwrap();
    fs::write(bench.path("unknown.csv"), "Image,Scoliosis\n1.png,1\n").unwrap();
    fs::write(bench.path("cell.csv"), "Image,Pneumonia\n1.png,1\n2.png,perhaps\n").unwrap();
    fs::write(bench.path("against.csv"), "Image,Pneumonia,PatientId\nx.png,1,0003\n").unwrap();
    fs::write(bench.path("boxes.csv"), "Image,Label,X,Y,W,H\nother.png,Pneumonia,1,1,5,5\n").unwrap();
    for (what, arguments, code, says) in MISTAKES {
        let arguments =
            if arguments[0] == "evaluate" { arguments.to_vec() } else { [&SET[..], arguments].concat() };
        let run = bench.run(&arguments);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(*code), "{what}: {said}");
        for word in *says {
            assert!(said.contains(word), "{what}: `{word}` is not in: {said}");
        }
        assert!(run.stdout.is_empty() && !said.contains("panicked"), "{what}: {said}");
    }
}
