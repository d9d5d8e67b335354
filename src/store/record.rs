//! Films, and studies with their films, as plain data: with what the file said and what the gates made of it.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::{
    quality::Held,
    study::{Clash, FilmId, Finding, Note, OnRequest, Sending, StudyRow},
    text::Secrets,
};
use cxr_film::Header;

/// The outcome of a film.
#[derive(Debug, Clone, PartialEq)]
pub enum FilmState {
    /// The model scored it.
    Scored {
        /// In the model's label order.
        findings: Vec<Finding>,
        /// The model's name.
        model: String,
        /// SHA-256 of its weights, hex.
        model_sha256: String,
        /// When.
        scored_at: Timestamp,
    },
    /// A gate refused it.
    Held(Held),
}

/// One film of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct FilmRow {
    /// Row number.
    pub id: FilmId,
    /// Where the file was when it arrived.
    pub path: PathBuf,
    /// SHA-256 of the file, hex; empty if it went before it could be read.
    pub sha256: String,
    /// The file's own header.
    pub header: Header,
    /// Whether it was scored or held.
    pub state: FilmState,
    /// The warnings of gates about a film that was scored all the same, a sentence each.
    pub warnings: Vec<String>,
    /// Other films that bear its SOP Instance UID.
    pub clashes: Vec<Clash>,
    /// Whether the file could be decoded: a held film that could may be scored on request.
    pub decoded: bool,
    /// The last time that somebody wanted the film scored although it was held.
    pub on_request: Option<OnRequest>,
}

/// A study with all its films.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyDetail {
    /// The worklist's row.
    pub study: StudyRow,
    /// Scored films first, the one with the top finding foremost; then held ones.
    pub films: Vec<FilmRow>,
    /// The notes of people, the oldest first.
    pub notes: Vec<Note>,
    /// Other patients' studies that bear its Study Instance UID.
    pub clashes: Vec<Clash>,
    /// Its result on the way to each destination that it is sent to.
    pub sendings: Vec<Sending>,
}

impl StudyDetail {
    /// Collects the warnings beside the findings of a film: of its study, of its number, and by the gates, a sentence each.
    /// File names and keys may name a patient: `named` says whether they may be told.
    #[must_use]
    pub fn warnings(&self, film: &FilmRow, named: bool) -> Vec<String> {
        let clashes = self.clashes.iter().chain(&film.clashes).map(|clash| clash.sentence(named));
        clashes.chain(film.warnings.iter().cloned()).collect()
    }

    /// The texts that say whose study it is, as its row and each of its films spell them.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::of_films(&self.study, self.films.iter().map(|film| &film.header))
    }
}
