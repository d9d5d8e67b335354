mod pictures;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, from_reader};

use pictures::capture;

use super::{set::DataSet, *};
use crate::study::{LabelRule, Severity};

/// The bytes of a film of 64 x 32 pixels, bright at the left, with what `change` does to its header.
fn film(change: impl FnOnce(&mut DataSet)) -> Vec<u8> {
    let mut set = DataSet::default();
    for (tag, text) in [
        (tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.1.1"),
        (tags::SOP_INSTANCE_UID, "1.2.3.4"),
        (tags::SERIES_INSTANCE_UID, "1.2.3"),
        (tags::STUDY_INSTANCE_UID, "1.2"),
        (tags::MODALITY, "DX"),
        (tags::PATIENT_NAME, "DOE^JANE"),
        (tags::PATIENT_ID, "4711"),
        (tags::STUDY_DATE, "20260102"),
        (tags::ACCESSION_NUMBER, "A1"),
        (tags::PATIENT_ORIENTATION, "L\\F"),
        (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
    ] {
        set.text(tag, text);
    }
    for (tag, number) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 32),
        (tags::COLUMNS, 64),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.number(tag, number);
    }
    let grey = (0..32).flat_map(|_| (0..64).map(|x| if x < 32 { 200 } else { 20 }));
    set.bytes(tags::PIXEL_DATA, grey.collect());
    change(&mut set);
    set.encode(Syntax::Explicit)
}

fn finding(label: &str, probability: f64, rank: bool) -> Finding {
    let rule = LabelRule {
        label: label.to_owned(),
        alert: 0.4,
        critical: 0.8,
        cap: Severity::Critical,
        rank,
        validated: rank,
    };
    rule.judge(probability)
}

fn scored(bytes: &[u8], findings: Vec<Finding>) -> FilmResult {
    let model = Algorithm { name: "starter".to_owned(), sha256: "ab".repeat(32) };
    FilmResult {
        source: Source::read(bytes).unwrap(),
        outcome: Outcome::Scored { findings, model },
        warnings: Vec::new(),
    }
}

fn study(films: Vec<FilmResult>) -> StudyResult {
    let at = jiff::civil::date(2026, 1, 2).at(3, 4, 5, 0);
    StudyResult { films, at, station: "CXRTRIAGE".to_owned(), version: 1, predecessor: None }
}

fn alarming() -> StudyResult {
    let findings = vec![
        finding("Effusion", 0.5, true),
        finding("Pneumothorax", 0.9, true),
        finding("Hernia", 0.9, false),
    ];
    study(vec![scored(&film(|_| {}), findings)])
}

fn quiet() -> StudyResult {
    study(vec![scored(&film(|_| {}), vec![finding("Effusion", 0.1, true)])])
}

fn held() -> StudyResult {
    let outcome = Outcome::Held("The film is cut off at the left: take it again.".to_owned());
    let film = FilmResult { source: Source::read(&film(|_| {})).unwrap(), outcome, warnings: Vec::new() };
    study(vec![film])
}

fn read(object: &Object) -> InMemDicomObject {
    from_reader(&object.file()[..]).unwrap().into_inner()
}

fn text(set: &InMemDicomObject, tag: Tag) -> String {
    set.get(tag)
        .map(|element| element.to_str().unwrap().trim_end_matches('\0').to_owned())
        .unwrap_or_default()
}

/// All items of a report below an item, each by its relation, concept and value.
fn told(set: &InMemDicomObject) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for item in set.get(tags::CONTENT_SEQUENCE).and_then(|sequence| sequence.items()).unwrap_or_default() {
        let first = |set: &InMemDicomObject, tag: Tag| {
            set.get(tag).map(|sequence| sequence.items().unwrap()[0].clone())
        };
        let meaning = |set: &InMemDicomObject| text(set, tags::CODE_MEANING);
        let concept =
            first(item, tags::CONCEPT_NAME_CODE_SEQUENCE).map(|code| meaning(&code)).unwrap_or_default();
        let code = first(item, tags::CONCEPT_CODE_SEQUENCE).map(|code| meaning(&code));
        let number =
            first(item, tags::MEASURED_VALUE_SEQUENCE).map(|value| text(&value, tags::NUMERIC_VALUE));
        let image = first(item, tags::REFERENCED_SOP_SEQUENCE)
            .map(|image| text(&image, tags::REFERENCED_SOP_INSTANCE_UID));
        let value = code.or(number).or(image).unwrap_or_else(|| text(item, tags::TEXT_VALUE));
        all.push((text(item, tags::RELATIONSHIP_TYPE), concept, value));
        all.extend(told(item));
    }
    all
}

/// The values of a concept in a report.
fn values(object: &Object, concept: &str) -> Vec<String> {
    let told = told(&read(object)).into_iter();
    told.filter(|(_, known, _)| known == concept).map(|(_, _, value)| value).collect()
}

#[test]
fn a_report_tells_the_findings_that_reached_their_thresholds_and_no_others() {
    let report = structured_report(&alarming()).unwrap();
    assert_eq!(values(&report, "Finding"), ["Pneumothorax", "Pleural effusion"]);
    assert_eq!(values(&report, "Certainty of Finding"), ["90.0", "50.0"]);
    // Of each finding, then of the study.
    assert_eq!(values(&report, "Triage band"), ["Critical", "Urgent", "Critical"]);
    assert_eq!(values(&report, "Source of Measurement"), ["1.2.3.4", "1.2.3.4"]);
    let parameters = values(&report, "Algorithm Parameters");
    let hash = format!("weights_sha256={}", "ab".repeat(32));
    // Of each finding, then of the study: the model's, and those of all labels that rank.
    let of_finding = format!("alert=0.4000, critical=0.8000, {hash}");
    let of_labels =
        ["Effusion", "Pneumothorax"].map(|label| format!("{label}: alert=0.4000, critical=0.8000"));
    assert_eq!(parameters[..3], [of_finding.clone(), of_finding, hash]);
    assert_eq!(parameters[3..], of_labels);
    let set = read(&report);
    for (tag, value) in [
        (tags::COMPLETION_FLAG, "COMPLETE"),
        (tags::VERIFICATION_FLAG, "UNVERIFIED"),
        (tags::PRELIMINARY_FLAG, "PRELIMINARY"),
        (tags::MODALITY, "SR"),
        (tags::PATIENT_NAME, "DOE^JANE"),
        (tags::PATIENT_ID, "4711"),
        (tags::STUDY_INSTANCE_UID, "1.2"),
        (tags::STUDY_DATE, "20260102"),
        (tags::ACCESSION_NUMBER, "A1"),
        (tags::CONTENT_DATE, "20260102"),
        (tags::CONTENT_TIME, "030405"),
    ] {
        assert_eq!(text(&set, tag), value, "{tag}");
    }
}

#[test]
fn a_film_without_a_finding_and_a_held_one_are_never_called_sound() {
    let quiet = structured_report(&quiet()).unwrap();
    assert_eq!(values(&quiet, "Finding"), [""; 0]);
    assert_eq!(values(&quiet, "Triage band"), ["Routine: no label reached its threshold"]);
    let held = structured_report(&held()).unwrap();
    assert_eq!(values(&held, "Triage band"), ["Not assessed"]);
    assert_eq!(values(&held, "Not assessed because"), ["The film is cut off at the left: take it again."]);
    let picture = capture(&alarming());
    for object in [&quiet, &held, &structured_report(&alarming()).unwrap(), &picture] {
        let text = String::from_utf8_lossy(&object.file()).to_lowercase();
        for word in ["normal", "no finding", "unremarkable", "healthy", "negative"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}

#[test]
fn a_study_is_reported_with_all_its_films_and_what_gates_said() {
    let second = film(|set| {
        set.text(tags::SOP_INSTANCE_UID, "1.2.3.5");
    });
    let third = film(|set| {
        set.text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.12.2");
        set.text(tags::SOP_INSTANCE_UID, "1.2.3.6")
            .text(tags::SERIES_INSTANCE_UID, "1.2.4")
            .text(tags::NUMBER_OF_FRAMES, "2");
    });
    let mut result = alarming();
    result.films.push(scored(&second, vec![finding("Mass", 0.45, true)]));
    result.films[1].warnings.push("The film may be turned.".to_owned());
    result.films.push(FilmResult {
        source: Source::read(&third).unwrap(),
        outcome: Outcome::Held("It has two frames.".to_owned()),
        warnings: Vec::new(),
    });
    let report = structured_report(&result).unwrap();
    assert_eq!(values(&report, "Finding"), ["Pneumothorax", "Pleural effusion", "Mass"]);
    assert_eq!(values(&report, "Finding Site"), ["Lung"]);
    assert_eq!(values(&report, "Not assessed because"), ["It has two frames."]);
    assert!(values(&report, "Comment").contains(&"The film may be turned.".to_owned()));
    let set = read(&report);
    let evidence = set.get(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE).unwrap().items().unwrap();
    let series = evidence[0].get(tags::REFERENCED_SERIES_SEQUENCE).unwrap().items().unwrap();
    let films =
        |place: usize| series[place].get(tags::REFERENCED_SOP_SEQUENCE).unwrap().items().unwrap().len();
    assert_eq!((series.len(), films(0), films(1)), (2, 2, 1));
    // Of several frames the first was looked at.
    let frames =
        String::from_utf8_lossy(&report.data_set(Syntax::Explicit)).matches("IS\u{2}\u{0}1 ").count();
    assert!(frames >= 1, "the frame is named");
}

#[test]
fn what_is_made_twice_is_the_same_and_what_differs_has_another_number() {
    let result = alarming();
    let first = structured_report(&result).unwrap();
    assert_eq!(first.file(), structured_report(&alarming()).unwrap().file());
    assert_eq!(capture(&result).file(), capture(&alarming()).file());
    assert_ne!(first.sop_instance_uid, capture(&result).sop_instance_uid);

    let again = StudyResult { version: 2, predecessor: Some(first.sent()), ..result.clone() };
    let second = structured_report(&again).unwrap();
    assert_ne!(second.sop_instance_uid, first.sop_instance_uid);
    assert_eq!(second.series_instance_uid, first.series_instance_uid);
    let set = read(&second);
    let before = &set.get(tags::PREDECESSOR_DOCUMENTS_SEQUENCE).unwrap().items().unwrap()[0];
    let series = &before.get(tags::REFERENCED_SERIES_SEQUENCE).unwrap().items().unwrap()[0];
    let object = &series.get(tags::REFERENCED_SOP_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(text(series, tags::SERIES_INSTANCE_UID), first.series_instance_uid);
    assert_eq!(text(object, tags::REFERENCED_SOP_INSTANCE_UID), first.sop_instance_uid);

    let elsewhere = StudyResult { station: "OTHER".to_owned(), ..result.clone() };
    assert_ne!(structured_report(&elsewhere).unwrap().sop_instance_uid, first.sop_instance_uid);
    let mut changed = result;
    changed.films[0] = quiet().films.remove(0);
    assert_ne!(structured_report(&changed).unwrap().sop_instance_uid, first.sop_instance_uid);
}

#[test]
fn a_digest_changes_with_the_result_alone() {
    let of = |result: &StudyResult| digest(result.films.iter().map(FilmResult::by_number));
    let same = |change: &dyn Fn(&mut Vec<Finding>)| {
        let mut result = alarming();
        let Outcome::Scored { findings, .. } = &mut result.films[0].outcome else { unreachable!() };
        change(findings);
        of(&result) == of(&alarming())
    };
    assert!(same(&|_| {}));
    assert!(same(&|findings| findings[0].threshold = 0.45), "a threshold that changes no band");
    assert!(same(&|findings| findings[2].probability = 0.1), "a label that does not rank");
    assert!(!same(&|findings| findings[0].severity = Severity::Routine));
    assert!(!same(&|findings| findings[1].probability = 0.91));
    assert_ne!(of(&held()), of(&quiet()));
}

#[test]
fn a_patients_name_goes_out_as_it_came_in_every_character_set() {
    for (set, bytes, name) in [
        ("", &b"DOE^JANE"[..], "DOE^JANE"),
        ("ISO_IR 100", b"M\xfcller^J\xf6rg", "Müller^Jörg"),
        ("ISO_IR 144", b"\xbb\xee\xda\xe1\xd5\xdc", "Люксем"),
        ("ISO_IR 192", "Łęcki^Żółw".as_bytes(), "Łęcki^Żółw"),
        ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
        (
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        ),
    ] {
        let bytes_of_film = film(|header| {
            header.bytes(tags::PATIENT_NAME, bytes.to_vec());
            if !set.is_empty() {
                header.text(tags::SPECIFIC_CHARACTER_SET, set);
            }
        });
        let told = |label: &str| {
            let result = study(vec![scored(&bytes_of_film, vec![finding(label, 0.9, true)])]);
            let objects = [structured_report(&result).unwrap(), capture(&result)];
            objects.map(|object| object.data_set(Syntax::Explicit))
        };
        let wanted = [tags::PATIENT_NAME];
        for data in told("Mass") {
            let (header, values) = cxr_film::header(&data, &wanted).unwrap();
            let (_, raw) = values.raw().next().unwrap();
            assert_eq!(raw, bytes, "{set}");
            assert_eq!(values.character_set(), Some(set.as_bytes()).filter(|set| !set.is_empty()));
            assert_eq!(header.patient_name, name);
        }
        // A label that is not ASCII makes the whole report UTF-8, and the name stays the same.
        let (header, values) = cxr_film::header(&told("Épanchement")[0], &wanted).unwrap();
        assert_eq!(values.character_set(), Some(&b"ISO_IR 192"[..]));
        assert_eq!(header.patient_name, name);
    }
}

#[test]
fn what_no_archive_could_file_is_refused_in_words() {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(8, 8).write_to(&mut png, image::ImageFormat::Png).unwrap();
    assert_eq!(Source::read(png.get_ref()), Err(ResultsError::NotDicom));
    assert_eq!(Source::read(b"<html>"), Err(ResultsError::NotDicom));
    for (tag, name) in [
        (tags::STUDY_INSTANCE_UID, "Study Instance UID"),
        (tags::SERIES_INSTANCE_UID, "Series Instance UID"),
        (tags::SOP_INSTANCE_UID, "SOP Instance UID"),
    ] {
        for value in ["", "../../etc"] {
            let bytes = film(|set| {
                set.text(tag, value);
            });
            assert_eq!(Source::read(&bytes), Err(ResultsError::Missing(name)), "{value}");
        }
    }
    for tag in [tags::STUDY_INSTANCE_UID, tags::PATIENT_ID] {
        let other = film(|set| {
            set.text(tag, "1.9");
        });
        let mut result = alarming();
        result.films.push(scored(&other, Vec::new()));
        assert_eq!(structured_report(&result), Err(ResultsError::SeveralStudies));
    }
    assert_eq!(structured_report(&study(Vec::new())), Err(ResultsError::NoFilm));
    let picture = cxr_film::decode(&film(|_| {})).unwrap();
    assert_eq!(secondary_capture(&held(), 0, &picture, None), Err(ResultsError::Held));
    assert_eq!(secondary_capture(&alarming(), 1, &picture, None), Err(ResultsError::NoFilm));
}

#[test]
fn both_syntaxes_say_the_same() {
    let object = structured_report(&alarming()).unwrap();
    let of = |syntax: Syntax| {
        let header = cxr_film::header(&object.data_set(syntax), &[tags::PATIENT_NAME]).unwrap().0;
        (header.transfer_syntax.clone(), cxr_film::Header { transfer_syntax: String::new(), ..header })
    };
    let (explicit, implicit) = (of(Syntax::Explicit), of(Syntax::Implicit));
    assert_eq!((explicit.0.as_str(), implicit.0.as_str()), (Syntax::Explicit.uid(), Syntax::Implicit.uid()));
    assert_eq!(explicit.1, implicit.1);
    assert_eq!(explicit.1.sop_instance_uid, object.sop_instance_uid);
}
