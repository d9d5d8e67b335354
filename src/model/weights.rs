//! The bytes of `model.safetensors`: checked against their hash, then handed to the network tensor by
//! tensor, with every tensor that does not fit noted rather than the first alone.

use std::sync::{Arc, Mutex, MutexGuard};

use candle_core::{DType, Device, Shape, Tensor, safetensors::Load};
use candle_nn::{Init, VarBuilder, var_builder::SimpleBackend};
use cxr_densenet::{Stored, Tensors, are_finite};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{ModelError, TensorProblem, TensorProblemKind};
use crate::lock::lock;

/// The tensors that a network took from the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Tensors.
    pub(super) tensors: usize,
    /// Numbers in them.
    pub(super) values: usize,
}

/// Builds a network from the bytes of safetensors files, each with its place, for errors; of a tensor that several have the
/// first counts. Numbers arrive as f32, whatever they are stored as: for
/// Candle through the builder, for our own kernels, which need no tensors on a device, through the values.
///
/// # Errors
/// [`ModelError::Format`], or [`ModelError::Tensors`] with all that does not fit.
pub(super) fn build<'a, N>(
    files: &[(&'a [u8], &str)],
    device: &Device,
    network: impl FnOnce(&VarBuilder<'a>, &mut Values<'a>) -> candle_core::Result<N>,
) -> Result<(N, Taken), ModelError> {
    let read = |&(bytes, place): &(&'a [u8], &str)| {
        SafeTensors::deserialize(bytes)
            .map_err(|source| ModelError::Format { place: place.to_owned(), source })
    };
    let mut values = Values::of(files.iter().map(read).collect::<Result<_, _>>()?);
    let built = network(&values.builder(device), &mut values)?;
    let mut ledger = values.0.ledger();
    if ledger.problems.is_empty() {
        Ok((built, ledger.taken))
    } else {
        let problems = std::mem::take(&mut ledger.problems);
        let places: Vec<&str> = files.iter().map(|(_, place)| *place).collect();
        Err(ModelError::Tensors { place: places.join(" on "), problems })
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
    let values = Values::of(Vec::new());
    network(values.builder(&Device::Cpu))?;
    let missing = std::mem::take(&mut values.0.ledger().problems).into_iter();
    Ok(missing.map(|problem| Wanted { name: problem.name, shape: problem.wanted }).collect())
}

#[derive(Default)]
struct Ledger {
    taken: Taken,
    problems: Vec<TensorProblem>,
}

/// A source of tensors that puts zeros in the place of one that does not fit, and notes it, so that
/// one load names every fault.
struct Noting<'a> {
    files: Vec<SafeTensors<'a>>,
    ledger: Mutex<Ledger>,
}

impl Noting<'_> {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    fn stored(&self, name: &str) -> Option<TensorView<'_>> {
        self.files.iter().find_map(|file| file.tensor(name).ok())
    }

    /// The numbers of a tensor; none if it does not fit, which is noted.
    fn values(&self, name: &str, shape: &[usize]) -> candle_core::Result<Option<Vec<f32>>> {
        let fault = match self.stored(name) {
            None => TensorProblemKind::Missing,
            Some(tensor) if tensor.shape() != shape => TensorProblemKind::Shape(tensor.shape().to_vec()),
            Some(tensor) => {
                let values = numbers(&tensor)?;
                if are_finite(&values) {
                    let mut ledger = self.ledger();
                    ledger.taken.tensors += 1;
                    ledger.taken.values += values.len();
                    return Ok(Some(values));
                }
                TensorProblemKind::NotFinite
            }
        };
        self.ledger().problems.push(TensorProblem { name: name.to_owned(), wanted: shape.to_vec(), fault });
        Ok(None)
    }
}

/// The tensors of files, as numbers.
pub(super) struct Values<'a>(Arc<Noting<'a>>);

impl<'a> Values<'a> {
    fn of(files: Vec<SafeTensors<'a>>) -> Self {
        Self(Arc::new(Noting { files, ledger: Mutex::default() }))
    }

    /// Makes the builder that Candle takes them from.
    fn builder(&self, device: &Device) -> VarBuilder<'a> {
        VarBuilder::from_backend(Box::new(Self(Arc::clone(&self.0))), DType::F32, device.clone())
    }
}

impl Tensors for Values<'_> {
    type Error = candle_core::Error;

    fn tensor(&mut self, name: &str, shape: &[usize]) -> candle_core::Result<Vec<f32>> {
        Ok(self.0.values(name, shape)?.unwrap_or_else(|| vec![0.0; shape.iter().product()]))
    }
}

impl SimpleBackend for Values<'_> {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        match self.0.values(name, shape.dims())? {
            Some(values) => Tensor::from_vec(values, shape, device)?.to_dtype(dtype),
            // One zero, seen as many: to ask what a network needs takes no memory.
            None => Tensor::zeros((), dtype, device)?.broadcast_as(shape),
        }
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        match self.0.stored(name) {
            Some(tensor) => tensor.load(device)?.to_dtype(dtype),
            None => candle_core::bail!("tensor {name} is missing"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.stored(name).is_some()
    }
}

/// A tensor's numbers as f32.
fn numbers(tensor: &TensorView<'_>) -> candle_core::Result<Vec<f32>> {
    let stored = match tensor.dtype() {
        Dtype::F32 => Stored::F32,
        Dtype::F16 => Stored::F16,
        Dtype::BF16 => Stored::Bf16,
        _ => return tensor.load(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1(),
    };
    Ok(stored.read(tensor.data()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use half::bf16;

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
        let error = build(&[(&bytes, "here")], &Device::Cpu, |vb, _| {
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
    fn numbers_of_any_format_arrive_as_f32_by_either_way() {
        // More than a handful, and all of them are the same number in every format.
        let wanted: Vec<f32> = (0..300).map(|n| bf16::from_f32(n as f32 / 2.0).to_f32()).collect();
        for format in [DType::F16, DType::BF16, DType::F32, DType::F64] {
            let stored = Tensor::new(&wanted[..], &Device::Cpu).unwrap().to_dtype(format).unwrap();
            let bytes = file(&[("w", stored)]);
            let ((tensor, values), taken) = build(&[(&bytes, "here")], &Device::Cpu, |vb, values| {
                Ok((vb.get(300, "w")?, values.tensor("w", &[300])?))
            })
            .unwrap();
            assert_eq!(tensor.to_vec1::<f32>().unwrap(), wanted, "{format:?}");
            assert_eq!(values, wanted, "{format:?}");
            assert_eq!(taken, Taken { tensors: 2, values: 600 });
        }
    }

    #[test]
    fn a_web_page_is_no_safetensors_file() {
        for bytes in [&b""[..], b"<html>not found</html>", &[255; 64]] {
            let message =
                build(&[(bytes, "here")], &Device::Cpu, |vb, _| vb.get(2, "w")).unwrap_err().to_string();
            assert!(message.starts_with("here: not a safetensors file"), "{message}");
        }
    }
}
