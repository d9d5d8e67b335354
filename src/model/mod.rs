//! The engine: manifest, weights and importers, preprocessing, DenseNet and ResNet on Candle, heatmaps.
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
mod engine;
mod error;
mod heatmap;
mod import;
mod library;
mod manifest;
mod network;
mod preprocess;
mod presets;
mod profile;
mod pull;
mod resnet;
#[cfg(test)]
mod tests;
mod verify;
mod weights;

pub use densenet::{DenseNet, DenseNetConfig};
pub use device::{DeviceChoice, Precision};
pub use engine::Model;
pub use error::ModelError;
pub use heatmap::{Heatmap, Region};
pub use import::{Import, ImportError, Summary};
pub use library::{Library, Listing, Source};
pub use manifest::{
    Architecture, Evaluation, Filter, Imported, Label, Manifest, OutputRule, ProfileNote, Published,
    Reference, ReferenceOutput, Shape, Step, Tone, VALIDATED_ABOVE,
};
pub use network::NetworkConfig;
pub use preprocess::{Input, prepare};
pub use presets::{PRESETS, preset};
pub use profile::{Fitted, Profile};
pub use pull::{Part, PartFile, Progress, Pull, PullError, Trouble};
pub use resnet::{ResNet, ResNetConfig};
pub use verify::{Check, Report};
pub use weights::{TensorFault, TensorProblem};

/// What the model says of one film.
#[derive(Debug, Clone)]
pub struct Findings {
    /// A probability for each of the manifest's labels, in their order.
    pub probabilities: Vec<f32>,
    /// The Grad-CAM map of every label.
    pub heatmap: Heatmap,
    /// How far the film is from those that the model was trained on; none for a model without a profile.
    pub distance: Option<Distance>,
}

/// How far a film is from those that a model was trained on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// The distance: 1 is that of a usual training film.
    pub value: f32,
    /// What lies beyond is not to be trusted.
    pub cut_off: f32,
}
