//! The networks on Candle, behind one face. All of them end in a mean over the last map and one linear layer, which
//! is what makes the heatmaps of every label one matrix product (see [`super::heatmap`]).

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::{DenseNet, DenseNetConfig, ResNet, ResNetConfig};

/// The shape of a network, apart from its weights.
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkConfig {
    /// Huang et al. 2017.
    DenseNet(DenseNetConfig),
    /// He et al. 2016.
    ResNet(ResNetConfig),
}

impl NetworkConfig {
    /// Multiplications and additions of the convolutions for one film of `size` x `size`.
    #[must_use]
    pub fn flops(&self, size: usize) -> f64 {
        match self {
            Self::DenseNet(config) => config.flops(size),
            Self::ResNet(config) => config.flops(size),
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(&self) -> String {
        let (family, channels, outputs, blocks) = match self {
            Self::DenseNet(config) => ("DenseNet", config.channels, config.outputs, &config.blocks),
            Self::ResNet(config) => ("ResNet", config.channels, config.outputs, &config.blocks),
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
