//! The arguments of `train`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::evaluate::{BlankAs, UncertainAs};
use crate::{
    evaluate::Goal,
    train::{Weighting, block::BatchNorm},
};

/// `train`.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    /// Folder of the films, with its subfolders
    #[arg(long, value_name = "DIR")]
    pub films: PathBuf,
    /// The findings on them, as `evaluate` reads them: each finding of the file becomes a label of the model
    #[arg(long, value_name = "CSV")]
    pub labels: PathBuf,
    /// The model to begin with
    #[arg(long, value_name = "MODEL")]
    pub from: String,
    /// The new model's name; one that was trained under it before is replaced
    #[arg(long)]
    pub name: String,
    /// Only these findings of the file [default: all]
    #[arg(long, value_name = "LABEL,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Column that says which films to train on (`train`) and to choose thresholds on (`val`), or numbers folds
    /// [default: a column `Split` that says so, else 5 folds of patients]
    #[arg(long, value_name = "COLUMN")]
    pub split_column: Option<String>,
    /// How much of the network is learned anew
    #[arg(long, value_enum, default_value_t)]
    pub depth: DepthAs,
    /// With --depth block4: passes over the films, at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub epochs: u64,
    /// With --depth block4: what becomes of batch norm's statistics
    #[arg(long, value_enum, default_value_t)]
    pub batch_norm: BatchNormAs,
    /// How films with and without a finding count against each other
    #[arg(long, value_enum, default_value_t)]
    pub weighting: WeightingAs,
    /// The goal of the thresholds: sensitivity=0.95, specificity=0.9, youden, or alarms=0.10 (of films without findings,
    /// for all labels together)
    #[arg(long, value_name = "GOAL", default_value = "alarms=0.10")]
    pub goal: Goal,
    /// Refuse if a patient of these labels is in the set: what the model is to be tested on
    #[arg(long, value_name = "CSV")]
    pub against: Option<PathBuf>,
    /// Which labels count where the file has several, such as mined and adjudicated ones [default: ask]
    #[arg(long, value_name = "NAME")]
    pub truth: Option<String>,
    /// How -1 counts
    #[arg(long, value_enum, default_value_t)]
    pub uncertain: UncertainAs,
    /// How an empty cell counts
    #[arg(long, value_enum, default_value_t)]
    pub blank: BlankAs,
}

/// How much of the network is learned anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DepthAs {
    /// The last layer: seconds after one scan of the films
    #[default]
    Head,
    /// The last dense block with it: hours on a processor
    Block4,
}

/// The treatment of batch norm's statistics while a block is trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum BatchNormAs {
    /// They stay: what is trained is exactly what is used
    #[default]
    Frozen,
    /// They follow the films: for those that look unlike the ones that the model was trained on
    Trained,
}

impl From<BatchNormAs> for BatchNorm {
    fn from(word: BatchNormAs) -> Self {
        match word {
            BatchNormAs::Frozen => Self::Frozen,
            BatchNormAs::Trained => Self::Trained,
        }
    }
}

/// How films with and without a finding count against each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum WeightingAs {
    /// Each class by the other's frequency
    #[default]
    Frequency,
    /// Each class as one half of all
    Balanced,
    /// Every film as one
    None,
}

impl From<WeightingAs> for Weighting {
    fn from(word: WeightingAs) -> Self {
        match word {
            WeightingAs::Frequency => Self::Frequency,
            WeightingAs::Balanced => Self::Balanced,
            WeightingAs::None => Self::None,
        }
    }
}
