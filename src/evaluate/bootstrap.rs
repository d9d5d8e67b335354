//! Intervals by drawing whole patients with replacement: what a patient's films have in common then counts once.
//!
//! The cluster bootstrap with percentile intervals (Davison and Hinkley 1997, sections 3.8 and 5.3; for areas under
//! ROC curves of clustered films Rutter 2000, Academic Radiology 7:413).

use std::thread;

use super::random::nth;

/// How often patients are drawn.
pub const DRAWS: u32 = 2_000;

/// In fewer draws than this share of them a figure has no interval: too few patients have what it is about.
const DEFINED: f64 = 0.9;

/// How a figure varies over the draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// The 2.5th and the 97.5th percentile.
    pub(super) interval: [f64; 2],
    /// The standard deviation.
    pub(super) standard_error: f64,
}

/// Figures of every draw.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draws {
    figures: usize,
    /// The figures of the first draw, then those of the next.
    values: Vec<f64>,
}

impl Draws {
    /// Draws as many of `clusters` as there are, with replacement, [`DRAWS`] times. `measure` gets how often each
    /// cluster was drawn, and fills in that many `figures`; NaN for one that is not defined for the draw.
    pub(super) fn take(clusters: usize, figures: usize, measure: impl Fn(&[u32], &mut [f64]) + Sync) -> Self {
        let mut values = vec![f64::NAN; figures * DRAWS as usize];
        if figures == 0 || clusters == 0 {
            return Self { figures, values };
        }
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = (DRAWS as usize).div_ceil(threads);
        thread::scope(|scope| {
            for (part, values) in values.chunks_mut(share * figures).enumerate() {
                let measure = &measure;
                scope.spawn(move || {
                    let mut weights = vec![0; clusters];
                    for (n, values) in values.chunks_mut(figures).enumerate() {
                        draw((part * share + n) as u64, &mut weights);
                        measure(&weights, values);
                    }
                });
            }
        });
        Self { figures, values }
    }

    /// Returns how a figure varies; none where too few draws define it, or where it is the same in all of them: an
    /// interval of no width would promise too much.
    #[must_use]
    pub(super) fn spread(&self, figure: usize) -> Option<Spread> {
        let column = self.values.iter().skip(figure).step_by(self.figures.max(1)).copied();
        let mut defined: Vec<f64> = column.filter(|value| value.is_finite()).collect();
        if (defined.len() as f64) < DEFINED * f64::from(DRAWS) {
            return None;
        }
        defined.sort_by(f64::total_cmp);
        let interval = [quantile(&defined, 0.025), quantile(&defined, 0.975)];
        let count = defined.len() as f64;
        let mean = defined.iter().sum::<f64>() / count;
        let squares: f64 = defined.iter().map(|value| (value - mean).powi(2)).sum();
        (interval[0] < interval[1])
            .then(|| Spread { interval, standard_error: (squares / (count - 1.0)).sqrt() })
    }

    /// The interval alone.
    #[must_use]
    pub(super) fn interval(&self, figure: usize) -> Option<[f64; 2]> {
        self.spread(figure).map(|spread| spread.interval)
    }
}

/// Fills in how often each cluster is drawn in the draw with that number.
fn draw(number: u64, weights: &mut [u32]) {
    weights.fill(0);
    let clusters = weights.len();
    for place in 0..clusters as u64 {
        // The high half of the product is evenly spread over 0..clusters but for 1 part in 2^40.
        let chosen = (u128::from(nth(number << 32 | place)) * clusters as u128) >> 64;
        weights[chosen as usize] += 1;
    }
}

/// The quantile of sorted values, linear between neighbours: numpy's default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor(), place.fract());
    let low = sorted[below as usize];
    let high = sorted[(below as usize + 1).min(sorted.len() - 1)];
    low + (high - low) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_clusters_are_drawn_as_there_are_and_all_equally_often() {
        let clusters = 20;
        let mut totals = vec![0; clusters];
        let mut weights = vec![0; clusters];
        for number in 0..u64::from(DRAWS) {
            draw(number, &mut weights);
            assert_eq!(weights.iter().sum::<u32>(), 20);
            totals.iter_mut().zip(&weights).for_each(|(total, weight)| *total += weight);
        }
        assert!(totals.iter().all(|total| (1_800..2_200).contains(total)), "{totals:?}");
    }

    #[test]
    fn a_mean_varies_as_statistics_say() {
        let values: Vec<f64> = (0..50).map(|n| f64::from(n * 7 % 50)).collect();
        let draws = Draws::take(50, 1, |weights, figures| {
            figures[0] = weights.iter().zip(&values).map(|(w, v)| f64::from(*w) * v).sum::<f64>() / 50.0;
        });
        let spread = draws.spread(0).unwrap();
        // Of the numbers 0 to 49 the variance is (50^2 - 1) / 12.
        let error = (2_499.0_f64 / 12.0 / 50.0).sqrt();
        assert!((spread.standard_error / error - 1.0).abs() < 0.05, "{spread:?}");
        assert!((spread.interval[0] - (24.5 - 1.96 * error)).abs() < 0.3, "{spread:?}");
    }

    #[test]
    fn what_most_draws_do_not_define_or_never_changes_has_no_interval() {
        let draws = Draws::take(3, 2, |weights, figures| {
            figures[0] = if weights[0] > 0 { f64::from(weights[0]) } else { f64::NAN };
            figures[1] = 1.0;
        });
        assert_eq!((draws.spread(0), draws.spread(1)), (None, None));
        assert_eq!(Draws::take(0, 1, |_, _| {}).spread(0), None);
    }
}
