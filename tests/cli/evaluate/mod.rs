//! `evaluate`: a labelled set in, a report out; scores kept; mistakes told before anything is scored.

mod label_files;
mod mistakes;

use std::fs;

use serde_json::Value;

use crate::cli::support::{Bench, films, interrupted, text};

/// Eight drawn films, every second one labelled with Pneumonia; the last row names a film that is not there.
fn labelled() -> Bench {
    let bench = Bench::new();
    let mut rows = String::from("Image,Pneumonia,Effusion,Hernia,Pnuemothorax,PatientId,Split\n");
    for n in 0..8 {
        bench.film(&format!("set/{n}.png"), n);
        rows.push_str(&format!("{n}.png,{},{},0,1,{},val\n", n % 2, if n < 4 { "" } else { "1" }, n / 2));
    }
    rows.push_str("gone.png,1,0,0,0,9,val\n");
    fs::write(bench.path("labels.csv"), rows).unwrap();
    bench
}

const SET: [&str; 5] = ["evaluate", "--films", "inbox/set", "--labels", "labels.csv"];

fn evaluate(bench: &Bench, more: &[&str]) -> (Option<i32>, String, String) {
    let run = bench.run(&[&SET, more].concat());
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

fn report(bench: &Bench, more: &[&str]) -> Value {
    let (code, stdout, stderr) = evaluate(bench, &[&["--json"], more].concat());
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

fn label<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["labels"].as_array().unwrap().iter().find(|label| label["label"] == name).unwrap()
}

#[test]
fn a_set_becomes_a_table_curves_and_a_folder() {
    let bench = labelled();
    let (code, stdout, stderr) = evaluate(&bench, &["--out", "report"]);
    assert_eq!(code, Some(0), "{stderr}");
    for says in [
        "8 films of 4 patients in the figures",
        "no label `Pnuemothorax`: left out; did you mean `Pneumothorax`?",
        "1 films of the label file are not in the folder: gone.png",
        "all 8 films are without it: undefined",
        "no film is labelled for it",
        "1 - specificity",
        "report.html",
    ] {
        assert!(stdout.contains(says), "`{says}` is not in: {stdout}");
    }
    for name in ["roc", "precision-recall", "reliability", "heatmaps"] {
        assert!(bench.path(&format!("report/{name}.svg")).is_file(), "{name}.svg");
    }
    let html = fs::read_to_string(bench.path("report/report.html")).unwrap();
    assert!(html.contains("Pneumonia") && html.contains("<svg"), "the report holds its plots");
    for outside in ["src=\"", "href=\"http", "url("] {
        assert!(!html.contains(outside), "the report needs nothing else, but holds {outside}");
    }
    let json: Value = serde_json::from_slice(&fs::read(bench.path("report/report.json")).unwrap()).unwrap();
    let pneumonia = label(&json, "Pneumonia");
    assert_eq!((&pneumonia["positives"], &pneumonia["negatives"]), (&4.into(), &4.into()));
    assert!(pneumonia["auc"]["value"].is_f64() && label(&json, "Hernia")["auc"].is_null());
    assert_eq!(label(&json, "Effusion")["not_labelled"], 4);
}

#[test]
fn unchanged_films_are_not_scored_again() {
    let bench = labelled();
    let first = report(&bench, &["--out", "report"]);
    bench.film("set/3.png", 99);
    let second = report(&bench, &["--out", "report"]);
    let note = "the scores of 7 unchanged films are those of an earlier run";
    assert!(second["notes"].as_array().unwrap().iter().any(|found| found == note), "{}", second["notes"]);
    bench.film("set/3.png", 3);
    let third = report(&bench, &["--out", "report"]);
    assert_eq!(third["labels"], first["labels"], "the same films give the same figures");
    let elsewhere = report(&bench, &[]);
    assert_eq!(elsewhere["labels"], first["labels"], "kept scores are what would be computed");
}

#[test]
fn ctrl_c_keeps_what_is_done() {
    let bench = labelled();
    for n in 8..32 {
        bench.film(&format!("set/{n}.png"), n);
    }
    let rows: String = (0..32).map(|n| format!("{n}.png,{}\n", n % 2)).collect();
    fs::write(bench.path("labels.csv"), format!("Image,Pneumonia\n{rows}")).unwrap();
    let kept = || {
        let files = fs::read_dir(bench.path("report")).into_iter().flatten().filter_map(Result::ok);
        let lines = |path: std::path::PathBuf| fs::read_to_string(path).unwrap_or_default().lines().count();
        files.map(|file| lines(file.path())).sum::<usize>()
    };
    let mut command = bench.command(&[&SET[..], &["--out", "report"]].concat());
    let stopped = interrupted(&mut command, || kept() > 0);
    let said = text(&stopped.stderr);
    assert_eq!(stopped.status.code(), Some(130), "{said}");
    assert!(
        said.contains("of 32 films are done and kept in") && said.contains("goes on from there"),
        "{said}"
    );
    let done = kept();
    let all = report(&bench, &["--out", "report"]);
    assert_eq!(all["set"]["scored"], 32);
    let note = format!("the scores of {done} unchanged films");
    let found = all["notes"].as_array().unwrap().iter().any(|n| n.as_str().unwrap().starts_with(&note));
    assert!(found, "{note}: {}", all["notes"]);
}

#[test]
fn films_of_a_training_split_are_said_to_be_so() {
    let bench = labelled();
    let labels = fs::read_to_string(bench.path("labels.csv")).unwrap();
    fs::write(bench.path("labels.csv"), labels.replace(",0,val", ",0,train")).unwrap();
    let says = |more: &[&str]| report(&bench, more)["notes"].to_string();
    let all = says(&[]);
    assert!(all.contains("2 of the films are of a training split") && all.contains("--split val"), "{all}");
    let val = says(&["--split", "val"]);
    assert!(!val.contains("training split"), "{val}");
    let train = says(&["--split", "train"]);
    assert!(train.contains("training split") && !train.contains("leaves them out"), "{train}");

    bench.config("# the site's\n");
    let before = fs::read_to_string(bench.path("config.toml")).unwrap();
    let write = ["--config", "config.toml", "--calibrate", "youden", "--write"];
    let (code, stdout, said) = evaluate(&bench, &write);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{said}");
    assert!(
        said.contains("2 of the films are of a training split") && said.contains("none are written"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(bench.path("config.toml")).unwrap(), before);
}

/// Groups, patients and predictive values are in tables and JSON alike, and the page says the same.
#[test]
fn groups_and_prevalence_are_told() {
    let bench = labelled();
    let more = ["--by", "split, PatientId", "--prevalence", "0.02,Effusion=0.5", "--out", "report"];
    let json = report(&bench, &more);
    assert_eq!(json["intervals"]["by"], "patient");
    let pneumonia = label(&json, "Pneumonia");
    assert_eq!(pneumonia["patients"], serde_json::json!({ "with": 4, "without": 4 }));
    assert_eq!(pneumonia["predictive"]["prevalence"], 0.02);
    assert_eq!(
        label(&json, "Effusion")["predictive"],
        Value::Null,
        "a label of one class has no specificity"
    );
    let groups: Vec<&Value> = json["groups"].as_array().unwrap().iter().collect();
    assert_eq!((&groups[0]["column"], &groups[1]["column"]), (&"Split".into(), &"PatientId".into()));
    let val = &groups[0]["labels"][0]["groups"][0];
    assert_eq!((&val["group"], &val["films"], &val["patients"]), (&"val".into(), &8.into(), &4.into()));
    assert_eq!(groups[1]["labels"][0]["groups"].as_array().unwrap().len(), 4);

    let (code, stdout, stderr) = evaluate(&bench, &more);
    assert_eq!(code, Some(0), "{stderr}");
    for says in [
        "4 of 4",
        "Intervals: by patient",
        "By Split:",
        "By PatientId:",
        "PPV [95 %]",
        "Mean AUC of 1 labels",
    ] {
        assert!(stdout.contains(says), "`{says}` is not in: {stdout}");
    }
    let html = fs::read_to_string(bench.path("report/report.html")).unwrap();
    for says in ["By Split", "What an alert means", "draws of patients"] {
        assert!(html.contains(says), "`{says}` is not in the page");
    }
}

/// The starter against itself under another name.
#[test]
fn a_model_is_compared_with_its_twin() {
    let bench = labelled();
    let starter = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/starter");
    let twin = bench.path("weights/twin");
    fs::create_dir_all(&twin).unwrap();
    for file in ["model.safetensors", "profile.safetensors"] {
        fs::copy(starter.join(file), twin.join(file)).unwrap();
    }
    let manifest = fs::read_to_string(starter.join("model.toml")).unwrap();
    // Another alert threshold in place of the two of Pneumonia.
    let (before, after) = manifest.split_once("name = \"Pneumonia\"\n").unwrap();
    let after = after.splitn(3, '\n').nth(2).unwrap();
    let manifest = format!("{before}name = \"Pneumonia\"\nalert = 0.9999\n{after}");
    fs::write(twin.join("model.toml"), manifest.replace("name = \"starter\"", "name = \"twin\"")).unwrap();
    let more = ["--weights", "weights", "--model", "starter", "--compare", "twin"];
    let json = report(&bench, &more);
    let found = &json["comparison"];
    assert_eq!(
        (&found["model"]["name"], &found["films"], &found["patients"]),
        (&"twin".into(), &8.into(), &4.into())
    );
    let labels = found["labels"].as_array().unwrap();
    let pneumonia = labels.iter().find(|label| label["label"] == "Pneumonia").unwrap();
    assert_eq!((&pneumonia["delong"]["difference"], &pneumonia["delong"]["p"]), (&0.0.into(), &1.0.into()));
    assert_eq!(pneumonia["first"]["auc"], pneumonia["second"]["auc"]);
    assert_eq!(pneumonia["second"]["at_threshold"]["threshold"], 0.9999);
    let (_, stdout, _) = evaluate(&bench, &more);
    assert!(stdout.contains("starter and twin on the same 8 films of 4 patients"), "{stdout}");
}

#[test]
fn held_films_are_apart_unless_asked_for() {
    let bench = labelled();
    // All black: the gate for blank films holds it.
    image::GrayImage::new(300, 300).save(bench.path("inbox/set/2.png")).unwrap();
    let usual = report(&bench, &["--out", "report"]);
    assert_eq!(usual["set"]["scored"], 7);
    assert_eq!(usual["held"][0]["film"], "2.png");
    let all = report(&bench, &["--out", "report", "--score-held"]);
    assert_eq!(all["set"]["scored"], 8);
    assert_eq!(all["held"][0]["film"], "2.png", "and is named all the same");
}

#[test]
fn a_copy_of_a_film_counts_once() {
    let bench = labelled();
    fs::copy(bench.path("inbox/set/1.png"), bench.path("inbox/set/3.png")).unwrap();
    let found = report(&bench, &[]);
    assert_eq!(found["set"]["scored"], 7);
    assert!(found["notes"].to_string().contains("1 films are copies of others and count once: 3.png"));
}

#[test]
fn thresholds_are_written_with_comments_kept() {
    let bench = labelled();
    let mut rows = String::from("Image,Pneumonia\n");
    for n in 0..24 {
        bench.film(&format!("set/{n}.png"), n);
        rows.push_str(&format!("{n}.png,{}\n", n % 2));
    }
    fs::write(bench.path("labels.csv"), rows).unwrap();
    bench.config("# the site's\n[thresholds.starter.Pneumonia] # lungs\nrank = true # always\n");
    let calibrate = ["--config", "config.toml", "--out", "report", "--calibrate", "sensitivity=0.9"];
    let before = fs::read_to_string(bench.path("config.toml")).unwrap();
    let (code, stdout, _) = evaluate(&bench, &calibrate);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("PROPOSED") && stdout.contains("no film is labelled for it"), "{stdout}");
    assert_eq!(fs::read_to_string(bench.path("config.toml")).unwrap(), before, "proposed, not written");
    let (code, stdout, stderr) = evaluate(&bench, &[&calibrate[..], &["--write"]].concat());
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("written: 1 thresholds of starter"), "{stdout}");
    let after = fs::read_to_string(bench.path("config.toml")).unwrap();
    for kept in
        ["# the site's", "# lungs", "rank = true # always", "inverted = \"off\"", "alert = 0.", "for = \""]
    {
        assert!(after.contains(kept), "`{kept}` is not in: {after}");
    }
    let found = report(&bench, &["--config", "config.toml", "--out", "report"]);
    let sensitivity = label(&found, "Pneumonia")["at_threshold"]["sensitivity"]["value"].as_f64().unwrap();
    assert!(sensitivity >= 0.9, "{sensitivity}");
}

#[test]
fn real_films_with_their_boxes() {
    let Some(nih) = films("nih") else { return };
    let bench = Bench::as_shipped();
    let nih = nih.to_str().unwrap();
    let (labels, boxes) = (format!("{nih}/labels.csv"), format!("{nih}/boxes.csv"));
    let set =
        ["evaluate", "--films", nih, "--labels", &labels, "--boxes", &boxes, "--out", "report", "--json"];
    let run = bench.run(&set);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let found: Value = serde_json::from_slice(&run.stdout).unwrap();
    let auc = label(&found, "Pneumonia")["auc"]["value"].as_f64().unwrap();
    assert!(auc > 0.75, "{auc}");
    let met = found["localisation"].as_array().unwrap();
    assert_eq!(met.last().unwrap()["label"], "all");
    assert_eq!(met.last().unwrap()["films"], 24);
    for row in met {
        let share = row["box_share"].as_f64().unwrap();
        assert!((0.005..0.5).contains(&share), "boxes lie on their films: {row}");
    }
}
