//! Similar films: the pooled features of every scored film in a file beside the store, and the search for those
//! nearest to one.
//!
//! ```text
//! recorder, fill-in ──▶ FeatureFile (the owner's) ──▶ <store>.features-<id> ──▶ FeatureReader (anybody's)
//! ```
//!
//! Features are what the network's head sees: the mean of each channel of the last map. The distance of two films is 1
//! less the cosine of their features. The file holds nothing that could not be computed again from the films, and the
//! searcher believes it nothing: a record counts only if its checksum is right and the store has that film under that
//! SHA-256.

mod file;
mod layout;
mod neighbours;
mod search;
#[cfg(test)]
mod tests;

use std::{fs, io, path::PathBuf};

pub use file::FeatureFile;
pub use neighbours::{Asked, SimilarError, nearest};
pub use search::{FeatureReader, Ranked};

use crate::{
    store::{FilmId, place_beside},
    store_place::StorePlace,
};

/// The distance of two films whose features have this cosine.
#[must_use]
fn distance(cosine: f32) -> f32 {
    (1.0 - cosine).max(0.0)
}

/// Which film: its row in the store, and how the SHA-256 of its file begins. A store that was restored from a copy gives
/// its row numbers to other films.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FilmKey {
    /// Its row number.
    pub film: FilmId,
    /// The first bytes of its SHA-256.
    pub sha256: [u8; 8],
}

impl FilmKey {
    /// A film's key; none where `sha256` is not hexadecimal.
    #[must_use]
    pub fn new(film: FilmId, sha256: &str) -> Option<Self> {
        let start = u64::from_str_radix(sha256.get(..16)?, 16).ok()?;
        Some(Self { film, sha256: start.to_be_bytes() })
    }
}

/// The identity of the features of one model, by which they are told from any other's: the SHA-256 of its name, weights and
/// preprocessing, hex (see [`crate::model::Manifest::features_id`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeaturesId(String);

impl FeaturesId {
    /// The id in these 64 hexadecimal digits.
    #[must_use]
    pub fn new(sha256: String) -> Self {
        Self(sha256)
    }

    /// `<store>.features-<the first digits>`.
    fn place(&self, store: impl Into<StorePlace>) -> io::Result<PathBuf> {
        place_beside(store, &format!("{SUFFIX}{}", self.0.get(..DIGITS).unwrap_or(&self.0)))
    }
}

const SUFFIX: &str = ".features-";
/// Digits of the id in the file's name.
const DIGITS: usize = 16;

/// Removes the files of features beside a store but those of `wanted`: a model that is no longer in use leaves none.
///
/// # Errors
/// Those of the operating system.
pub fn remove_others(store: impl Into<StorePlace>, wanted: &[FeaturesId]) -> io::Result<()> {
    let all = place_beside(store, SUFFIX)?;
    let (Some(folder), Some(start)) = (all.parent(), all.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(start));
        let is_ours =
            id.is_some_and(|id| id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if is_ours && !wanted.iter().any(|wanted| id.is_some_and(|id| wanted.0.starts_with(id))) {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}
