//! One file, up to the door of the model: read, hashed, decoded, judged by the gates, prepared.
//! `watch`, `scan` and `show` all come through here.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{
    config::RasterStudy,
    film::{self, Film, Header},
    model::{Input, Model, ModelError},
    quality::{self, Gate, Gates, Held, Warning},
    text::shown,
};

/// No film is larger; a file that is would only fill the memory.
const LARGEST_FILE: u64 = 1 << 30;

/// The bytes of one file, and what identifies them.
#[derive(Debug)]
pub struct Bytes {
    /// The file's content.
    pub content: Vec<u8>,
    /// Its SHA-256, lower-case hex.
    pub sha256: String,
}

/// Reads a file whole.
///
/// # Errors
/// What the operating system says, or [`io::ErrorKind::FileTooLarge`] beyond 1 GiB.
pub fn read(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut content = Vec::with_capacity(usize::try_from(size.min(LARGEST_FILE)).unwrap_or(0));
    file.take(LARGEST_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than 1 GiB"));
    }
    let sha256 = hex(&Sha256::digest(&content));
    Ok(Bytes { content, sha256 })
}

/// What the rooms before the model say of a film.
#[derive(Debug)]
pub struct Examined {
    /// What the file said of itself; nothing if it is no film.
    pub header: Header,
    /// Whether the pixels could be decoded: only such a film claims its SOP Instance UID.
    pub decoded: bool,
    /// May it be scored?
    pub verdict: Result<Admitted, Held>,
}

/// A film that may be scored.
#[derive(Debug)]
pub struct Admitted {
    /// What the model takes.
    pub input: Input,
    /// What is to be said beside its score.
    pub warnings: Vec<Warning>,
}

/// Decodes, judges and prepares one film for `model`, in bounded time.
#[must_use]
pub fn examine(content: Vec<u8>, model: &Model, gates: &Gates) -> Examined {
    match film::decode_within_limit(content) {
        Ok(film) => {
            let verdict = judge(&film, model, gates);
            Examined { header: film.header, decoded: true, verdict }
        }
        Err(unreadable) => {
            let held = quality::hold(&unreadable, gates);
            let header = unreadable.header.map(|header| *header).unwrap_or_default();
            Examined { header, decoded: false, verdict: Err(held) }
        }
    }
}

/// Why a film that was admitted has no score after all.
#[must_use]
pub fn failed(error: &ModelError) -> Held {
    Held { gate: Gate::Model, reason: format!("The model failed on this film: {error}") }
}

fn judge(film: &Film, model: &Model, gates: &Gates) -> Result<Admitted, Held> {
    let warnings = quality::inspect(film, gates)?;
    let prepared = model.prepare(film);
    let input = prepared.map_err(|error| Held { gate: Gate::Model, reason: error.to_string() })?;
    Ok(Admitted { input, warnings })
}

/// The key of the study that a film belongs to: its Study Instance UID; else, as `grouping` says, the
/// film itself or the folder that it lies in.
#[must_use]
pub fn study_key(header: &Header, sha256: &str, path: &Path, grouping: RasterStudy) -> String {
    if !header.study_instance_uid.is_empty() {
        return header.study_instance_uid.clone();
    }
    match (grouping, path.parent()) {
        (RasterStudy::Folder, Some(folder)) => format!("folder:{}", shown(folder)),
        _ => format!("sha256:{}", sha256.get(..16).unwrap_or(sha256)),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
