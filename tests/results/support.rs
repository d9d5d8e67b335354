//! Results of films of all sorts, and the peers that are installed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cxr_triage::{
    dicom::results::{
        Algorithm, FilmResult, Object, Outcome, Source, StudyResult, secondary_capture, structured_report,
    },
    model::{Heatmap, Region},
    phantom::Phantom,
    study::{Finding, LabelRule, Severity},
};
use dicom_core::{PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, from_reader, mem::InMemElement};

/// Labels with the probability that a film is given, and whether they rank.
pub(crate) const ALARM: [(&str, f64, bool); 6] = [
    ("Pneumothorax", 0.93, true),
    ("Mass", 0.55, true),
    ("Pleural_Thickening", 0.62, true),
    ("Tracheal deviation", 0.71, true),
    ("Effusion", 0.11, true),
    ("Hernia", 0.97, false),
];
const QUIET: [(&str, f64, bool); 2] = [("Pneumothorax", 0.03, true), ("Effusion", 0.11, true)];

/// A synthetic film with something in its header changed.
pub(crate) fn film(place: u64, changes: &[(Tag, VR, &[u8])]) -> Vec<u8> {
    let taken = jiff::civil::date(2026, 3, 4).at(5, 6, 7, 0);
    let bytes = Phantom::nth(7, place).dicom(256, taken);
    let mut object = from_reader(&bytes[..]).unwrap();
    for &(tag, vr, value) in changes {
        // Padded here, for it goes out as it is.
        let padding = if vr == VR::UI { 0 } else { b' ' };
        let padding = (value.len() % 2 == 1).then_some(padding);
        let value = PrimitiveValue::U8(value.iter().copied().chain(padding).collect());
        object.put(InMemElement::new(tag, vr, value));
    }
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).unwrap();
    bytes
}

fn findings(labels: &[(&str, f64, bool)]) -> Vec<Finding> {
    let judged = |&(label, probability, rank): &(&str, f64, bool)| {
        let label = label.to_owned();
        LabelRule { label, alert: 0.4, critical: 0.85, cap: Severity::Critical, rank, validated: rank }
            .judge(probability)
    };
    labels.iter().map(judged).collect()
}

pub(crate) fn scored(bytes: &[u8], labels: &[(&str, f64, bool)]) -> FilmResult {
    let model = Algorithm { name: "starter".to_owned(), sha256: "0123456789abcdef".repeat(4) };
    FilmResult {
        source: Source::read(bytes).unwrap(),
        outcome: Outcome::Scored { findings: findings(labels), model },
        warnings: Vec::new(),
    }
}

pub(crate) fn study(films: Vec<FilmResult>) -> StudyResult {
    let at = jiff::civil::date(2026, 3, 4).at(5, 16, 17, 0);
    StudyResult { films, at, station: "CXRTRIAGE".to_owned(), version: 1, predecessor: None }
}

/// A heatmap that is hot at the lower left of the picture for the first label.
fn heatmap(labels: usize) -> Heatmap {
    let mut values = vec![0.0; labels * 49];
    for (place, heat) in [(7 * 4 + 1, 1.0), (7 * 5 + 1, 0.8), (7 * 4 + 2, 0.6)] {
        values[place] = heat;
    }
    Heatmap { labels, rows: 7, columns: 7, values, region: Region::WHOLE }
}

pub(crate) fn capture(bytes: &[u8], result: &StudyResult) -> Object {
    let picture = cxr_film::decode(bytes).unwrap();
    secondary_capture(result, 0, &picture, Some(&heatmap(ALARM.len()))).unwrap()
}

/// Reports and pictures of studies of all sorts, each with its name.
pub(crate) fn objects() -> Vec<(String, Object)> {
    let mut objects = Vec::new();
    let mut add = |name: &str, object: Object| objects.push((name.to_owned(), object));
    let bytes = film(6, &[]);
    let alarm = study(vec![scored(&bytes, &ALARM)]);
    let report = structured_report(&alarm).unwrap();
    let next = StudyResult { version: 2, predecessor: Some(report.sent()), ..alarm.clone() };
    add("sr-alarm", report);
    add("sr-second-version", structured_report(&next).unwrap());
    add("sc-alarm", capture(&bytes, &alarm));

    let quiet = study(vec![scored(&bytes, &QUIET)]);
    add("sr-quiet", structured_report(&quiet).unwrap());
    add("sc-quiet", capture(&bytes, &quiet));
    let held = FilmResult {
        source: Source::read(&bytes).unwrap(),
        outcome: Outcome::Held("The film is a lateral one: it is listed beside the frontal one.".to_owned()),
        warnings: Vec::new(),
    };
    add("sr-held", structured_report(&study(vec![held])).unwrap());

    let other = film(
        6,
        &[
            (tags::SOP_INSTANCE_UID, VR::UI, b"2.25.77"),
            (tags::SOP_CLASS_UID, VR::UI, b"1.2.840.10008.5.1.4.1.1.12.2"),
            (tags::NUMBER_OF_FRAMES, VR::IS, b"2"),
        ],
    );
    let mut two = study(vec![scored(&bytes, &ALARM), scored(&other, &ALARM[..1])]);
    two.films[0].warnings.push("The film is unlike those that the model was trained on.".to_owned());
    add("sr-two-films", structured_report(&two).unwrap());

    for (name, set, patient, _) in NAMES {
        let bytes = film(
            6,
            &[(tags::SPECIFIC_CHARACTER_SET, VR::CS, set.as_bytes()), (tags::PATIENT_NAME, VR::PN, patient)],
        );
        let result = study(vec![scored(&bytes, &ALARM)]);
        add(&format!("sr-{name}"), structured_report(&result).unwrap());
        add(&format!("sc-{name}"), capture(&bytes, &result));
        let foreign = study(vec![scored(&bytes, &[("Épanchement", 0.9, true)])]);
        add(&format!("sr-{name}-label"), structured_report(&foreign).unwrap());
    }
    for path in real_films() {
        let bytes = fs::read(&path).unwrap();
        let result = study(vec![scored(&bytes, &ALARM)]);
        let name = path.file_stem().unwrap().to_str().unwrap();
        add(&format!("sr-{name}"), structured_report(&result).unwrap());
        add(&format!("sc-{name}"), capture(&bytes, &result));
    }
    objects
}

/// Character sets, a name in each, and the name as people read it.
pub(crate) const NAMES: [(&str, &str, &[u8], &str); 4] = [
    ("latin", "ISO_IR 100", b"M\xfcller^J\xf6rg", "Müller^Jörg"),
    (
        "japanese",
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
        "Yamada^Tarou=山田^太郎",
    ),
    (
        "korean",
        "\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
        "Hong^Gildong=洪^吉洞",
    ),
    ("utf8", "ISO_IR 192", "Łęcki^Żółw".as_bytes(), "Łęcki^Żółw"),
];

/// Real films, where they are there.
fn real_films() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/films/dicom");
    let Ok(files) = fs::read_dir(&folder) else {
        println!("without real films: {} is not there", folder.display());
        return Vec::new();
    };
    let mut films: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    films.sort();
    films
}

/// The objects as files, each with its name.
pub(crate) fn written(folder: &Path) -> Vec<(String, PathBuf)> {
    let write = |(name, object): (String, Object)| {
        let path = folder.join(format!("{name}.dcm"));
        fs::write(&path, object.file()).unwrap();
        (name, path)
    };
    objects().into_iter().map(write).collect()
}

/// An object as a general reader of DICOM has it.
pub(crate) fn read(path: &Path) -> InMemDicomObject {
    dicom_object::open_file(path).unwrap().into_inner()
}
