//! Why weights could not be imported.

use std::{io, path::PathBuf};

use crate::{
    model::{ModelError, TensorProblem},
    text::shown,
};

/// Why weights could not be imported. Each message says what failed, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check the path and its permissions", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The bytes are of no known kind.
    #[error(
        "{place}: not a file of weights: PyTorch (.pt, .pth), safetensors and Keras (.h5, .keras) are known{}",
        .hint
    )]
    Unknown {
        /// The file.
        place: String,
        /// A guess at what it is, if there is one, with a leading "; ".
        hint: &'static str,
    },
    /// The bytes are not what their format says.
    #[error("{place}: the file is damaged: {reason}; fetch it again")]
    Damaged {
        /// The file.
        place: String,
        /// The fault.
        reason: String,
    },
    /// The file asks for something that weights do not need.
    #[error(
        "{place}: refused: {reason}; if you trust where the file comes from, load it in its own library and save \
         the tensors alone (a state dict, or safetensors)"
    )]
    Refused {
        /// The file.
        place: String,
        /// The request that was refused.
        reason: String,
    },
    /// The file is sound, and holds no weights that could be found.
    #[error("{place}: no weights that can be used: {reason}")]
    NoWeights {
        /// The file.
        place: String,
        /// A description of what was found.
        reason: String,
    },
    /// The tensors are those of another network.
    #[error("{place}: these are not the weights of {network}: {}", first_few(.missing, .foreign))]
    Network {
        /// The file.
        place: String,
        /// The network that was wanted, in words.
        network: String,
        /// Tensors that the network needs and the file does not have so, in the order of the network.
        missing: Vec<TensorProblem>,
        /// Tensors of the file that the network has no place for.
        foreign: Vec<String>,
    },
    /// There is no such preset.
    #[error("there is no preset '{name}': there are {}", .known.join(", "))]
    NoPreset {
        /// The name that was asked for.
        name: String,
        /// The presets.
        known: Vec<String>,
    },
    /// The manifest, or the name that the model is to have.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model of that name is there already, and is not one that an import made.
    #[error("{} is there already and was not made by an import: choose another name with --name", shown(.folder))]
    Occupied {
        /// The folder of the model.
        folder: PathBuf,
    },
    /// The model cannot be written.
    #[error("cannot write {}: {source}; the models that were there are unchanged", shown(.path))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A few differences of each kind say enough: another network has hundreds.
fn first_few(missing: &[TensorProblem], foreign: &[String]) -> String {
    let strange = |name: &String| format!("the network has no place for tensor {}", crate::text::clean(name));
    let mut shown: Vec<String> = missing.iter().take(3).map(ToString::to_string).collect();
    shown.extend(foreign.iter().take(2).map(strange));
    match missing.len() + foreign.len() - shown.len() {
        0 => shown.join("; "),
        more => format!("{}; and {more} more differences", shown.join("; ")),
    }
}
