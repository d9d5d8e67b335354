//! An evaluation through the library, with made-up scores: from a label file to intervals by patient, warnings,
//! thresholds and groups of films. No model runs.

use std::{collections::HashMap, fs, path::Path};

use cxr_triage::evaluate::{
    Case, Column, Goal, LabelInfo, Whose, by_column,
    labels::{Blank, LabelSet, TruthChoice, Uncertain, patient_key, read},
    measure, propose, without_finding,
};

const LABELS: [&str; 2] = ["Pneumonia", "Effusion"];

fn infos() -> Vec<LabelInfo> {
    let info = |name: &&str| LabelInfo {
        name: (*name).to_owned(),
        alert: 0.5,
        critical: 0.8,
        validated: true,
        rank: true,
        published: None,
        prevalence: None,
    };
    LABELS.iter().map(info).collect()
}

/// An even number from 0 to 1 that a text stands for, the same in every run.
fn even(text: &str) -> f32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as f32 / (1_u32 << 24) as f32
}

/// The films of a label file with these scores, by patient.
fn cases<'a>(set: &LabelSet, scores: &'a [[f32; 2]]) -> Vec<Case<'a>> {
    let mut numbers = HashMap::new();
    let case = |(row, scores): (&cxr_triage::evaluate::labels::Row, &'a [f32; 2])| {
        let next = numbers.len();
        let patient = patient_key(row.patient.as_deref().unwrap_or_default());
        let truth = |name: &&str| {
            let place = set.findings.iter().position(|finding| finding == name)?;
            row.truths[place].counted(Uncertain::Ignore, Blank::Ignore)
        };
        Case {
            probabilities: scores,
            truths: LABELS.iter().map(truth).collect(),
            whose: Whose::patient(*numbers.entry(patient).or_insert(next)),
        }
    };
    set.rows.iter().zip(scores).map(case).collect()
}

fn column(set: &LabelSet, name: &str) -> Column {
    let place = set.column(name).unwrap();
    let values: Vec<&str> = set.rows.iter().map(|row| row.cells[place].as_str()).collect();
    Column::of(&set.columns[place], &values)
}

/// Three hundred films of a hundred patients.
fn made() -> LabelSet {
    let mut text =
        String::from("Image,Patient ID,View Position,Patient Age,Patient Gender,Pneumonia,Effusion\n");
    for n in 0..300 {
        let patient = n % 100;
        let sick = u8::from(even(&format!("sick {patient}")) < 0.3);
        let wet = u8::from(even(&format!("wet {n}")) < 0.2);
        let view = if even(&format!("view {n}")) < 0.5 { "AP" } else { "PA" };
        text.push_str(&format!("{n}.png,{patient:04},{view},{:03}Y,M,{sick},{wet}\n", 20 + patient % 70));
    }
    read(text.as_bytes(), Some(&LABELS), TruthChoice::Ask).unwrap()
}

#[test]
fn columns_are_found_by_the_names_that_people_use() {
    let set = made();
    assert_eq!(column(&set, "view").groups, ["AP", "PA"]);
    assert_eq!(column(&set, "Age").groups, ["18-39", "40-59", "60-79", "80 and over"]);
    assert_eq!(column(&set, "sex").groups, ["M"]);
    assert_eq!(column(&set, "PatientAge").name, "Patient Age");
    let error = set.column("Scanner").unwrap_err().to_string();
    assert!(error.contains("`Scanner`") && error.contains("`View Position`"), "{error}");
}

#[test]
fn alarms_are_shared_and_stand_on_patients() {
    let set = made();
    let score = |n: usize| {
        let truth = |place: usize| {
            f32::from(u8::from(set.rows[n].truths[place] == cxr_triage::evaluate::labels::Truth::Present))
        };
        [0, 1].map(|place| even(&format!("score {place} {n}")) * 0.6 + truth(place) * 0.3)
    };
    let scores: Vec<[f32; 2]> = (0..300).map(score).collect();
    let (labels, cases) = (infos(), cases(&set, &scores));
    let proposals = propose(Goal::Alarms(0.1), 1.0, &labels, &cases);
    let then: Vec<(f64, f64)> =
        proposals.iter().map(|p| (p.then.as_ref().unwrap().threshold, p.critical.unwrap())).collect();
    let found = without_finding(&labels, &cases, &then);
    let alert = found.alert_then.unwrap();
    assert!(alert.value <= 0.1 && alert.value > 0.05 && alert.interval[1] > 0.1, "{found:?}");
    assert!(found.critical_then.unwrap().value <= 0.02, "{found:?}");
    assert!(found.patients.unwrap() <= 100 && found.films > 100, "{found:?}");
    let measured = measure(&labels, &cases);
    assert!(measured.labels.iter().all(|label| label.auc.unwrap().interval.is_some()));
    assert_eq!(measured.macro_mean.unwrap().labels, 2);
}

/// The validation films of these folders that the starter was made with, with what is known of how each was taken; none:
/// they are not here.
fn validation_films(folders: &[&str]) -> Option<LabelSet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/train");
    let (Ok(labels), Ok(meta)) =
        (fs::read_to_string(folder.join("labels.csv")), fs::read_to_string(folder.join("meta.csv")))
    else {
        println!("skipped: {} is not there", folder.display());
        return None;
    };
    let about: HashMap<&str, &str> = meta.lines().filter_map(|line| line.split_once(',')).collect();
    let mut lines = labels.lines();
    let mut text = format!("{},Source,View,Sex,Age\n", lines.next().unwrap());
    let is_in = |line: &str| folders.iter().any(|folder| line.starts_with(folder));
    for line in lines.filter(|line| line.contains(",val,") && is_in(line)) {
        let film = line.split(',').next().unwrap();
        text.push_str(&format!("{line},{}\n", about.get(film).unwrap_or(&",,,")));
    }
    Some(read(text.as_bytes(), Some(&LABELS), TruthChoice::Ask).unwrap())
}

/// A score that knows nothing but the collection that a film is from.
#[test]
fn a_score_that_knows_the_collection_is_found_out_on_real_labels() {
    let folders = ["covid/", "nih/", "nih2/", "ped/", "wingspan/"];
    let Some(set) = validation_films(&folders) else { return };
    let source = set.column("Source").unwrap();
    let score = |row: &cxr_triage::evaluate::labels::Row| {
        let of_children = row.film.starts_with("ped/");
        [even(&row.cells[source]) * 0.1 + even(&row.film) * 0.3 + if of_children { 0.5 } else { 0.0 }, 0.5]
    };
    let scores: Vec<[f32; 2]> = set.rows.iter().map(score).collect();
    let (labels, cases) = (infos(), cases(&set, &scores));
    let auc = measure(&labels, &cases).labels[0].auc.unwrap();
    assert!(auc.value > 0.8, "it looks good: {auc:?}");
    let found = by_column(&column(&set, "Source"), &labels, &cases);
    for says in ["among films of one group", "the group alone"] {
        assert!(found.warnings.iter().any(|warning| warning.contains(says)), "{says}: {:?}", found.warnings);
    }
    let within = found.labels[0].within.unwrap();
    assert!((within.auc - 0.5).abs() < 0.1, "{within:?}");
}

/// A score that knows nothing but whether the patient lay in bed. AP films have more Pneumonia, so it looks better than
/// chance; among films without it the same is told, so the finding is not the reason.
#[test]
fn a_score_that_knows_the_view_is_found_out_on_real_labels() {
    let Some(set) = validation_films(&["nih/", "nih2/"]) else { return };
    let place = set.column("View").unwrap();
    let score = |row: &cxr_triage::evaluate::labels::Row| {
        [even(&row.film) * 0.5 + if row.cells[place] == "AP" { 0.3 } else { 0.0 }, 0.5]
    };
    let scores: Vec<[f32; 2]> = set.rows.iter().map(score).collect();
    let (labels, cases) = (infos(), cases(&set, &scores));
    let found = by_column(&column(&set, "View"), &labels, &cases);
    let told = found.labels[0].tells.clone().unwrap();
    assert!(told.higher == "AP" && told.auc > 0.85, "{told:?}");
    assert!(measure(&labels, &cases).labels[0].auc.unwrap().value > 0.58, "it looks better than chance");
    let warning =
        found.warnings.iter().find(|warning| warning.contains("the Pneumonia score tells AP from PA"));
    let warning = warning.unwrap_or_else(|| panic!("{:?}", found.warnings));
    assert!(warning.contains("among films without it alone 0.9"), "{warning}");
}
