//! Features of one size: each less its mean, over its standard deviation.

/// The mean and the spread of every feature over some films.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    mean: Vec<f64>,
    /// 1 for a feature that is the same on all films.
    deviation: Vec<f64>,
}

impl Scale {
    /// Measures films of `width` features each.
    pub(super) fn of(features: &[f32], width: usize) -> Self {
        let films = features.chunks_exact(width);
        let count = films.len().max(1) as f64;
        let (mut mean, mut squares) = (vec![0.0; width], vec![0.0; width]);
        for film in films.clone() {
            mean.iter_mut().zip(film).for_each(|(mean, value)| *mean += f64::from(*value) / count);
        }
        for film in films {
            for ((square, mean), value) in squares.iter_mut().zip(&mean).zip(film) {
                *square += (f64::from(*value) - mean).powi(2) / count;
            }
        }
        // A feature that never changes says nothing; its rounding must not become one.
        let deviation = |(square, mean): (&f64, &f64)| {
            let deviation = square.sqrt();
            if deviation <= 1e-7 * mean.abs() { 1.0 } else { deviation }
        };
        let deviation =
            squares.iter().zip(&mean).map(deviation).map(|d| if d == 0.0 { 1.0 } else { d }).collect();
        Self { mean, deviation }
    }

    /// The films' features by this scale, each film followed by a 1 for the intercept.
    pub(super) fn with_intercept(&self, features: &[f32]) -> Vec<f64> {
        let width = self.mean.len();
        let mut rows = Vec::with_capacity(features.len() / width.max(1) * (width + 1));
        for film in features.chunks_exact(width) {
            let usual = self.mean.iter().zip(&self.deviation);
            rows.extend(
                film.iter()
                    .zip(usual)
                    .map(|(value, (mean, deviation))| (f64::from(*value) - mean) / deviation),
            );
            rows.push(1.0);
        }
        rows
    }

    /// Weights and intercept for features as they are, from those for scaled ones, the intercept last.
    pub(super) fn undone(&self, weights: &[f64]) -> (Vec<f32>, f32) {
        let (intercept, weights) = weights.split_last().unwrap_or((&0.0, &[]));
        let raw: Vec<f64> =
            weights.iter().zip(&self.deviation).map(|(weight, deviation)| weight / deviation).collect();
        let shift: f64 = raw.iter().zip(&self.mean).map(|(weight, mean)| weight * mean).sum();
        (raw.into_iter().map(|weight| weight as f32).collect(), (intercept - shift) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn scaled_or_not_a_film_gets_the_same_sum() {
        let features = [1.0, 10.0, 7.0, 3.0, -20.0, 7.0, 2.0, 40.0, 7.0];
        let scale = Scale::of(&features, 3);
        let scaled = scale.with_intercept(&features);
        assert!(
            (scaled[0] + 1.0 * 1.5_f64.sqrt()).abs() < 1e-12,
            "less than the mean by a deviation and a bit"
        );
        assert_eq!([scaled[2], scaled[3]], [0.0, 1.0], "what never changes is 0, and the intercept 1");
        let weights = [0.5, -2.0, 3.0, 0.25];
        let (raw, intercept) = scale.undone(&weights);
        for (film, scaled) in features.chunks(3).zip(scaled.chunks(4)) {
            let by_scaled: f64 = scaled.iter().zip(weights).map(|(value, weight)| value * weight).sum();
            let by_raw: f32 =
                film.iter().zip(&raw).map(|(value, weight)| value * weight).sum::<f32>() + intercept;
            assert!((by_scaled - f64::from(by_raw)).abs() < 1e-5, "{by_scaled} {by_raw}");
        }
    }
}
