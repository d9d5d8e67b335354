//! `model.toml`: what a model is, what it wants to see, and what its outputs are worth.
//!
//! A model is data: everything between a film and its probabilities is in here or in the weights.

mod check;
mod raw;
mod steps;
#[cfg(test)]
mod tests;

pub use steps::{Filter, Step, Tone};

use serde::Deserialize;

use super::{DenseNetConfig, Limits, ModelError};

/// A validated label's AUC interval lies wholly above this.
pub const VALIDATED_ABOVE: f64 = 0.65;

/// A checked `model.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The name that people choose the model by; also its folder's.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The network.
    pub architecture: Architecture,
    /// Added to the variance in the network's batch normalisation.
    pub epsilon: f64,
    /// Channels of the input.
    pub channels: usize,
    /// Rows and columns of the input.
    pub size: u32,
    /// From film to input, in this order.
    pub preprocessing: Vec<Step>,
    /// What turns a logit into a probability.
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
    /// SHA-256 of `model.safetensors`, hex.
    pub sha256: String,
    /// The profile of the training films; without it nobody can say whether a film is like them.
    pub profile: Option<ProfileNote>,
    /// The whole text, as results are recorded with it.
    pub text: String,
}

/// What the manifest says of `profile.safetensors`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileNote {
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Beyond which a film does not belong.
    pub limits: Limits,
}

/// The networks that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Huang et al. 2017, 121 layers, with torchvision's tensor names.
    DenseNet121,
}

/// What turns a logit into a probability. What a probability means is decided in `triage` alone.
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
    /// How well the model does on films that it has not seen, where somebody measured it.
    pub evaluation: Option<Evaluation>,
    /// Whether it may rank by default: the AUC's interval lies wholly above [`VALIDATED_ABOVE`], or,
    /// where the manifest has no interval, says so itself.
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

impl Manifest {
    /// Reads and checks the text of a `model.toml`. `place` names it in errors.
    ///
    /// # Errors
    /// [`ModelError::Manifest`], with the line where it is known.
    pub fn parse(text: &str, place: &str) -> Result<Self, ModelError> {
        let fail = |at: Option<usize>, reason: &str| ModelError::Manifest {
            place: match at {
                Some(offset) => format!("{place}, line {}", line_of(text, offset)),
                None => place.to_owned(),
            },
            reason: crate::text::clean(reason),
        };
        let raw: raw::Manifest = toml::from_str(text)
            .map_err(|error| fail(error.span().map(|span| span.start), error.message()))?;
        raw.into_checked(text).map_err(|fault| fail(fault.at, &fault.reason))
    }

    /// The label of that name, and its index in [`Manifest::labels`].
    #[must_use]
    pub fn label(&self, name: &str) -> Option<(usize, &Label)> {
        self.labels.iter().enumerate().find(|(_, label)| label.name == name)
    }

    /// The network's shape.
    #[must_use]
    pub fn network(&self) -> DenseNetConfig {
        match self.architecture {
            Architecture::DenseNet121 => {
                DenseNetConfig::densenet121(self.channels, self.outputs, self.epsilon)
            }
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}
