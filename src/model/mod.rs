//! The engine: manifest, weights, preprocessing, DenseNet-121 on Candle, heatmaps.
//!
//! Knows nothing of where a film came from, and nothing of thresholds beyond carrying the manifest's
//! operating points.

mod heatmap;

pub use heatmap::{Heatmap, Region};

/// What the model says of one film.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The sigmoid of each output, in the manifest's label order.
    pub probabilities: Vec<f32>,
    /// The Grad-CAM map of every label.
    pub heatmap: Heatmap,
}
