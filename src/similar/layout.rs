//! The file's layout: a page of its own, then blocks of as many records, first their heads, then their vectors. All
//! numbers are little-endian.
//!
//! ```text
//! 0     magic "CXRFEAT1", width u32, id 64 bytes, checksum 8 bytes of SHA-256 over all before; zeros up to 4096
//! 4096  256 heads: film i64, start of its SHA-256 8 bytes, length f32, checksum 4 bytes of SHA-256 over head and vector
//!       256 vectors: `width` numbers of half precision
//! ...   the next block
//! ```
//!
//! Heads lie together, so that the films of 100,000 records are known from 2.4 MB, and a block's vectors go through the
//! kernel in one call. A record of film 0 is free. One of a negative film says that the program began to compute that
//! film's features and did not end it; its length says how often.

use half::f16;
use sha2::{Digest, Sha256};

use super::{FeaturesId, FilmKey};

/// Records in a block.
pub(super) const BLOCK: usize = 256;
/// Bytes of a head.
pub(super) const HEAD: usize = 24;
/// Bytes before the first block.
pub(super) const PAGE: usize = 4096;
/// More numbers than any network's last map has channels.
const WIDEST: usize = 1 << 16;

const MAGIC: &[u8; 8] = b"CXRFEAT1";
/// Bytes of the page that its checksum is over, and where that ends.
const SUMMED: usize = 8 + 4 + 64;
const SUM_END: usize = SUMMED + 8;

/// Where records lie in a file of vectors of `width` numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: usize,
}

impl Layout {
    /// The layout for vectors of `width` numbers; none for a width that no network has.
    pub(super) fn new(width: usize) -> Option<Self> {
        (1..=WIDEST).contains(&width).then_some(Self { width })
    }

    /// Bytes of a vector.
    pub(super) fn vector(self) -> usize {
        2 * self.width
    }

    /// Bytes of a block.
    pub(super) fn block(self) -> usize {
        BLOCK * (HEAD + self.vector())
    }

    /// How many blocks a file of `bytes` holds; what comes after the last whole one is none.
    pub(super) fn blocks(self, bytes: u64) -> u64 {
        bytes.saturating_sub(PAGE as u64) / self.block() as u64
    }

    pub(super) fn block_at(self, block: u64) -> u64 {
        PAGE as u64 + block * self.block() as u64
    }

    pub(super) fn head_at(self, slot: u64) -> u64 {
        let (block, place) = (slot / BLOCK as u64, slot % BLOCK as u64);
        self.block_at(block) + place * HEAD as u64
    }

    pub(super) fn vector_at(self, slot: u64) -> u64 {
        let (block, place) = (slot / BLOCK as u64, slot % BLOCK as u64);
        self.block_at(block) + (BLOCK * HEAD) as u64 + place * self.vector() as u64
    }

    /// The first page of a file.
    pub(super) fn page(self, id: &FeaturesId) -> Vec<u8> {
        let mut page = MAGIC.to_vec();
        page.extend((self.width as u32).to_le_bytes());
        let mut digits = [0; 64];
        digits.iter_mut().zip(id.0.bytes()).for_each(|(place, digit)| *place = digit);
        page.extend(digits);
        let sum = Sha256::digest(&page);
        page.extend(&sum[..8]);
        page.resize(PAGE, 0);
        page
    }

    /// Reads the first page; none if it is not one of a file of this model's features.
    pub(super) fn of_page(page: &[u8], id: &FeaturesId) -> Option<Self> {
        let width = u32::from_le_bytes(page.get(8..12)?.try_into().ok()?);
        let layout = Self::new(width as usize)?;
        (layout.page(id)[..SUM_END] == *page.get(..SUM_END)?).then_some(layout)
    }
}

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    /// The film; its row number negative: begun and not ended.
    pub(super) key: FilmKey,
    /// The Euclidean length of its vector; of one that was begun: how often.
    pub(super) length: f32,
    check: [u8; 4],
}

impl Head {
    pub(super) fn new(key: FilmKey, length: f32, vector: &[u8]) -> Self {
        Self { key, length, check: checksum(key, length, vector) }
    }

    /// Whether head and vector are what was written together.
    pub(super) fn fits(&self, vector: &[u8]) -> bool {
        self.check == checksum(self.key, self.length, vector)
    }

    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..8].copy_from_slice(&self.key.film.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.key.sha256);
        bytes[16..20].copy_from_slice(&self.length.to_le_bytes());
        bytes[20..].copy_from_slice(&self.check);
        bytes
    }

    /// Reads a head; none of a free record.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let film = i64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
        let head = Self {
            key: FilmKey { film, sha256: bytes.get(8..16)?.try_into().ok()? },
            length: f32::from_le_bytes(bytes.get(16..20)?.try_into().ok()?),
            check: bytes.get(20..HEAD)?.try_into().ok()?,
        };
        (film != 0).then_some(head)
    }
}

fn checksum(key: FilmKey, length: f32, vector: &[u8]) -> [u8; 4] {
    let mut sum = Sha256::new();
    sum.update(key.film.to_le_bytes());
    sum.update(key.sha256);
    sum.update(length.to_le_bytes());
    sum.update(vector);
    let sum = sum.finalize();
    [sum[0], sum[1], sum[2], sum[3]]
}

/// Features in half precision, and their length; none where one of them is no finite number in it, or all are 0: such
/// a vector has no direction.
pub(super) fn halves(features: &[f32]) -> Option<(Vec<u8>, f32)> {
    let halves: Vec<f16> = features.iter().map(|value| f16::from_f32(*value)).collect();
    let length = length(halves.iter().map(|half| half.to_f32()));
    let is_sound = length.is_finite() && length > 0.0;
    is_sound.then(|| (halves.iter().flat_map(|half| half.to_le_bytes()).collect(), length))
}

pub(super) fn length(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|value| value * value).sum::<f32>().sqrt()
}

/// The numbers of a vector.
pub(super) fn numbers(vector: &[u8]) -> Vec<f32> {
    vector.chunks_exact(2).map(|half| f16::from_le_bytes([half[0], half[1]]).to_f32()).collect()
}
