//! The vocabulary of preprocessing, as a manifest writes it.

use serde::Deserialize;

/// One step from film to input: `{ step = "resize", size = 224, filter = "bilinear" }`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Takes one of the film's two tone curves. Always the first step.
    Grey {
        /// Which.
        from: Tone,
    },
    /// Maps 0 to `low` and the largest possible grey value to `high`, linearly.
    Scale {
        /// The value of black.
        low: f32,
        /// The value of the largest possible grey.
        high: f32,
    },
    /// Keeps the middle square: from `x / 2 - side / 2` (whole numbers), `side` long.
    CentreCrop {},
    /// Makes it a square of `size` x `size`.
    Resize {
        /// Rows and columns.
        size: u32,
        /// How.
        filter: Filter,
        /// Computes in 8 bit as Pillow does, rounding after each pass. For grey values 0 to 255.
        #[serde(default)]
        eight_bit: bool,
    },
    /// Makes the short side `size` long and the long one as much longer as it was, rounded down.
    ResizeShortSide {
        /// Rows or columns.
        size: u32,
        /// How: `lanczos`, `bilinear` or `bicubic`.
        filter: Filter,
        /// As for `resize`.
        #[serde(default)]
        eight_bit: bool,
    },
    /// Minus the film's own mean, over its own standard deviation plus `epsilon`.
    Standardise {
        /// Added to the deviation.
        epsilon: f32,
        /// Subtracted from the count under the variance: 1 as `torch.std`, 0 as `numpy.std`.
        ddof: u8,
    },
    /// Minus a fixed mean, over a fixed standard deviation.
    Normalise {
        /// Subtracted first.
        mean: f32,
        /// Divides then; above 0.
        std: f32,
    },
    /// Repeats the grey plane. Always the last step.
    Channels {
        /// How many times.
        count: usize,
    },
}

impl Step {
    /// The word that manifests and messages know the step by.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Grey { .. } => "grey",
            Self::Scale { .. } => "scale",
            Self::CentreCrop {} => "centre-crop",
            Self::Resize { .. } => "resize",
            Self::ResizeShortSide { .. } => "resize-short-side",
            Self::Standardise { .. } => "standardise",
            Self::Normalise { .. } => "normalise",
            Self::Channels { .. } => "channels",
        }
    }
}

/// One of the film's two tone curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Linear grey, 0 to the largest value that the film's bits can hold.
    Stored,
    /// As a workstation shows it at first, 0 to 255.
    Display,
}

/// How a resize weighs its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// Pillow's Lanczos of three lobes, widened when shrinking.
    Lanczos,
    /// A triangle, widened when shrinking (Pillow's, and torch's `interpolate` with `antialias`).
    Bilinear,
    /// Pillow's cubic of a = -0.5, widened when shrinking.
    Bicubic,
    /// Pillow's nearest neighbour.
    Nearest,
    /// scikit-image's `resize` of order 1 in mode `constant`: a Gaussian blur, then linear between
    /// pixels; zeros beyond the border.
    Order1Gaussian,
}
