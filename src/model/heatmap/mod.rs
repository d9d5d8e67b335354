//! Grad-CAM maps of all labels of one film, on the grid of the last feature map.

mod bytes;
#[cfg(test)]
mod tests;
mod upsample;

use candle_core::Tensor;

/// A rectangle of the film, as fractions of its width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Left edge, 0 to 1.
    pub x: f32,
    /// Top edge, 0 to 1.
    pub y: f32,
    /// Width, 0 to 1.
    pub width: f32,
    /// Height, 0 to 1.
    pub height: f32,
}

impl Region {
    /// All of the film.
    pub const WHOLE: Self = Self { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
}

/// One small grid of non-negative numbers a label: a coarse hint of where the logit came from, not a
/// localisation (Selvaraju et al. 2017, Grad-CAM).
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// How many labels.
    pub labels: usize,
    /// Rows of a grid: 7 at 224 pixels.
    pub rows: usize,
    /// Columns of a grid.
    pub columns: usize,
    /// label x row x column, each ReLU(sum_k alpha_k A_k).
    pub values: Vec<f32>,
    /// The part of the film that the grid covers (a centre crop leaves the rest out).
    pub region: Region,
}

impl Heatmap {
    /// One label's grid, row by row; `None` for a label that is not there.
    #[must_use]
    pub fn grid(&self, label: usize) -> Option<&[f32]> {
        if self.rows == 0 || self.columns == 0 || label >= self.labels {
            return None;
        }
        self.values.chunks_exact(self.rows * self.columns).nth(label)
    }

    /// One label's map over the whole film, smoothly upsampled to `width` x `height`, scaled so that
    /// its maximum is 1 (all 0 where the map is), and 0 outside the region. Row by row.
    ///
    /// Returns `None` for a label that is not there.
    #[must_use]
    pub fn upsampled(&self, label: usize, width: u32, height: u32) -> Option<Vec<f32>> {
        let grid = self.grid(label)?;
        Some(upsample::over_film(grid, self.rows, self.columns, self.region, width as usize, height as usize))
    }

    /// The map in its stored form (small: about 1.5 KB for 14 labels of 7 x 7).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bytes::write(self)
    }

    /// Reads the stored form; `None` if it is not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes::read(bytes)
    }
}

/// Grad-CAM of every output at the last feature map: film x output x (row x column).
///
/// Behind that map stand only a mean over the `n` positions and a linear layer, so the gradient of a
/// logit is the same at every position, the output's row of the classifier over `n`. No backward pass
/// is needed: the maps of all outputs are one matrix product over the features already computed.
pub(super) fn grad_cam(features: &Tensor, classifier: &Tensor) -> candle_core::Result<Tensor> {
    let (films, channels, rows, columns) = features.dims4()?;
    let alpha = (classifier / (rows * columns) as f64)?;
    alpha.broadcast_matmul(&features.reshape((films, channels, rows * columns))?)?.relu()
}
