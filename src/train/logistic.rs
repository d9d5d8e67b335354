//! Logistic regressions over the same films, minimised in step, in f64. Each has a label's truths, a weight for every
//! film (0 for one that it must not see) and a strength of its penalty.
//!
//! What is minimised is the weighted mean of the binary cross-entropy, and strength / 2 times the squared length of the
//! weights without the intercept. scikit-learn's `LogisticRegression` minimises the same times the sum of the films'
//! weights times C, with C = 1 / (strength x sum of the films' weights).

use candle_core::{Device, Tensor};

use super::{TrainError, lbfgs::Lbfgs};

/// Films by features, the last of them 1 for the intercept.
pub(super) struct Design {
    rows: Tensor,
    films: usize,
    width: usize,
}

/// One regression.
pub(super) struct Regression<'a> {
    /// 1 where the finding is there, else 0; what it is does not matter where the weight is 0.
    pub(super) targets: &'a [f64],
    /// The weight of each film; their sum is 1.
    pub(super) weights: Vec<f64>,
    /// Of the penalty.
    pub(super) strength: f64,
}

impl Design {
    /// Takes `width` values a film.
    pub(super) fn new(values: Vec<f64>, width: usize) -> Result<Self, TrainError> {
        let films = values.len() / width;
        Ok(Self { rows: Tensor::from_vec(values, (films, width), &Device::Cpu)?, films, width })
    }

    /// How many values a film has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The sums of every film for each of these points: point x film.
    pub(super) fn logits(&self, points: &[&[f64]]) -> Result<Vec<f64>, TrainError> {
        let points = Tensor::from_vec(points.concat(), (points.len(), self.width), &Device::Cpu)?;
        Ok(points.matmul(&self.rows.t()?)?.flatten_all()?.to_vec1()?)
    }

    /// Minimises all regressions, each from its start, until no component of a gradient is beyond `tolerance`. Returns
    /// where each minimum lies, and the slope that is left there.
    pub(super) fn minimise(
        &self,
        regressions: &[Regression<'_>],
        starts: Vec<Vec<f64>>,
        tolerance: f64,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Vec<(Vec<f64>, f64)>, TrainError> {
        let mut searches: Vec<Lbfgs> = starts.into_iter().map(|start| Lbfgs::new(start, tolerance)).collect();
        loop {
            let active: Vec<usize> = (0..searches.len()).filter(|&n| !searches[n].is_done()).collect();
            if active.is_empty() {
                return Ok(searches
                    .into_iter()
                    .map(|search| (search.trial().to_vec(), search.slope()))
                    .collect());
            }
            if is_over() {
                return Err(TrainError::Interrupted);
            }
            let of_active: Vec<&Regression<'_>> = active.iter().map(|&n| &regressions[n]).collect();
            let points: Vec<&[f64]> = active.iter().map(|&n| searches[n].trial()).collect();
            let evaluated = self.evaluate(&of_active, &points)?;
            for (&n, (value, gradient)) in active.iter().zip(evaluated) {
                searches[n].take(value, gradient);
            }
        }
    }

    /// Value and gradient of each regression at its point.
    fn evaluate(
        &self,
        regressions: &[&Regression<'_>],
        points: &[&[f64]],
    ) -> Result<Vec<(f64, Vec<f64>)>, TrainError> {
        let mut logits = self.logits(points)?;
        let values: Vec<f64> = regressions
            .iter()
            .zip(logits.chunks_exact_mut(self.films))
            .map(|(one, logits)| one.losses(logits))
            .collect();
        let residuals = Tensor::from_vec(logits, (regressions.len(), self.films), &Device::Cpu)?;
        let gradients = residuals.matmul(&self.rows)?.to_vec2::<f64>()?;
        let mut evaluated: Vec<(f64, Vec<f64>)> = values.into_iter().zip(gradients).collect();
        for ((value, gradient), (one, point)) in evaluated.iter_mut().zip(regressions.iter().zip(points)) {
            let weights = &point[..self.width - 1];
            let length: f64 = weights.iter().map(|weight| weight * weight).sum();
            *value += one.strength / 2.0 * length;
            gradient.iter_mut().zip(weights).for_each(|(slope, weight)| *slope += one.strength * weight);
        }
        Ok(evaluated)
    }
}

impl Regression<'_> {
    /// The weighted loss of films with these logits, each of which becomes the loss's derivative by it.
    fn losses(&self, logits: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for ((logit, &weight), &target) in logits.iter_mut().zip(&self.weights).zip(self.targets) {
            if weight == 0.0 {
                *logit = 0.0;
                continue;
            }
            sum += weight * loss(*logit, target);
            *logit = weight * (sigmoid(*logit) - target);
        }
        sum
    }
}

/// The binary cross-entropy of a logit.
pub(super) fn loss(logit: f64, target: f64) -> f64 {
    logit.max(0.0) - logit * target + (-logit.abs()).exp().ln_1p()
}

/// 1 / (1 + exp(-logit)), without overflow.
pub(super) fn sigmoid(logit: f64) -> f64 {
    let small = (-logit.abs()).exp();
    if logit < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_of_no_weight_is_not_seen() {
        let design = Design::new(vec![1.0, 1.0, -1.0, 1.0, 0.5, 1.0, 9e9, 1.0], 2).unwrap();
        let fit = |target: f64| {
            let targets = [1.0, 0.0, 0.0, target];
            let weights = vec![0.5, 0.25, 0.25, 0.0];
            let one = Regression { targets: &targets, weights, strength: 0.1 };
            design.minimise(&[one], vec![vec![0.0; 2]], 1e-10, &|| false).unwrap()
        };
        assert_eq!(fit(0.0), fit(1.0));
    }

    #[test]
    fn losses_of_any_logit_are_finite() {
        for logit in [-800.0, -1.0, 0.0, 1.0, 800.0] {
            for target in [0.0, 1.0] {
                assert!(loss(logit, target) >= 0.0 && loss(logit, target).is_finite());
            }
            assert!((sigmoid(logit) + sigmoid(-logit) - 1.0).abs() < 1e-15);
        }
        assert!((loss(0.0, 1.0) - 2.0_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn ctrl_c_ends_it() {
        let design = Design::new(vec![1.0, 1.0, -1.0, 1.0], 2).unwrap();
        let one = Regression { targets: &[1.0, 0.0], weights: vec![0.5; 2], strength: 0.1 };
        let ended = design.minimise(&[one], vec![vec![0.0; 2]], 1e-10, &|| true);
        assert!(matches!(ended, Err(TrainError::Interrupted)));
    }
}
