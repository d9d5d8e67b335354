//! The engine: manifest, weights, preprocessing, DenseNet-121 on Candle, heatmaps.
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
mod library;
mod manifest;
mod preprocess;
#[cfg(test)]
mod tests;
mod verify;
mod weights;

pub use densenet::{DenseNet, DenseNetConfig};
pub use device::{DeviceChoice, Precision};
pub use engine::Model;
pub use error::ModelError;
pub use heatmap::{Heatmap, Region};
pub use library::{Library, Listing, Source};
pub use manifest::{
    Architecture, Evaluation, Filter, Label, Manifest, OutputRule, Step, Tone, VALIDATED_ABOVE,
};
pub use preprocess::{Input, prepare};
pub use verify::{Check, Report};
pub use weights::{TensorFault, TensorProblem};

/// What the model says of one film.
#[derive(Debug, Clone)]
pub struct Findings {
    /// A probability for each of the manifest's labels, in their order.
    pub probabilities: Vec<f32>,
    /// The Grad-CAM map of every label.
    pub heatmap: Heatmap,
}
