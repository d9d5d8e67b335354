//! Grad-CAM maps of all labels of one film, on the grid of the last feature map.

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
    /// One label's map over the whole film, smoothly upsampled to `width` x `height`, scaled so that
    /// its maximum is 1 (all 0 where the map is), and 0 outside the region. Row by row.
    ///
    /// Returns `None` for a label that is not there.
    #[must_use]
    pub fn upsampled(&self, label: usize, width: u32, height: u32) -> Option<Vec<f32>> {
        let _ = (label, width, height);
        unimplemented!()
    }

    /// The map in its stored form (small: about 1.5 KB for 14 labels of 7 x 7).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        unimplemented!()
    }

    /// Reads the stored form; `None` if it is not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let _ = bytes;
        unimplemented!()
    }
}
