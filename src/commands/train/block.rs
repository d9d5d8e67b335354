//! `--depth block4`: the last dense block trained on augmented films, with its state on disk.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use candle_core::{DType, Device, Tensor};
use half::f16;
use indicatif::ProgressBar;

use super::load::{Prepared, load};
use crate::{
    commands::{CommandError, output::progress},
    files::{self, Expected},
    hash::sha256,
    model::{Base, Front, Input, LastBlock, ModelError, Precision, Sample, signatures},
    text::shown,
    train::{
        Fitted, TrainError,
        block::{
            BatchNorm, Best, Block, BlockExamples, BlockShape, EpochReport, Maps, Options, State, augmented,
            train,
        },
    },
};

/// Films whose maps are computed together, where none of them is trained on.
const TOGETHER: usize = 32;

/// The films that a block is trained on, and how.
pub(super) struct Course<'a> {
    pub(super) base: &'a Base,
    /// Of the films to train on, and of those to measure on: their places.
    pub(super) paths: [&'a [PathBuf]; 2],
    /// Their truths, film x label.
    pub(super) truths: [&'a [Vec<Option<bool>>]; 2],
    /// The places of films to train on that a profile is made of, in its order.
    pub(super) samples: &'a [usize],
    /// The weights of a film without and of one with each label's finding.
    pub(super) weights: &'a [[f64; 2]],
    /// The layer to begin with.
    pub(super) head: &'a Fitted,
    pub(super) epochs: u64,
    pub(super) batch_norm: BatchNorm,
    /// Whatever else the outcome depends on.
    pub(super) made_for: &'a str,
    pub(super) interrupted: &'a AtomicBool,
}

/// A trained block.
pub(super) struct Trained {
    pub(super) values: std::collections::BTreeMap<String, Tensor>,
    pub(super) best: Best,
    pub(super) samples: Vec<Sample>,
    pub(super) batch_norm: BatchNorm,
    /// Where its state lies, which is of no use once the model is there.
    pub(super) state: Option<PathBuf>,
}

impl Course<'_> {
    /// Trains the block, from where an earlier run was broken off.
    pub(super) fn run(&self) -> Result<Trained, CommandError> {
        let (front, last) = self.base.apart()?;
        let block = self.block(last, front.device()).map_err(TrainError::from)?;
        let options = Options { epochs: self.epochs, ..Options::default() };
        let made_for = sha256(format!(
            "{options:?} {:?} {} {}",
            self.batch_norm,
            self.is_bf16(front.device()),
            self.made_for
        ));
        let state = state_place(&made_for);
        let saved = state.as_ref().and_then(|path| files::read(path, Expected::WEIGHTS).ok());
        let begun = saved.and_then(|bytes| State::from_bytes(&bytes, &made_for));
        let begun = begun.map_or_else(|| State::begin(&block), |state| state.on(front.device()))?;

        let model = self.base.model();
        let trained = load(model, self.paths[0], self.samples, self.interrupted)?;
        let measured = load(model, self.paths[1], &[], self.interrupted)?;
        let steps = self.epochs * trained.films.len().div_ceil(options.batch) as u64;
        let bar = progress(steps, "steps");
        bar.inc(begun.steps());
        bar.reset_eta();
        let mut maps = FilmMaps {
            front: &front,
            shape: (model.manifest().channels, model.manifest().size as usize),
            trained: &trained.films,
            measured: &measured.films,
            ready: Vec::new(),
            state: state.as_deref(),
            made_for: &made_for,
            bar: &bar,
            auc: String::new(),
        };
        let examples =
            BlockExamples { trained: self.truths[0], measured: self.truths[1], weights: self.weights };
        let is_over = || self.interrupted.load(Ordering::Relaxed);
        let best =
            train(&block, examples, options, begun, &mut maps, &is_over).map_err(|error| match error {
                TrainError::Interrupted => CommandError::InterruptedWith(
                    "interrupted: how far training came is in the cache; the same command goes on from there"
                        .to_owned(),
                ),
                error => error.into(),
            })?;
        bar.finish_and_clear();
        let samples = samples(&front, &block, &trained)?;
        let values = block.values().map_err(TrainError::from)?;
        Ok(Trained { values, best, samples, batch_norm: self.batch_norm, state })
    }

    /// The block as it is, under the layer to begin with.
    fn block(&self, last: LastBlock, device: &Device) -> candle_core::Result<Block> {
        let LastBlock { layers, epsilon, mut tensors } = last;
        let (labels, weight) = (self.head.bias.len(), &self.head.weight);
        let shape = (labels, weight.len() / labels.max(1));
        tensors.insert("classifier.weight".to_owned(), Tensor::from_slice(weight, shape, device)?);
        tensors.insert("classifier.bias".to_owned(), Tensor::from_slice(&self.head.bias, labels, device)?);
        let block = Block::new(BlockShape { layers, epsilon }, self.batch_norm, &tensors)?;
        Ok(if self.is_bf16(device) { block.with_bf16_products() } else { block })
    }

    /// Whether the block's products are in bf16: on a GPU, where the model's are. Processors are no faster at it here.
    fn is_bf16(&self, device: &Device) -> bool {
        !device.is_cpu() && self.base.model().precision() == Precision::Bf16
    }
}

/// Where the state of training lies; none without a home.
fn state_place(made_for: &str) -> Option<PathBuf> {
    let folder = super::cache::folder("training")?;
    Some(folder.join(format!("{}.safetensors", made_for.get(..16).unwrap_or(made_for))))
}

/// Prepared films, their maps, and the line that shows how far it is.
struct FilmMaps<'a> {
    front: &'a Front,
    /// Channels, and rows and columns, of a prepared film.
    shape: (usize, usize),
    trained: &'a [Prepared],
    measured: &'a [Prepared],
    /// The maps of films to measure on, by the place of the first of each batch, in half precision: they never change.
    ready: Vec<(usize, Tensor)>,
    state: Option<&'a Path>,
    made_for: &'a str,
    bar: &'a ProgressBar,
    auc: String,
}

impl Maps for FilmMaps<'_> {
    fn trained(&mut self, films: &[(usize, u64)]) -> Result<Tensor, TrainError> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (shape, trained) = (self.shape, self.trained);
        let of_share = |share: &[(usize, u64)]| -> Vec<f32> {
            share
                .iter()
                .flat_map(|&(film, seed)| augmented(&input(&trained[film].upright, shape), seed))
                .collect()
        };
        let values = thread::scope(|scope| {
            let shares = films.chunks(films.len().div_ceil(threads).max(1));
            let started: Vec<_> = shares.map(|share| scope.spawn(move || of_share(share))).collect();
            started.into_iter().map(|thread| thread.join()).collect::<Result<Vec<Vec<f32>>, _>>()
        });
        let values = values.map_err(|_| engine(&ModelError::broke_down()))?;
        self.front.maps(values.concat()).map_err(|error| engine(&error))
    }

    fn measured(&mut self, films: Range<usize>) -> Result<Tensor, TrainError> {
        if let Some((_, ready)) = self.ready.iter().find(|(first, _)| *first == films.start) {
            return Ok(ready.to_dtype(DType::F32)?);
        }
        let maps = maps_of(self.front, self.measured[films.clone()].iter().map(|film| &film.upright))?;
        self.ready.push((films.start, maps.to_dtype(DType::F16)?));
        Ok(self.ready.last().map_or(Ok(maps), |(_, ready)| ready.to_dtype(DType::F32))?)
    }

    fn save(&mut self, state: &State) -> Result<(), TrainError> {
        let Some(path) = self.state else { return Ok(()) };
        let bytes = state.to_bytes(self.made_for)?;
        let written = fs::create_dir_all(path.parent().unwrap_or(Path::new("")))
            .and_then(|()| files::replace(path, &bytes, &[b""]));
        written.map_err(|source| TrainError::State { place: shown(path), source })
    }

    fn has_stepped(&mut self, step: u64, _: u64, loss: f64) {
        self.bar.set_position(step);
        self.bar.set_message(format!("loss {loss:.4}{}", self.auc));
    }

    fn has_ended(&mut self, EpochReport { epoch, auc, best }: EpochReport) {
        tracing::info!(epoch, auc, best, "an epoch of training");
        self.auc = format!("  AUC {auc:.3} after epoch {epoch}, best {best:.3}");
    }
}

fn engine(error: &ModelError) -> TrainError {
    TrainError::Engine { reason: error.to_string() }
}

fn values(film: &[f16]) -> impl Iterator<Item = f32> {
    film.iter().map(|value| value.to_f32())
}

fn input(film: &[f16], (channels, size): (usize, usize)) -> Input {
    let region = crate::model::Region::WHOLE;
    Input { values: values(film).collect(), channels, height: size, width: size, region }
}

fn maps_of<'a>(front: &Front, films: impl Iterator<Item = &'a Vec<f16>>) -> Result<Tensor, TrainError> {
    front.maps(films.flat_map(|film| values(film)).collect()).map_err(|error| engine(&error))
}

/// Runs the trained block over the films that a profile is made of.
fn samples(front: &Front, block: &Block, trained: &super::load::Loaded) -> Result<Vec<Sample>, CommandError> {
    let see = |films: Vec<&Vec<f16>>| -> Result<Vec<Vec<f32>>, CommandError> {
        let map = block.last_map(&maps_of(front, films.into_iter())?).map_err(TrainError::from)?.detach();
        Ok(signatures(&map)?)
    };
    let films: Vec<(&Vec<f16>, &Vec<f16>)> = trained
        .samples
        .iter()
        .filter_map(|&film| Some((&trained.films[film].upright, trained.films[film].misplaced.as_ref()?)))
        .collect();
    let mut samples = Vec::with_capacity(films.len());
    for films in films.chunks(TOGETHER) {
        let upright = see(films.iter().map(|(upright, _)| *upright).collect())?;
        let misplaced = see(films.iter().map(|(_, misplaced)| *misplaced).collect())?;
        let pairs = upright.into_iter().zip(misplaced);
        samples.extend(pairs.map(|(upright, misplaced)| Sample { upright, misplaced }));
    }
    Ok(samples)
}
