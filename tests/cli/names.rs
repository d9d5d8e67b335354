//! Nobody's name and number in log, journal and standard error.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use cxr_triage::text::unnamed;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::cli::{
    dicom,
    support::{Bench, count, drawn_film, is, text},
};

/// Parts of names and numbers of the films in `inbox`.
const PARTS: [&str; 7] = ["doe", "jane", "kowalski", "4711234", "471-1234", "ward-smith", "a9081726"];

/// Films, folders and headers that name patients; a broken film, a copy, and a plugin that repeats what it sees.
fn scene() -> Bench {
    let bench = Bench::new();
    let film = |number, name: &str, place: &str, part: &str| {
        let attributes = [
            (tags::PATIENT_NAME, VR::PN, name),
            (tags::PATIENT_ID, VR::LO, "471-1234"),
            (tags::ACCESSION_NUMBER, VR::SH, "A9081726"),
            (tags::STUDY_DESCRIPTION, VR::LO, "CHEST Doe, Jane"),
            (tags::BODY_PART_EXAMINED, VR::CS, part),
        ];
        let path = bench.inbox().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, dicom::file(dicom::object(number, &drawn_film(number), &attributes))).unwrap();
    };
    film(1, "DOE^JANE", "DOE_JANE_4711234.dcm", "CHEST");
    film(2, "DOE^JANE", "Ward-Smith/471-1234.dcm", "HAND DOE JANE");
    film(3, "KOWALSKI^J", "KOWALSKI/a.dcm", "CHEST");
    fs::copy(bench.inbox().join("KOWALSKI/a.dcm"), bench.inbox().join("KOWALSKI/b.dcm")).unwrap();
    fs::write(bench.inbox().join("DOE_JANE_broken.dcm"), "no film").unwrap();
    fs::create_dir(bench.path("plugins")).unwrap();
    let repeats = "return { api = 1, name = \"repeats\", on_study = function(s) error(s.description) end,
                   on_film = function(f, s) error(f.body_part .. f.held_reason) end }";
    fs::write(bench.path("plugins/repeats.luau"), repeats).unwrap();
    let config = fs::read_to_string(bench.path("cxr-triage.toml")).unwrap();
    let more = "[log]\nfile = \"log\"\nlevel = \"trace\"\n[plugins]\nenabled = [\"repeats\"]\n";
    fs::write(bench.path("cxr-triage.toml"), format!("{config}{more}")).unwrap();
    bench
}

fn named(said: &str) -> Vec<&'static str> {
    let said = said.to_lowercase();
    PARTS.into_iter().filter(|part| said.contains(part)).collect()
}

#[test]
fn log_and_standard_error_hold_no_names_and_json_without_names_holds_none_either() {
    for without in [false, true] {
        let bench = scene();
        let mut arguments = vec!["watch", "inbox", "--headless", "--once", "--store", "data/store.db"];
        arguments.extend(without.then_some("--no-names"));
        let run = bench.run(&arguments);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let log = fs::read_to_string(bench.path("log")).unwrap();
        assert!(log.contains("first look through the inbox"), "{log}");
        for said in [&log, &text(&run.stderr)] {
            assert_eq!(named(said), Vec::<&str>::new(), "{said}");
        }
        let journal = text(&run.stdout);
        assert_eq!(named(&journal).is_empty(), without, "{journal}");
        let events: Vec<serde_json::Value> =
            journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(count(&events, "scored") + count(&events, "held"), 4, "{journal}");
        let film = fs::canonicalize(bench.inbox()).unwrap().join("DOE_JANE_4711234.dcm");
        let path = if without { unnamed(&film) } else { film.to_str().unwrap().to_owned() };
        let scored = events.iter().find(|event| is(event, "scored") && event["path"] == path);
        let study = scored.unwrap_or_else(|| panic!("{path}: {journal}"))["study"].as_str().unwrap();
        assert_eq!(study == "1.2.1", !without, "{study}");
        assert!(!without || study.parse::<u32>().is_ok(), "a number of the store: {study}");
        let repeat = events.iter().find(|event| event["duplicate_of"].is_string()).unwrap();
        assert_eq!(repeat["duplicate_of"].as_str().unwrap().starts_with("file:"), without, "{repeat}");
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_a_hash_in_the_log() {
    let bench = scene();
    let folder = bench.inbox().join("KOWALSKI");
    fs::set_permissions(&folder, Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&folder).is_ok() {
        println!("skipped: this user may read everything");
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        return;
    }
    let watch = ["watch", "inbox", "--headless", "--once", "--no-names", "--store", "data/store.db"];
    let run = bench.run(&watch);
    let scan = bench.run(&["scan", "inbox"]);
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    let hash = unnamed(&fs::canonicalize(&folder).unwrap());
    let log = fs::read_to_string(bench.path("log")).unwrap();
    for said in [log, text(&run.stdout), text(&scan.stderr)] {
        assert!(said.contains(&hash) && named(&said).is_empty(), "{hash}: {said}");
    }
}

#[test]
fn exports_are_their_owners_alone() {
    let bench = Bench::new();
    bench.film("a.png", 1);
    fs::write(bench.path("labels.csv"), "Image,Pneumonia\na.png,1\n").unwrap();
    fs::write(bench.path("old.png"), "").unwrap();
    fs::set_permissions(bench.path("old.png"), Permissions::from_mode(0o644)).unwrap();
    let evaluate = ["evaluate", "--films", "inbox", "--labels", "labels.csv", "--out", "report"];
    for arguments in [
        &["show", "inbox/a.png", "--out", "new.png", "--log", "log"][..],
        &["show", "inbox/a.png", "--out", "old.png"],
        &evaluate,
    ] {
        let run = bench.run(arguments);
        assert!(run.status.success(), "{}", text(&run.stderr));
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let report = fs::read_dir(bench.path("report")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = report.chain(["new.png", "old.png", "log"].map(|name| bench.path(name))).collect();
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}
