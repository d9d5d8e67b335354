//! Making a profile from training films.

use super::{Profile, add, direction::direction, dot};
use crate::model::{Distance, Limits, ModelError};

/// Dimensions of the space. Half as many told quarters of films worse; twice as many, no better.
const COMPONENTS: usize = 64;
/// One film in so many helps to set the cut-off and takes no part in the statistics.
const ASIDE: usize = 4;
/// The share of the films set aside that lies within the cut-off.
const WITHIN: f32 = 0.99;
/// The network knows its training films, and those set aside are few and often of patients who are in the space:
/// other films lie farther. A twentieth held 4 % of these; with a fifth 99 % of misplaced films are still caught.
const MARGIN: f32 = 1.2;
/// The direction feels that less.
const TURNED_MARGIN: f32 = 1.05;
/// A little more than halfway from the upright films to the misplaced ones: nothing nearer to the upright is held.
const HALFWAY: f32 = 0.6;
/// With fewer films the hundredth part that the cut-off leaves out is nobody.
pub(in crate::model) const FEWEST: usize = 200;
/// Rounds of iteration. Only the space counts, not its axes, and that settles soon.
const ROUNDS: usize = 20;

/// A new profile, ready to be written.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The bytes of `profile.safetensors`.
    pub bytes: Vec<u8>,
    /// SHA-256 of them, hex.
    pub sha256: String,
    /// Somewhat more than what all but a hundredth of the films set aside have.
    pub limits: Limits,
    /// Films that the statistics are of.
    pub films: usize,
    /// Films that were set aside for the cut-offs.
    pub aside: usize,
    /// How many of these are held when they are misplaced.
    pub caught: usize,
}

/// One film's signature, and that of the same film [`turned`](super::turned): a profile is made of many.
#[derive(Debug, Clone)]
pub struct Sample {
    /// As it should be.
    pub upright: Vec<f32>,
    /// On its head, on its side or cut.
    pub misplaced: Vec<f32>,
}

impl Profile {
    /// Makes a profile of training films; `weights` is the SHA-256 of the weights that made their signatures.
    /// Every fourth film sets the cut-offs instead.
    ///
    /// # Errors
    /// [`ModelError::Profile`] for too few films.
    pub(crate) fn fit(samples: &[Sample], weights: &str) -> Result<Fitted, ModelError> {
        let place = "the new profile".to_owned();
        if samples.len() < FEWEST {
            let reason = format!("{} films are too few to say what is usual: give {FEWEST}", samples.len());
            return Err(ModelError::Profile { place, reason });
        }
        let split = |aside: bool| -> Vec<&Sample> {
            let is_aside = |at: usize| at % ASIDE == ASIDE - 1;
            samples
                .iter()
                .enumerate()
                .filter(|(at, _)| is_aside(*at) == aside)
                .map(|(_, film)| film)
                .collect()
        };
        let (training, aside) = (split(false), split(true));
        let open = Limits { cut_off: f32::MAX, turned_cut_off: f32::MAX };
        // What is read back is what will be used: rounded components, and the lengths that these leave over.
        let mut profile = Self::read(&Self::of(&training).to_bytes(weights)?, open, weights, &place)?;
        let left_over = training.iter().filter_map(|film| profile.measure(&film.upright));
        let left_over: f32 = left_over.map(|distance| distance.value.powi(2)).sum();
        profile.left_over = (left_over / training.len() as f32).max(f32::MIN_POSITIVE);

        let upright: Vec<_> = aside.iter().filter_map(|film| profile.measure(&film.upright)).collect();
        let most = |of: fn(&Distance) -> f32, margin: f32| {
            let mut values: Vec<f32> = upright.iter().map(of).collect();
            values.sort_by(f32::total_cmp);
            let at = (values.len() as f32 * WITHIN) as usize;
            values.get(at.min(values.len().saturating_sub(1))).map_or(f32::MAX, |value| value * margin)
        };
        let limits = Limits {
            cut_off: most(|distance| distance.value, MARGIN),
            turned_cut_off: most(|distance| distance.turned, TURNED_MARGIN).max(HALFWAY),
        };
        profile.limits = limits;
        let caught = aside.iter().filter_map(|film| profile.measure(&film.misplaced));
        let caught = caught.filter(|distance| distance.is_far() || distance.is_turned()).count();
        let bytes = profile.to_bytes(weights)?;
        let sha256 = crate::hash::sha256(&bytes);
        Ok(Fitted { bytes, sha256, limits, films: training.len(), aside: aside.len(), caught })
    }

    /// Mean, deviation and leading space of these films, and what tells them from misplaced ones.
    fn of(films: &[&Sample]) -> Self {
        let size = films.first().map_or(0, |film| film.upright.len());
        let count = films.len() as f32;
        let average = |of: &dyn Fn(&[f32], usize) -> f32| -> Vec<f32> {
            (0..size).map(|at| films.iter().map(|film| of(&film.upright, at)).sum::<f32>() / count).collect()
        };
        let mean = average(&|film, at| film[at]);
        let variance = average(&|film, at| (film[at] - mean[at]).powi(2));
        // A number that never changes says nothing; it must not say everything once it does.
        let deviation: Vec<f32> = variance.iter().map(|variance| variance.sqrt() + 0.01).collect();
        let standard = |of: fn(&Sample) -> &Vec<f32>| -> Vec<Vec<f32>> {
            films.iter().map(|film| super::standard(of(film), &mean, &deviation)).collect()
        };
        let (upright, misplaced) = (standard(|film| &film.upright), standard(|film| &film.misplaced));
        let components = leading_space(&upright).concat();
        let turned = direction(&upright, &misplaced);
        let limits = Limits { cut_off: 1.0, turned_cut_off: 1.0 };
        Self { mean, deviation, components, turned, left_over: 1.0, limits }
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
