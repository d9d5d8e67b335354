//! Numbers as files of weights keep them.

use half::{bf16, f16, slice::HalfFloatSliceExt};

/// A format of the numbers in a file, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    Bf16,
}

impl Stored {
    /// Reads numbers; every one of these formats is exact in f32. Bytes that are left over at the end are no number.
    ///
    /// ```
    /// use cxr_densenet::Stored;
    /// assert_eq!(Stored::F16.read(&[0x00, 0x3c, 0x00, 0xc0]), [1.0, -2.0]);
    /// assert_eq!(Stored::Bf16.read(&[0x80, 0x3f, 0x00, 0xc0]), [1.0, -2.0]);
    /// assert_eq!(Stored::F32.read(&1.5_f32.to_le_bytes()), [1.5]);
    /// ```
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F32 => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Self::F16 => widen(bytes, f16::from_le_bytes),
            Self::Bf16 => widen(bytes, bf16::from_le_bytes),
        }
    }
}

/// Numbers of two bytes, a handful at a time: processors have instructions for many at once.
fn widen<T: Copy + Default>(bytes: &[u8], number: impl Fn([u8; 2]) -> T) -> Vec<f32>
where
    [T]: HalfFloatSliceExt,
{
    const HANDFUL: usize = 256;
    let mut values = vec![0.0; bytes.len() / 2];
    let mut short = [T::default(); HANDFUL];
    for (values, bytes) in values.chunks_mut(HANDFUL).zip(bytes.chunks(2 * HANDFUL)) {
        let short = &mut short[..values.len()];
        for (short, bytes) in short.iter_mut().zip(bytes.as_chunks().0) {
            *short = number(*bytes);
        }
        short.convert_to_f32_slice(values);
    }
    values
}

/// Returns whether no number is infinite or NaN: these have the largest exponent.
#[must_use]
pub fn are_finite(values: &[f32]) -> bool {
    let largest = values.iter().map(|value| value.to_bits() & 0x7fff_ffff).max();
    largest.is_none_or(|largest| largest < f32::INFINITY.to_bits())
}
