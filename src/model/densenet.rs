//! DenseNet (Huang et al. 2017, "Densely Connected Convolutional Networks") with torchvision's tensor
//! names, as structs, so that the feature map stays within reach of the heatmaps.

use candle_core::{Module, Result, Tensor};
use candle_nn::{BatchNorm, Linear, ModuleT, VarBuilder};
use cxr_densenet::Shape;

use super::layers::{Convolution, ConvolutionShape, linear, norm};

/// The shape of a network, apart from its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseNetConfig {
    /// Channels of the input: 1 for grey.
    pub channels: usize,
    /// Outputs of the classifier.
    pub outputs: usize,
    /// Channels after the stem.
    pub stem: usize,
    /// Channels that each layer adds.
    pub growth: usize,
    /// Channels between the two convolutions of a layer, in units of `growth`.
    pub bottleneck: usize,
    /// Layers of each dense block.
    pub blocks: Vec<usize>,
    /// Added to the variance in batch normalisation: 1e-5 in torchvision, 1.001e-5 in Keras.
    pub epsilon: f64,
}

impl DenseNetConfig {
    /// DenseNet-121.
    #[must_use]
    pub fn densenet121(channels: usize, outputs: usize, epsilon: f64) -> Self {
        Self { channels, outputs, stem: 64, growth: 32, bottleneck: 4, blocks: vec![6, 12, 24, 16], epsilon }
    }

    /// The shape for our own kernels; none if they are not made for it.
    pub(super) fn shape(&self) -> Option<Shape> {
        let &Self { channels, outputs, stem, growth, bottleneck, ref blocks, epsilon } = self;
        ((growth, bottleneck) == (32, 4)).then(|| Shape {
            channels,
            outputs,
            stem,
            blocks: blocks.clone(),
            epsilon,
        })
    }

    /// Visits the convolutions for a film of `size` x `size`, in their order.
    pub(super) fn convolutions(&self, size: usize, visit: &mut dyn FnMut(ConvolutionShape)) {
        let mut convolution =
            |inputs, outputs, kernel, side| visit(ConvolutionShape { inputs, outputs, kernel, side });
        let stem_side = size.div_ceil(2);
        let mut side = stem_side.div_ceil(2);
        let mut channels = self.stem;
        convolution(self.channels, self.stem, 7, stem_side);
        for (index, &layers) in self.blocks.iter().enumerate() {
            let middle = self.bottleneck * self.growth;
            for _ in 0..layers {
                convolution(channels, middle, 1, side);
                convolution(middle, self.growth, 3, side);
                channels += self.growth;
            }
            if index + 1 < self.blocks.len() {
                convolution(channels, channels / 2, 1, side);
                channels /= 2;
                side /= 2;
            }
        }
    }
}

/// Batch norm, ReLU, 1x1 convolution; batch norm, ReLU, 3x3 convolution.
#[derive(Debug)]
struct DenseLayer {
    norm1: BatchNorm,
    conv1: Convolution,
    norm2: BatchNorm,
    conv2: Convolution,
}

impl DenseLayer {
    fn new(inputs: usize, config: &DenseNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let middle = config.bottleneck * config.growth;
        Ok(Self {
            norm1: norm(inputs, config.epsilon, &vb.pp("norm1"))?,
            conv1: Convolution::new(inputs, middle, 1, 1, 0, &vb.pp("conv1"))?,
            norm2: norm(middle, config.epsilon, &vb.pp("norm2"))?,
            conv2: Convolution::new(middle, config.growth, 3, 1, 1, &vb.pp("conv2"))?,
        })
    }
}

impl Module for DenseLayer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.conv1.forward(&self.norm1.forward_t(x, false)?.relu()?)?;
        self.conv2.forward(&self.norm2.forward_t(&x, false)?.relu()?)
    }
}

/// Layers that each see everything before them.
#[derive(Debug)]
struct DenseBlock {
    layers: Vec<DenseLayer>,
}

impl DenseBlock {
    fn new(inputs: usize, layers: usize, config: &DenseNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let layers = (0..layers)
            .map(|n| {
                DenseLayer::new(inputs + n * config.growth, config, &vb.pp(format!("denselayer{}", n + 1)))
            })
            .collect::<Result<_>>()?;
        Ok(Self { layers })
    }
}

impl Module for DenseBlock {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.layers.iter().try_fold(x.clone(), |x, layer| Tensor::cat(&[&x, &layer.forward(&x)?], 1))
    }
}

/// Halves channels, rows and columns between two blocks.
#[derive(Debug)]
struct Transition {
    norm: BatchNorm,
    conv: Convolution,
}

impl Transition {
    fn new(inputs: usize, config: &DenseNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            norm: norm(inputs, config.epsilon, &vb.pp("norm"))?,
            conv: Convolution::new(inputs, inputs / 2, 1, 1, 0, &vb.pp("conv"))?,
        })
    }
}

impl Module for Transition {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.conv.forward(&self.norm.forward_t(x, false)?.relu()?)?.avg_pool2d(2)
    }
}

/// The whole network.
#[derive(Debug)]
pub struct DenseNet {
    stem: Convolution,
    stem_norm: BatchNorm,
    blocks: Vec<DenseBlock>,
    transitions: Vec<Transition>,
    last_norm: BatchNorm,
    classifier: Linear,
}

impl DenseNet {
    /// Takes the weights from `vb`, under torchvision's names. The convolutions compute in its number format, the
    /// rest in f32.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape.
    pub fn new(config: &DenseNetConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        let features = vb.pp("features");
        let mut width = config.stem;
        let (mut blocks, mut transitions) = (Vec::new(), Vec::new());
        for (n, &layers) in config.blocks.iter().enumerate() {
            let name = n + 1;
            blocks.push(DenseBlock::new(width, layers, config, &features.pp(format!("denseblock{name}")))?);
            width += layers * config.growth;
            if name < config.blocks.len() {
                transitions.push(Transition::new(width, config, &features.pp(format!("transition{name}")))?);
                width /= 2;
            }
        }
        Ok(Self {
            stem: Convolution::new(config.channels, config.stem, 7, 2, 3, &features.pp("conv0"))?,
            stem_norm: norm(config.stem, config.epsilon, &features.pp("norm0"))?,
            blocks,
            transitions,
            last_norm: norm(width, config.epsilon, &features.pp("norm5"))?,
            classifier: linear(width, config.outputs, &vb.pp("classifier"))?,
        })
    }

    /// The last feature map, after its ReLU: film x channel x row x column, none negative. `input` is
    /// film x channel x row x column; rows and columns shrink 32-fold.
    ///
    /// # Errors
    /// An input of another shape, or no memory.
    pub fn features(&self, input: &Tensor) -> Result<Tensor> {
        let x = self.stem_norm.forward_t(&self.stem.forward(input)?, false)?.relu()?;
        // Candle's pooling has no padding. After a ReLU a border of zeros never wins over a value that
        // is there, so it stands for torchvision's border of minus infinity.
        let x = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
        let mut x = x.max_pool2d_with_stride(3, 2)?;
        for (n, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x)?;
            if let Some(transition) = self.transitions.get(n) {
                x = transition.forward(&x)?;
            }
        }
        self.last_norm.forward_t(&x, false)?.relu()
    }

    /// Logits from a feature map: film x output.
    ///
    /// # Errors
    /// A map of another number of channels.
    pub fn logits(&self, features: &Tensor) -> Result<Tensor> {
        self.classifier.forward(&features.mean((2, 3))?)
    }

    /// The classifier's weight: output x channel.
    #[must_use]
    pub fn classifier_weight(&self) -> &Tensor {
        self.classifier.weight()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn shapes_follow_the_configuration() {
        let small = DenseNetConfig {
            stem: 8,
            growth: 4,
            blocks: vec![2, 1],
            ..DenseNetConfig::densenet121(3, 5, 1e-5)
        };
        let net = DenseNet::new(&small, &VarBuilder::zeros(DType::F32, &Device::Cpu)).unwrap();
        for (rows, columns, map) in [(64, 64, (8, 8)), (65, 96, (8, 12)), (70, 33, (9, 4))] {
            let film = Tensor::zeros((2, 3, rows, columns), DType::F32, &Device::Cpu).unwrap();
            let features = net.features(&film).unwrap();
            // 8 + 2 x 4 = 16, halved to 8, + 4.
            assert_eq!(features.dims(), [2, 12, map.0, map.1], "{rows} x {columns}");
            assert_eq!(net.logits(&features).unwrap().dims(), [2, 5]);
        }
    }
}
