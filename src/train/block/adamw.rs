//! AdamW (Loshchilov and Hutter 2019), with its state within reach: what is interrupted goes on to the last bit.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, Var, backprop::GradStore};

/// How fast the means of gradients and of their squares forget.
const FORGETS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

/// The optimiser's memory.
#[derive(Debug, Clone, Default)]
pub(super) struct AdamW {
    /// Steps so far.
    pub(super) steps: u64,
    /// The mean of each parameter's gradients, by name.
    pub(super) means: BTreeMap<String, Tensor>,
    /// The mean of their squares.
    pub(super) squares: BTreeMap<String, Tensor>,
}

impl AdamW {
    /// Moves parameters one step down their gradients. `rate` is that of learning, `decay` that by which weights shrink.
    pub(super) fn step(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &GradStore,
        rate: f64,
        decay: f64,
    ) -> Result<()> {
        self.steps += 1;
        let time = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let [of_mean, of_square] = FORGETS.map(|forgets| 1.0 - forgets.powi(time));
        for (name, var) in parameters {
            let Some(gradient) = gradients.get(var.as_tensor()) else { continue };
            let mean = moved(self.means.get(name), &gradient.detach(), FORGETS[0])?;
            let square = moved(self.squares.get(name), &gradient.detach().sqr()?, FORGETS[1])?;
            let direction = ((&mean / of_mean)? / ((&square / of_square)?.sqrt()? + EPSILON)?)?;
            let value = var.as_tensor().detach();
            var.set(&((value * (1.0 - rate * decay))? - (direction * rate)?)?)?;
            self.means.insert(name.clone(), mean);
            self.squares.insert(name.clone(), square);
        }
        Ok(())
    }
}

/// A mean that forgets, with one more value.
pub(super) fn moved(mean: Option<&Tensor>, value: &Tensor, forgets: f64) -> Result<Tensor> {
    let new = (value * (1.0 - forgets))?;
    match mean {
        Some(mean) => ((mean * forgets)? + new)?.copy(),
        None => new.copy(),
    }
}
