//! The view that a network has of films before its last layer judges them.

use super::{
    Input, Model, ModelError, Parallelism,
    engine::{each, pooled},
    profile,
};

/// A network's view of one film.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The mean of each channel of the last feature map: what the last layer gets.
    pub pooled: Vec<f32>,
    /// The numbers that a [`Profile`](super::Profile) is made of.
    pub signature: Vec<f32>,
}

impl Model {
    /// Returns what the network sees in each film of a batch, in order. A film does not suffer for the others: when a
    /// batch fails, or what computes it panics, its films are tried one by one. `parallelism` matters to the time alone.
    pub fn features_each(
        &self,
        inputs: &[Input],
        parallelism: Parallelism,
    ) -> Vec<Result<Features, ModelError>> {
        each(inputs, |inputs| self.features_by(inputs, parallelism))
    }

    fn features_by(&self, inputs: &[Input], parallelism: Parallelism) -> Result<Vec<Features>, ModelError> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let maps = self.forward_by(inputs, parallelism)?.features;
        let signatures = profile::signatures(&maps)?;
        let whole = |(film, (pooled, signature)): (usize, (Vec<f32>, Vec<f32>))| {
            let is_finite = pooled.iter().chain(&signature).all(|value| value.is_finite());
            if is_finite { Ok(Features { pooled, signature }) } else { Err(ModelError::NotFinite { film }) }
        };
        pooled(&maps)?.into_iter().zip(signatures).enumerate().map(whole).collect()
    }
}
