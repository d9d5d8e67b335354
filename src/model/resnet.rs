//! ResNet of bottlenecks (He et al. 2016, "Deep Residual Learning for Image Recognition") with
//! torchvision's tensor names and its place for the stride (in the 3x3 convolution), as structs, so that
//! the feature map stays within reach of the heatmaps. `candle_transformers` has this network too, but
//! as closures from a film of three channels to logits: neither its last map nor a stem of one channel
//! can be had from it.

use candle_core::{Module, Result, Tensor};
use candle_nn::{BatchNorm, Linear, ModuleT, VarBuilder};

use super::layers::{Convolution, ConvolutionShape, linear, norm};

/// Outputs of a bottleneck for each of its inner channels.
const EXPANSION: usize = 4;

/// The shape of a network, apart from its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ResNetConfig {
    /// Channels of the input: 1 for grey.
    pub channels: usize,
    /// Outputs of the classifier.
    pub outputs: usize,
    /// Channels after the stem, and inner channels of the first stage's bottlenecks.
    pub stem: usize,
    /// Bottlenecks of each stage.
    pub blocks: Vec<usize>,
    /// Added to the variance in batch normalisation.
    pub epsilon: f64,
}

impl ResNetConfig {
    /// ResNet-50.
    #[must_use]
    pub fn resnet50(channels: usize, outputs: usize, epsilon: f64) -> Self {
        Self { channels, outputs, stem: 64, blocks: vec![3, 4, 6, 3], epsilon }
    }

    /// Visits the convolutions for a film of `size` x `size`, in their order.
    pub(super) fn convolutions(&self, size: usize, visit: &mut dyn FnMut(ConvolutionShape)) {
        let mut convolution =
            |inputs, outputs, kernel, side| visit(ConvolutionShape { inputs, outputs, kernel, side });
        let stem_side = size.div_ceil(2);
        convolution(self.channels, self.stem, 7, stem_side);
        let (mut side, mut inputs) = (stem_side.div_ceil(2), self.stem);
        for (stage, &blocks) in self.blocks.iter().enumerate() {
            let inner = self.stem << stage;
            let outputs = inner * EXPANSION;
            for block in 0..blocks {
                let before = side;
                if block == 0 {
                    side = if stage == 0 { side } else { side.div_ceil(2) };
                    convolution(inputs, outputs, 1, side);
                }
                convolution(inputs, inner, 1, before);
                convolution(inner, inner, 3, side);
                convolution(inner, outputs, 1, side);
                inputs = outputs;
            }
        }
    }
}

/// 1x1, 3x3, 1x1, each with batch norm, and past them the input itself or a 1x1 convolution of it.
#[derive(Debug)]
struct Bottleneck {
    conv1: Convolution,
    norm1: BatchNorm,
    conv2: Convolution,
    norm2: BatchNorm,
    conv3: Convolution,
    norm3: BatchNorm,
    shortcut: Option<(Convolution, BatchNorm)>,
}

impl Bottleneck {
    fn new(inputs: usize, inner: usize, stride: usize, epsilon: f64, vb: &VarBuilder<'_>) -> Result<Self> {
        let outputs = inner * EXPANSION;
        let shortcut = if stride != 1 || inputs != outputs {
            let vb = vb.pp("downsample");
            Some((
                Convolution::new(inputs, outputs, 1, stride, 0, &vb.pp("0"))?,
                norm(outputs, epsilon, &vb.pp("1"))?,
            ))
        } else {
            None
        };
        Ok(Self {
            conv1: Convolution::new(inputs, inner, 1, 1, 0, &vb.pp("conv1"))?,
            norm1: norm(inner, epsilon, &vb.pp("bn1"))?,
            conv2: Convolution::new(inner, inner, 3, stride, 1, &vb.pp("conv2"))?,
            norm2: norm(inner, epsilon, &vb.pp("bn2"))?,
            conv3: Convolution::new(inner, outputs, 1, 1, 0, &vb.pp("conv3"))?,
            norm3: norm(outputs, epsilon, &vb.pp("bn3"))?,
            shortcut,
        })
    }
}

impl Module for Bottleneck {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.norm1.forward_t(&self.conv1.forward(x)?, false)?.relu()?;
        let y = self.norm2.forward_t(&self.conv2.forward(&y)?, false)?.relu()?;
        let y = self.norm3.forward_t(&self.conv3.forward(&y)?, false)?;
        match &self.shortcut {
            None => (y + x)?.relu(),
            Some((conv, norm)) => (y + norm.forward_t(&conv.forward(x)?, false)?)?.relu(),
        }
    }
}

/// The whole network.
#[derive(Debug)]
pub struct ResNet {
    stem: Convolution,
    stem_norm: BatchNorm,
    bottlenecks: Vec<Bottleneck>,
    classifier: Linear,
}

impl ResNet {
    /// Takes the weights from `vb`, under torchvision's names. The convolutions compute in its number format, the
    /// rest in f32.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape.
    pub fn new(config: &ResNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let ResNetConfig { channels, outputs, stem, ref blocks, epsilon } = *config;
        let stem_conv = Convolution::new(channels, stem, 7, 2, 3, &vb.pp("conv1"))?;
        let stem_norm = norm(stem, epsilon, &vb.pp("bn1"))?;
        let mut width = stem;
        let mut bottlenecks = Vec::new();
        for (stage, &blocks) in blocks.iter().enumerate() {
            let inner = stem << stage;
            for block in 0..blocks {
                let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                let vb = vb.pp(format!("layer{}.{block}", stage + 1));
                bottlenecks.push(Bottleneck::new(width, inner, stride, epsilon, &vb)?);
                width = inner * EXPANSION;
            }
        }
        let classifier = linear(width, outputs, &vb.pp("fc"))?;
        Ok(Self { stem: stem_conv, stem_norm, bottlenecks, classifier })
    }

    /// The last feature map, after its ReLU: film x channel x row x column, none negative. `input` is
    /// film x channel x row x column; rows and columns shrink 32-fold.
    ///
    /// # Errors
    /// An input of another shape, or no memory.
    pub fn features(&self, input: &Tensor) -> Result<Tensor> {
        let x = self.stem_norm.forward_t(&self.stem.forward(input)?, false)?.relu()?;
        // As in DenseNet: after a ReLU zeros stand for torchvision's border of minus infinity.
        let x = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?.max_pool2d_with_stride(3, 2)?;
        self.bottlenecks.iter().try_fold(x, |x, bottleneck| bottleneck.forward(&x))
    }

    /// The classifier.
    #[must_use]
    pub fn classifier(&self) -> &Linear {
        &self.classifier
    }
}
