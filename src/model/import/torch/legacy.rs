//! The format before the zip archive: four pickles (a magic number, the version, the machine, what was
//! saved), a fifth with the storages' keys, and then each storage's count and numbers in that order.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use super::{
    Saved, Storages, modules,
    storage::{self, Storage},
};
use crate::model::import::{
    pickle::{self, Id, Pickle, Value},
    reader_error::{Outcome, ReaderError},
    tensors::Tensors,
};

/// 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;

/// Reads the weights that somebody saved with `torch.save`, module or state dict.
pub(in crate::model::import) fn read(bytes: &[u8]) -> Outcome<Tensors> {
    let mut rest = bytes;
    let magic = next(&mut rest)?;
    if !matches!(magic.get(magic.root), Value::Long(magic) if **magic == MAGIC) {
        return Err(ReaderError::other("it is a pickle, but none that PyTorch's `torch.save` wrote"));
    }
    let protocol = next(&mut rest)?;
    if *protocol.get(protocol.root) != Value::Int(PROTOCOL) {
        return Err(ReaderError::damaged("it is of a version of PyTorch's format that nobody knows"));
    }
    let machine = next(&mut rest)?;
    if machine.entry(machine.root, "little_endian").map(|id| machine.get(id)) == Some(&Value::Bool(false)) {
        return Err(ReaderError::other(
            "it was written on a big-endian machine: save it again on another one",
        ));
    }
    let pickle = next(&mut rest)?;
    let keys = next(&mut rest)?;
    let widths = widths(&pickle)?;
    let mut places = HashMap::new();
    for &key in keys.members(keys.root).ok_or_else(|| ReaderError::damaged("it has no list of storages"))? {
        let key = keys.text(key).ok_or_else(|| ReaderError::damaged("a storage's key is no text"))?;
        let width = storage::is_key(key).then(|| widths.get(key)).flatten();
        let width = *width.ok_or_else(|| ReaderError::damaged("it has a storage that nothing uses"))?;
        let cut = || ReaderError::damaged("the numbers of a tensor are missing: the file was cut short");
        let (count, after) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| cut())?;
        let length = count.checked_mul(width).filter(|&length| length <= after.len()).ok_or_else(cut)?;
        let start = bytes.len() - after.len();
        places.insert(key, start..start + length);
        rest = &after[length..];
    }
    modules::tensors(Saved { pickle, storages: Places { bytes, places }, left: bytes.len() })
}

/// Reads the next of several pickles.
fn next<'a>(rest: &mut &'a [u8]) -> Outcome<Pickle<'a>> {
    let pickle = pickle::read(rest)?;
    *rest = &rest[pickle.length..];
    Ok(pickle)
}

/// The bytes of a number in each storage that the pickle speaks of.
fn widths<'a>(pickle: &Pickle<'a>) -> Outcome<HashMap<&'a str, usize>> {
    let mut widths = HashMap::new();
    for id in pickle.ids() {
        if is_storage(pickle, id) {
            let Storage { key, numbers, .. } = storage::described(pickle, id)?;
            widths.insert(key, numbers.width());
        }
    }
    Ok(widths)
}

/// Returns whether it is a reference, and not to a class with its source (the other kind of old times).
fn is_storage(pickle: &Pickle<'_>, id: Id) -> bool {
    let Value::Persistent(reference) = pickle.get(id) else { return false };
    pickle.members(*reference).and_then(|members| members.first()).and_then(|&kind| pickle.text(kind))
        == Some("storage")
}

struct Places<'a> {
    bytes: &'a [u8],
    places: HashMap<&'a str, Range<usize>>,
}

impl Storages for Places<'_> {
    fn bytes(&mut self, storage: &Storage<'_>) -> Outcome<Cow<'_, [u8]>> {
        let place = self.places.get(storage.key).cloned();
        place
            .and_then(|place| self.bytes.get(place))
            .filter(|bytes| bytes.len() / storage.numbers.width() >= storage.count)
            .map(Cow::Borrowed)
            .ok_or_else(|| {
                ReaderError::damaged("the numbers of a tensor are missing: the file was cut short")
            })
    }
}
