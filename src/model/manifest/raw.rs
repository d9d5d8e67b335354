//! `model.toml` as it is written, before it is checked.

use serde::{Deserialize, Deserializer, de::Error};
use toml::Spanned;

use super::{Architecture, Kind, OutputRule, ReferenceOutput};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: String,
    #[serde(default)]
    pub(super) kind: Kind,
    pub(super) title: String,
    #[serde(default)]
    pub(super) banner: String,
    pub(super) licence: String,
    pub(super) source: String,
    #[serde(default)]
    pub(super) evaluation: String,
    pub(super) evaluated: Option<Evaluated>,
    pub(super) training: Option<Training>,
    #[serde(default, deserialize_with = "some_hex_sha256")]
    pub(super) sha256: Option<String>,
    pub(super) trunk: Option<Trunk>,
    pub(super) architecture: Architecture,
    #[serde(default = "torchvision_epsilon", deserialize_with = "positive")]
    pub(super) epsilon: f64,
    pub(super) output: Option<OutputRule>,
    pub(super) input: Input,
    /// Steps, not yet read as such: serde would put an error on the whole list rather than the line.
    pub(super) preprocessing: Vec<Spanned<toml::Value>>,
    #[serde(default)]
    pub(super) labels: Vec<Label>,
    pub(super) profile: Option<Profile>,
    pub(super) network: Option<Network>,
    pub(super) published: Option<Published>,
    pub(super) reference: Option<Reference>,
    pub(super) imported: Option<Imported>,
}

/// The model whose weights stand before a last layer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trunk {
    pub(super) model: String,
    #[serde(deserialize_with = "hex_sha256")]
    pub(super) sha256: String,
}

/// The films that the AUCs were measured on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evaluated {
    pub(super) films: String,
    pub(super) also_used_for: String,
    pub(super) source_was_trained_on: bool,
    pub(super) patients_are_unseen: bool,
    pub(super) intervals: By,
}

/// The units that the intervals are over.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum By {
    ByPatient,
    ByFilm,
}

/// The data that the model was trained on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Training {
    #[serde(deserialize_with = "hex_sha256s")]
    pub(super) labels: Vec<String>,
    #[serde(default)]
    pub(super) splits: Vec<String>,
    pub(super) run: Option<TrainingRun>,
}

/// How this program trained the model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainingRun {
    pub(super) from: String,
    #[serde(deserialize_with = "hex_sha256")]
    pub(super) from_sha256: String,
    pub(super) films: u64,
    pub(super) patients: u64,
    pub(super) options: String,
    pub(super) version: String,
}

/// Differences from the architecture's usual width and depth.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) stem: Option<usize>,
    pub(super) growth: Option<usize>,
    pub(super) blocks: Option<Vec<usize>>,
    pub(super) width: Option<usize>,
    pub(super) layers: Option<usize>,
    pub(super) heads: Option<usize>,
    pub(super) patch: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    pub(super) url: String,
    pub(super) bytes: Option<u64>,
    #[serde(default, deserialize_with = "some_hex_sha256")]
    pub(super) sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    #[serde(deserialize_with = "hex_sha256")]
    pub(super) film: String,
    pub(super) output: ReferenceOutput,
    pub(super) values: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Imported {
    pub(super) file: String,
    #[serde(deserialize_with = "hex_sha256")]
    pub(super) sha256: String,
    pub(super) published: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    #[serde(deserialize_with = "hex_sha256")]
    pub(super) sha256: String,
    #[serde(deserialize_with = "distance")]
    pub(super) cut_off: f32,
    /// Absent where `weights profile` of an earlier version wrote the section: it must still be read, for a
    /// new profile to be made.
    #[serde(default = "no_limit", deserialize_with = "distance")]
    pub(super) turned_cut_off: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) channels: usize,
    pub(super) size: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    pub(super) name: String,
    #[serde(deserialize_with = "threshold")]
    pub(super) alert: f64,
    #[serde(default, deserialize_with = "some_threshold")]
    pub(super) critical: Option<f64>,
    #[serde(default, deserialize_with = "area")]
    pub(super) auc: Option<f64>,
    #[serde(default, deserialize_with = "interval")]
    pub(super) auc_interval: Option<[f64; 2]>,
    pub(super) positives: Option<u32>,
    pub(super) films: Option<u32>,
    pub(super) validated: Option<bool>,
}

fn no_limit() -> f32 {
    f32::INFINITY
}

fn torchvision_epsilon() -> f64 {
    1e-5
}

// Ranges are checked while reading, so that an error points at its line.

fn positive<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    f64::deserialize(value).and_then(|x| match x > 0.0 && x < 1.0 {
        true => Ok(x),
        false => Err(D::Error::custom(format!("{x} is out of range: a small number above 0 is wanted"))),
    })
}

fn distance<'de, D: Deserializer<'de>>(value: D) -> Result<f32, D::Error> {
    f32::deserialize(value).and_then(|x| match x.is_finite() && x > 0.0 {
        true => Ok(x),
        false => Err(D::Error::custom(format!("a distance of {x} is out of range: above 0 is wanted"))),
    })
}

fn threshold<'de, D: Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    f64::deserialize(value).and_then(|x| match x > 0.0 && x < 1.0 {
        true => Ok(x),
        false => Err(D::Error::custom(format!(
            "a threshold of {x} is out of range: a probability above 0 and below 1 is wanted"
        ))),
    })
}

fn some_threshold<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f64>, D::Error> {
    threshold(value).map(Some)
}

fn area<'de, D: Deserializer<'de>>(value: D) -> Result<Option<f64>, D::Error> {
    f64::deserialize(value).and_then(|x| match (0.0..=1.0).contains(&x) {
        true => Ok(Some(x)),
        false => Err(D::Error::custom(format!("an AUC of {x} is out of range: 0 to 1 is wanted"))),
    })
}

fn interval<'de, D: Deserializer<'de>>(value: D) -> Result<Option<[f64; 2]>, D::Error> {
    <[f64; 2]>::deserialize(value).and_then(|[low, high]| match 0.0 <= low && low <= high && high <= 1.0 {
        true => Ok(Some([low, high])),
        false => Err(D::Error::custom(format!(
            "[{low}, {high}] is no interval of an AUC: wanted 0 <= low <= high <= 1"
        ))),
    })
}

fn hex_sha256<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    String::deserialize(value).and_then(checked_hex)
}

fn hex_sha256s<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    Vec::<String>::deserialize(value)?.into_iter().map(checked_hex).collect()
}

fn checked_hex<E: Error>(hex: String) -> Result<String, E> {
    match hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        true => Ok(hex),
        false => Err(E::custom("a sha256 is 64 hexadecimal digits in lower case")),
    }
}

fn some_hex_sha256<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    hex_sha256(value).map(Some)
}
