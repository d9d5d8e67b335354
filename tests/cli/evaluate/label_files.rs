//! Label files: described, refused, read as a spreadsheet saves them.

use std::fs;

use serde_json::Value;

use super::{SET, evaluate, label, labelled, report};
use crate::cli::support::text;

#[test]
fn a_set_is_described_without_films() {
    let bench = labelled();
    let run = bench.run(&["evaluate", "--explore", "labels.csv"]);
    let said = text(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    for says in [
        "9 films of 5 patients",
        "Pneumonia",
        "val 9 films of 5 patients",
        "no patient stands in more than one",
    ] {
        assert!(said.contains(says), "`{says}` is not in: {said}");
    }
}

/// Mined labels that say the contrary of adjudicated columns: neither is taken unasked, and what was asked for counts.
#[test]
fn two_truths_in_a_file_are_asked_about() {
    let bench = labelled();
    let mut rows = String::from("Image,Finding Labels,Pneumonia,Effusion\n");
    for n in 0..8 {
        let (mined, read) = if n < 6 { ("Pneumonia", "NO") } else { ("No Finding", "YES") };
        rows.push_str(&format!("{n}.png,{mined},{read},NO\n"));
    }
    fs::write(bench.path("labels.csv"), rows).unwrap();
    for arguments in [&SET[..], &["evaluate", "--explore", "labels.csv"]] {
        let run = bench.run(arguments);
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(
            said.contains("--truth \"Finding Labels\"") && said.contains("--truth \"columns\""),
            "{said}"
        );
        assert!(run.stdout.is_empty());
    }
    for (truth, with) in [("finding labels", 6), ("columns", 2)] {
        let report = report(&bench, &["--truth", truth]);
        assert_eq!(label(&report, "Pneumonia")["positives"], with, "{truth}: {report}");
        let run = bench.run(&["evaluate", "--explore", "labels.csv", "--truth", truth, "--json"]);
        let explored: Value = serde_json::from_slice(&run.stdout).unwrap();
        let pneumonia =
            explored["findings"].as_array().unwrap().iter().find(|f| f["finding"] == "Pneumonia").unwrap();
        assert_eq!(pneumonia["present"], with);
    }
    let (code, _, said) = evaluate(&bench, &["--truth", "adjudicated"]);
    assert!(code == Some(2) && said.contains("no labels called `adjudicated`"), "{said}");
}

/// A film with two boxes is one film.
#[test]
fn lists_of_boxes_are_no_label_files() {
    let bench = labelled();
    for (rows, whose) in [
        ("patientId,x,y,width,height,Target\n0,1,2,3,4,1\n0,5,6,7,8,1\n1,,,,,0\n", "RSNA's list of boxes"),
        (
            "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max\n0.png,Pneumonia,1,R1,1,2,3,4\n",
            "VinDr's list",
        ),
        ("ImageId,EncodedPixels\n0.png,1 2 3 4\n1.png,-1\n", "SIIM-ACR's list"),
    ] {
        fs::write(bench.path("labels.csv"), rows).unwrap();
        for arguments in [&SET[..], &["evaluate", "--explore", "labels.csv"]] {
            let run = bench.run(arguments);
            let said = text(&run.stderr);
            assert!(run.status.code() == Some(1) && said.contains(whose), "{said}");
            assert!(run.stdout.is_empty());
        }
    }
}

/// As a spreadsheet saves it: UTF-16 with tabs.
#[test]
fn a_label_file_of_a_spreadsheet_is_read() {
    let bench = labelled();
    let labels = fs::read_to_string(bench.path("labels.csv")).unwrap();
    let wanted = report(&bench, &[]);
    let bytes: Vec<u8> = format!("\u{feff}{}", labels.replace(',', "\t").replace('\n', "\r\n"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(bench.path("labels.csv"), bytes).unwrap();
    assert_eq!(report(&bench, &[])["labels"], wanted["labels"]);
}
