//! Orthanc as a modality, with a configuration as sites have it: it keeps films, and sends them when it is told to.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dicom_object::open_file;
use serde_json::{Value, json};

use crate::{
    network::support::{Listening, Site, data_set, variants},
    support::orthanc::Orthanc,
};

/// Films of one transfer syntax that are sent.
const OF_A_SYNTAX: usize = 6;

const HTJ2K: &str = "1.2.840.10008.1.2.4.20";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const JPEG_EXTENDED: &str = "1.2.840.10008.1.2.4.51";

/// Orthanc, which knows a receiver as `cxr`.
struct Modality(Orthanc);

impl Modality {
    /// None, and a word why, where it is not installed.
    fn start(receiver: u16) -> Option<Self> {
        Orthanc::start(&json!({
            "Name": "MODALITY", "DicomAet": "ORTHANC", "OverwriteInstances": true,
            "DicomModalities": { "cxr": { "AET": "CXRTRIAGE", "Host": "127.0.0.1", "Port": receiver } },
        }))
        .map(Self)
    }

    /// Keeps a film, sends it to the receiver, and forgets it; whether it was sent.
    fn send(&self, film: &Path) -> bool {
        let kept = self.0.ask("POST", "/instances", &fs::read(film).unwrap());
        let kept = kept.unwrap_or_else(|| panic!("Orthanc does not take {}", film.display()));
        let id = kept["ID"].as_str().unwrap();
        let order = json!({ "Resources": [id], "Synchronous": true }).to_string();
        let sent = self.0.ask("POST", "/modalities/cxr/store", order.as_bytes());
        self.0.ask("DELETE", &format!("/instances/{id}"), b"");
        sent.is_some_and(|sent| sent["FailedInstancesCount"] == 0)
    }
}

fn syntax_of(film: &Path) -> String {
    open_file(film).unwrap().meta().transfer_syntax().trim_end_matches(['\0', ' ']).to_owned()
}

/// Whether two files have the same data set, and the same pixels where one is coded otherwise.
fn is_the_same_film(one: &Path, other: &Path, is_coded_anew: bool) -> bool {
    let (mut ours, mut theirs) =
        (open_file(one).unwrap().into_inner(), open_file(other).unwrap().into_inner());
    if is_coded_anew {
        // What says how the pixels are coded.
        for object in [&mut ours, &mut theirs] {
            object.remove_element(dicom_dictionary_std::tags::PIXEL_DATA);
        }
        let pixels = |path| cxr_film::decode(&fs::read(path).unwrap()).map(|film| film.linear).ok();
        if pixels(one).is_some() && pixels(one) != pixels(other) {
            return false;
        }
    }
    ours == theirs
}

/// The file in which the next film came.
fn stored(receiver: &mut Listening) -> PathBuf {
    PathBuf::from(receiver.event("stored")["path"].as_str().unwrap())
}

#[test]
fn orthanc_sends_every_syntax_that_it_knows_and_each_film_arrives_as_it_is() {
    let site = Site::new("");
    let mut receiver = site.receive();
    let Some(orthanc) = Modality::start(receiver.port) else { return };
    let mut films: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for film in variants() {
        films.entry(syntax_of(&film)).or_default().push(film);
    }
    let mut arrived = BTreeMap::new();
    for (syntax, film) in films
        .iter()
        .flat_map(|(syntax, films)| films.iter().take(OF_A_SYNTAX).map(move |film| (syntax, film)))
    {
        let was_sent = orthanc.send(film);
        assert_eq!(was_sent, !syntax.starts_with(HTJ2K), "{}: Orthanc 1.10 knows no HTJ2K", film.display());
        if !was_sent {
            continue;
        }
        let file = stored(&mut receiver);
        // What is refused in negotiation comes decompressed.
        let is_coded_anew = syntax == JPEG_EXTENDED;
        let expected = if is_coded_anew { EXPLICIT } else { syntax };
        assert_eq!(syntax_of(&file), expected, "{}", film.display());
        let is_same = if is_coded_anew || syntax == DEFLATED {
            is_the_same_film(film, &file, is_coded_anew)
        } else {
            data_set(film) == data_set(&file)
        };
        assert!(is_same, "{} became another film", film.display());
        assert!(cxr_film::decode(&fs::read(&file).unwrap()).is_ok(), "{}", film.display());
        *arrived.entry(syntax.clone()).or_insert(0) += 1;
    }
    println!("{arrived:?}");
    assert!(arrived.len() >= 12 && arrived.contains_key(JPEG_EXTENDED), "{arrived:?}");
}

#[test]
fn films_that_orthanc_sends_are_scored_as_from_their_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/films/dicom");
    if !folder.is_dir() {
        println!("skipped: ../shared/films is not here");
        return;
    }
    let site = Site::new("[receive]\nclasses = [\"cr\", \"dx\", \"sc\"]\n");
    let mut watch =
        site.start(&["watch", "inbox", "--headless", "--receive", "0", "--store", "data/store.db"]);
    let Some(orthanc) = Modality::start(watch.port) else { return };
    let films = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut outcomes = Vec::new();
    for film in films.filter(|path| path.extension().is_some_and(|end| end == "dcm")) {
        let scanned = site.command(&["scan", film.to_str().unwrap(), "--json"]).output().unwrap();
        let scanned: Value = serde_json::from_slice(&scanned.stdout).unwrap();
        assert!(orthanc.send(&film), "{}", film.display());
        let end = watch.until(|event| event["event"] == "scored" || event["event"] == "held");
        for field in
            ["severity", "score", "top", "reason"].into_iter().filter(|field| end.get(*field).is_some())
        {
            assert_eq!(end[field], scanned[field], "{}: {field} of {end:#} and {scanned:#}", film.display());
        }
        outcomes.push(end["event"].clone());
    }
    assert!(outcomes.contains(&json!("scored")), "{outcomes:?}");
}
