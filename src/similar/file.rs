//! The owner's side of the file: records are put in, checked, and wiped out.
//!
//! A record's vector is written before its head, and the head has a checksum over both: a process that dies at any moment
//! leaves a record that is whole, or free, or known to be half. The store comes first: a film that it has and this
//! file lacks is found by [`FeatureFile::missing`] and computed again.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
};

use super::{
    FeaturesId, FilmKey,
    layout::{BLOCK, HEAD, Head, Layout, PAGE, halves},
};
use crate::{
    files, private_file,
    store::{FilmId, Ownership},
    store_place::StorePlace,
};

/// A film over which the program died so often while it computed its features is left alone.
const TRIES: f32 = 3.0;

/// The features of one model's films, for the owner of a store to write.
#[derive(Debug)]
pub struct FeatureFile {
    file: File,
    id: FeaturesId,
    /// None until the first film says how many numbers it has.
    layout: Option<Layout>,
    /// Where each film's record is.
    slots: HashMap<FilmId, u64>,
    /// Which of them are records of films that were begun, and how often.
    begun: HashMap<FilmId, f32>,
    /// Records that are free, the last to be used first.
    free: Vec<u64>,
    blocks: u64,
}

impl FeatureFile {
    /// Opens a model's file beside a store, or makes it; `_owned` is the right to. A file that is not one of these, or
    /// whose first page is damaged, begins anew. Only the heads are read: [`check`](Self::check) reads the rest.
    /// `width` is how many numbers a film has, where that is known before the first one comes.
    ///
    /// # Errors
    /// Those of the operating system, and a file of films of another width.
    pub fn open(
        store: impl Into<StorePlace>,
        id: &FeaturesId,
        width: Option<usize>,
        _owned: &Ownership,
    ) -> io::Result<Self> {
        let file = private_file::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .custom_flags(files::unwaiting() | files::unlinked())
            .open(id.place(store)?)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut page = vec![0; PAGE];
        let layout = file.read_exact_at(&mut page, 0).ok().and_then(|()| Layout::of_page(&page, id));
        let (slots, begun, free) = <_>::default();
        let mut opened = Self { file, id: id.clone(), layout, slots, begun, free, blocks: 0 };
        match layout {
            None => opened.file.set_len(0)?,
            Some(layout) => {
                opened.blocks = layout.blocks(opened.file.metadata()?.len());
                // A block that was cut off is made anew, of zeros, when it is needed.
                opened.file.set_len(layout.block_at(opened.blocks))?;
                for block in (0..opened.blocks).rev() {
                    opened.read_heads(layout, block)?;
                }
            }
        }
        if let Some(width) = width {
            opened.layout_for(width)?;
        }
        Ok(opened)
    }

    fn read_heads(&mut self, layout: Layout, block: u64) -> io::Result<()> {
        let mut heads = vec![0; BLOCK * HEAD];
        self.file.read_exact_at(&mut heads, layout.block_at(block))?;
        for (slot, head) in records(block, &heads).rev() {
            match head {
                // A second record of a film is one too many.
                Some(head) if self.slots.contains_key(&head.key.film.abs()) => self.wipe(layout, slot)?,
                Some(Head { key, length, .. }) => {
                    self.slots.insert(key.film.abs(), slot);
                    if key.film < 0 {
                        self.begun.insert(key.film.abs(), length);
                    }
                }
                None => self.free.push(slot),
            }
        }
        Ok(())
    }

    /// Keeps a film's features; those that it had are replaced. Features that half precision cannot hold are not kept,
    /// and the answer is false.
    ///
    /// # Errors
    /// Those of the operating system, and features of another width than the other films'.
    pub fn put(&mut self, key: FilmKey, features: &[f32]) -> io::Result<bool> {
        let layout = self.layout_for(features.len())?;
        let Some((vector, length)) = halves(features).filter(|_| key.film > 0) else { return Ok(false) };
        self.write(layout, key, length, &vector)?;
        self.begun.remove(&key.film);
        Ok(true)
    }

    /// Notes that work on a film begins whose features are missing; false if the program has died over it three times:
    /// it is left alone then.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn begin(&mut self, key: FilmKey) -> io::Result<bool> {
        let tries = self.begun.get(&key.film).copied().unwrap_or(0.0) + 1.0;
        if tries > TRIES {
            return Ok(false);
        }
        // Where nobody knows how wide a record is, the model has scored no film yet, and this one is most likely harmless.
        if let Some(layout) = self.layout {
            let begun = FilmKey { film: -key.film, ..key };
            self.write(layout, begun, tries, &vec![0; layout.vector()])?;
            self.begun.insert(key.film, tries);
        }
        Ok(true)
    }

    /// Notes that work on a film came to nothing, and that the program lives.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn give_up(&mut self, film: FilmId) -> io::Result<()> {
        if self.begun.contains_key(&film) { self.remove(film) } else { Ok(()) }
    }

    /// How many blocks of records there are, for [`check`](Self::check).
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Wipes out the records of a block that are damaged, and those of films up to `newest` that are not wanted.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn check(&mut self, block: u64, wanted: &HashMap<FilmId, FilmKey>, newest: FilmId) -> io::Result<()> {
        let Some(layout) = self.layout.filter(|_| block < self.blocks) else { return Ok(()) };
        let mut bytes = vec![0; layout.block()];
        self.file.read_exact_at(&mut bytes, layout.block_at(block))?;
        let (heads, vectors) = bytes.split_at(BLOCK * HEAD);
        for ((slot, head), vector) in records(block, heads).zip(vectors.chunks_exact(layout.vector())) {
            if let Some(head) = head
                && !(is_wanted(&head, wanted, newest) && head.fits(vector))
            {
                self.clear(layout, slot, &head)?;
            }
        }
        Ok(())
    }

    /// Wipes out the records of a block of films up to `newest` that are not wanted. It reads the heads alone: damage is
    /// [`check`](Self::check)'s to find.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn forget(
        &mut self,
        block: u64,
        wanted: &HashMap<FilmId, FilmKey>,
        newest: FilmId,
    ) -> io::Result<()> {
        let Some(layout) = self.layout.filter(|_| block < self.blocks) else { return Ok(()) };
        let mut heads = vec![0; BLOCK * HEAD];
        self.file.read_exact_at(&mut heads, layout.block_at(block))?;
        for (slot, head) in records(block, &heads) {
            if let Some(head) = head.filter(|head| !is_wanted(head, wanted, newest)) {
                self.clear(layout, slot, &head)?;
            }
        }
        Ok(())
    }

    /// Whether a film's features are there.
    #[must_use]
    pub fn has(&self, key: FilmKey) -> bool {
        self.slots.contains_key(&key.film) && !self.begun.contains_key(&key.film)
    }

    /// The wanted films whose features are missing and that may be tried, the newest first.
    #[must_use]
    pub fn missing(&self, wanted: &HashMap<FilmId, FilmKey>) -> Vec<FilmKey> {
        let is_missing = |film: &FilmId| match self.begun.get(film) {
            Some(tries) => *tries < TRIES,
            None => !self.slots.contains_key(film),
        };
        let mut missing: Vec<FilmKey> =
            wanted.values().filter(|key| is_missing(&key.film)).copied().collect();
        missing.sort_unstable_by_key(|key| std::cmp::Reverse(key.film));
        missing
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.begun.len()
    }

    fn layout_for(&mut self, width: usize) -> io::Result<Layout> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidInput, "the features have another width");
        match self.layout {
            Some(layout) if layout.width == width => Ok(layout),
            Some(_) => Err(wrong()),
            None => {
                let layout = Layout::new(width).ok_or_else(wrong)?;
                self.file.write_all_at(&layout.page(&self.id), 0)?;
                self.layout = Some(layout);
                Ok(layout)
            }
        }
    }

    fn write(&mut self, layout: Layout, key: FilmKey, length: f32, vector: &[u8]) -> io::Result<()> {
        let film = key.film.abs();
        if let Some(slot) = self.slots.remove(&film) {
            self.wipe(layout, slot)?;
        }
        if self.free.is_empty() {
            // Zeros, which need no room before they are written to: records that are free.
            self.file.set_len(layout.block_at(self.blocks + 1))?;
            let first = self.blocks * BLOCK as u64;
            self.free.extend((first..first + BLOCK as u64).rev());
            self.blocks += 1;
        }
        let Some(slot) = self.free.last().copied() else { return Ok(()) };
        self.file.write_all_at(vector, layout.vector_at(slot))?;
        self.file.write_all_at(&Head::new(key, length, vector).to_bytes(), layout.head_at(slot))?;
        self.free.pop();
        self.slots.insert(film, slot);
        Ok(())
    }

    /// Wipes out the record at `slot`, which is of `head`'s film.
    fn clear(&mut self, layout: Layout, slot: u64, head: &Head) -> io::Result<()> {
        let film = head.key.film.abs();
        self.begun.remove(&film);
        if self.slots.get(&film) == Some(&slot) {
            self.slots.remove(&film);
        }
        self.wipe(layout, slot)
    }

    fn remove(&mut self, film: FilmId) -> io::Result<()> {
        self.begun.remove(&film);
        match (self.layout, self.slots.remove(&film)) {
            (Some(layout), Some(slot)) => self.wipe(layout, slot),
            _ => Ok(()),
        }
    }

    /// Overwrites a record: what was removed is nowhere in the file.
    fn wipe(&mut self, layout: Layout, slot: u64) -> io::Result<()> {
        self.file.write_all_at(&[0; HEAD], layout.head_at(slot))?;
        self.file.write_all_at(&vec![0; layout.vector()], layout.vector_at(slot))?;
        self.free.push(slot);
        Ok(())
    }
}

/// The records of a block, by their heads: each one's slot, and its head if it is not free.
fn records(block: u64, heads: &[u8]) -> impl DoubleEndedIterator<Item = (u64, Option<Head>)> {
    let first = block * BLOCK as u64;
    heads.chunks_exact(HEAD).enumerate().map(move |(at, head)| (first + at as u64, Head::of_bytes(head)))
}

fn is_wanted(head: &Head, wanted: &HashMap<FilmId, FilmKey>, newest: FilmId) -> bool {
    let key = FilmKey { film: head.key.film.abs(), ..head.key };
    key.film > newest || wanted.get(&key.film) == Some(&key)
}
