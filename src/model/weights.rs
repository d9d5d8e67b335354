//! The bytes of `model.safetensors`: checked against their hash, then handed to the network tensor by
//! tensor, with every tensor that does not fit noted rather than the first alone.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::{Init, VarBuilder, var_builder::SimpleBackend};
use sha2::{Digest, Sha256};

use super::ModelError;

/// One tensor that the network needs and the file does not have as needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorProblem {
    /// The tensor's name.
    pub name: String,
    /// The shape that the network needs.
    pub wanted: Vec<usize>,
    /// What is wrong with it.
    pub fault: TensorFault,
}

/// What is wrong with a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TensorFault {
    /// It is not in the file.
    Missing,
    /// It has this shape instead.
    Shape(Vec<usize>),
    /// It holds infinities or values that are no numbers. Candle's ReLU would turn the latter into
    /// zeros, and the scores would be wrong without a sign of it.
    NotFinite,
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wanted, fault } = self;
        let name = crate::text::clean(name);
        match fault {
            TensorFault::Missing => write!(out, "tensor {name} is missing (wanted {wanted:?})"),
            TensorFault::Shape(found) => write!(out, "tensor {name} has shape {found:?}, wanted {wanted:?}"),
            TensorFault::NotFinite => write!(out, "tensor {name} holds values that are not finite"),
        }
    }
}

/// What a network took from the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Tensors.
    pub(super) tensors: usize,
    /// Numbers in them.
    pub(super) values: usize,
}

/// SHA-256 in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Builds a network from the bytes of a safetensors file. Numbers stored in half precision are
/// converted to f32. `place` names the file in errors.
///
/// # Errors
/// [`ModelError::Format`], or [`ModelError::Tensors`] with all that does not fit.
pub(super) fn build<N>(
    bytes: &[u8],
    place: &str,
    device: &Device,
    network: impl FnOnce(VarBuilder<'_>) -> candle_core::Result<N>,
) -> Result<(N, Taken), ModelError> {
    let tensors = candle_core::safetensors::load_buffer(bytes, device)
        .map_err(|error| ModelError::Format { place: place.to_owned(), reason: error.to_string() })?;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let backend = Noting { tensors, ledger: Arc::clone(&ledger) };
    let built = network(VarBuilder::from_backend(Box::new(backend), DType::F32, device.clone()))?;
    let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    if ledger.problems.is_empty() {
        Ok((built, ledger.taken))
    } else {
        let problems = std::mem::take(&mut ledger.problems);
        Err(ModelError::Tensors { place: place.to_owned(), problems })
    }
}

/// A tensor that a network needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its name.
    pub(super) name: String,
    /// Its shape.
    pub(super) shape: Vec<usize>,
}

/// The tensors that a network needs, in the order that it asks for them.
///
/// # Errors
/// None but those of the engine, such as no memory.
pub(super) fn wanted<N>(
    network: impl FnOnce(VarBuilder<'_>) -> candle_core::Result<N>,
) -> candle_core::Result<Vec<Wanted>> {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let backend = Noting { tensors: HashMap::new(), ledger: Arc::clone(&ledger) };
    network(VarBuilder::from_backend(Box::new(backend), DType::F32, Device::Cpu))?;
    let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = std::mem::take(&mut ledger.problems).into_iter();
    Ok(missing.map(|problem| Wanted { name: problem.name, shape: problem.wanted }).collect())
}

#[derive(Default)]
struct Ledger {
    taken: Taken,
    problems: Vec<TensorProblem>,
}

/// A source of tensors that puts zeros in the place of one that does not fit, and notes it, so that
/// one load names every fault.
struct Noting {
    tensors: HashMap<String, Tensor>,
    ledger: Arc<Mutex<Ledger>>,
}

impl SimpleBackend for Noting {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let fault = match self.tensors.get(name) {
            None => TensorFault::Missing,
            Some(tensor) if tensor.shape() != &shape => TensorFault::Shape(tensor.dims().to_vec()),
            Some(tensor) => {
                let tensor = tensor.to_dtype(dtype)?;
                if is_finite(&tensor)? {
                    let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
                    ledger.taken.tensors += 1;
                    ledger.taken.values += shape.elem_count();
                    return Ok(tensor);
                }
                TensorFault::NotFinite
            }
        };
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.problems.push(TensorProblem { name: name.to_owned(), wanted: shape.dims().to_vec(), fault });
        Tensor::zeros(shape, dtype, device)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, _: &Device) -> candle_core::Result<Tensor> {
        match self.tensors.get(name) {
            Some(tensor) => tensor.to_dtype(dtype),
            None => candle_core::bail!("tensor {name} is missing"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}

/// One infinity or NaN anywhere makes the sum one.
fn is_finite(tensor: &Tensor) -> candle_core::Result<bool> {
    Ok(tensor.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()?.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tensors: &[(&str, Tensor)]) -> Vec<u8> {
        let tensors: HashMap<&str, Tensor> = tensors.iter().cloned().collect();
        safetensors::serialize(&tensors, None).unwrap()
    }

    #[test]
    fn every_tensor_that_does_not_fit_is_named_with_its_shapes() {
        let bytes = file(&[
            ("a.weight", Tensor::zeros((2, 3), DType::F16, &Device::Cpu).unwrap()),
            ("b.weight", Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap()),
            ("d.bias", Tensor::new(&[1.0, f32::NAN], &Device::Cpu).unwrap()),
        ]);
        let error = build(&bytes, "here", &Device::Cpu, |vb| {
            Ok((
                vb.pp("a").get((2, 3), "weight")?,
                vb.pp("b").get((4, 3), "weight")?,
                vb.pp("c").get(5, "bias")?,
                vb.pp("d").get(2, "bias")?,
            ))
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "here: the weights do not fit the manifest's network: tensor b.weight has shape [2, 3], wanted \
             [4, 3]; tensor c.bias is missing (wanted [5]); tensor d.bias holds values that are not \
             finite; fetch or import the model again"
        );
    }

    #[test]
    fn half_precision_arrives_as_f32() {
        let half = Tensor::new(&[0.5f32, -2.0], &Device::Cpu).unwrap().to_dtype(DType::F16).unwrap();
        let (tensor, taken) =
            build(&file(&[("w", half)]), "here", &Device::Cpu, |vb| vb.get(2, "w")).unwrap();
        assert_eq!(tensor.to_vec1::<f32>().unwrap(), [0.5, -2.0]);
        assert_eq!(taken, Taken { tensors: 1, values: 2 });
    }

    #[test]
    fn a_web_page_is_no_safetensors_file() {
        for bytes in [&b""[..], b"<html>not found</html>", &[255; 64]] {
            let message = build(bytes, "here", &Device::Cpu, |vb| vb.get(2, "w")).unwrap_err().to_string();
            assert!(message.starts_with("here: not a safetensors file"), "{message}");
        }
    }

    #[test]
    fn hashes_are_written_in_hex() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
