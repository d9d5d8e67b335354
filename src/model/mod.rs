//! The engine: manifest, weights and importers, preprocessing, DenseNet (our own kernels on the processor,
//! Candle on a GPU) and ResNet, heatmaps; DINOv2, which finds films alike.
//!
//! Knows nothing of where a film came from, and nothing of thresholds beyond carrying the manifest's
//! operating points.
//!
//! ```text
//! Library ──find──▶ Source ──Model::load──▶ Model
//! Film ──Model::prepare──▶ Input (decode threads)   [Input] ──Model::infer──▶ [Findings] (engine)
//! ```

mod densenet;
mod device;
mod dinov2;
mod embedded;
mod embedder;
mod engine;
mod error;
mod features;
mod folder;
mod front;
mod heatmap;
mod import;
mod layers;
mod library;
mod manifest;
mod network;
mod new_head;
mod plain;
mod preprocess;
mod presets;
mod profile;
mod pull;
mod resnet;
mod staging;
#[cfg(test)]
mod tests;
mod verify;
mod weights;

use serde::{Deserialize, Serialize};

pub use cxr_densenet::Parallelism;
pub use densenet::{DenseNet, DenseNetConfig};
pub use device::{DeviceChoice, Precision};
pub use dinov2::DinoV2Config;
pub use embedder::Embedder;
pub use engine::Model;
pub use error::{ModelError, TensorProblem, TensorProblemKind};
pub use features::Features;
pub use front::{Front, LastBlock, signatures};
pub use heatmap::{Heatmap, Region};
pub use import::{Import, ImportError, OldProfile, Summary, preset};
pub use library::{Library, Listing, PHANTOM_MODEL, Source};
pub use manifest::{
    Architecture, EvaluatedOn, Evaluation, Filter, Imported, Kind, Label, Limits, Manifest, OutputRule,
    ProfileNote, Published, Reference, ReferenceOutput, Shape, Step, Tone, Training, TrainingRun, Trunk,
    VALIDATED_ABOVE, VALIDATED_POSITIVES, is_validated,
};
pub use new_head::{Base, NewHeadError, NewModel, NewProfile, NewWeights};
pub use plain::NetworkConfig;
pub use preprocess::{Input, prepare};
pub use presets::PRESETS;
pub use profile::{Fitted, Profile, Sample, turned};
pub use pull::{Part, PartFile, Progress, Pull, PullError, PullErrorKind};
pub use resnet::{ResNet, ResNetConfig};
pub use verify::{Check, Report};

/// The model's answers for one film.
#[derive(Debug, Clone)]
pub struct Findings {
    /// A probability for each of the manifest's labels, in their order.
    pub probabilities: Vec<f32>,
    /// The Grad-CAM map of every label.
    pub heatmap: Heatmap,
    /// The network's view of the film as its head sees it: the mean of each channel of the last map.
    pub features: Vec<f32>,
    /// How far the film is from those that the model was trained on; none for a model without a profile.
    pub distance: Option<Distance>,
}

/// How far a film is from those that a model was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// The distance: 1 is that of a usual training film.
    pub value: f32,
    /// How far it is on the way from an upright, whole film (0) to one on its head, on its side or cut (1).
    pub turned: f32,
    /// The limits beyond which a film is not to be trusted.
    pub limits: Limits,
}

impl Distance {
    /// Returns whether the film is unlike the training films; also where that is no number.
    #[must_use]
    pub fn is_far(&self) -> bool {
        self.value.is_nan() || self.value > self.limits.cut_off
    }

    /// Returns whether the film lies like none of the training films.
    #[must_use]
    pub fn is_turned(&self) -> bool {
        self.turned.is_nan() || self.turned > self.limits.turned_cut_off
    }
}
