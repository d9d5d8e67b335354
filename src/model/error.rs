//! Everything that can go wrong between a model's name and its findings.

use std::{fmt, io, path::PathBuf};

use safetensors::SafeTensorError;

use super::PRESETS;
use crate::text::{clean, shown};

/// Why a model could not be found, loaded or run. Each message says what failed, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The name could be a path, or is empty.
    #[error(
        "'{name}' is not a model's name: use letters, digits, '-', '_' and '.', and no leading dot \
         (a folder is given with --weights DIR)"
    )]
    BadName {
        /// The text that was given.
        name: String,
    },
    /// No place has a folder of that name.
    #[error(
        "there is no model '{name}': looked in {}; {}{}",
        .places.join(", "),
        these_are_there(.known),
        can_be_brought(.name)
    )]
    NotFound {
        /// The name that was asked for.
        name: String,
        /// Where it was looked for, in order.
        places: Vec<String>,
        /// The names that are there.
        known: Vec<String>,
    },
    /// A folder or a file of a model cannot be read.
    #[error("cannot read {}: {source}; check the path and its permissions", shown(.path))]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// `model.toml` does not describe a model.
    #[error("{place}: {reason}")]
    Manifest {
        /// The file, with the line where it is known.
        place: String,
        /// The mistake, and what is wanted instead.
        reason: String,
    },
    /// The weights are not the ones that the manifest was written for.
    #[error(
        "{place}: the checksum of the weights is wrong: the manifest says {wanted}, the file has {found}; \
         the file is damaged or belongs to another manifest: fetch or import the model again"
    )]
    Checksum {
        /// The weights' place.
        place: String,
        /// SHA-256 in the manifest, hex.
        wanted: String,
        /// SHA-256 of the bytes, hex.
        found: String,
    },
    /// The model has a last layer alone, and the weights that come before it are not there.
    #[error(
        "{place}: this is a last layer for {model} with the SHA-256 {wanted}, but {}; bring that edition of {model} \
         into the folder beside it, or train the layer anew",
        other_trunks(.found)
    )]
    Trunk {
        /// The manifest's model and its weights' place.
        place: String,
        /// The name of the model that it needs.
        model: String,
        /// SHA-256 of the weights that it needs, hex.
        wanted: String,
        /// The weights of that name that are there: place and SHA-256.
        found: Vec<(String, String)>,
    },
    /// The bytes are no safetensors file.
    #[error("{place}: not a safetensors file ({source}); fetch or import the model again")]
    Format {
        /// The weights' place.
        place: String,
        /// The reader's reason.
        source: SafeTensorError,
    },
    /// The profile of the training films cannot be used, or not be made.
    #[error("{place}: {reason}; `cxr-triage weights profile` makes a profile from training films")]
    Profile {
        /// The profile's place.
        place: String,
        /// The fault.
        reason: String,
    },
    /// Tensors are missing or of the wrong shape.
    #[error(
        "{place}: the weights do not fit the manifest's network: {}; \
         fetch or import the model again",
        first_few(.problems)
    )]
    Tensors {
        /// The weights' place.
        place: String,
        /// The tensors that do not fit, in the order of the network.
        problems: Vec<TensorProblem>,
    },
    /// The device was asked for and is not there.
    #[error("{reason}")]
    Device {
        /// The reason, and what to do.
        reason: String,
    },
    /// The precision is not there.
    #[error("{reason}")]
    Precision {
        /// The reason, and what to do.
        reason: String,
    },
    /// A film that the model cannot take.
    #[error("the film cannot be prepared for the model: {reason}")]
    Film {
        /// The fault.
        reason: String,
    },
    /// The model gave something that is no probability. Better no result than a silent one.
    #[error("the model gave a value that is not a number for film {film} of the batch; run `weights verify`")]
    NotFinite {
        /// Index in the batch.
        film: usize,
    },
    /// The engine failed: out of memory, most likely.
    #[error("the engine failed: {reason}; free memory or use a smaller batch")]
    Engine {
        /// Candle's reason.
        reason: String,
    },
}

/// One tensor that the network needs and the file does not have as needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorProblem {
    /// The tensor's name.
    pub name: String,
    /// The shape that the network needs.
    pub wanted: Vec<usize>,
    /// The fault.
    pub fault: TensorProblemKind,
}

/// The fault of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TensorProblemKind {
    /// It is not in the file.
    Missing,
    /// It has this shape instead.
    Shape(Vec<usize>),
    /// It holds infinities or values that are no numbers. Candle's ReLU would turn the latter into
    /// zeros, and the scores would be wrong without a sign of it.
    NotFinite,
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wanted, fault } = self;
        let name = clean(name);
        match fault {
            TensorProblemKind::Missing => write!(out, "tensor {name} is missing (wanted {wanted:?})"),
            TensorProblemKind::Shape(found) => {
                write!(out, "tensor {name} has shape {found:?}, wanted {wanted:?}")
            }
            TensorProblemKind::NotFinite => write!(out, "tensor {name} holds values that are not finite"),
        }
    }
}

impl ModelError {
    /// The engine panicked: a fault of the program's, not of the film's.
    pub(crate) fn broke_down() -> Self {
        Self::Engine { reason: "the program broke down over it: report this".to_owned() }
    }
}

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self::Engine { reason: said(&error) }
    }
}

/// Returns the message of an error of Candle's, without the backtrace that it may have under it.
pub(super) fn said(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn other_trunks(found: &[(String, String)]) -> String {
    let other = |(place, sha256): &(String, String)| format!("{place} has {sha256}");
    match found {
        [] => "no model of that name is beside it".to_owned(),
        found => found.iter().map(other).collect::<Vec<_>>().join(", "),
    }
}

fn these_are_there(names: &[String]) -> String {
    match names {
        [] => "no model is there".to_owned(),
        names => format!("there are: {}", names.join(", ")),
    }
}

/// Returns how a model that is known by name comes here.
fn can_be_brought(name: &str) -> String {
    let import = format!("`cxr-triage weights import FILE --preset {name}` makes it of a file");
    match PRESETS.iter().find(|(preset, _)| *preset == name) {
        // The others have to be brought.
        Some((_, manifest)) if manifest.contains("\n[published]\n") => {
            format!("; `cxr-triage weights pull {name}` fetches it, {import}")
        }
        Some(_) => format!("; {import}"),
        None => String::new(),
    }
}

/// The first three problems say enough: a wrong network has hundreds.
fn first_few(problems: &[TensorProblem]) -> String {
    let shown: Vec<String> = problems.iter().take(3).map(ToString::to_string).collect();
    match problems.len().saturating_sub(shown.len()) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}
