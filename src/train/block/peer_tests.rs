//! Gradients and steps against PyTorch's (tests/golden/train_block_peer.py), and training that is broken off.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use candle_core::{Device, Tensor};

use super::{
    BatchNorm, Best, Block, BlockExamples, BlockShape, EpochReport, Maps, Options, State, adamw::AdamW,
    network::loss, train,
};
use crate::{
    evaluate::random,
    model::{
        Base, DeviceChoice, Input, Model, NewModel, NewProfile, NewWeights, Parallelism, Precision, Region,
        Source, Training, TrainingRun, signatures,
    },
    train::TrainError,
};

const SHAPE: BlockShape = BlockShape { layers: 3, epsilon: 1e-5 };

fn peer() -> HashMap<String, Tensor> {
    let bytes = include_bytes!("../../../tests/golden/train_block_peer.safetensors");
    candle_core::safetensors::load_buffer(bytes, &Device::Cpu).unwrap()
}

fn part(peer: &HashMap<String, Tensor>, prefix: &str) -> HashMap<String, Tensor> {
    let of =
        |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()));
    peer.iter().filter_map(of).collect()
}

fn block(peer: &HashMap<String, Tensor>, batch_norm: BatchNorm) -> Block {
    Block::new(SHAPE, batch_norm, &part(peer, "start.")).unwrap()
}

/// How batch norm is trained, and how the names of what PyTorch made of it begin.
const KINDS: [(BatchNorm, &str); 2] = [(BatchNorm::Frozen, ""), (BatchNorm::Trained, "trained.")];

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// The farthest of two tensors' numbers, over the largest of the second.
fn farthest(ours: &Tensor, theirs: &Tensor) -> f32 {
    let (ours, theirs) = (numbers(ours), numbers(theirs));
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(1e-12_f32, |most, value| most.max(value.abs()));
    ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}

#[test]
fn gradients_are_those_of_pytorch() {
    let peer = peer();
    for (batch_norm, kind) in KINDS {
        let block = block(&peer, batch_norm);
        let logits = block.logits_in_training(&peer["input"]).unwrap();
        let theirs = &peer[&format!("{kind}logits")];
        assert!(farthest(&logits.t().unwrap().contiguous().unwrap(), theirs) < 1e-5, "{batch_norm:?}");
        let (targets, weights) = (peer["targets"].t().unwrap(), peer["weights"].t().unwrap());
        let gradients = loss(&logits, &targets, &weights).unwrap().backward().unwrap();
        let theirs = part(&peer, &format!("{kind}gradient."));
        assert_eq!(theirs.len(), block.parameters().len());
        for (name, var) in block.parameters() {
            let far = farthest(gradients.get(var.as_tensor()).unwrap(), &theirs[name]);
            assert!(far < 1e-4, "{batch_norm:?} {name}: {far}");
        }
    }
}

/// The peer rounds to 8 bits (0.4 %) where the block does; the order of a sum, which differs between processors, may still
/// round one number otherwise. Single precision is farther away than that.
#[test]
fn gradients_of_bf16_products_are_those_of_pytorch() {
    let peer = peer();
    let block = block(&peer, BatchNorm::Frozen).with_bf16_products();
    let logits = block.logits_in_training(&peer["input"]).unwrap();
    let (targets, weights) = (peer["targets"].t().unwrap(), peer["weights"].t().unwrap());
    let gradients = loss(&logits, &targets, &weights).unwrap().backward().unwrap();
    let (theirs, single) = (part(&peer, "bf16.gradient."), part(&peer, "gradient."));
    let mut differs = 0.0_f32;
    for (name, var) in block.parameters() {
        let ours = gradients.get(var.as_tensor()).unwrap();
        let far = farthest(ours, &theirs[name]);
        assert!(far < 1e-2, "{name}: {far}");
        differs = differs.max(farthest(ours, &single[name]));
    }
    assert!(differs > 2e-2, "{differs}");
}

/// Parameters, and the running statistics where they are trained.
#[test]
fn five_steps_follow_those_of_pytorch() {
    let peer = peer();
    for (batch_norm, kind) in KINDS {
        let block = block(&peer, batch_norm);
        let mut optimiser = AdamW::default();
        let (targets, weights) = (peer["targets"].t().unwrap(), peer["weights"].t().unwrap());
        for theirs in numbers(&peer[&format!("{kind}losses")]) {
            let logits = block.logits_in_training(&peer["input"]).unwrap();
            let loss = loss(&logits, &targets, &weights).unwrap();
            assert!((loss.to_scalar::<f32>().unwrap() - theirs).abs() < 1e-5, "{batch_norm:?}");
            optimiser.step(block.parameters(), &loss.backward().unwrap(), 3e-3, 0.05).unwrap();
        }
        let theirs = part(&peer, &format!("{kind}end."));
        let ours = block.values().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for (name, value) in ours {
            let far = farthest(&value, &theirs[&name]);
            assert!(far < 1e-4, "{batch_norm:?} {name}: {far}");
        }
    }
}

/// Maps of chance; the first label is how bright the first channel is, the second nothing.
struct Chance {
    saved: Option<Vec<u8>>,
    epochs: Vec<EpochReport>,
    steps: u64,
}

impl Chance {
    fn new() -> Self {
        Self { saved: None, epochs: Vec::new(), steps: 0 }
    }

    fn value(place: u64) -> f32 {
        (random::nth(place) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn truths(films: std::ops::Range<usize>) -> Vec<Vec<Option<bool>>> {
        let truth = |n: usize| {
            vec![
                Some(n.is_multiple_of(3)),
                (!n.is_multiple_of(7)).then_some(n.is_multiple_of(2)),
                Some(n.is_multiple_of(4)),
            ]
        };
        films.map(truth).collect()
    }

    fn map(film: usize, seed: u64) -> Vec<f32> {
        let bright = if film.is_multiple_of(3) { 0.8 } else { 0.0 };
        let value = |n: u64| Self::value((film as u64) << 20 | n) + 0.2 * Self::value(seed ^ n);
        (0..6 * 25).map(|n| value(n) + if n < 25 { bright } else { 0.0 }).collect()
    }
}

fn stacked(maps: &[Vec<f32>]) -> Result<Tensor, TrainError> {
    Ok(Tensor::from_vec(maps.concat(), (maps.len(), 6, 5, 5), &Device::Cpu)?)
}

impl Maps for Chance {
    fn trained(&mut self, films: &[(usize, u64)]) -> Result<Tensor, TrainError> {
        stacked(&films.iter().map(|&(film, seed)| Self::map(film, seed)).collect::<Vec<_>>())
    }

    fn measured(&mut self, films: std::ops::Range<usize>) -> Result<Tensor, TrainError> {
        stacked(&films.map(|film| Self::map(1_000 + film, 0)).collect::<Vec<_>>())
    }

    fn save(&mut self, state: &State) -> Result<(), TrainError> {
        self.saved = Some(state.to_bytes("this")?);
        Ok(())
    }

    fn has_stepped(&mut self, step: u64, _: u64, _: f64) {
        self.steps = step;
    }

    fn has_ended(&mut self, epoch: EpochReport) {
        self.epochs.push(epoch);
    }
}

const OPTIONS: Options = Options { epochs: 6, batch: 16, rate: 1e-2, decay: 0.01, patience: 6 };

/// Trains from a state on, until so many steps are done.
fn trained(
    batch_norm: BatchNorm,
    state: Option<&[u8]>,
    until: u64,
) -> (Result<Best, TrainError>, BTreeMap<String, Tensor>, Chance) {
    let block = block(&peer(), batch_norm);
    let state = state
        .map_or_else(|| State::begin(&block).unwrap(), |bytes| State::from_bytes(bytes, "this").unwrap());
    let (films, measured) = (Chance::truths(0..90), Chance::truths(1_000..1_060));
    let examples = BlockExamples { trained: &films, measured: &measured, weights: &[[0.3, 0.7]; 3] };
    let mut maps = Chance::new();
    let steps = std::cell::Cell::new(0);
    let is_over = || {
        steps.set(steps.get() + 1);
        steps.get() > until
    };
    let ended = train(&block, examples, OPTIONS, state, &mut maps, &is_over);
    (ended, block.values().unwrap(), maps)
}

#[test]
fn what_is_broken_off_anywhere_ends_as_if_it_had_not_been() {
    for (batch_norm, _) in KINDS {
        let (ended, whole, maps) = trained(batch_norm, None, u64::MAX);
        let ended = ended.unwrap();
        let best = ended.epoch;
        let auc = |epoch: u64| maps.epochs.iter().find(|report| report.epoch == epoch).unwrap().auc;
        assert!(best > 0 && auc(best) > auc(0) + 0.01, "{batch_norm:?} learns: {:?}", maps.epochs);
        for until in [1, 5, 6, 7, 20] {
            let (broken_off, _, maps) = trained(batch_norm, None, until);
            assert!(matches!(broken_off, Err(TrainError::Interrupted)));
            assert_eq!(maps.steps, until);
            let (again, resumed, _) = trained(batch_norm, maps.saved.as_deref(), u64::MAX);
            assert_eq!(again.unwrap(), ended, "{batch_norm:?} after {until} steps");
            for (name, value) in &whole {
                assert_eq!(numbers(value), numbers(&resumed[name]), "{batch_norm:?} {name} after {until}");
            }
        }
    }
}

#[test]
fn a_state_of_other_films_is_not_taken_up() {
    let state = State::begin(&block(&peer(), BatchNorm::Frozen)).unwrap().to_bytes("this").unwrap();
    assert!(State::from_bytes(&state, "this").is_some());
    assert!(
        State::from_bytes(&state, "that").is_none()
            && State::from_bytes(b"no file of ours", "this").is_none()
    );
}

/// The starter taken apart before its last block, and put together again as a model of its own: the same probabilities.
#[test]
fn a_network_in_two_parts_is_the_whole_one() {
    let model = Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap();
    let base = Base::new(Arc::new(model)).unwrap();
    let inputs: Vec<Input> = (0..2_u64)
        .map(|film| Input {
            values: (0..224 * 224).map(|n| Chance::value(film << 20 | n) * 1.5).collect(),
            channels: 1,
            height: 224,
            width: 224,
            region: Region::WHOLE,
        })
        .collect();
    let whole = base.model().infer(&inputs).unwrap();
    let (front, last) = base.apart().unwrap();
    let block = Block::new(
        BlockShape { layers: last.layers, epsilon: last.epsilon },
        BatchNorm::Frozen,
        &last.tensors,
    )
    .unwrap();
    let maps = front.maps(inputs.iter().flat_map(|input| input.values.clone()).collect()).unwrap();
    let logits = block.logits(&maps).unwrap().t().unwrap().to_vec2::<f32>().unwrap();
    for (logits, whole) in logits.iter().zip(&whole) {
        for (logit, probability) in logits.iter().zip(&whole.probabilities) {
            assert!(((1.0 + (-logit).exp()).recip() - probability).abs() < 1e-4);
        }
    }
    let features = base.model().features_each(&inputs, Parallelism::AllThreads);
    let signature = &signatures(&block.last_map(&maps).unwrap()).unwrap()[1];
    let theirs = features[1].as_ref().unwrap().signature.iter();
    assert!(signature.iter().zip(theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-3));

    let folder = tempfile::tempdir().unwrap();
    let manifest = base.model().manifest();
    let run = TrainingRun {
        from: "starter".into(),
        from_sha256: manifest.sha256.clone(),
        films: 2,
        patients: 2,
        options: "a \"test\"".into(),
        version: "0".into(),
    };
    let training = Training { run: Some(run), ..manifest.training.clone().unwrap() };
    let values = block.values().unwrap();
    let new = NewModel {
        name: "again",
        library: folder.path(),
        weights: NewWeights::Block(&values),
        labels: &manifest.labels,
        title: "title",
        banner: "banner",
        evaluation: "evaluation",
        evaluated: manifest.evaluated.as_ref().unwrap(),
        training: &training,
        samples: &[],
    };
    let (written, profile) = base.install(&new).unwrap();
    assert_eq!(
        (profile, &written.labels, &written.training),
        (NewProfile::None, &manifest.labels, &Some(training.clone()))
    );
    base.install(&new).unwrap();
    let source = Source::Folder(folder.path().join("again"));
    let again = Model::load(&source, DeviceChoice::Cpu, Precision::Fp32).unwrap().infer(&inputs).unwrap();
    for (again, whole) in again.iter().zip(&whole) {
        assert_eq!(again.probabilities, whole.probabilities, "written and read to the last bit");
    }
}
