//! Files that are safetensors already: of other names, of half precision, with more than the network needs.

use safetensors::{Dtype, SafeTensors};

use super::{
    reader_error::{Outcome, ReaderError},
    tensors::{Array, Tensors},
};

/// The format's own limit for its header.
const LARGEST_HEADER: u64 = 100_000_000;
/// The longest header that is read: networks of this family need a twentieth of it, and reading one takes twenty
/// times its size.
const LARGEST_OF_WEIGHTS: u64 = 2_000_000;

/// Returns whether it begins as such a file does: the header's length, then the header, which is JSON.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    let Some((length, header)) = bytes.split_first_chunk::<8>() else { return false };
    header.first() == Some(&b'{') && u64::from_le_bytes(*length) <= LARGEST_HEADER
}

/// Reads the tensors of real numbers.
pub(super) fn read(bytes: &[u8]) -> Outcome<Tensors> {
    let length = bytes.first_chunk::<8>().map_or(0, |length| u64::from_le_bytes(*length));
    if length > LARGEST_OF_WEIGHTS {
        return Err(ReaderError::refused(format!(
            "its header has {length} bytes; the weights of a network have at most {LARGEST_OF_WEIGHTS}"
        )));
    }
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| ReaderError::damaged(format!("its safetensors header cannot be read ({error})")))?;
    let mut tensors = Tensors::new();
    for (name, view) in file.iter() {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => numbers(data, f32::from_le_bytes),
            Dtype::F64 => numbers(data, |bytes| f64::from_le_bytes(bytes) as f32),
            Dtype::F16 => numbers(data, |bytes| half::f16::from_le_bytes(bytes).to_f32()),
            Dtype::BF16 => numbers(data, |bytes| half::bf16::from_le_bytes(bytes).to_f32()),
            _ => continue,
        };
        tensors.insert(name.to_owned(), Array { shape: view.shape().to_vec(), values });
    }
    match tensors.is_empty() {
        false => Ok(tensors),
        true => Err(ReaderError::other("it holds no tensors of real numbers")),
    }
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|&bytes| read(bytes)).collect()
}
