//! Anybody's side of the file: the search. It is brute force over the whole file, block by block through memory that
//! stays in the cache, on a few threads. Nothing is mapped: the owner may write, and a file that shrinks under a mapping
//! ends the process that looks at it.

use std::{cmp::Ordering, collections::BinaryHeap, fs::File, io, os::unix::fs::FileExt, thread};

use cxr_densenet::dots_of_halves;

use super::{
    FeaturesId, FilmKey,
    layout::{BLOCK, HEAD, Head, Layout, PAGE, length, numbers},
};
use crate::{
    files::{self, Expected},
    store_place::StorePlace,
};

/// Threads that search, at most: memory is read no faster by more.
const THREADS: usize = 4;
/// The longest file: 100 million films of a wide network.
const FILE: Expected = Expected::new("a file of features", 1 << 40);

/// A file of features, open to be searched.
#[derive(Debug)]
pub struct FeatureReader {
    file: File,
    layout: Layout,
}

/// A film and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The film.
    pub key: FilmKey,
    /// The cosine of its features with those asked about, -1 to 1.
    pub cosine: f32,
    slot: u64,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cosine.total_cmp(&other.cosine).then(other.key.film.cmp(&self.key.film))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FeatureReader {
    /// Opens a model's file beside a store; none if there is no such file, or nothing in it yet.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn open(store: impl Into<StorePlace>, id: &FeaturesId) -> io::Result<Option<Self>> {
        let file = match files::open(&id.place(store)?, FILE) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut page = vec![0; PAGE];
        match file.read_exact_at(&mut page, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        Ok(Layout::of_page(&page, id).map(|layout| Self { file, layout }))
    }

    /// A film's features; none if the file does not hold them.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn features(&self, key: FilmKey) -> io::Result<Option<Vec<f32>>> {
        let mut heads = vec![0; BLOCK * HEAD];
        // Most questions are about the newest films.
        for block in (0..self.blocks()?).rev() {
            self.file.read_exact_at(&mut heads, self.layout.block_at(block))?;
            let place = heads.chunks_exact(HEAD).position(|head| is_of(head, key));
            if let Some(place) = place {
                let slot = block * BLOCK as u64 + place as u64;
                return Ok(self.vector(slot, key)?.map(|vector| numbers(&vector)));
            }
        }
        Ok(None)
    }

    /// All films of the file by how near they are to `query`, the nearest at the top of the heap.
    ///
    /// # Errors
    /// Those of the operating system, and a query of another width than the file's.
    pub fn rank(&self, query: &[f32]) -> io::Result<BinaryHeap<Ranked>> {
        let length = length(query.iter().copied());
        if query.len() != self.layout.width || !length.is_finite() || length <= 0.0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the features are not those of this model",
            ));
        }
        let query: Vec<f32> = query.iter().map(|value| value / length).collect();
        let blocks = self.blocks()?;
        let threads = thread::available_parallelism().map_or(1, usize::from).clamp(1, THREADS) as u64;
        let part = |n: u64| n * blocks / threads;
        let search = |n: u64| self.rank_blocks(part(n)..part(n + 1), &query);
        let search = &search;
        let ranked = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|n| scope.spawn(move || search(n))).collect();
            let mut ranked = search(0)?;
            for other in others {
                ranked.extend(other.join().map_err(|_| io::Error::other("the search broke down"))??);
            }
            Ok::<_, io::Error>(ranked)
        })?;
        Ok(BinaryHeap::from(ranked))
    }

    /// Whether a record is what was written: one over which the owner writes just now is not.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn is_whole(&self, ranked: &Ranked) -> io::Result<bool> {
        Ok(self.vector(ranked.slot, ranked.key)?.is_some())
    }

    fn rank_blocks(&self, blocks: std::ops::Range<u64>, query: &[f32]) -> io::Result<Vec<Ranked>> {
        let mut bytes = vec![0; self.layout.block()];
        let mut products = [0.0; BLOCK];
        let mut ranked = Vec::with_capacity((blocks.end - blocks.start) as usize * BLOCK);
        for block in blocks {
            self.file.read_exact_at(&mut bytes, self.layout.block_at(block))?;
            let (heads, vectors) = bytes.split_at(BLOCK * HEAD);
            dots_of_halves(query, vectors, &mut products);
            for ((place, head), product) in heads.chunks_exact(HEAD).enumerate().zip(products) {
                let Some(head) = Head::of_bytes(head).filter(|head| head.key.film > 0) else { continue };
                let cosine = product / head.length;
                if cosine.is_finite() {
                    let slot = block * BLOCK as u64 + place as u64;
                    ranked.push(Ranked { key: head.key, cosine, slot });
                }
            }
        }
        Ok(ranked)
    }

    /// The vector of a record, if it is that film's and whole.
    fn vector(&self, slot: u64, key: FilmKey) -> io::Result<Option<Vec<u8>>> {
        let (mut head, mut vector) = ([0; HEAD], vec![0; self.layout.vector()]);
        self.file.read_exact_at(&mut head, self.layout.head_at(slot))?;
        self.file.read_exact_at(&mut vector, self.layout.vector_at(slot))?;
        let head = Head::of_bytes(&head).filter(|head| head.key == key && head.fits(&vector));
        Ok(head.map(|_| vector))
    }

    fn blocks(&self) -> io::Result<u64> {
        Ok(self.layout.blocks(self.file.metadata()?.len()))
    }
}

fn is_of(head: &[u8], key: FilmKey) -> bool {
    Head::of_bytes(head).is_some_and(|head| head.key == key)
}
