//! PyTorch's files: a pickle that says what the tensors are, and the storages that hold their numbers.
//! The format of `torch.save` is that of `torch/serialization.py`: since 1.6 a zip archive, before that
//! pickles and storages one after the other.

mod archive;
mod legacy;
mod modules;
mod storage;

pub(super) use archive::{entry, is_torch, read as read_archive};
pub(super) use legacy::read as read_legacy;

use super::{
    pickle::{Id, Pickle, Value},
    reader_error::{Outcome, ReaderError},
    tensors::{Array, count, gather},
};
use storage::{Numbers, Storage};

/// A kernel has four axes.
const MOST_AXES: usize = 8;

/// A pickle together with the bytes of its storages.
struct Saved<'a, S> {
    pickle: Pickle<'a>,
    storages: S,
    /// How many numbers may still be read. A file of `n` bytes has no right to more than `n` numbers:
    /// tensors may share a storage, and a hostile file could have a million share one.
    left: usize,
}

/// Where the bytes of storages come from.
trait Storages {
    /// The bytes of a storage, `reference` being what the pickle says of it.
    fn bytes(&mut self, storage: &Storage<'_>) -> Outcome<std::borrow::Cow<'_, [u8]>>;
}

impl<S: Storages> Saved<'_, S> {
    /// The tensor that a value describes; none if it describes none, or one of whole numbers, of which
    /// networks have only counters.
    fn tensor(&mut self, id: Id) -> Outcome<Option<Array>> {
        let Some((class, object)) = self.pickle.object(id) else { return Ok(None) };
        let arguments = self.pickle.members(object.arguments).unwrap_or_default();
        match (class, arguments) {
            (
                "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state",
                [inner, ..],
            ) => {
                // A parameter holds a tensor, and no further parameter.
                let inner = *inner;
                match self.pickle.object(inner) {
                    Some((class, _)) if !class.contains("_rebuild_parameter") => self.tensor(inner),
                    _ => Err(ReaderError::damaged("a parameter holds no tensor")),
                }
            }
            (
                "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor",
                &[storage, offset, shape, strides, ..],
            ) => self.rebuilt(storage, offset, shape, strides),
            _ => Ok(None),
        }
    }

    fn rebuilt(&mut self, storage: Id, offset: Id, shape: Id, strides: Id) -> Outcome<Option<Array>> {
        let storage = storage::described(&self.pickle, storage)?;
        let offset = whole(&self.pickle, offset)?;
        let (shape, strides) = (wholes(&self.pickle, shape)?, wholes(&self.pickle, strides)?);
        let Numbers::Real(real) = storage.numbers else { return Ok(None) };
        if shape.len() != strides.len() {
            return Err(ReaderError::damaged(format!(
                "a tensor has shape {shape:?} and strides {strides:?}"
            )));
        }
        let count = count(&shape)?;
        if count > storage.count || count > self.left {
            return Err(ReaderError::damaged(format!(
                "a tensor of shape {shape:?} holds more numbers than the file has for it"
            )));
        }
        self.left -= count;
        if count > 0 {
            let furthest = shape
                .iter()
                .zip(&strides)
                .try_fold(offset, |at, (side, stride)| at.checked_add(stride.checked_mul(side - 1)?));
            if furthest.is_none_or(|at| at >= storage.count) {
                return Err(ReaderError::damaged(format!(
                    "a tensor of shape {shape:?} reaches beyond its storage"
                )));
            }
        }
        let bytes = self.storages.bytes(&storage)?;
        let mut values = Vec::with_capacity(count);
        let width = real.width();
        gather(&shape, &strides, offset, &mut |at| {
            values.push(bytes.get(at * width..(at + 1) * width).map_or(f32::NAN, |bytes| real.read(bytes)));
        });
        Ok(Some(Array { shape, values }))
    }
}

fn whole(pickle: &Pickle<'_>, id: Id) -> Outcome<usize> {
    match pickle.get(id) {
        Value::Int(n) => {
            usize::try_from(*n).map_err(|_| ReaderError::damaged(format!("{n} stands for a size")))
        }
        _ => Err(ReaderError::damaged("a size of a tensor is no number")),
    }
}

fn wholes(pickle: &Pickle<'_>, id: Id) -> Outcome<Vec<usize>> {
    // Either a tuple, or torch.Size of one.
    let members = match pickle.object(id) {
        Some(("torch.Size", object)) => match pickle.members(object.arguments) {
            Some([inner]) => pickle.members(*inner),
            _ => None,
        },
        _ => pickle.members(id),
    };
    let members = members.ok_or_else(|| ReaderError::damaged("a tensor's shape is no list"))?;
    if members.len() > MOST_AXES {
        return Err(ReaderError::damaged(format!("a tensor has {} axes", members.len())));
    }
    members.iter().map(|&id| whole(pickle, id)).collect()
}
