//! How far training has come, as a file: whatever ends it, the next run goes on from there and ends as if nothing had been.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

use super::{adamw::AdamW, network::Block};
use crate::train::TrainError;

/// The groups of tensors in the file.
const GROUPS: [&str; 5] = ["parameter", "mean", "square", "average", "best"];
/// The keys of its metadata.
const MADE_FOR: &str = "made_for";
const STEPS: &str = "steps";
const BEST: &str = "best_auc_bits";
const BEST_EPOCH: &str = "best_epoch";

/// All that training goes on from.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) parameters: BTreeMap<String, Tensor>,
    pub(super) optimiser: AdamW,
    /// The mean of the parameters over the last steps.
    pub(super) average: BTreeMap<String, Tensor>,
    /// The average that told the labels best after an epoch.
    pub(super) best: BTreeMap<String, Tensor>,
    /// The mean AUC that it had.
    pub(super) best_auc: f64,
    /// That epoch, from 1; 0: before any step.
    pub(super) best_epoch: u64,
}

impl State {
    /// Begins with a block as it is.
    ///
    /// # Errors
    /// [`TrainError::Engine`].
    pub fn begin(block: &Block) -> Result<Self, TrainError> {
        let values = block.values()?;
        Ok(Self {
            average: values.clone(),
            best: values.clone(),
            parameters: values,
            optimiser: AdamW::default(),
            best_auc: f64::NAN,
            best_epoch: 0,
        })
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.optimiser.steps
    }

    /// Moves it to a device.
    ///
    /// # Errors
    /// [`TrainError::Engine`].
    pub fn on(mut self, device: &Device) -> Result<Self, TrainError> {
        let groups = [
            &mut self.parameters,
            &mut self.optimiser.means,
            &mut self.optimiser.squares,
            &mut self.average,
            &mut self.best,
        ];
        for tensor in groups.into_iter().flat_map(BTreeMap::values_mut) {
            *tensor = tensor.to_device(device)?;
        }
        Ok(self)
    }

    /// Writes it as the bytes of a file. `made_for` says for which films and options it is.
    ///
    /// # Errors
    /// [`TrainError::Engine`].
    pub fn to_bytes(&self, made_for: &str) -> Result<Vec<u8>, TrainError> {
        let of_group =
            [&self.parameters, &self.optimiser.means, &self.optimiser.squares, &self.average, &self.best];
        let tensors = GROUPS.into_iter().zip(of_group).flat_map(|(group, tensors)| {
            tensors.iter().map(move |(name, tensor)| (format!("{group}.{name}"), tensor))
        });
        let notes = HashMap::from([
            (MADE_FOR.to_owned(), made_for.to_owned()),
            (STEPS.to_owned(), self.optimiser.steps.to_string()),
            (BEST.to_owned(), self.best_auc.to_bits().to_string()),
            (BEST_EPOCH.to_owned(), self.best_epoch.to_string()),
        ]);
        safetensors::serialize(tensors, Some(notes))
            .map_err(|error| TrainError::Engine { reason: error.to_string() })
    }

    /// Reads what [`State::to_bytes`] wrote; none if it is of other films or options, or no such file.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], made_for: &str) -> Option<Self> {
        let (_, head) = SafeTensors::read_metadata(bytes).ok()?;
        let notes = head.metadata().as_ref()?;
        if notes.get(MADE_FOR)? != made_for {
            return None;
        }
        let number = |key: &str| notes.get(key)?.parse::<u64>().ok();
        let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu).ok()?;
        let [parameters, means, squares, average, best] = GROUPS.map(|group| -> BTreeMap<String, Tensor> {
            let of_group = |(name, tensor): (&String, &Tensor)| {
                Some((name.strip_prefix(group)?.strip_prefix('.')?.to_owned(), tensor.clone()))
            };
            tensors.iter().filter_map(of_group).collect()
        });
        Some(Self {
            parameters,
            optimiser: AdamW { steps: number(STEPS)?, means, squares },
            average,
            best,
            best_auc: f64::from_bits(number(BEST)?),
            best_epoch: number(BEST_EPOCH)?,
        })
    }
}
