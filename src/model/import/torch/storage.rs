//! A storage as a pickle describes it: `("storage", torch.FloatStorage, key, device, count)`.

use half::{bf16, f16};

use super::super::{
    pickle::{Id, Pickle, Value},
    reader_error::{Outcome, ReaderError},
};

/// A run of numbers outside the pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage<'a> {
    pub(super) key: &'a str,
    pub(super) numbers: Numbers,
    pub(super) count: usize,
}

/// The type of a storage's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Numbers that weights are made of.
    Real(Real),
    /// Whole numbers of so many bytes.
    Whole(usize),
}

/// A format of real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Real {
    F64,
    F32,
    F16,
    Bf16,
}

impl Numbers {
    pub(super) fn width(self) -> usize {
        match self {
            Self::Real(real) => real.width(),
            Self::Whole(width) => width,
        }
    }
}

impl Real {
    pub(super) fn width(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Reads one little-endian number of [`Real::width`] bytes; NaN if there are not so many.
    pub(super) fn read(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            (Self::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            (Self::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f32(),
            (Self::Bf16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f32(),
            _ => f32::NAN,
        }
    }
}

/// Returns whether it can be a storage's name: PyTorch counts them, or takes an address in memory. Longer ones would be
/// hashed again for every tensor that refers to them.
pub(super) fn is_key(key: &str) -> bool {
    key.len() <= 64
}

/// Reads a reference to a storage.
pub(super) fn described<'a>(pickle: &Pickle<'a>, id: Id) -> Outcome<Storage<'a>> {
    let wrong =
        || ReaderError::damaged("a tensor's numbers are described in a way that PyTorch does not write");
    let Value::Persistent(reference) = pickle.get(id) else { return Err(wrong()) };
    let &[kind, class, key, _, count, ref rest @ ..] = pickle.members(*reference).ok_or_else(wrong)? else {
        return Err(wrong());
    };
    if pickle.text(kind) != Some("storage") {
        return Err(wrong());
    }
    // The sixth member, of the old format, is a view of another storage; nothing has written one since
    // PyTorch 0.4.
    if rest.iter().any(|&view| !matches!(pickle.get(view), Value::None)) {
        return Err(ReaderError::other("it holds views of storages, as PyTorch before 0.4 wrote them"));
    }
    let class = pickle.name(class).ok_or_else(wrong)?;
    let numbers = match class {
        "torch.FloatStorage" => Numbers::Real(Real::F32),
        "torch.DoubleStorage" => Numbers::Real(Real::F64),
        "torch.HalfStorage" => Numbers::Real(Real::F16),
        "torch.BFloat16Storage" => Numbers::Real(Real::Bf16),
        "torch.LongStorage" => Numbers::Whole(8),
        "torch.IntStorage" => Numbers::Whole(4),
        "torch.ShortStorage" => Numbers::Whole(2),
        "torch.CharStorage" | "torch.ByteStorage" | "torch.BoolStorage" => Numbers::Whole(1),
        _ => return Err(wrong()),
    };
    let count = super::whole(pickle, count)?;
    count.checked_mul(numbers.width()).ok_or_else(wrong)?;
    let key = pickle.text(key).filter(|key| is_key(key)).ok_or_else(wrong)?;
    Ok(Storage { key, numbers, count })
}
