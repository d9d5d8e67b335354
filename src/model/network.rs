//! The network of a loaded model: our own kernels on the processor, Candle's elsewhere and for shapes that the
//! kernels are not made for.

use std::sync::Mutex;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use cxr_densenet::{BuildError, Parallelism, Processor, Tensors};

use super::{ModelError, NetworkConfig, Precision, heatmap::grad_cam, plain::Plain, staging::Staging};

use crate::lock::lock;

/// A network with its weights.
#[derive(Debug)]
pub(super) enum Network {
    /// Our own kernels.
    Processor(Box<Processor>),
    /// Candle's, one run at a time: it has threads and memory of its own for each, and one way to the GPU.
    Candle(Box<Plain>, Mutex<Staging>),
}

/// A network's answers for a batch of films.
#[derive(Debug)]
pub(super) struct Forward {
    /// Rows of the last feature map.
    pub(super) rows: usize,
    /// Columns of the last feature map.
    pub(super) columns: usize,
    /// film x output, before the sigmoid.
    pub(super) logits: Vec<f32>,
    /// film x output x row x column: Grad-CAM at the last feature map.
    pub(super) maps: Vec<f32>,
    /// film x channel x row x column, after the last ReLU.
    pub(super) features: Tensor,
}

impl Network {
    /// Takes the weights from `values` for our own kernels, from `vb` for Candle; `threads` are those that the processor may use. Candle computes
    /// in bf16 on a GPU only.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape, or a number format that this network has not here.
    pub(super) fn new(
        config: &NetworkConfig,
        vb: &VarBuilder<'_>,
        values: &mut impl Tensors<Error = candle_core::Error>,
        device: &Device,
        precision: Precision,
        threads: usize,
    ) -> candle_core::Result<Self> {
        if let (Device::Cpu, NetworkConfig::DenseNet(densenet)) = (device, config)
            && let Some(shape) = densenet.shape()
        {
            let made = match precision {
                Precision::Fp32 => Processor::fp32(&shape, values, threads),
                Precision::Bf16 => Processor::bf16(&shape, values, threads),
            };
            match made {
                Ok(processor) => return Ok(Self::Processor(Box::new(processor))),
                Err(BuildError::Tensor(error)) => return Err(error),
                Err(BuildError::Thread(error)) => return Err(error.into()),
                Err(BuildError::Shape | BuildError::Format) => {}
            }
        }
        let format = match precision {
            Precision::Fp32 => DType::F32,
            Precision::Bf16 if device.is_cuda() => DType::BF16,
            Precision::Bf16 => {
                candle_core::bail!("this network runs in fp32 only on a processor: leave --precision out")
            }
        };
        Ok(Self::Candle(Box::new(Plain::new(config, &vb.to_dtype(format))?), Mutex::default()))
    }

    /// Measures the machine's speed in plain products, in GFLOP/s; none on Candle.
    pub(super) fn peak_gflops(&self) -> Option<f64> {
        match self {
            Self::Processor(processor) => Some(processor.peak_gflops()),
            Self::Candle(..) => None,
        }
    }

    /// Runs it on films of `shape`: film x channel x row x column.
    ///
    /// # Errors
    /// Films of another shape, or no memory.
    pub(super) fn run(
        &self,
        films: Vec<f32>,
        shape: [usize; 4],
        device: &Device,
        parallelism: Parallelism,
    ) -> Result<Forward, ModelError> {
        match self {
            Self::Processor(processor) => {
                let [_, _, rows, columns] = shape;
                let output = processor
                    .run(&films, rows, columns, parallelism)
                    .map_err(|error| ModelError::Engine { reason: error.to_string() })?;
                let map = (output.films, output.channels, output.rows, output.columns);
                Ok(Forward {
                    rows: output.rows,
                    columns: output.columns,
                    logits: output.logits,
                    maps: output.maps,
                    features: Tensor::from_vec(output.features, map, &Device::Cpu)?,
                })
            }
            Self::Candle(network, staging) => {
                let mut staging = lock(staging);
                let features = network.features(&staging.upload(films, shape, device)?)?;
                let (_, _, rows, columns) = features.dims4()?;
                let logits = network.logits(&features)?.flatten_all()?.to_vec1()?;
                let maps = grad_cam(&features, network.classifier_weight())?.flatten_all()?.to_vec1()?;
                Ok(Forward { rows, columns, logits, maps, features })
            }
        }
    }
}

#[cfg(test)]
mod tests;
