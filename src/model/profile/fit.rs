//! Making a profile from training films.

use super::{Profile, dot};
use crate::model::ModelError;

/// Dimensions of the space. Half as many told quarters of films worse; twice as many, no better.
const COMPONENTS: usize = 64;
/// One film in so many helps to set the cut-off and takes no part in the statistics.
const ASIDE: usize = 4;
/// The share of the films set aside that lies within the cut-off.
const WITHIN: f32 = 0.99;
/// The network knows its training films: films that it has not seen lie a little farther.
const MARGIN: f32 = 1.05;
/// With fewer films the hundredth part that the cut-off leaves out is nobody.
const FEWEST: usize = 200;
/// Rounds of iteration. Only the space counts, not its axes, and that settles soon.
const ROUNDS: usize = 20;

/// A new profile, ready to be written.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The bytes of `profile.safetensors`.
    pub bytes: Vec<u8>,
    /// SHA-256 of them, hex.
    pub sha256: String,
    /// A twentieth more than the distance that all but a hundredth of the films set aside lie within.
    pub cut_off: f32,
    /// Films that the statistics are of.
    pub films: usize,
    /// Films that were set aside for the cut-off.
    pub aside: usize,
}

impl Profile {
    /// Makes a profile of training films, given their signatures; `weights` is the SHA-256 of the weights
    /// that made these. Every fourth film sets the cut-off instead.
    ///
    /// # Errors
    /// [`ModelError::Profile`] for too few films.
    pub(crate) fn fit(signatures: &[Vec<f32>], weights: &str) -> Result<Fitted, ModelError> {
        let place = "the new profile".to_owned();
        if signatures.len() < FEWEST {
            let reason =
                format!("{} films are too few to say what is usual: give {FEWEST}", signatures.len());
            return Err(ModelError::Profile { place, reason });
        }
        let is_aside = |at: usize| at % ASIDE == ASIDE - 1;
        let split = |aside: bool| (0..signatures.len()).filter(move |&at| is_aside(at) == aside);
        let training: Vec<&[f32]> = split(false).map(|at| signatures[at].as_slice()).collect();
        let mut profile = Self::of(&training);
        // What is read back is what will be used: rounded components, and the lengths that these leave over.
        profile = Self::read(&profile.to_bytes(weights)?, 1.0, weights, &place)?;
        let left_over = training.iter().filter_map(|film| profile.leaves_over(film));
        profile.left_over = (left_over.sum::<f32>() / training.len() as f32).max(f32::MIN_POSITIVE);
        let mut distances: Vec<f32> =
            split(true).filter_map(|at| profile.distance(&signatures[at])).map(|at| at.value).collect();
        distances.sort_by(f32::total_cmp);
        let at = (distances.len() as f32 * WITHIN) as usize;
        let at = at.min(distances.len().saturating_sub(1));
        let cut_off = distances.get(at).map_or(f32::MAX, |distance| distance * MARGIN);
        let bytes = profile.to_bytes(weights)?;
        let sha256 = crate::model::weights::sha256(&bytes);
        Ok(Fitted { bytes, sha256, cut_off, films: training.len(), aside: distances.len() })
    }

    /// Mean, deviation and leading space of these films.
    fn of(films: &[&[f32]]) -> Self {
        let size = films.first().map_or(0, |film| film.len());
        let count = films.len() as f32;
        let average = |of: &dyn Fn(&[f32], usize) -> f32| -> Vec<f32> {
            (0..size).map(|at| films.iter().map(|film| of(film, at)).sum::<f32>() / count).collect()
        };
        let mean = average(&|film, at| film[at]);
        let variance = average(&|film, at| (film[at] - mean[at]).powi(2));
        // A number that never changes says nothing; it must not say everything once it does.
        let deviation: Vec<f32> = variance.iter().map(|variance| variance.sqrt() + 0.01).collect();
        let standard: Vec<Vec<f32>> = films
            .iter()
            .map(|film| (0..size).map(|at| (film[at] - mean[at]) / deviation[at]).collect())
            .collect();
        let components = leading_space(&standard).concat();
        Self { mean, deviation, components, left_over: 1.0, cut_off: 1.0 }
    }
}

/// An orthonormal basis of the space of greatest variance, by orthogonal iteration (Golub and Van Loan,
/// Matrix Computations, 8.2.4), beginning with the first films themselves.
fn leading_space(films: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut basis = orthonormal(films.iter().take(COMPONENTS).cloned().collect());
    for _ in 0..ROUNDS {
        let next = basis.iter().map(|axis| {
            let mut sum = vec![0.0; axis.len()];
            for film in films {
                add(&mut sum, dot(film, axis), film);
            }
            sum
        });
        basis = orthonormal(next.collect());
    }
    basis
}

/// Gram-Schmidt, twice over for accuracy; what depends on the axes before it falls out.
fn orthonormal(axes: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let mut basis: Vec<Vec<f32>> = Vec::with_capacity(axes.len());
    for mut axis in axes {
        let before = dot(&axis, &axis);
        for other in basis.iter().chain(&basis) {
            let along = dot(&axis, other);
            add(&mut axis, -along, other);
        }
        let length = dot(&axis, &axis);
        if length > before * 1e-8 {
            let scale = length.sqrt().recip();
            axis.iter_mut().for_each(|value| *value *= scale);
            basis.push(axis);
        }
    }
    basis
}

fn add(sum: &mut [f32], factor: f32, values: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}
