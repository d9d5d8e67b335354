//! A study as a plugin sees it: no name, number or date of the patient unless the site grants it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    store::{FilmId, FilmRow, FilmState, Marks, StudyDetail, StudyId},
    study::{Attributes, Finding, Severity, study_uid},
    text::Secrets,
};

/// Words of the standard for modality, view, side and body part.
const CODES: [&str; 18] = [
    "CR", "DX", "DR", "RG", "PX", "AP", "PA", "LL", "RL", "LAT", "LATERAL", "LLD", "RLD", "L", "R", "B", "U",
    "CHEST",
];

/// The number of the next snapshot.
static SNAPSHOTS: AtomicU64 = AtomicU64::new(1);

/// A study as hooks receive it; also the JSON that `plugins run --study` reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StudyView {
    /// The study's number in this store.
    pub id: StudyId,
    /// The reported band.
    pub severity: Severity,
    /// The band from the findings alone.
    pub assessed: Severity,
    /// The highest score, 0 to 1; 0.5 is the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<String>,
    /// "new", "seen", "claimed" or "done".
    pub status: String,
    /// Whether the quiet period after its last film has passed.
    pub complete: bool,
    /// Whether waiting promoted it.
    pub promoted: bool,
    /// The source that raised it from outside; or empty.
    pub raised_by: String,
    /// When its first film arrived, seconds since 1970.
    pub arrived: i64,
    /// Minutes since then.
    pub waiting_minutes: f64,
    /// Study Description.
    pub description: String,
    /// View Position of the foremost film.
    pub view: String,
    /// Age and sex of the patient, the station: attributes of its first film's header.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// The model that scored it.
    pub model: String,
    /// Why its first held film is held; or empty.
    pub held_reason: String,
    /// Tags that plugins gave it.
    pub tags: Vec<String>,
    /// The highest finding of each label over all scored films.
    pub findings: BTreeMap<String, FindingView>,
    /// Its films, the foremost first.
    pub films: Vec<FilmView>,
    /// The patient: only where the site granted `patient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<PatientView>,
    /// The marks of plugins. The host alone sees them: what is there already need not be written again.
    #[serde(skip)]
    pub marks: Marks,
    /// Tells one snapshot of a study from another; 0 for one that was made by hand.
    #[serde(skip)]
    pub(super) snapshot: u64,
}

impl Default for StudyView {
    fn default() -> Self {
        Self {
            id: 0,
            severity: Severity::Routine,
            assessed: Severity::Routine,
            score: None,
            top: None,
            status: "new".to_owned(),
            complete: false,
            promoted: false,
            raised_by: String::new(),
            arrived: 0,
            waiting_minutes: 0.0,
            description: String::new(),
            view: String::new(),
            attributes: Attributes::default(),
            model: String::new(),
            held_reason: String::new(),
            tags: Vec::new(),
            findings: BTreeMap::new(),
            films: Vec::new(),
            patient: None,
            marks: Marks::default(),
            snapshot: 0,
        }
    }
}

impl StudyView {
    /// A critical portable film of nobody, for trying plugins on.
    #[must_use]
    pub fn recorded() -> Self {
        let recorded = serde_json::from_str(include_str!("recorded_study.json"));
        // A test reads it.
        recorded.unwrap_or_default()
    }
}

/// One label's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingView {
    /// The model's sigmoid, 0 to 1.
    pub probability: f64,
    /// Against its threshold, 0 to 1.
    pub score: f64,
    /// The alert threshold.
    pub threshold: f64,
    /// The band that it reaches.
    pub severity: Severity,
    /// Whether it counts for the study.
    pub ranks: bool,
}

/// One film.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FilmView {
    /// The film's number in this store.
    pub id: FilmId,
    /// Whether it was scored; else it is held.
    pub scored: bool,
    /// Why it is held; or empty.
    pub held_reason: String,
    /// Modality.
    pub modality: String,
    /// View Position.
    pub view: String,
    /// Laterality.
    pub laterality: String,
    /// Body Part Examined.
    pub body_part: String,
    /// Series Description.
    pub series: String,
    /// Station Name.
    pub station: String,
    /// Warnings beside its findings, by gates and of numbers that are not its alone, a sentence each.
    pub warnings: Vec<String>,
    /// Where the file lies: only where the site granted `patient`, for names are in file names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// The patient's identity.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PatientView {
    /// Patient's Name.
    pub name: String,
    /// Patient ID.
    pub id: String,
    /// Accession Number.
    pub accession: String,
    /// Study Instance UID, or the key of a study without one.
    pub study_uid: String,
    /// Study Date and Time, as "2026-03-01T08:15:02"; or empty.
    pub study_time: String,
    /// The person who set the status.
    pub status_by: String,
}

impl StudyView {
    /// Makes the view of a study at `now`.
    #[must_use]
    pub fn new(detail: &StudyDetail, with_patient: bool, now: Timestamp) -> Self {
        let row = &detail.study;
        let secrets = if with_patient { Secrets::default() } else { detail.secrets() };
        let hide = |text: &str| match with_patient || is_code(text) {
            true => text.to_owned(),
            false => secrets.hide(text),
        };
        let mut findings: BTreeMap<String, FindingView> = BTreeMap::new();
        for film in &detail.films {
            let FilmState::Scored { findings: of_film, .. } = &film.state else { continue };
            for finding in of_film {
                let known = findings.get(&finding.label);
                if known.is_none_or(|known| finding.probability > known.probability) {
                    findings.insert(finding.label.clone(), finding_view(finding));
                }
            }
        }
        let waited = now.duration_since(row.first_arrival);
        Self {
            id: row.id,
            severity: row.severity,
            assessed: row.assessed,
            score: row.score,
            top: row.top.clone(),
            status: row.status.word().to_owned(),
            complete: row.complete,
            promoted: row.promoted_at.is_some(),
            raised_by: row.outside.as_ref().map(|outside| hide(&outside.source)).unwrap_or_default(),
            arrived: row.first_arrival.as_second(),
            waiting_minutes: (waited.as_secs_f64().max(0.0) / 6.0).round() / 10.0,
            description: hide(&row.description),
            view: hide(&row.view),
            attributes: row.attributes.map(hide),
            model: row.model.clone(),
            held_reason: hide(&row.held_reason),
            tags: row.marks.tags.iter().map(|tag| hide(&tag.text)).collect(),
            findings,
            films: detail.films.iter().map(|film| film_view(detail, film, with_patient, &hide)).collect(),
            patient: with_patient.then(|| PatientView {
                name: row.patient_name.clone(),
                id: row.patient_id.clone(),
                accession: row.accession_number.clone(),
                study_uid: study_uid(&row.key).to_owned(),
                study_time: row.study_time.map(|time| time.to_string()).unwrap_or_default(),
                status_by: row.status_by.clone(),
            }),
            marks: row.marks.clone(),
            snapshot: SNAPSHOTS.fetch_add(1, Ordering::Relaxed),
        }
    }
}

fn finding_view(finding: &Finding) -> FindingView {
    FindingView {
        probability: finding.probability,
        score: finding.score,
        threshold: finding.threshold,
        severity: finding.severity,
        ranks: finding.rank,
    }
}

fn film_view(
    detail: &StudyDetail,
    film: &FilmRow,
    with_patient: bool,
    hide: &impl Fn(&str) -> String,
) -> FilmView {
    let header = &film.header;
    let held_reason = match &film.state {
        FilmState::Scored { .. } => String::new(),
        FilmState::Held(held) => hide(&held.reason),
    };
    FilmView {
        id: film.id,
        scored: matches!(film.state, FilmState::Scored { .. }),
        held_reason,
        modality: hide(&header.modality),
        view: hide(&header.view_position),
        laterality: hide(&header.laterality),
        body_part: hide(&header.body_part_examined),
        series: hide(&header.series_description),
        station: hide(&header.station_name),
        warnings: detail.warnings(film, with_patient).iter().map(|warning| hide(warning)).collect(),
        path: if with_patient { film.path.to_string_lossy().into_owned() } else { String::new() },
    }
}

/// Returns whether a value is one of the standard's words, which say nothing of anybody.
fn is_code(value: &str) -> bool {
    CODES.contains(&value)
}

#[cfg(test)]
mod tests {
    use super::is_code;

    #[test]
    fn a_code_is_no_free_text() {
        assert!(is_code("PA") && is_code("DX") && !is_code("PA DOE") && !is_code(""));
    }
}
