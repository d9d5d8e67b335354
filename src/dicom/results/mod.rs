//! Results as DICOM objects: a structured report of a study, and a picture of a film with its heatmap. Pure: it is given
//! everything, knows neither store nor network, reads no clock, and gives the same bytes for the same input, so that an
//! object that is sent again after a crash is the one that was sent before.
//!
//! ```text
//! film's file ──Source::read──▶ Source ─┐
//! store's findings, models, reasons ────┴▶ StudyResult ──structured_report──▶ Object ──▶ C-STORE, or a file
//! film's file ──cxr_film::decode──▶ Film ─┬──secondary_capture──▶ Object
//! store's heatmap ──Heatmap::from_bytes───┘
//! ```
//!
//! The caller gives, of one study of the store's list (`store::StudyDetail`):
//! - of each film the file's bytes, checked against the film's SHA-256, for [`Source::read`]: whose film it is comes from
//!   there alone, in its own character set; a PNG or a film without UIDs is an error that says so;
//! - its findings with the model's name and hash (`FilmState::Scored`), or the reason why it is held;
//! - the time of the result, a station name, the version and, from the second version on, the numbers of the object sent
//!   before ([`Sent`]), which the caller has kept. [`digest`] tells whether there is something new to send, without a file.
//!
//! All numbers (UIDs) are made of study, patient, station, what became of the films, version and kind.

mod capture;
mod codes;
mod content;
mod drawing;
mod error;
mod object;
mod report;
mod set;
mod source;
#[cfg(test)]
mod tests;
mod uid;
mod what;

use std::fmt::Write as _;

use jiff::civil::DateTime;

use crate::{
    hash::sha256,
    model::Heatmap,
    study::{Finding, Severity, StudyAssessment, combine},
};
use cxr_film::Film;

pub use error::ResultsError;
pub use object::Object;
pub use set::Syntax;
pub use source::Source;
pub use what::What;

/// The result of one study.
///
/// The same in every try to send one version, so that each makes the same objects.
#[derive(Debug, Clone)]
pub struct StudyResult {
    /// Its films, the one that decides foremost, as `store::StudyDetail` has them; one at least, all of one study and
    /// patient. Held films are in the report if they are here: whether they are is the site's choice.
    pub films: Vec<FilmResult>,
    /// When the result came about, in the local time of the site. The same for each try to send one version.
    pub at: DateTime,
    /// The name of this station (Station Name: 16 characters at most), such as the AE title that it calls with. Two
    /// stations that send results of one study send two objects.
    pub station: String,
    /// 1 for the first result of a study, and one more for each that differs from the one sent before.
    pub version: u32,
    /// The report that this one takes the place of; none for the first.
    pub predecessor: Option<Sent>,
}

/// The numbers of an object that was sent: of [`Object`], to be kept by whoever sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Series Instance UID.
    pub series_instance_uid: String,
}

/// The result of one film.
#[derive(Debug, Clone)]
pub struct FilmResult {
    /// The film, by its own header.
    pub source: Source,
    /// Its outcome.
    pub outcome: Outcome,
    /// Warnings of gates about a film that was scored all the same, a sentence each.
    pub warnings: Vec<String>,
}

/// The outcome of a film.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The model scored it.
    Scored {
        /// In the model's label order, with the thresholds that were in force.
        findings: Vec<Finding>,
        /// The model.
        model: Algorithm,
    },
    /// It was not assessed: the reason, a sentence.
    Held(String),
}

/// The model that scored a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithm {
    /// Its name.
    pub name: String,
    /// SHA-256 of its weights, hex.
    pub sha256: String,
}

impl StudyResult {
    /// The study's band, score and top label by the findings alone: neither a priority from outside nor a promotion by
    /// waiting is a result.
    #[must_use]
    pub fn assessment(&self) -> StudyAssessment {
        combine(self.films.iter().filter_map(FilmResult::findings))
    }
}

impl Outcome {
    /// The findings of a scored film.
    #[must_use]
    pub fn findings(&self) -> Option<&[Finding]> {
        match self {
            Self::Scored { findings, .. } => Some(findings),
            Self::Held(_) => None,
        }
    }

    /// Returns whether a label that ranks has reached its alert threshold.
    #[must_use]
    pub fn has_alert(&self) -> bool {
        self.findings().unwrap_or_default().iter().any(is_alert)
    }
}

/// Returns whether a finding is of a label that ranks and has reached its alert threshold.
fn is_alert(finding: &Finding) -> bool {
    finding.rank && finding.severity >= Severity::Urgent
}

impl FilmResult {
    /// The findings of a scored film.
    #[must_use]
    pub fn findings(&self) -> Option<&[Finding]> {
        self.outcome.findings()
    }

    /// The film's number and what became of it, for [`digest`].
    fn by_number(&self) -> (&str, &Outcome) {
        (&self.source.header().sop_instance_uid, &self.outcome)
    }
}

/// A hash (SHA-256, hex) of what films came to, each by its SOP Instance UID: probabilities and bands of ranking labels and
/// the model's hash, or the reason why it is held. While it is the same there is nothing new to send; thresholds count
/// by what they do alone.
#[must_use]
pub fn digest<'a>(films: impl IntoIterator<Item = (&'a str, &'a Outcome)>) -> String {
    let mut text = String::new();
    for (film, outcome) in films {
        // Writing to a string cannot fail.
        let _ = match outcome {
            Outcome::Held(reason) => writeln!(text, "{film} held {reason:?}"),
            Outcome::Scored { model, .. } => writeln!(text, "{film} scored {:?}", model.sha256),
        };
        let Outcome::Scored { findings, .. } = outcome else { continue };
        for finding in findings.iter().filter(|finding| finding.rank) {
            let (probability, band) = (finding.probability, finding.severity.word());
            let _ = writeln!(text, "{:?} {probability} {band}", finding.label);
        }
    }
    sha256(text)
}

/// A Comprehensive 3D SR by TID 1500: the study's band; a measurement group for each finding of a ranking label that
/// reached its alert threshold; for films that are held, that they were not assessed, and why. It is complete,
/// unverified and preliminary, and never says that nothing is there.
///
/// # Errors
/// [`ResultsError`], where the films are none or of several studies or patients.
pub fn structured_report(result: &StudyResult) -> Result<Object, ResultsError> {
    report::structured_report(result)
}

/// A secondary capture of the film `result.films[place]`: the film as a workstation shows it, 1,024 pixels wide at most,
/// the heatmap of its foremost finding over it, its findings beside it, and "not for diagnosis" burnt in. `heatmap` is the
/// store's; without one, and for a film without a finding at its threshold, the film is bare.
///
/// # Errors
/// [`ResultsError`], where the film is held or not there, or the films are of several studies or patients.
pub fn secondary_capture(
    result: &StudyResult,
    place: usize,
    film: &Film,
    heatmap: Option<&Heatmap>,
) -> Result<Object, ResultsError> {
    capture::secondary_capture(result, place, film, heatmap)
}
