//! The structured report: TID 1500 (PS3.16), with TID 1501, 4019 and 1001 within.

use dicom_dictionary_std::tags;

use super::{
    Algorithm, FilmResult, Object, Outcome, ResultsError, Source, StudyResult, What,
    codes::{BAND, CHEST_FILM, Code, OURS, SITE, band, label, long_text, scheme},
    content::{Item, Relation, by_series, reference},
    is_alert,
    object::PROGRAM,
    set::DataSet,
    uid::uid,
};
use crate::{study::Finding, text::clean};

use Relation::{ConceptModifier, Contains, InferredFrom, ObservationContext};

const REPORT: Code = Code::dcm("126000", "Imaging Measurement Report");
const LANGUAGE: Code = Code::dcm("121049", "Language of Content Item and Descendants");
const ENGLISH: Code = Code::new("en-US", "RFC5646", "English (United States)");
const OBSERVER_TYPE: Code = Code::dcm("121005", "Observer Type");
const DEVICE: Code = Code::dcm("121007", "Device");
const DEVICE_UID: Code = Code::dcm("121012", "Device Observer UID");
const DEVICE_NAME: Code = Code::dcm("121013", "Device Observer Name");
const DEVICE_MAKER: Code = Code::dcm("121014", "Device Observer Manufacturer");
const DEVICE_MODEL: Code = Code::dcm("121015", "Device Observer Model Name");
const PROCEDURE: Code = Code::dcm("121058", "Procedure reported");
const MEASUREMENTS: Code = Code::dcm("126010", "Imaging Measurements");
const GROUP: Code = Code::dcm("125007", "Measurement Group");
const TRACKING: Code = Code::dcm("112039", "Tracking Identifier");
const TRACKING_UID: Code = Code::dcm("112040", "Tracking Unique Identifier");
const FINDING: Code = Code::dcm("121071", "Finding");
const ALGORITHM: Code = Code::dcm("111001", "Algorithm Name");
const ALGORITHM_VERSION: Code = Code::dcm("111003", "Algorithm Version");
const PARAMETERS: Code = Code::dcm("111002", "Algorithm Parameters");
const FAMILY: Code = Code::dcm("111000", "Algorithm Family");
const AI: Code = Code::dcm("123110", "Artificial Intelligence");
const CERTAINTY: Code = Code::dcm("111012", "Certainty of Finding");
const PERCENT: Code = Code::new("%", "UCUM", "Percent");
const SOURCE: Code = Code::dcm("121112", "Source of Measurement");
const QUALITATIVE: Code = Code::new("C0034375", "UMLS", "Qualitative Evaluations");
const COMMENT: Code = Code::dcm("121106", "Comment");
const REASON: Code = Code::new("not-assessed-why", OURS, "Not assessed because");

/// The sentence that no reader may miss.
const CAUTION: &str =
    "Computed for the order of a worklist. It is not a diagnosis, and what is not named here may be there.";

/// See [`super::structured_report`].
pub(super) fn structured_report(result: &StudyResult) -> Result<Object, ResultsError> {
    let first = &result.films.first().ok_or(ResultsError::NoFilm)?.source;
    let study = &first.header().study_instance_uid;
    let mut set = content(result).into_set();
    set.items(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, vec![scheme()])
        .text(tags::COMPLETION_FLAG, "COMPLETE")
        .text(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .text(tags::PRELIMINARY_FLAG, "PRELIMINARY")
        .text(tags::INSTANCE_NUMBER, &result.version.to_string())
        .items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new());
    let films: Vec<(&str, DataSet)> = result.films.iter().map(|film| evidence(&film.source)).collect();
    set.items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![by_series(study, &films)]);
    if let Some(before) = &result.predecessor {
        let object = reference(What::Sr.sop_class_uid(), &before.sop_instance_uid);
        let item = by_series(study, &[(before.series_instance_uid.as_str(), object)]);
        set.items(tags::PREDECESSOR_DOCUMENTS_SEQUENCE, vec![item]);
    }
    Object::of(What::Sr, result, None, set)
}

fn evidence(film: &Source) -> (&str, DataSet) {
    let header = film.header();
    (&header.series_instance_uid, reference(&header.sop_class_uid, &header.sop_instance_uid))
}

fn content(result: &StudyResult) -> Item {
    let mut root = Item::container(&REPORT, Some("1500"))
        .and(ConceptModifier, Item::code(&LANGUAGE, &ENGLISH))
        .and_all(ObservationContext, device(&result.station))
        .and(ConceptModifier, Item::code(&PROCEDURE, &CHEST_FILM));
    let groups: Vec<Item> = result.films.iter().flat_map(groups).collect();
    if !groups.is_empty() {
        root = root.and(Contains, Item::container(&MEASUREMENTS, None).and_all(Contains, groups));
    }
    root.and(Contains, evaluation(result))
}

/// The device that observed (TID 1004).
fn device(station: &str) -> [Item; 5] {
    let name = if station.is_empty() { PROGRAM.to_owned() } else { long_text(station) };
    [
        Item::code(&OBSERVER_TYPE, &DEVICE),
        Item::uid(&DEVICE_UID, &uid(&["device", &name])),
        Item::text(&DEVICE_NAME, &name),
        Item::text(&DEVICE_MAKER, PROGRAM),
        Item::text(&DEVICE_MODEL, &format!("{PROGRAM} {}", crate::VERSION)),
    ]
}

/// The findings of a film that are told, each in a group of its own (TID 1501).
fn groups(film: &FilmResult) -> Vec<Item> {
    let Outcome::Scored { model, .. } = &film.outcome else { return Vec::new() };
    film.reached().into_iter().map(|finding| group(&film.source, finding, model)).collect()
}

fn group(film: &Source, finding: &Finding, model: &Algorithm) -> Item {
    let (code, site) = label(&finding.label);
    let tracking = uid(&[&film.header().sop_instance_uid, "finding", &finding.label]);
    let thresholds = format!("alert={:.4}, critical={:.4}", finding.threshold, finding.critical);
    Item::container(&GROUP, Some("1501"))
        .and(ObservationContext, Item::text(&TRACKING, &long_text(&finding.label)))
        .and(ObservationContext, Item::uid(&TRACKING_UID, &tracking))
        .and(Contains, Item::code(&FINDING, &code))
        .and_all(ConceptModifier, algorithm(model, Some(&thresholds)))
        .and_all(ConceptModifier, site.map(|site| Item::code(&SITE, &site)))
        .and(Contains, Item::number(&CERTAINTY, &format!("{:.1}", finding.probability * 100.0), &PERCENT))
        .and(Contains, Item::code(&BAND, &band(finding.severity)))
        .and(Contains, Item::image(Some(&SOURCE), film))
}

/// The algorithm that computed (TID 4019): the model by its hash, for a name can be given twice. One parameter, for
/// some readers know no second one; no Algorithm Family, which readers take for an evaluation of the finding.
fn algorithm(model: &Algorithm, thresholds: Option<&str>) -> [Item; 3] {
    let hash = format!("weights_sha256={}", clean(&model.sha256));
    let parameters = thresholds.map_or(hash.clone(), |thresholds| format!("{thresholds}, {hash}"));
    [
        Item::text(&ALGORITHM, &clean(&model.name)),
        Item::text(&ALGORITHM_VERSION, &format!("{PROGRAM} {}", crate::VERSION)),
        Item::text(&PARAMETERS, &parameters),
    ]
}

/// The part that holds for the whole study: its band, what it rests on, and what was not assessed.
fn evaluation(result: &StudyResult) -> Item {
    let scored = result.films.iter().filter(|film| film.findings().is_some());
    let mut band = Item::code(&BAND, &band(result.assessment().severity));
    band = band.and_all(InferredFrom, scored.map(|film| Item::image(None, &film.source)));
    let mut whole = Item::container(&QUALITATIVE, None)
        .and(Contains, band)
        .and(Contains, Item::text(&COMMENT, CAUTION))
        .and_all(Contains, models(result));
    for film in &result.films {
        let image = || Item::image(None, &film.source);
        if let Outcome::Held(reason) = &film.outcome {
            whole = whole.and(Contains, Item::text(&REASON, &clean(reason)).and(InferredFrom, image()));
        }
        let warnings = film.warnings.iter().map(|warning| Item::text(&COMMENT, &clean(warning)));
        whole = whole.and_all(Contains, warnings.map(|warning| warning.and(InferredFrom, image())));
    }
    whole
}

/// The models that scored, each with the thresholds of all labels that rank: also of those that were not reached.
fn models(result: &StudyResult) -> Vec<Item> {
    let mut known: Vec<&Algorithm> = Vec::new();
    let mut items = Vec::new();
    for film in &result.films {
        let Outcome::Scored { model, findings } = &film.outcome else { continue };
        if known.contains(&model) {
            continue;
        }
        known.push(model);
        let ranking = findings.iter().filter(|finding| finding.rank);
        let thresholds = ranking.map(|finding| {
            let name = long_text(&finding.label);
            format!("{name}: alert={:.4}, critical={:.4}", finding.threshold, finding.critical)
        });
        items.extend(algorithm(model, None));
        items.extend(thresholds.map(|thresholds| Item::text(&PARAMETERS, &thresholds)));
        items.push(Item::code(&FAMILY, &AI));
    }
    items
}

impl FilmResult {
    /// The findings of ranking labels that reached their alert threshold, the highest band and score first.
    pub(super) fn reached(&self) -> Vec<&Finding> {
        let findings = self.findings().unwrap_or_default().iter();
        let mut reached: Vec<&Finding> = findings.filter(|finding| is_alert(finding)).collect();
        reached.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.score.total_cmp(&a.score)));
        reached
    }
}
