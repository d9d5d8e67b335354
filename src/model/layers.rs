//! Layers of the networks on Candle, in two number formats: convolutions compute in that of the builder that they
//! take their weights from, all else in f32. Maps between layers are f32.

use candle_core::{DType, Module, Result, Tensor};
use candle_nn::{BatchNorm, Conv2d, Conv2dConfig, Linear, VarBuilder};

/// A convolution without bias.
#[derive(Debug)]
pub(super) struct Convolution {
    inner: Conv2d,
    format: DType,
}

impl Convolution {
    /// `kernel` x `kernel` weights from `vb`, in its format.
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        let config = Conv2dConfig { stride, padding, ..Conv2dConfig::default() };
        let inner = candle_nn::conv2d_no_bias(inputs, outputs, kernel, config, vb.clone())?;
        Ok(Self { inner, format: vb.dtype() })
    }
}

impl Module for Convolution {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.inner.forward(&x.to_dtype(self.format)?)?.to_dtype(DType::F32)
    }
}

/// Batch normalisation by the running statistics.
pub(super) fn norm(channels: usize, epsilon: f64, vb: &VarBuilder<'_>) -> Result<BatchNorm> {
    candle_nn::batch_norm(channels, epsilon, vb.to_dtype(DType::F32))
}

/// A linear layer with bias.
pub(super) fn linear(inputs: usize, outputs: usize, vb: &VarBuilder<'_>) -> Result<Linear> {
    candle_nn::linear(inputs, outputs, vb.to_dtype(DType::F32))
}

/// The shape of one convolution, whose result has `side` rows and columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConvolutionShape {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) kernel: usize,
    pub(super) side: usize,
}
