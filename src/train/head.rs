//! The last layer of a network, learned on what the network sees in films: a logistic regression for each label, as
//! strongly penalised as suits patients that it has not seen.

use super::{
    TrainError, Weighting,
    logistic::{Design, Regression, loss, sigmoid},
    scale::Scale,
};

/// The strengths of the penalty that are tried, from strong to weak: each begins where the one before ended.
const STRENGTHS: [f64; 11] = [100.0, 31.6, 10.0, 3.16, 1.0, 0.316, 0.1, 0.031_6, 0.01, 0.003_16, 0.001];
/// Where so many weaker penalties in turn were no better than the best, still weaker ones are not tried.
const NO_BETTER: usize = 2;
/// The slope that ends a regression that chooses a strength, and one that is to be used.
const TOLERANCE: f64 = 1e-7;
const FINAL_TOLERANCE: f64 = 1e-10;
/// Rounding may end the last steps earlier; beyond this the minimum was missed.
const STILL_GOOD: f64 = 1e-6;
/// Labels that are fitted in step: more share the reading of the features, and take more memory.
const TOGETHER: usize = 16;

/// Labelled films as a network sees them.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a> {
    /// film x channel: the mean of each channel of the last feature map.
    pub features: &'a [f32],
    /// Channels.
    pub channels: usize,
    /// film x label: whether it is there; none where that is unknown.
    pub truths: &'a [Vec<Option<bool>>],
    /// The fold of each film, from 0; all films of a patient are in one.
    pub folds: &'a [usize],
}

/// How often [`fit`] says that it has come a step further, for so many labels.
#[must_use]
pub fn steps(labels: usize) -> usize {
    STRENGTHS.len() * labels.div_ceil(TOGETHER)
}

/// A learned layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// label x channel.
    pub weight: Vec<f32>,
    /// A number a label.
    pub bias: Vec<f32>,
    /// The strength of the penalty that was chosen for each label.
    pub strengths: Vec<f64>,
    /// film x label: the probability that a layer gives which was learned without the film's fold. Its strength was chosen
    /// by the losses of the other folds; their layers had learned from this one, so a little of it is in the choice.
    pub out_of_fold: Vec<Vec<f32>>,
}

impl Fitted {
    /// Returns the probability of every label for films of these features: film x label.
    #[must_use]
    pub fn probabilities(&self, features: &[f32]) -> Vec<Vec<f32>> {
        let channels = self.weight.len() / self.bias.len().max(1);
        let logit = |film: &[f32], (weights, bias): (&[f32], &f32)| {
            let products =
                film.iter().zip(weights).map(|(value, weight)| f64::from(*value) * f64::from(*weight));
            products.sum::<f64>() + f64::from(*bias)
        };
        let of_film = |film: &[f32]| {
            let labels = self.weight.chunks_exact(channels).zip(&self.bias);
            labels.map(|label| sigmoid(logit(film, label)) as f32).collect()
        };
        features.chunks_exact(channels).map(of_film).collect()
    }
}

/// Learns a layer. `has_done` hears of every strength that was tried for some labels, [`steps`] times at most.
///
/// # Errors
/// Any [`TrainError`] but those about splits.
pub fn fit(
    examples: Examples<'_>,
    names: &[String],
    weighting: Weighting,
    is_over: &dyn Fn() -> bool,
    has_done: &dyn Fn(),
) -> Result<Fitted, TrainError> {
    let films = examples.truths.len();
    // Over all films, those of the fold left out too: no truth is in it.
    let scale = Scale::of(examples.features, examples.channels);
    let design = Design::new(scale.with_intercept(examples.features), examples.channels + 1)?;
    let mut fitted = Fitted {
        weight: Vec::with_capacity(names.len() * examples.channels),
        bias: Vec::with_capacity(names.len()),
        strengths: Vec::with_capacity(names.len()),
        out_of_fold: vec![Vec::with_capacity(names.len()); films],
    };
    let labels: Vec<usize> = (0..names.len()).collect();
    for labels in labels.chunks(TOGETHER) {
        let group = Group::new(&design, examples, labels, weighting, is_over);
        let paths = group.paths(has_done)?;
        for path in &paths {
            for (film, &fold) in examples.folds.iter().enumerate() {
                let logit = path.logits[path.best(Some(fold))][film];
                fitted.out_of_fold[film].push(sigmoid(logit) as f32);
            }
            fitted.strengths.push(STRENGTHS[path.best(None)]);
        }
        let strengths = &fitted.strengths[fitted.bias.len()..];
        for (&label, (point, slope)) in labels.iter().zip(group.all_films(strengths)?) {
            if slope.is_nan() || slope > STILL_GOOD {
                return Err(TrainError::NotConverged { label: names[label].clone(), slope });
            }
            let (weight, bias) = scale.undone(&point);
            fitted.weight.extend(weight);
            fitted.bias.push(bias);
        }
    }
    Ok(fitted)
}

/// Labels that are fitted in step.
struct Group<'a> {
    design: &'a Design,
    examples: Examples<'a>,
    labels: &'a [usize],
    folds: usize,
    weighting: Weighting,
    /// label x film: 1 where it is there.
    targets: Vec<Vec<f64>>,
    is_over: &'a dyn Fn() -> bool,
}

/// The fits of weaker and weaker penalties for a label.
#[derive(Default)]
struct Path {
    /// strength x film: the logit by the regression that has not seen the film's fold.
    logits: Vec<Vec<f64>>,
    /// strength x fold: the weighted loss of the films in it.
    losses: Vec<Vec<f64>>,
}

impl Path {
    /// The place of the strength with the least loss over all folds but `without`.
    fn best(&self, without: Option<usize>) -> usize {
        let loss = |losses: &Vec<f64>| -> f64 {
            let others = losses.iter().enumerate().filter(|(fold, _)| Some(*fold) != without);
            others.map(|(_, loss)| loss).sum()
        };
        let losses = self.losses.iter().map(loss).enumerate();
        losses.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(place, _)| place)
    }

    /// Whether still weaker penalties would be worse.
    fn is_over(&self) -> bool {
        self.losses.len() > self.best(None) + NO_BETTER
    }
}

impl<'a> Group<'a> {
    fn new(
        design: &'a Design,
        examples: Examples<'a>,
        labels: &'a [usize],
        weighting: Weighting,
        is_over: &'a dyn Fn() -> bool,
    ) -> Self {
        let is_there =
            |label: usize| move |truths: &Vec<Option<bool>>| f64::from(truths[label] == Some(true));
        let targets =
            labels.iter().map(|&label| examples.truths.iter().map(is_there(label)).collect()).collect();
        let folds = examples.folds.iter().max().map_or(0, |most| most + 1);
        Self { design, examples, labels, folds, weighting, targets, is_over }
    }

    /// The weight of each film for a label: nothing where its truth is unknown, and in the fold left out.
    fn weights(&self, label: usize, without: Option<usize>) -> Vec<f64> {
        let truths = self.examples.truths.iter().zip(self.examples.folds);
        let seen: Vec<Option<bool>> =
            truths.map(|(truths, fold)| truths[label].filter(|_| Some(*fold) != without)).collect();
        let count = |kind: bool| seen.iter().filter(|truth| **truth == Some(kind)).count();
        let (absent, present) = (count(false), count(true));
        if absent == 0 || present == 0 {
            return vec![0.0; seen.len()];
        }
        let [of_absent, of_present] = self.weighting.weights(absent, present);
        let sum = of_absent * absent as f64 + of_present * present as f64;
        let weight =
            |truth: &Option<bool>| truth.map_or(0.0, |is| if is { of_present } else { of_absent } / sum);
        seen.iter().map(weight).collect()
    }

    fn regression(&self, place: usize, without: Option<usize>, strength: f64) -> Regression<'_> {
        let weights = self.weights(self.labels[place], without);
        Regression { targets: &self.targets[place], weights, strength }
    }

    /// Tries the strengths on all films but those of a fold, for each fold and label.
    fn paths(&self, has_done: &dyn Fn()) -> Result<Vec<Path>, TrainError> {
        let mut paths: Vec<Path> = self.labels.iter().map(|_| Path::default()).collect();
        let mut points = vec![vec![0.0; self.design.width()]; self.labels.len() * self.folds];
        for strength in STRENGTHS {
            let active: Vec<usize> = (0..paths.len()).filter(|&place| !paths[place].is_over()).collect();
            let fits: Vec<(usize, usize)> =
                active.iter().flat_map(|&place| (0..self.folds).map(move |fold| (place, fold))).collect();
            if fits.is_empty() {
                break;
            }
            let regressions: Vec<Regression<'_>> =
                fits.iter().map(|&(place, fold)| self.regression(place, Some(fold), strength)).collect();
            let starts = fits
                .iter()
                .map(|(place, fold)| std::mem::take(&mut points[place * self.folds + fold]))
                .collect();
            let minima = self.design.minimise(&regressions, starts, TOLERANCE, self.is_over)?;
            let at: Vec<&[f64]> = minima.iter().map(|(point, _)| point.as_slice()).collect();
            let logits = self.design.logits(&at)?;
            for (of_label, &place) in logits.chunks_exact(self.folds * self.examples.folds.len()).zip(&active)
            {
                self.note(&mut paths[place], place, of_label);
            }
            for ((place, fold), (point, _)) in fits.into_iter().zip(minima) {
                points[place * self.folds + fold] = point;
            }
            has_done();
        }
        Ok(paths)
    }

    /// Notes what a strength gave; `logits` are fold left out x film.
    fn note(&self, path: &mut Path, place: usize, logits: &[f64]) {
        let films = self.examples.folds.len();
        let (weights, targets) = (self.weights(self.labels[place], None), &self.targets[place]);
        let mut losses = vec![0.0; self.folds];
        let of_film = |(film, &fold): (usize, &usize)| {
            let logit = logits[fold * films + film];
            losses[fold] += weights[film] * loss(logit, targets[film]);
            logit
        };
        path.logits.push(self.examples.folds.iter().enumerate().map(of_film).collect());
        path.losses.push(losses);
    }

    /// Fits every label on all films.
    fn all_films(&self, strengths: &[f64]) -> Result<Vec<(Vec<f64>, f64)>, TrainError> {
        let regressions: Vec<Regression<'_>> = strengths
            .iter()
            .enumerate()
            .map(|(place, strength)| self.regression(place, None, *strength))
            .collect();
        let starts = vec![vec![0.0; self.design.width()]; strengths.len()];
        self.design.minimise(&regressions, starts, FINAL_TOLERANCE, self.is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Films of two channels, of which the first tells the label, and a second label that nothing tells.
    fn films() -> (Vec<f32>, Vec<Vec<Option<bool>>>, Vec<usize>) {
        let noise = |n: usize| ((n * 7_919 + 13) % 101) as f32 / 101.0 - 0.5;
        let truth = |n: usize| n.is_multiple_of(3);
        let features =
            (0..300).flat_map(|n| [f32::from(u8::from(truth(n))) + 1.5 * noise(n), noise(n * 31 + 5)]);
        let truths = (0..300).map(|n| vec![(n % 11 != 0).then(|| truth(n)), Some(noise(n * 17 + 3) > 0.1)]);
        (features.collect(), truths.collect(), (0..300).map(|n| n / 2 % 5).collect())
    }

    fn fitted(truths: &[Vec<Option<bool>>]) -> Fitted {
        let (features, _, folds) = films();
        let examples = Examples { features: &features, channels: 2, truths, folds: &folds };
        let names = ["told".to_owned(), "not told".to_owned()];
        fit(examples, &names, Weighting::Frequency, &|| false, &|| {}).unwrap()
    }

    #[test]
    fn what_features_tell_is_learned_and_what_they_do_not_is_penalised_away() {
        let (features, truths, _) = films();
        let fitted = fitted(&truths);
        assert!(fitted.strengths[0] < fitted.strengths[1], "{:?}", fitted.strengths);
        let probabilities = fitted.probabilities(&features);
        let right = |n: &usize| (probabilities[*n][0] > 0.5) == n.is_multiple_of(3);
        assert!((0..300).filter(right).count() > 230);
        assert!(probabilities.iter().all(|film| (film[1] - 0.5).abs() < 0.1), "both classes count alike");
    }

    #[test]
    fn a_films_own_truth_is_not_in_its_out_of_fold_score() {
        let (_, mut truths, _) = films();
        let before = fitted(&truths);
        let last = truths.len() - 1;
        truths[last][0] = truths[last][0].map(|is| !is);
        let after = fitted(&truths);
        let moved = (before.out_of_fold[last][0] - after.out_of_fold[last][0]).abs();
        assert!(before.strengths == after.strengths && moved < 1e-4, "{moved}");
        assert_ne!(before.weight, after.weight, "but in the layer for other films it is");
    }

    #[test]
    fn a_film_whose_truth_is_unknown_changes_nothing_for_its_label() {
        let (_, mut truths, _) = films();
        let with = fitted(&truths);
        truths.iter_mut().for_each(|truths| truths[1] = truths[1].filter(|is| *is || truths[0].is_none()));
        let without = fitted(&truths);
        assert_eq!((&with.weight[..2], with.bias[0]), (&without.weight[..2], without.bias[0]));
        assert_ne!(with.weight[2..], without.weight[2..]);
    }
}
