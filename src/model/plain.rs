//! The networks on Candle, behind one face. All of them end in a mean over the last map and one linear layer, which
//! is what makes the heatmaps of every label one matrix product (see [`super::heatmap`]).

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::{DenseNet, DenseNetConfig, DinoV2Config, ResNet, ResNetConfig, layers::ConvolutionShape};

/// The shape of a network, apart from its weights.
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkConfig {
    /// Huang et al. 2017.
    DenseNet(DenseNetConfig),
    /// He et al. 2016.
    ResNet(ResNetConfig),
    /// Oquab et al. 2023: it embeds, and names nothing.
    DinoV2(DinoV2Config),
}

impl NetworkConfig {
    /// Multiplications and additions of the convolutions for one film of `size` x `size`: what networks' speeds are told
    /// in. 5.6e9 for DenseNet-121 and 8.0e9 for ResNet-50 on one channel of 224 x 224.
    #[must_use]
    pub fn flops(&self, size: usize) -> f64 {
        if let Self::DinoV2(config) = self {
            return config.flops();
        }
        let mut sum = 0.0;
        self.convolutions(size, &mut |c| {
            sum += 2.0 * (c.inputs * c.outputs * c.kernel * c.kernel * c.side * c.side) as f64;
        });
        sum
    }

    /// Numbers in the network's weights, and in the largest map that a film of `size` x `size` becomes. Nothing is made
    /// to know it.
    pub(super) fn extent(&self, size: usize) -> (f64, f64) {
        let (channels, outputs) = match self {
            Self::DenseNet(config) => (config.channels, config.outputs),
            Self::ResNet(config) => (config.channels, config.outputs),
            Self::DinoV2(config) => return config.extent(),
        };
        let (mut weights, mut map, mut last) = (0.0, (channels * size * size) as f64, 0);
        self.convolutions(size, &mut |c| {
            weights += (c.inputs * c.outputs * c.kernel * c.kernel) as f64;
            map = f64::max(map, (c.inputs.max(c.outputs) * c.side * c.side) as f64);
            last = c.inputs + c.outputs;
        });
        (weights + (last * outputs) as f64, map)
    }

    fn convolutions(&self, size: usize, visit: &mut dyn FnMut(ConvolutionShape)) {
        match self {
            Self::DenseNet(config) => config.convolutions(size, visit),
            Self::ResNet(config) => config.convolutions(size, visit),
            Self::DinoV2(_) => {}
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> String {
        let (family, channels, outputs, blocks) = match self {
            Self::DenseNet(config) => ("DenseNet", config.channels, config.outputs, &config.blocks),
            Self::ResNet(config) => ("ResNet", config.channels, config.outputs, &config.blocks),
            Self::DinoV2(config) => {
                let DinoV2Config { channels, size, patch, width, layers, .. } = config;
                return format!(
                    "a DINOv2 of {layers} blocks, {width} wide, {channels} channel(s) of {size} x {size} in patches of \
                     {patch}"
                );
            }
        };
        format!("a {family} of blocks {blocks:?}, {channels} channel(s) in, {outputs} outputs")
    }
}

/// A network with its weights, on Candle: what runs on a GPU, and what our own kernels are held against.
#[derive(Debug)]
pub(super) enum Plain {
    DenseNet(DenseNet),
    ResNet(ResNet),
}

impl Plain {
    pub(super) fn new(config: &NetworkConfig, vb: &VarBuilder<'_>) -> Result<Self> {
        match config {
            NetworkConfig::DenseNet(config) => DenseNet::new(config, vb).map(Self::DenseNet),
            NetworkConfig::ResNet(config) => ResNet::new(config, vb).map(Self::ResNet),
            NetworkConfig::DinoV2(_) => candle_core::bail!("an embedder has no outputs"),
        }
    }

    /// The last feature map, after its ReLU: film x channel x row x column, none negative.
    pub(super) fn features(&self, input: &Tensor) -> Result<Tensor> {
        match self {
            Self::DenseNet(network) => network.features(input),
            Self::ResNet(network) => network.features(input),
        }
    }

    /// Logits from a feature map: film x output.
    pub(super) fn logits(&self, features: &Tensor) -> Result<Tensor> {
        match self {
            Self::DenseNet(network) => network.logits(features),
            Self::ResNet(network) => network.classifier().forward(&features.mean((2, 3))?),
        }
    }

    /// The classifier's weight: output x channel.
    pub(super) fn classifier_weight(&self) -> &Tensor {
        match self {
            Self::DenseNet(network) => network.classifier_weight(),
            Self::ResNet(network) => network.classifier().weight(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torchvision's own count for ResNet-50 with three channels is 4.09e9 multiplications with their
    /// additions (4.11e9 with the classifier's).
    #[test]
    fn the_measure_of_speed_of_resnet_50_is_that_of_the_paper() {
        let flops = NetworkConfig::ResNet(ResNetConfig::resnet50(3, 1000, 1e-5)).flops(224);
        assert!((flops / 2.0 - 4.09e9).abs() < 0.02e9, "{flops}");
    }
}
