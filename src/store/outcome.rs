//! The outcome of a file in the pipeline, and the store's answer to it.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use super::{FilmId, OutsidePriority, StudyRow};
use crate::{
    quality::Held,
    study::{Claim, Finding, Rules},
};
use cxr_film::Header;

/// The model that scored a film, as the audit must be able to name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRef {
    /// Its name.
    pub name: String,
    /// SHA-256 of its weights, hex.
    pub sha256: String,
    /// The text of its manifest: labels, preprocessing, operating points.
    pub manifest: String,
}

/// The outcome of one file.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// SHA-256 of the file's bytes, lower-case hex.
    pub sha256: String,
    /// The key of its study where the header has no Study Instance UID (see [`StudyRow::key`]).
    pub study_key: String,
    /// When work on it began, for the audit.
    pub started: Timestamp,
    /// The file's own header, if it was read that far.
    pub header: Option<Header>,
    /// Whether the pixels could be decoded. Only such a film can count for another one.
    pub decoded: bool,
    /// Scored, or held.
    pub verdict: Verdict,
    /// A priority that came along with the file.
    pub outside: Option<OutsidePriority>,
}

impl Outcome {
    /// The SOP Instance UID, if the header has one.
    pub(super) fn sop_instance_uid(&self) -> Option<&str> {
        let uid = self.header.as_ref()?.sop_instance_uid.as_str();
        (!uid.is_empty()).then_some(uid)
    }

    /// Which film it is, as far as its header says so.
    pub(super) fn claim(&self) -> Claim {
        self.header.as_ref().map_or_else(Claim::default, |header| Claim::of(header, self.decoded))
    }
}

/// Scored, or held.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The model scored it.
    Scored(Scored),
    /// A gate refused it.
    Held(Held),
}

/// A film's result with everything that it must be provable with afterwards.
#[derive(Debug, Clone)]
pub struct Scored {
    /// In the model's label order, judged by `rules`.
    pub findings: Vec<Finding>,
    /// The heatmap in its stored form ([`crate::model::Heatmap::to_bytes`]).
    pub heatmap: Vec<u8>,
    /// Warnings of gates about the film, a sentence each.
    pub warnings: Vec<String>,
    /// The model.
    pub model: Arc<ModelRef>,
    /// The thresholds in force.
    pub rules: Arc<Rules>,
    /// The device and its precision: "cpu fp32".
    pub device: String,
}

/// The store's answer to a request to score a held film.
#[derive(Debug, Clone, PartialEq)]
pub enum Requested {
    /// The film waits for its turn; its study, as it stands now.
    Queued(Box<StudyRow>),
    /// It cannot be scored: one sentence.
    Refused(String),
}

/// The store's answer to an outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// The film is there already: the same bytes, or the SOP Instance UID of a film that decoded and nothing that
    /// tells the two apart.
    Duplicate {
        /// The film that counts.
        of: FilmId,
        /// Where that one came from.
        path: PathBuf,
        /// Other studies that changed: they lost a broken film whose place this file took.
        others: Vec<StudyRow>,
    },
    /// It is on the list.
    Recorded {
        /// The film.
        film: FilmId,
        /// Its study, as it stands now.
        study: Box<StudyRow>,
        /// It is listed and does not count: the image for presentation of its exposure is scored.
        aside: bool,
        /// Other studies that changed: they lost a broken film whose place this one took, or bear one number with it
        /// or with its study.
        others: Vec<StudyRow>,
    },
}
