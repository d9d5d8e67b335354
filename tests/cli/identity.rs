//! Who is who, from files to the list: `scan` and `watch` tell films and patients apart alike.

use std::{collections::BTreeMap, fs, path::Path, time::SystemTime};

use cxr_triage::store::Store;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use serde_json::Value;

use crate::cli::{
    dicom,
    support::{Bench, count, drawn_film, is, text},
};

/// A film: study, SOP Instance UID, Patient ID, the number of its picture.
type Film = (&'static str, &'static str, &'static str, u32);

fn bytes((study, uid, patient, picture): Film, description: &str) -> Vec<u8> {
    let attributes = [
        (tags::STUDY_INSTANCE_UID, VR::UI, study),
        (tags::SOP_INSTANCE_UID, VR::UI, uid),
        (tags::PATIENT_ID, VR::LO, patient),
        (tags::STUDY_DESCRIPTION, VR::LO, description),
    ];
    dicom::file(dicom::object(picture, &drawn_film(picture), &attributes))
}

/// Of each study its films, held ones among them, and the warnings of all of them, sorted: `scan` lists films by score.
type Studies = BTreeMap<String, (usize, Vec<String>)>;

fn lines(out: &[u8]) -> Vec<Value> {
    text(out).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sentences(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|warning| warning.as_str().unwrap().to_owned()).collect()
}

fn scanned(bench: &Bench) -> Studies {
    let run = bench.run(&["scan", "inbox", "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let mut studies = Studies::new();
    for study in lines(&run.stdout) {
        let films: Vec<&Value> =
            ["films", "held"].iter().flat_map(|of| study[of].as_array().unwrap()).collect();
        let mut warnings: Vec<String> = films.iter().flat_map(|film| sentences(&film["warnings"])).collect();
        warnings.sort();
        studies.insert(study["study"].as_str().unwrap().to_owned(), (films.len(), warnings));
    }
    studies
}

/// Puts one file after the other into the inbox, so that `watch` meets them in the order in which `scan` does.
fn watched(bench: &Bench, files: &[(&str, Vec<u8>)]) -> Studies {
    let mut watch = bench.watch(&[]);
    watch.until(|event| is(event, "idle"));
    for (name, bytes) in files {
        fs::write(bench.inbox().join(name), bytes).unwrap();
        watch.until(|event| is(event, "idle"));
    }
    let store = Store::open(bench.store()).unwrap();
    let rows = store.studies_since(0).unwrap().into_iter().filter(|row| !row.is_gone());
    rows.map(|row| {
        let detail = store.detail(row.id).unwrap().unwrap();
        let mut warnings: Vec<String> =
            detail.films.iter().flat_map(|film| detail.warnings(film, true)).collect();
        warnings.sort();
        (row.key.clone(), (detail.films.len(), warnings))
    })
    .collect()
}

/// A file's name and content.
type Named = (&'static str, Vec<u8>);
/// A study's key, and its films scored and held.
type Counts = (&'static str, usize, usize);

#[test]
fn scan_and_watch_tell_films_and_patients_apart_alike() {
    let half = |film| {
        let mut bytes = bytes(film, "");
        bytes.truncate(bytes.len() / 2);
        bytes
    };
    let whole = |film| bytes(film, "");
    let doe: Film = ("1.2", "1.2.1", "P1", 1);
    let cases: [(&str, Vec<Named>, &[Counts]); 7] = [
        ("a corrected description", vec![("a", whole(doe)), ("b", bytes(doe, "CHEST PA"))], &[("1.2", 1, 0)]),
        ("broken and whole", vec![("a", half(doe)), ("b", whole(doe))], &[("1.2", 1, 0)]),
        (
            "one number on two films",
            vec![("a", whole(doe)), ("b", whole(("1.3", "1.2.1", "P2", 2)))],
            &[("1.2", 1, 1), ("1.3", 1, 1)],
        ),
        (
            "one number on two films of a study",
            vec![("a", whole(doe)), ("b", whole(("1.2", "1.2.1", "P1", 2)))],
            &[("1.2", 2, 2)],
        ),
        (
            "one study of two patients",
            vec![
                ("a", whole(doe)),
                ("b", whole(("1.2", "1.2.2", "P2", 2))),
                ("c", whole(("1.2", "1.2.3", "P1", 3))),
            ],
            &[("1.2", 2, 2), ("1.2#2", 1, 1)],
        ),
        (
            "corrected to another patient",
            vec![("a", whole(doe)), ("b", whole(("1.2", "1.2.1", "P2", 1)))],
            &[("1.2", 1, 2), ("1.2#2", 1, 2)],
        ),
        (
            "broken, of another patient",
            vec![("a", half(doe)), ("b", whole(("1.3", "1.2.1", "P2", 2)))],
            &[("1.2", 1, 1), ("1.3", 1, 1)],
        ),
    ];
    for (what, files, expected) in cases {
        let bench = Bench::new();
        let (watch, scan) = (watched(&bench, &files), scanned(&bench));
        assert_eq!(scan, watch, "{what}");
        let counted: Vec<_> =
            scan.iter().map(|(key, (films, warnings))| (key.as_str(), *films, warnings.len())).collect();
        assert_eq!(counted, expected, "{what}: {scan:#?}");
    }
}

#[test]
fn the_events_say_which_other_film_bears_the_number() {
    let bench = Bench::new();
    let mut watch = bench.watch(&[]);
    watch.until(|event| is(event, "idle"));
    fs::write(bench.inbox().join("doe.dcm"), bytes(("1.2", "1.2.1", "P1", 1), "")).unwrap();
    let first = watch.until(|event| is(event, "scored")).pop().unwrap();
    assert_eq!((sentences(&first["warnings"]), first["study"].as_str()), (vec![], Some("1.2")));
    watch.until(|event| is(event, "idle"));

    fs::write(bench.inbox().join("roe.dcm"), bytes(("1.2", "1.2.1", "P2", 2), "")).unwrap();
    let second = watch.until(|event| is(event, "scored")).pop().unwrap();
    let warnings = sentences(&second["warnings"]).join(" ");
    assert!(
        warnings.contains("doe.dcm") && warnings.contains("The study 1.2 of another patient"),
        "{warnings}"
    );
    assert_eq!(second["study"], "1.2#2");
    let told = watch.until(|event| is(event, "study") && event["study"] == "1.2").pop().unwrap();
    let warnings = sentences(&told["warnings"]).join(" ");
    assert!(warnings.contains("roe.dcm") && warnings.contains("1.2#2"), "{warnings}");
}

fn age(path: &Path) {
    let old = SystemTime::now() - std::time::Duration::from_secs(3_600);
    fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
}

#[test]
fn what_is_left_out_leaves_a_trace_and_dicom_is_never_left_out_for_a_dot() {
    let bench = Bench::new();
    fs::create_dir_all(bench.inbox().join(".THORAX PA")).unwrap();
    for (name, content) in [
        (".CR.0003.35115570.IMA", bytes(("1.2", "1.2.1", "P1", 1), "")),
        (".THORAX PA/IM001", bytes(("1.3", "1.3.1", "P2", 2), "")),
        (".bashrc", b"alias ll='ls -l'".to_vec()),
        ("film.dcm.part", b"half".to_vec()),
        ("labels.csv", b"a,b\n".to_vec()),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0".to_vec()),
    ] {
        fs::write(bench.inbox().join(name), content).unwrap();
        age(&bench.inbox().join(name));
    }
    // What is no file leaves one too, and nobody waits for it.
    let made = std::process::Command::new("mkfifo").arg(bench.inbox().join("pipe.dcm")).status().unwrap();
    assert!(made.success());
    std::os::unix::net::UnixListener::bind(bench.inbox().join("socket")).unwrap();
    std::os::unix::fs::symlink("nowhere", bench.inbox().join("link.dcm")).unwrap();
    let counts = serde_json::json!({ "hidden": 1, "unfinished": 1, "text": 1, "system": 1, "special": 3 });

    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!((code, count(&events, "scored")), (Some(0), 2), "{events:#?}");
    let idle = events.last().unwrap();
    assert_eq!((&idle["event"], &idle["left_out"]), (&"idle".into(), &counts));

    let scan = bench.run(&["scan", "inbox", "--json"]);
    let studies = lines(&scan.stdout);
    assert_eq!(
        studies.iter().map(|study| study["left_out"].clone()).collect::<Vec<_>>(),
        [counts.clone(), counts]
    );
    let words = "files left out: 7: 1 unfinished, 1 hidden and not DICOM, 1 lists or notes, 1 of the system, \
                 3 pipes, sockets, devices or links to no file";
    assert!(text(&scan.stderr).contains(words), "{}", text(&scan.stderr));
    let plain = bench.run(&["scan", "inbox"]);
    assert!(text(&plain.stdout).contains(words), "{}", text(&plain.stdout));
}

#[test]
fn a_passing_name_that_became_the_films_own_counts_once() {
    let bench = Bench::new();
    let passing = bench.inbox().join(".film.dcm.Xa3f9Q");
    fs::write(&passing, bytes(("1.2", "1.2.1", "P1", 1), "")).unwrap();
    age(&passing);
    let mut watch = bench.watch(&[]);
    watch.until(|event| is(event, "idle"));
    fs::rename(&passing, bench.inbox().join("film.dcm")).unwrap();
    let arrived = watch.until(|event| event["duplicate_of"].is_string()).pop().unwrap();
    assert!(arrived["path"].as_str().unwrap().ends_with("/film.dcm"), "{arrived}");
    let store = Store::open(bench.store()).unwrap();
    let counts = store.counts().unwrap();
    assert_eq!((counts.scored_films, counts.held_films), (1, 0));
    let film = store.detail(1).unwrap().unwrap().films.remove(0).id;
    assert!(store.copies(film).unwrap()[0].ends_with("film.dcm"), "its picture is found by its new name");
}
