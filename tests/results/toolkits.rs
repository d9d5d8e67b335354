//! Toolkits for Python, and dcmqi, give the findings back.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use cxr_triage::dicom::results::Source;
use serde_json::{Value, json};

use crate::{
    results::support::{NAMES, film, written},
    support::peers::{python, said},
};

/// What each finding of the alarming studies must come back as: its code, its scheme, its certainty, its band, its site.
fn alarm() -> [Value; 4] {
    [
        json!(["36118008", "SCT", 93.0, "critical", null]),
        json!(["label-9186bc86ae", "99CXRT", 71.0, "urgent", null]),
        json!(["pleural-thick", "99CXRT", 62.0, "urgent", null]),
        json!(["4147007", "SCT", 55.0, "urgent", "39607008"]),
    ]
}

/// The findings that a report must give back; none where the report is none of those whose findings are known here.
fn wanted(name: &str) -> Option<Vec<Value>> {
    match name {
        "sr-quiet" | "sr-held" => Some(Vec::new()),
        "sr-two-films" => Some([&alarm()[..], &alarm()[..1]].concat()),
        _ if name.ends_with("-label") => None,
        _ => Some(alarm().to_vec()),
    }
}

fn reports(folder: &Path) -> Vec<(String, PathBuf)> {
    written(folder).into_iter().filter(|(name, _)| name.starts_with("sr-")).collect()
}

#[test]
fn highdicom_gives_the_findings_back_and_whose_they_are() {
    let Some(python) = python("highdicom") else { return };
    let folder = tempfile::tempdir().unwrap();
    let reports = reports(folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/results/peer.py");
    let output =
        Command::new(&python).arg(&script).args(reports.iter().map(|(_, path)| path)).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let answers = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answers.lines().count(), reports.len());
    for ((name, _), answer) in reports.iter().zip(answers.lines()) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        let groups = answer["groups"].as_array().unwrap();
        let found = |group: &Value| {
            assert_eq!(group["algorithm"][0], json!(["111001", "starter"]), "{name}");
            let parameters = group["algorithm"][2][1].as_str().unwrap();
            assert!(
                parameters.starts_with("alert=0.4000, critical=0.8500, weights_sha256=0123"),
                "{parameters}"
            );
            json!([
                group["finding"][0],
                group["finding"][1],
                group["certainty"][0],
                group["band"][0][0],
                group["sites"][0][0]
            ])
        };
        if let Some(wanted) = wanted(name) {
            assert_eq!(groups.iter().map(found).collect::<Vec<_>>(), wanted, "{name}");
        }
        if name == "sr-alarm" {
            let source = Source::read(&film(6, &[])).unwrap();
            assert_eq!(groups[0]["image"], json!(source.header().sop_instance_uid));
        }
        let known = NAMES.iter().find(|(set, ..)| name.trim_end_matches("-label") == format!("sr-{set}"));
        if let Some((_, _, _, patient)) = known {
            assert_eq!(answer["patient"], *patient, "{name}");
        }
    }
}

#[test]
fn dcmqi_gives_the_findings_back() {
    let python = std::env::var("CXR_TRIAGE_PEER_PYTHON").unwrap_or_default();
    let reader = Path::new(&python).with_file_name("tid1500reader");
    let reader = if reader.exists() { reader } else { PathBuf::from("tid1500reader") };
    if Command::new(&reader).arg("--version").output().is_err() {
        println!("skipped: tid1500reader is not installed (dcmqi, beside CXR_TRIAGE_PEER_PYTHON)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, path) in reports(folder.path()) {
        let out = folder.path().join("out.json");
        let output = Command::new(&reader)
            .args(["--inputDICOM".as_ref(), path.as_os_str(), "--outputMetadata".as_ref(), out.as_os_str()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", said(&output));
        let answer: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
        assert_eq!(answer["VerificationFlag"], "UNVERIFIED");
        let groups = answer["Measurements"].as_array().cloned().unwrap_or_default();
        let found = |group: &Value| {
            let certainty: f64 = group["measurementItems"][0]["value"].as_str().unwrap().parse().unwrap();
            assert_eq!(group["measurementAlgorithmIdentification"]["AlgorithmName"], "starter", "{name}");
            json!([
                group["Finding"]["CodeValue"],
                group["Finding"]["CodingSchemeDesignator"],
                certainty,
                group["qualitativeEvaluations"][0]["conceptValue"]["CodeValue"],
                group["FindingSite"]["CodeValue"]
            ])
        };
        if let Some(wanted) = wanted(&name) {
            assert_eq!(groups.iter().map(found).collect::<Vec<_>>(), wanted, "{name}");
        }
    }
}
