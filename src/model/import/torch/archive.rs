//! The zip archive: `NAME/data.pkl`, and each storage in `NAME/data/KEY`.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{Cursor, Read},
};

use zip::ZipArchive;

use super::{Saved, Storages, modules, storage::Storage};
use crate::model::import::{
    pickle,
    reader_error::{Outcome, ReaderError},
    tensors::Tensors,
};

/// More than the pickle of any network takes; the numbers lie elsewhere.
const LARGEST_PICKLE: u64 = 16 << 20;

/// Returns whether an archive is PyTorch's.
pub(in crate::model::import) fn is_torch(archive: &ZipArchive<Cursor<&[u8]>>) -> bool {
    root(archive).is_some()
}

/// The part of an entry's name before `data.pkl`.
fn root(archive: &ZipArchive<Cursor<&[u8]>>) -> Option<String> {
    archive.file_names().flatten().find_map(|name| {
        let root = name.strip_suffix("data.pkl")?;
        (root.ends_with('/') && root.matches('/').count() == 1).then(|| root.to_owned())
    })
}

/// Reads the weights that somebody saved with `torch.save`, module or state dict.
pub(in crate::model::import) fn read(archive: ZipArchive<Cursor<&[u8]>>, length: usize) -> Outcome<Tensors> {
    let root =
        root(&archive).ok_or_else(|| ReaderError::other("it is a zip archive, but none of PyTorch"))?;
    let mut archive = archive;
    let order = entry(&mut archive, &format!("{root}byteorder"), 16);
    if order.is_ok_and(|order| order == b"big") {
        return Err(ReaderError::other(
            "it was written on a big-endian machine: save it again on another one",
        ));
    }
    let bytes = entry(&mut archive, &format!("{root}data.pkl"), LARGEST_PICKLE)?;
    let pickle = pickle::read(&bytes)?;
    let storages = Entries { archive, root, read: HashMap::new(), left: length };
    modules::tensors(Saved { pickle, storages, left: length })
}

/// One member, of `most` bytes at most: what an archive says of its sizes is not to be trusted.
pub(in crate::model::import) fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    most: u64,
) -> Outcome<Vec<u8>> {
    let shown = crate::text::clean(name);
    let damaged = |error: &dyn std::fmt::Display| {
        ReaderError::damaged(format!("its part {shown} cannot be read ({error})"))
    };
    let member = archive.by_name(name).map_err(|error| damaged(&error))?;
    let mut bytes = Vec::with_capacity(member.size().min(most) as usize);
    member.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    match bytes.len() as u64 <= most {
        true => Ok(bytes),
        false => Err(ReaderError::refused(format!("its part {shown} is larger than {most} bytes"))),
    }
}

struct Entries<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    root: String,
    read: HashMap<String, Vec<u8>>,
    /// How many bytes may still be read. PyTorch does not compress, so all storages are smaller than the
    /// file.
    left: usize,
}

impl Storages for Entries<'_> {
    fn bytes(&mut self, storage: &Storage<'_>) -> Outcome<Cow<'_, [u8]>> {
        let length = storage.count.saturating_mul(storage.numbers.width());
        if !self.read.contains_key(storage.key) {
            let name = format!("{}data/{}", self.root, storage.key);
            self.left = self.left.checked_sub(length).ok_or_else(|| {
                ReaderError::refused("its tensors are said to hold more numbers than the file has bytes for")
            })?;
            let bytes = entry(&mut self.archive, &name, length as u64)?;
            self.read.insert(storage.key.to_owned(), bytes);
        }
        match self.read.get(storage.key) {
            Some(bytes) if bytes.len() >= length => Ok(Cow::Borrowed(bytes)),
            _ => Err(ReaderError::damaged("the numbers of a tensor are missing: the file was cut short")),
        }
    }
}
