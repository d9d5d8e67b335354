//! One plane of grey on its way through the steps.

use crate::model::{Region, manifest::Tone};
use cxr_film::Film;

/// Rows of grey values, and where on the film they come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Row by row from the top left.
    pub(super) values: Vec<f32>,
    /// The largest value that a pixel could have before scaling.
    pub(super) largest: f32,
    pub(super) region: Region,
}

impl Plane {
    pub(super) fn of(film: &Film, tone: Tone) -> Self {
        let (values, largest) = match tone {
            Tone::Stored => (film.linear.clone(), film.linear_max),
            Tone::Display => (film.scored().iter().copied().map(f32::from).collect(), 255.0),
        };
        Self {
            width: film.width as usize,
            height: film.height as usize,
            values,
            largest,
            region: Region::WHOLE,
        }
    }

    /// Returns a plane of the same place with other values: `width` x `height` of them.
    pub(super) fn with(&self, width: usize, height: usize, values: Vec<f32>) -> Self {
        Self { width, height, values, ..*self }
    }

    pub(super) fn map(mut self, change: impl Fn(f32) -> f32) -> Self {
        for value in &mut self.values {
            *value = change(*value);
        }
        self
    }

    pub(super) fn scaled(self, low: f32, high: f32) -> Self {
        let largest = self.largest;
        self.map(|value| low + value / largest * (high - low))
    }
}
