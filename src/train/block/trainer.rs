//! Epochs over augmented films, until the AUC on films that are not trained on grows no more.

use candle_core::{Device, Tensor};

use super::{
    adamw::moved,
    network::{Block, loss},
    state::State,
};
use crate::{
    evaluate::{metrics::Ranked, random},
    train::TrainError,
};

/// Films of which the AUC is measured together.
const MEASURED_TOGETHER: usize = 64;
/// How slowly the averaged weights forget, at most.
const AVERAGE: f64 = 0.99;
/// Steps in which the rate of learning rises, at most.
const WARM_UP: u64 = 100;

/// How training goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Epochs, at most.
    pub epochs: u64,
    /// Films a step.
    pub batch: usize,
    /// The highest rate of learning; it falls to 0 along a cosine.
    pub rate: f64,
    /// By how much weights shrink, a step and unit of rate.
    pub decay: f64,
    /// After so many epochs without a better AUC it ends.
    pub patience: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { epochs: 20, batch: 32, rate: 2e-4, decay: 0.02, patience: 5 }
    }
}

/// The truths and weights of films, without their maps.
#[derive(Debug, Clone, Copy)]
pub struct BlockExamples<'a> {
    /// Of the films to train on, film x label: whether it is there; none where that is unknown.
    pub trained: &'a [Vec<Option<bool>>],
    /// The truths of films to measure on.
    pub measured: &'a [Vec<Option<bool>>],
    /// The weights of a film without a label's finding and of one with it.
    pub weights: &'a [[f64; 2]],
}

/// The maps before the block, film x channel x row x column.
pub trait Maps {
    /// Of films to train on, each augmented by its own seed.
    ///
    /// # Errors
    /// Any [`TrainError`].
    fn trained(&mut self, films: &[(usize, u64)]) -> Result<Tensor, TrainError>;

    /// Of films to measure on, as they are.
    ///
    /// # Errors
    /// Any [`TrainError`].
    fn measured(&mut self, films: std::ops::Range<usize>) -> Result<Tensor, TrainError>;

    /// Puts the state where the next run finds it.
    ///
    /// # Errors
    /// Any [`TrainError`].
    fn save(&mut self, state: &State) -> Result<(), TrainError>;

    /// Hears of a step: its number, how many there are, and its loss.
    fn has_stepped(&mut self, step: u64, steps: u64, loss: f64);

    /// Hears of an epoch.
    fn has_ended(&mut self, epoch: EpochReport);
}

/// The report on an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// Its number, from 1; 0: before any step.
    pub epoch: u64,
    /// The mean over the labels of the AUCs of the averaged weights.
    pub auc: f64,
    /// The best so far.
    pub best: f64,
}

/// The weights that told the labels best.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The epoch after which the block had them; 0: before any.
    pub epoch: u64,
    /// The probabilities that they give for the films that were measured on: film x label.
    pub probabilities: Vec<Vec<f32>>,
}

/// Trains a block from a state on, and leaves it with the weights that told the labels best.
///
/// # Errors
/// [`TrainError::Interrupted`] with the state saved, or whatever [`Maps`] fails with.
pub fn train(
    block: &Block,
    examples: BlockExamples<'_>,
    options: Options,
    mut state: State,
    maps: &mut dyn Maps,
    is_over: &dyn Fn() -> bool,
) -> Result<Best, TrainError> {
    let films = examples.trained.len();
    let in_epoch = films.div_ceil(options.batch).max(1) as u64;
    let steps = options.epochs * in_epoch;
    if state.best_auc.is_nan() {
        state.best_auc = mean_auc(block, &state.average, examples.measured, maps)?;
        maps.has_ended(EpochReport { epoch: 0, auc: state.best_auc, best: state.best_auc });
    }
    block.set(&state.parameters)?;
    let (mut order, mut of_epoch) = (Vec::new(), None);
    while state.optimiser.steps < steps {
        let (epoch, within) = (state.optimiser.steps / in_epoch, state.optimiser.steps % in_epoch);
        if within == 0 && epoch >= state.best_epoch + options.patience {
            break;
        }
        if is_over() {
            state.parameters = block.values()?;
            maps.save(&state)?;
            return Err(TrainError::Interrupted);
        }
        if of_epoch != Some(epoch) {
            order = shuffled(films, epoch);
            of_epoch = Some(epoch);
        }
        let first = within as usize * options.batch;
        let batch: Vec<(usize, u64)> = order[first..films.min(first + options.batch)]
            .iter()
            .map(|&film| (film, random::nth(epoch << 32 | film as u64)))
            .collect();
        let loss = step(block, examples, &batch, options, steps, &mut state, maps)?;
        maps.has_stepped(state.optimiser.steps, steps, loss);
        if within + 1 == in_epoch {
            end_epoch(block, examples, epoch + 1, &mut state, maps)?;
        }
    }
    block.set(&state.best)?;
    let logits = scores(block, examples.measured.len(), maps)?;
    let probability = |logit: f32| (1.0 + (-logit).exp()).recip();
    let probabilities = logits.into_iter().map(|film| film.into_iter().map(probability).collect()).collect();
    Ok(Best { epoch: state.best_epoch, probabilities })
}

fn step(
    block: &Block,
    examples: BlockExamples<'_>,
    batch: &[(usize, u64)],
    options: Options,
    steps: u64,
    state: &mut State,
    maps: &mut dyn Maps,
) -> Result<f64, TrainError> {
    let labels = examples.weights.len();
    let cell = |label: usize, film: usize| examples.trained[film][label];
    let cells = || (0..labels).flat_map(|label| batch.iter().map(move |&(film, _)| cell(label, film)));
    let targets: Vec<f32> = cells().map(|truth| f32::from(u8::from(truth == Some(true)))).collect();
    let weight = |(n, truth): (usize, Option<bool>)| {
        truth.map_or(0.0, |is| examples.weights[n / batch.len()][usize::from(is)] as f32)
    };
    let weights: Vec<f32> = cells().enumerate().map(weight).collect();
    let input = maps.trained(batch)?;
    let shape = (labels, batch.len());
    let targets = Tensor::from_vec(targets, shape, input.device())?;
    let weights = Tensor::from_vec(weights, shape, input.device())?;
    let loss = loss(&block.logits_in_training(&input)?, &targets, &weights)?;
    let gradients = loss.backward()?;
    let rate = rate(options.rate, state.optimiser.steps, steps);
    state.optimiser.step(block.parameters(), &gradients, rate, options.decay)?;
    let done = state.optimiser.steps as f64;
    let forgets = AVERAGE.min((1.0 + done) / (10.0 + done));
    for (name, var) in block.changing() {
        let average = moved(state.average.get(name), &var.as_tensor().detach(), forgets)?;
        state.average.insert(name.clone(), average);
    }
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

fn end_epoch(
    block: &Block,
    examples: BlockExamples<'_>,
    epoch: u64,
    state: &mut State,
    maps: &mut dyn Maps,
) -> Result<(), TrainError> {
    state.parameters = block.values()?;
    let auc = mean_auc(block, &state.average, examples.measured, maps)?;
    block.set(&state.parameters)?;
    if auc > state.best_auc {
        state.best.clone_from(&state.average);
        (state.best_auc, state.best_epoch) = (auc, epoch);
    }
    maps.save(state)?;
    maps.has_ended(EpochReport { epoch, auc, best: state.best_auc });
    Ok(())
}

/// The rate of learning of a step: up in a line, down along a cosine.
fn rate(highest: f64, step: u64, steps: u64) -> f64 {
    let up = (step + 1) as f64 / WARM_UP.min(steps / 4).max(1) as f64;
    let down = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps.max(1) as f64).cos());
    highest * up.min(1.0) * down
}

/// The films in an order of chance, which is the same in every run.
fn shuffled(films: usize, epoch: u64) -> Vec<usize> {
    let mut order: Vec<(u64, usize)> =
        (0..films).map(|film| (random::nth(!epoch << 32 | film as u64), film)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, film)| film).collect()
}

/// The mean over the labels of the AUC that a block with these values has; 0.5 for a label of one class.
fn mean_auc(
    block: &Block,
    values: &std::collections::BTreeMap<String, Tensor>,
    truths: &[Vec<Option<bool>>],
    maps: &mut dyn Maps,
) -> Result<f64, TrainError> {
    block.set(values)?;
    let scores = scores(block, truths.len(), maps)?;
    let labels = truths.first().map_or(0, Vec::len);
    let auc = |label: usize| {
        let films = truths.iter().zip(&scores);
        let known = films.filter_map(|(truths, scores)| Some((f64::from(scores[label]), truths[label]?)));
        Ranked::new(known).auc().map_or(0.5, |auc| auc.value)
    };
    Ok((0..labels).map(auc).sum::<f64>() / labels.max(1) as f64)
}

/// The logits of the films to measure on: film x label.
fn scores(block: &Block, films: usize, maps: &mut dyn Maps) -> Result<Vec<Vec<f32>>, TrainError> {
    let mut scores = Vec::with_capacity(films);
    for first in (0..films).step_by(MEASURED_TOGETHER) {
        let input = maps.measured(first..films.min(first + MEASURED_TOGETHER))?;
        let logits = block.logits(&input)?.detach().to_device(&Device::Cpu)?;
        scores.extend(logits.t()?.to_vec2::<f32>()?);
    }
    Ok(scores)
}
