//! The look of the films that a model was trained on, by its own features, and the distance of another film
//! from them.
//!
//! A film's [signature](signature) is its last feature map, made coarse. Two things are asked of it:
//! - The signatures of the training films span a space of few dimensions (principal components); what a film
//!   has beside that space is what no training film has. The distance is the root of what is left over,
//!   over what is left over of a usual training film: 1 is usual.
//! - [Turned](turned) and cut training films differ from upright ones in one [direction](direction). How far
//!   along it a film lies says whether it is on its head, on its side or in part: 0 is a usual upright film,
//!   1 a usual misplaced one. A chest on its head has little that no chest has, and is told by this alone.
//!
//! `docs/quality.md` says what else was tried, and has the figures.

mod direction;
mod fit;
mod save;
mod signature;
#[cfg(test)]
mod tests;
mod turned;

use std::{borrow::Cow, collections::HashMap};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

pub(super) use fit::FEWEST;
pub use fit::{Fitted, Sample};
pub(super) use save::section;
pub(super) use signature::signatures;
pub use turned::turned;

use super::{Distance, Limits, ModelError};

/// The weights that a profile was made with, in the file's metadata.
const MADE_WITH: &str = "weights_sha256";

/// Statistics of the training films' signatures.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Of each number of a signature.
    mean: Vec<f32>,
    /// Of each number: its standard deviation.
    deviation: Vec<f32>,
    /// The space: orthonormal, component x number, of signatures less `mean` over `deviation`.
    components: Vec<f32>,
    /// From upright to misplaced films, in the same numbers.
    turned: Vec<f32>,
    /// The part of a usual training film that lies beside the space: mean squared length.
    left_over: f32,
    limits: Limits,
}

impl Profile {
    /// Returns how far a film is from the training films; none for a signature of another network.
    #[must_use]
    pub fn measure(&self, signature: &[f32]) -> Option<Distance> {
        if signature.len() != self.mean.len() {
            return None;
        }
        let film = standard(signature, &self.mean, &self.deviation);
        let components = self.components.chunks_exact(film.len());
        let within: f32 = components.map(|component| dot(component, &film).powi(2)).sum();
        let left_over = (dot(&film, &film) - within).max(0.0);
        Some(Distance {
            value: (left_over / self.left_over).sqrt(),
            turned: dot(&self.turned, &film),
            limits: self.limits,
        })
    }

    /// Reads `profile.safetensors`. `weights` is the SHA-256 of the weights that it must belong to, `place`
    /// names the file in errors.
    ///
    /// # Errors
    /// [`ModelError::Profile`].
    pub(super) fn read(bytes: &[u8], limits: Limits, weights: &str, place: &str) -> Result<Self, ModelError> {
        let fail = |reason: String| ModelError::Profile { place: place.to_owned(), reason };
        let damaged = |error: &dyn std::fmt::Display| fail(format!("not a profile ({error})"));
        let (_, head) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
        let made_with = head.metadata().as_ref().and_then(|notes| notes.get(MADE_WITH));
        if made_with.is_none_or(|sha256| sha256 != weights) {
            return Err(fail("it was made with other weights than the model has".to_owned()));
        }
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        let take = |name: &str| -> Result<Vec<f32>, ModelError> {
            let tensor = tensors.get(name).ok_or_else(|| fail(format!("it has no {name}")))?;
            Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
        };
        let (mean, deviation, components) = (take("mean")?, take("deviation")?, take("components")?);
        let turned = take("turned")?;
        let left_over = take("left_over")?.first().copied().unwrap_or(0.0);
        let fits = !mean.is_empty()
            && deviation.len() == mean.len()
            && components.len() % mean.len() == 0
            && turned.len() == mean.len()
            && deviation.iter().chain([&left_over]).all(|value| *value > 0.0)
            && [&mean, &deviation, &components, &turned].into_iter().flatten().all(|x| x.is_finite())
            && left_over.is_finite();
        if !fits {
            return Err(fail("its numbers do not fit together".to_owned()));
        }
        Ok(Self { mean, deviation, components, turned, left_over, limits })
    }

    /// Beyond which a film does not belong.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The file's bytes for these weights; components in half precision, which the space does not feel.
    pub(super) fn to_bytes(&self, weights: &str) -> Result<Vec<u8>, ModelError> {
        let row = |values: &[f32]| Tensor::new(values, &Device::Cpu);
        let shape = (self.components.len() / self.mean.len(), self.mean.len());
        let tensors = [
            ("mean", row(&self.mean)?),
            ("deviation", row(&self.deviation)?),
            ("components", row(&self.components)?.reshape(shape)?.to_dtype(DType::F16)?),
            ("turned", row(&self.turned)?),
            ("left_over", row(&[self.left_over])?),
        ];
        let notes = HashMap::from([(MADE_WITH.to_owned(), weights.to_owned())]);
        safetensors::serialize(
            tensors.iter().map(|(name, tensor)| (Cow::Borrowed(*name), tensor)),
            Some(notes),
        )
        .map_err(|error| ModelError::Engine { reason: error.to_string() })
    }
}

/// A signature's numbers, each less its mean over its deviation.
fn standard(signature: &[f32], mean: &[f32], deviation: &[f32]) -> Vec<f32> {
    let usual = mean.iter().zip(deviation);
    signature.iter().zip(usual).map(|(value, (mean, deviation))| (value - mean) / deviation).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f32], factor: f32, values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}
