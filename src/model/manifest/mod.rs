//! `model.toml`: what a model is, what it wants to see, and what its outputs are worth.
//!
//! A model is data: everything between a film and its probabilities is in here or in the weights.

mod check;
mod provenance;
mod raw;
mod steps;
#[cfg(test)]
mod tests;

pub use provenance::{EvaluatedOn, Imported, Published, Reference, ReferenceOutput, Training, TrainingRun};
pub use steps::{Filter, Step, Tone};

use serde::{Deserialize, Serialize};

use super::{DenseNetConfig, DinoV2Config, ModelError, NetworkConfig, ResNetConfig};
use crate::hash::sha256;

/// A validated label's AUC interval lies wholly above this.
pub const VALIDATED_ABOVE: f64 = 0.65;

/// A validated label was measured on at least so many films with the finding.
pub const VALIDATED_POSITIVES: u32 = 10;

/// Longest text of a manifest, in bytes; the longest of the presets has a fortieth of it.
const LONGEST_TEXT: usize = 256 << 10;

/// A checked `model.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The name that people choose the model by; also its folder's.
    pub name: String,
    /// Its purpose.
    pub kind: Kind,
    /// One line for people.
    pub title: String,
    /// The network.
    pub architecture: Architecture,
    /// Its width and depth.
    pub shape: Shape,
    /// Added to the variance in the network's normalisations.
    pub epsilon: f64,
    /// Channels of the input.
    pub channels: usize,
    /// Rows and columns of the input.
    pub size: u32,
    /// From film to input, in this order.
    pub preprocessing: Vec<Step>,
    /// The rule that turns a logit into a probability.
    pub output: OutputRule,
    /// How many outputs the network has, unnamed ones included.
    pub outputs: usize,
    /// The labels, in the order of the outputs. Outputs without a name were not trained and are left
    /// out here, and so everywhere.
    pub labels: Vec<Label>,
    /// A sentence that is always shown with the model's results; may be empty.
    pub banner: String,
    /// The licence of the weights.
    pub licence: String,
    /// Where the weights come from.
    pub source: String,
    /// Where the AUCs come from.
    pub evaluation: String,
    /// The films that the AUCs were measured on, where the manifest names them.
    pub evaluated: Option<EvaluatedOn>,
    /// The data that the model was trained on, where the manifest names them.
    pub training: Option<Training>,
    /// SHA-256 of `model.safetensors`, hex.
    pub sha256: String,
    /// The model that has all layers but the last one, where this model's own file holds that one alone.
    pub trunk: Option<Trunk>,
    /// The profile of the training films; without it nobody can say whether a film is like them.
    pub profile: Option<ProfileNote>,
    /// The file that others can fetch the weights from, where there is one.
    pub published: Option<Published>,
    /// The outputs of the published weights for one film.
    pub reference: Option<Reference>,
    /// The file that the weights were converted from, if they were.
    pub imported: Option<Imported>,
    /// The whole text, as results are recorded with it.
    pub text: String,
}

/// The model that a last layer was trained on: its weights come before this layer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Its name.
    pub model: String,
    /// SHA-256 of its `model.safetensors`, hex.
    pub sha256: String,
}

/// The manifest's note of `profile.safetensors`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileNote {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Beyond which a film does not belong.
    pub limits: Limits,
}

/// The limits beyond which a film is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Of the distance.
    pub cut_off: f32,
    /// Of how far a film is on the way from an upright to a misplaced one.
    pub turned_cut_off: f32,
}

/// Width and depth of a network, where they are not the architecture's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// Channels after the stem.
    pub stem: Option<usize>,
    /// Channels that each layer of a DenseNet adds.
    pub growth: Option<usize>,
    /// Layers of each block.
    pub blocks: Option<Vec<usize>>,
    /// Numbers of a DINOv2's token.
    pub width: Option<usize>,
    /// Its blocks.
    pub layers: Option<usize>,
    /// Heads of each of its attentions.
    pub heads: Option<usize>,
    /// Rows and columns of its patches.
    pub patch: Option<usize>,
}

/// The purpose of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It names findings, and scores films by them.
    #[default]
    Classifier,
    /// It finds films alike, and names nothing.
    Embedder,
}

impl Kind {
    /// The word that manifests and messages know it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Classifier => "classifier",
            Self::Embedder => "embedder",
        }
    }
}

/// The networks that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Huang et al. 2017, 121 layers, with torchvision's tensor names.
    DenseNet121,
    /// He et al. 2016, 50 layers, with torchvision's tensor names.
    ResNet50,
    /// Oquab et al. 2023, a ViT-B/14 unless `[network]` says otherwise, with Hugging Face's tensor names.
    DinoV2,
}

/// The rule that turns a logit into a probability. What a probability means is decided in `study` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputRule {
    /// 1 / (1 + exp(-logit)), each label for itself.
    Sigmoid,
}

/// A finding that the model was trained for.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// The index of its output.
    pub output: usize,
    /// The operating threshold, a probability in (0, 1).
    pub alert: f64,
    /// The probability from which the finding is critical, `alert` or more, where the manifest has one.
    pub critical: Option<f64>,
    /// How well the model does on films that it has not seen, where somebody measured it.
    pub evaluation: Option<Evaluation>,
    /// Whether it may rank by default: as [`is_validated`] says, or the manifest itself where it has no interval.
    pub validated: bool,
}

/// A measured AUC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Area under the ROC curve, 0 to 1.
    pub auc: f64,
    /// Its 95 % interval, low and high.
    pub interval: Option<[f64; 2]>,
    /// Films with the finding.
    pub positives: Option<u32>,
    /// Films.
    pub films: Option<u32>,
}

/// Whether a label counts as validated: its AUC has a 95 % interval wholly above [`VALIDATED_ABOVE`], on films with at
/// least [`VALIDATED_POSITIVES`] of the finding, and the manifest names these films: the interval is by patient, and
/// training saw none of the patients.
#[must_use]
pub fn is_validated(evaluation: &Evaluation, on: Option<&EvaluatedOn>) -> bool {
    evaluation.interval.is_some_and(|[low, _]| low > VALIDATED_ABOVE)
        && evaluation.positives.is_some_and(|positives| positives >= VALIDATED_POSITIVES)
        && on.is_some_and(EvaluatedOn::is_fit)
}

impl Manifest {
    /// Reads and checks the text of a `model.toml`. `place` names it in errors.
    ///
    /// # Errors
    /// [`ModelError::Manifest`], with the line where it is known.
    pub fn parse(text: &str, place: &str) -> Result<Self, ModelError> {
        let manifest = Self::draft(text, place)?;
        match manifest.sha256.is_empty() {
            false => Ok(manifest),
            true => Err(ModelError::Manifest {
                place: place.to_owned(),
                reason: "missing field `sha256`, that of model.safetensors".to_owned(),
            }),
        }
    }

    /// Reads and checks a manifest whose weights are not there yet: its `sha256` may be missing, and is
    /// empty then.
    ///
    /// # Errors
    /// [`ModelError::Manifest`], with the line where it is known.
    pub fn draft(text: &str, place: &str) -> Result<Self, ModelError> {
        let fail = |at: Option<usize>, reason: &str| ModelError::Manifest {
            place: match at {
                Some(offset) => format!("{place}, line {}", line_of(text, offset)),
                None => place.to_owned(),
            },
            reason: crate::text::clean(reason),
        };
        if text.len() > LONGEST_TEXT {
            let reason = format!("it has {} bytes; at most {LONGEST_TEXT} can be meant", text.len());
            return Err(fail(None, &reason));
        }
        let raw: raw::Manifest = toml::from_str(text)
            .map_err(|error| fail(error.span().map(|span| span.start), error.message()))?;
        raw.into_checked(text).map_err(|fault| fail(fault.at, &fault.reason))
    }

    /// The label of that name, and its index in [`Manifest::labels`].
    #[must_use]
    pub fn label(&self, name: &str) -> Option<(usize, &Label)> {
        self.labels.iter().enumerate().find(|(_, label)| label.name == name)
    }

    /// The network's configuration.
    #[must_use]
    pub fn network(&self) -> NetworkConfig {
        let Shape { stem, growth, blocks, width, layers, heads, patch } = self.shape.clone();
        match self.architecture {
            Architecture::DenseNet121 => {
                let usual = DenseNetConfig::densenet121(self.channels, self.outputs, self.epsilon);
                NetworkConfig::DenseNet(DenseNetConfig {
                    stem: stem.unwrap_or(usual.stem),
                    growth: growth.unwrap_or(usual.growth),
                    blocks: blocks.unwrap_or_else(|| usual.blocks.clone()),
                    ..usual
                })
            }
            Architecture::ResNet50 => {
                let usual = ResNetConfig::resnet50(self.channels, self.outputs, self.epsilon);
                NetworkConfig::ResNet(ResNetConfig {
                    stem: stem.unwrap_or(usual.stem),
                    blocks: blocks.unwrap_or_else(|| usual.blocks.clone()),
                    ..usual
                })
            }
            Architecture::DinoV2 => NetworkConfig::DinoV2(DinoV2Config {
                channels: self.channels,
                size: self.size as usize,
                patch: patch.unwrap_or(14),
                width: width.unwrap_or(768),
                layers: layers.unwrap_or(12),
                heads: heads.unwrap_or(12),
                epsilon: self.epsilon,
            }),
        }
    }

    /// The mark by which this model's features of a film are told from another model's: a hash of its name, network,
    /// weights, the trunk's too, and preprocessing, hex. Thresholds are no part of it.
    #[must_use]
    pub fn features_id(&self) -> String {
        let Self { name, sha256: weights, trunk, preprocessing, .. } = self;
        let trunk = trunk.as_ref().map_or("", |trunk| trunk.sha256.as_str());
        let network = self.network();
        sha256(format!("{name}\n{weights}\n{trunk}\n{network:?}\n{preprocessing:?}").as_bytes())
    }
}

/// Returns whether it can name a model: a name becomes a folder's, so it must not lead anywhere else.
pub(super) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}
