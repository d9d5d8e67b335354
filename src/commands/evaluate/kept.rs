//! Scores that are kept between runs: a line of JSON a film, appended as films are done, so that whatever
//! ends a run, what is done is there for the next one.

use std::{collections::HashMap, io, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    commands::{
        json_lines::{JsonLines, circumstances},
        labelled::patient_hash,
    },
    hash::hex,
    model::{Heatmap, Model},
    quality::Gates,
    text::clean,
};
use cxr_film::Header;

/// The result of one film, which is known by the SHA-256 of its file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) sha256: String,
    /// Why a gate holds it.
    pub(super) held: Option<String>,
    /// Whether there is nothing to score: it cannot be decoded, or not be prepared for the model.
    pub(super) hopeless: bool,
    /// Columns and rows of the stored picture.
    pub(super) size: (u32, u32),
    /// A hash of the Patient ID in the header; none where the header names nobody.
    pub(super) patient: Option<String>,
    /// View Position of the header; empty where it says nothing.
    pub(super) view: String,
    /// Station Name of the header, likewise.
    pub(super) station: String,
    /// A probability a label; none for a film that was held and not asked for.
    pub(super) probabilities: Option<Vec<f32>>,
    /// The heatmaps in their stored form as hex, where there is a box to measure them against.
    pub(super) heatmap: Option<String>,
}

/// The parts of a record that a run needs beside the probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) held_too: bool,
    pub(super) heatmap: bool,
}

impl Record {
    /// Makes the record of a film of which the header alone is known.
    pub(super) fn of_header(sha256: String, header: &Header) -> Self {
        Self {
            sha256,
            held: None,
            hopeless: false,
            size: (header.columns, header.rows),
            patient: patient_hash(header),
            view: clean(&header.view_position).trim().to_owned(),
            station: clean(&header.station_name).trim().to_owned(),
            probabilities: None,
            heatmap: None,
        }
    }

    /// Whether it goes into the figures. `held_too`: also if a gate holds it.
    pub(super) fn counts(&self, held_too: bool) -> bool {
        self.probabilities.is_some() && (held_too || self.held.is_none())
    }

    /// Whether it says all that is wanted.
    pub(super) fn answers(&self, wanted: Wanted) -> bool {
        let unscored = self.hopeless || (self.held.is_some() && !wanted.held_too);
        unscored || (self.probabilities.is_some() && (!wanted.heatmap || self.heatmap.is_some()))
    }

    pub(super) fn set_heatmap(&mut self, map: &Heatmap) {
        self.heatmap = Some(hex(map.to_bytes()));
    }

    pub(super) fn read_heatmap(&self) -> Option<Heatmap> {
        let hex = self.heatmap.as_ref()?.as_bytes();
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let bytes: Option<Vec<u8>> =
            hex.chunks(2).map(|pair| Some(digit(pair[0])? * 16 + digit(*pair.get(1)?)?)).collect();
        Heatmap::from_bytes(&bytes?)
    }
}

/// The records of earlier runs, by the films' SHA-256.
pub(super) type Known = HashMap<String, Record>;

/// The scores of earlier runs under the same circumstances, and where this run's go.
#[derive(Debug, Default)]
pub(super) struct Kept {
    known: Arc<Known>,
    file: Option<JsonLines>,
}

/// The form of a record: one of another form is in another file.
const FORM: &str = "with patient, view and station";

impl Kept {
    /// Opens the scores kept in `folder` for this model, precision, program and gates: others are in files
    /// of their own, and never mixed.
    pub(super) fn open(folder: &Path, model: &Model, gates: &Gates) -> io::Result<Self> {
        let path = folder.join(format!("scores-{}.jsonl", circumstances(FORM, model, gates)));
        let mut known = Known::new();
        let file = JsonLines::open(&path, |record: Record| {
            known.insert(record.sha256.clone(), record);
        })?;
        Ok(Self { known: Arc::new(known), file: Some(file) })
    }

    /// The records of earlier runs.
    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known)
    }

    /// Keeps what came of a film.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.append(record))
    }

    /// The file, if there is one.
    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(JsonLines::path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(held: Option<&str>, scored: bool) -> Record {
        Record {
            sha256: "ab".into(),
            held: held.map(str::to_owned),
            hopeless: false,
            size: (10, 20),
            patient: None,
            view: String::new(),
            station: String::new(),
            probabilities: scored.then(|| vec![0.1, 0.2]),
            heatmap: None,
        }
    }

    #[test]
    fn a_kept_score_answers_what_it_can() {
        let plain = Wanted { held_too: false, heatmap: false };
        let all = Wanted { held_too: true, ..plain };
        let map = Wanted { heatmap: true, ..plain };
        assert!(record(None, true).answers(plain) && !record(None, true).answers(map));
        assert!(record(Some("lateral"), false).answers(map));
        assert!(!record(Some("lateral"), false).answers(all) && record(Some("far"), true).answers(all));
        assert!(Record { hopeless: true, ..record(Some("broken"), false) }.answers(all));
    }

    #[test]
    fn heatmaps_survive() {
        let region = crate::model::Region::WHOLE;
        let map = Heatmap { labels: 1, rows: 2, columns: 2, values: vec![0.0, 1.0, 0.5, 0.25], region };
        let mut kept = record(None, true);
        kept.set_heatmap(&map);
        let kept: Record = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(kept.read_heatmap(), Some(map));
        assert_eq!(kept.probabilities, Some(vec![0.1, 0.2]), "to the last bit");
    }
}
