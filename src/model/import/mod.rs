//! Other people's files of weights, turned once into `model.safetensors` and `model.toml`.
//!
//! ```text
//! file ──sniff──▶ torch | safetensors | keras ──▶ Tensors ──fit──▶ the network's tensors ──install──▶ a model's folder
//! ```
//! Nothing in a file is executed, and nothing that it says of its own lengths is believed.

mod dinov2_names;
mod error;
mod fit;
mod install;
mod keras;
mod pickle;
mod preset;
mod reader_error;
mod safetensors;
mod tensors;
mod torch;

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

pub use error::ImportError;
pub use preset::preset;
use reader_error::{Outcome, ReaderError};
use tensors::Tensors;
use zip::ZipArchive;

use super::{Manifest, NetworkConfig};
use crate::{
    files::{self, Expected},
    hash::sha256,
    memory_limit::MemoryLimit,
    text::shown,
};

/// Memory that an import may take for each byte of the file, the file itself included: numbers of half precision
/// become twice as large, and lie there as they were read, as 32 bits and as what is written.
const MEMORY_A_BYTE: usize = 7;
/// Memory that an import may take beside that.
const MEMORY_BESIDE: usize = 64 << 20;

/// The weights within a Keras 3 archive.
const KERAS_WEIGHTS: &str = "model.weights.h5";

/// An import to be made.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// The file that somebody brought.
    pub file: &'a Path,
    /// The text of a manifest, whose `sha256` may be missing: what it stands for is not there yet.
    pub manifest: &'a str,
    /// The manifest's place, for errors.
    pub place: &'a str,
    /// The name that the model is to have; none: the manifest's.
    pub name: Option<&'a str>,
    /// The folder of models that it goes into; made if it is not there.
    pub library: &'a Path,
}

/// An import that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The model's name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The file's format, in words.
    pub format: &'static str,
    /// SHA-256 of the file that was brought, hex.
    pub sha256: String,
    /// Whether it is the file that its authors published; none: nobody here knows that file's hash.
    pub published: Option<bool>,
    /// Tensors of the network.
    pub tensors: usize,
    /// Numbers in them.
    pub values: usize,
    /// The fate of the profile of training films that the model had before.
    pub profile: OldProfile,
    /// Labels that rank by themselves, and all that have a name.
    pub validated: (usize, usize),
}

/// The fate of a model's profile of training films when the model is imported again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldProfile {
    /// There was none.
    None,
    /// It stays: weights and preprocessing are the same.
    Kept,
    /// It does not hold any more, and why.
    Dropped(&'static str),
}

impl Import<'_> {
    /// Reads the file, fits it to the manifest's network and puts the model into its folder, whole or
    /// not at all. A model of that name which an earlier import made is replaced; its profile of training
    /// films stays as long as it holds.
    ///
    /// # Errors
    /// Any [`ImportError`].
    pub fn run(&self) -> Result<Summary, ImportError> {
        let draft = Manifest::draft(self.manifest, self.place)?;
        let config = draft.network();
        let place = shown(self.file);
        let _limit = memory_limit(self.file, &place);
        let bytes = files::read(self.file, Expected::WEIGHTS)
            .map_err(|source| ImportError::Unreadable { path: self.file.to_owned(), source })?;
        let sha256 = sha256(&bytes);
        let (format, tensors) = tensors(&bytes, &config).map_err(|fault| named(fault, &place, &bytes))?;
        let fitted = fit::fit(&config, tensors, &place)?;
        drop(bytes);
        let known = draft.published.and_then(|published| published.sha256);
        let published = known.map(|known| known == sha256);
        let source = install::Original {
            file: self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            sha256: sha256.clone(),
            published: published.unwrap_or(false),
        };
        let name = self.name.unwrap_or(&draft.name);
        let installed = install::install(self, name, &fitted.bytes, &source)?;
        let labels = &installed.manifest.labels;
        Ok(Summary {
            name: name.to_owned(),
            validated: (labels.iter().filter(|label| label.validated).count(), labels.len()),
            folder: installed.folder,
            format,
            sha256,
            published,
            tensors: fitted.tensors,
            values: fitted.values,
            profile: installed.profile,
        })
    }
}

/// Holds the import to a fixed multiple of its file's size.
fn memory_limit(file: &Path, place: &str) -> MemoryLimit {
    let length = file.metadata().map_or(0, |metadata| metadata.len() as usize);
    let most = MEMORY_BESIDE.saturating_add(MEMORY_A_BYTE.saturating_mul(length));
    let refusal = format!(
        "{place}: refused: to read it takes more than {} MB of memory, which weights of its size never do; nothing was \
         changed. If you trust where the file comes from, load it in its own library and save the tensors alone (a \
         state dict, or safetensors)",
        most >> 20
    );
    MemoryLimit::begin(most, refusal)
}

/// Reads a file of any known format.
fn tensors(bytes: &[u8], config: &NetworkConfig) -> Outcome<(&'static str, Tensors)> {
    if bytes.starts_with(b"\x89HDF\r\n\x1a\n") {
        return Ok(("Keras, HDF5", keras(bytes, config)?));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return archive(bytes, config);
    }
    if bytes.first() == Some(&0x80) {
        return Ok(("PyTorch, format before 1.6", torch::read_legacy(bytes)?));
    }
    if safetensors::looks_like(bytes) {
        return Ok(("safetensors", safetensors::read(bytes)?));
    }
    Err(ReaderError::Unknown)
}

fn archive(bytes: &[u8], config: &NetworkConfig) -> Outcome<(&'static str, Tensors)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| ReaderError::damaged(format!("its zip archive cannot be read ({error})")))?;
    if torch::is_torch(&archive) {
        return Ok(("PyTorch, zip", torch::read_archive(archive, bytes.len())?));
    }
    if archive.index_for_name(KERAS_WEIGHTS).is_some() {
        // Keras does not compress; where somebody did, weights hardly shrink.
        let most = (bytes.len() as u64).saturating_mul(2);
        let inner = torch::entry(&mut archive, KERAS_WEIGHTS, most)?;
        return Ok(("Keras 3, .keras", keras(&inner, config)?));
    }
    Err(ReaderError::other("it is a zip archive, but neither PyTorch's nor Keras'"))
}

fn keras(bytes: &[u8], config: &NetworkConfig) -> Outcome<Tensors> {
    match config {
        NetworkConfig::DenseNet(config) => keras::read(bytes, &config.blocks),
        NetworkConfig::ResNet(_) | NetworkConfig::DinoV2(_) => {
            Err(ReaderError::other("of Keras' networks only DenseNet is known here"))
        }
    }
}

/// A fault with the file's name.
fn named(fault: ReaderError, place: &str, bytes: &[u8]) -> ImportError {
    let place = place.to_owned();
    match fault {
        ReaderError::Damaged(reason) => ImportError::Damaged { place, reason },
        ReaderError::Refused(reason) => ImportError::Refused { place, reason },
        ReaderError::Other(reason) => ImportError::NoWeights { place, reason },
        ReaderError::Unknown => ImportError::Unknown { place, hint: hint(bytes) },
    }
}

/// Names a file that people take for one of weights.
fn hint(bytes: &[u8]) -> &'static str {
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        "; it is empty"
    } else if start.starts_with(b"<") {
        "; it looks like a web page: the download brought a page instead of the file"
    } else if start.starts_with(b"version https://git-lfs") {
        "; it is a pointer of Git LFS: `git lfs pull` brings the file"
    } else {
        ""
    }
}
