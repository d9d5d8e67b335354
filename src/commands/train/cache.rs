//! The features that a network sees in films, kept for the next run: a line of JSON a film in the user's cache.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    commands::json_lines::{JsonLines, circumstances},
    hash::sha256,
    model::Model,
    quality::Gates,
};

/// The form of a record: one of another form is in another file.
const FORM: &str = "pooled features, signatures";

/// The features of one film. Its path stands there as a hash: paths can hold patients' names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// A hash of the film's path, length and time of change.
    pub(super) file: String,
    /// SHA-256 of the file, hex.
    pub(super) sha256: String,
    /// A hash of the Patient ID in the header; none where the header names nobody.
    pub(super) patient: Option<String>,
    /// Why it cannot be trained on.
    pub(super) held: Option<String>,
    /// The mean of each channel of the last feature map.
    #[serde(with = "packed")]
    pub(super) pooled: Option<Vec<f32>>,
    /// Its signature, where the model's profile was to be made of it.
    #[serde(with = "packed")]
    pub(super) upright: Option<Vec<f32>>,
    /// That of the film turned or cut.
    #[serde(with = "packed")]
    pub(super) misplaced: Option<Vec<f32>>,
}

impl Record {
    /// Whether it says all that is wanted. `as_sample`: also what a profile is made of.
    pub(super) fn answers(&self, as_sample: bool) -> bool {
        self.held.is_some() || self.pooled.is_some() && (!as_sample || self.upright.is_some())
    }
}

/// Numbers as the text of their bytes.
mod packed {
    use super::{BASE64_STANDARD, Deserialize, Deserializer, Engine, Error, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &Option<Vec<f32>>, out: S) -> Result<S::Ok, S::Error> {
        let bytes =
            |values: &Vec<f32>| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        values.as_ref().map(|values| BASE64_STANDARD.encode(bytes(values))).serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<f32>>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
        Ok(Some(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()))
    }
}

/// The records of earlier runs with the same network, and the file that those of this run are appended to.
#[derive(Debug, Default)]
pub(super) struct Cache {
    by_content: HashMap<String, Record>,
    by_file: HashMap<String, String>,
    lines: Option<JsonLines>,
}

impl Cache {
    /// Opens the user's cache for this model, precision, program and gates; without a home nothing is remembered.
    pub(super) fn open(model: &Model, gates: &Gates) -> io::Result<Self> {
        let mut cache = Self::default();
        let Some(path) = place(model, gates) else { return Ok(cache) };
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        let lines = JsonLines::open(&path, |record| cache.note(record))?;
        cache.lines = Some(lines);
        Ok(cache)
    }

    fn note(&mut self, record: Record) {
        self.by_file.insert(record.file.clone(), record.sha256.clone());
        self.by_content.insert(record.sha256.clone(), record);
    }

    /// Finds the record of a file as it lies there, without a byte of it having been read.
    pub(super) fn of_file(&self, file: &str) -> Option<&Record> {
        self.by_content.get(self.by_file.get(file)?)
    }

    /// Finds the record of a file with this content.
    pub(super) fn of_content(&self, sha256: &str) -> Option<&Record> {
        self.by_content.get(sha256)
    }

    /// The file, and where what is new is to be appended; none without a home.
    pub(super) fn lines(&mut self) -> Option<JsonLines> {
        self.lines.take()
    }
}

/// A folder of the user's cache; none without a home.
pub(super) fn folder(name: &str) -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("cxr-triage").join(name))
}

/// Where the cache lies.
pub(super) fn place(model: &Model, gates: &Gates) -> Option<PathBuf> {
    Some(folder("features")?.join(format!("{}.jsonl", circumstances(FORM, model, gates))))
}

/// A film's file as it lies there, in a hash; none if it cannot be looked at.
pub(super) fn file_key(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let path = std::path::absolute(path).ok()?;
    let mut key = path.into_os_string().into_encoded_bytes();
    key.extend(found.len().to_le_bytes());
    key.extend(changed.to_le_bytes());
    let mut hash = sha256(key);
    hash.truncate(32);
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        let record = Record {
            file: "f".into(),
            sha256: "s".into(),
            patient: None,
            held: None,
            pooled: Some(vec![0.1, -3.5e-20, f32::MAX]),
            upright: None,
            misplaced: Some(Vec::new()),
        };
        let back: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(
            (&back.pooled, &back.upright, &back.misplaced),
            (&record.pooled, &None, &Some(Vec::new()))
        );
        assert!(back.answers(false) && !back.answers(true));
    }

    #[test]
    fn a_file_that_was_written_again_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.png");
        fs::write(&path, "one").unwrap();
        let first = file_key(&path).unwrap();
        assert_eq!(file_key(&path), Some(first.clone()));
        fs::write(&path, "other").unwrap();
        assert_ne!(file_key(&path), Some(first));
        assert_eq!(file_key(&folder.path().join("gone")), None);
    }
}
