//! A DenseNet in two: what comes before its last dense block, on the fast engine, and the tensors of the rest.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor};

use super::{
    Base, ModelError, NetworkConfig, NewHeadError, Parallelism, Precision,
    network::{Forward, Network},
    new_head::whole_name,
    profile, weights,
};

/// The part of a network before its last dense block.
#[derive(Debug)]
pub struct Front {
    /// The network up to the block before, as if it ended there: in batch norm and ReLU.
    network: Network,
    /// The convolution that comes then: output x input x 1 x 1.
    transition: Tensor,
    input: [usize; 3],
    device: Device,
}

/// The last dense block of a network, its batch norm and its last layer.
#[derive(Debug)]
pub struct LastBlock {
    /// Layers of the block.
    pub layers: usize,
    /// Added to the variance in batch norm.
    pub epsilon: f64,
    /// By name: `denselayer1.norm1.weight`, ..., `norm5.weight`, ..., `classifier.bias`.
    pub tensors: HashMap<String, Tensor>,
}

impl Base {
    /// Takes the network apart before its last dense block.
    ///
    /// # Errors
    /// [`NewHeadError::NoBlock`] for another kind of network, [`NewHeadError::Model`].
    pub fn apart(&self) -> Result<(Front, LastBlock), NewHeadError> {
        let (model, manifest) = (self.model(), self.model().manifest());
        let no_block = || NewHeadError::NoBlock { name: manifest.name.clone() };
        let NetworkConfig::DenseNet(mut config) = manifest.network() else { return Err(no_block()) };
        let last = config.blocks.len();
        let (Some(layers), true) = (config.blocks.pop(), last > 1) else { return Err(no_block()) };
        let device = model.device().clone();
        let single = |tensor: Tensor| tensor.to_dtype(DType::F32);
        let stored =
            candle_core::safetensors::load_buffer(self.weights(), &Device::Cpu).map_err(ModelError::from)?;
        let mut tensors = BTreeMap::new();
        for (name, tensor) in stored {
            tensors.insert(name, single(tensor).map_err(ModelError::from)?);
        }
        let missing =
            |name: &str| ModelError::Engine { reason: format!("the weights have no tensor {name}") };
        let of_last: Vec<(String, Tensor)> = block_names(layers)
            .into_iter()
            .map(|name| (whole_name(&name, last), name))
            .map(|(whole, name)| {
                let tensor = tensors.get(&whole).ok_or_else(|| missing(&whole))?;
                Ok((name, tensor.to_device(&device)?))
            })
            .collect::<Result<_, ModelError>>()?;

        let transition = format!("features.transition{}", last - 1);
        let name = format!("{transition}.conv.weight");
        let convolution = tensors.get(&name).ok_or_else(|| missing(&name))?;
        let width = convolution.dim(1).map_err(ModelError::from)?;
        let convolution = convolution.to_device(&device).map_err(ModelError::from)?;
        for part in ["weight", "bias", "running_mean", "running_var"] {
            let name = format!("{transition}.norm.{part}");
            let tensor = tensors.remove(&name).ok_or_else(|| missing(&name))?;
            tensors.insert(format!("features.norm5.{part}"), tensor);
        }
        config.outputs = 1;
        for (name, shape) in [("classifier.weight", vec![1, width]), ("classifier.bias", vec![1])] {
            let zeros = Tensor::zeros(shape, DType::F32, &Device::Cpu).map_err(ModelError::from)?;
            tensors.insert(name.to_owned(), zeros);
        }
        let bytes = safetensors::serialize(&tensors, None)
            .map_err(|error| ModelError::Engine { reason: error.to_string() })?;
        drop(tensors);
        let config = NetworkConfig::DenseNet(config);
        let (network, _) = weights::build(&[(&bytes, manifest.name.as_str())], &device, |vb, values| {
            Network::new(&config, vb, values, &device, Precision::Fp32, model.threads())
        })?;
        let size = manifest.size as usize;
        let front =
            Front { network, transition: convolution, input: [manifest.channels, size, size], device };
        let tensors = of_last.into_iter().collect();
        Ok((front, LastBlock { layers, epsilon: manifest.epsilon, tensors }))
    }
}

/// The names of a block's tensors, its norm and the last layer, as [`LastBlock`] has them.
fn block_names(layers: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut norm = |name: &str| {
        names.extend(["weight", "bias", "running_mean", "running_var"].map(|part| format!("{name}.{part}")));
    };
    for n in 1..=layers {
        norm(&format!("denselayer{n}.norm1"));
        norm(&format!("denselayer{n}.norm2"));
    }
    norm("norm5");
    names.extend((1..=layers).flat_map(|n| [1, 2].map(|m| format!("denselayer{n}.conv{m}.weight"))));
    names.extend(["classifier.weight", "classifier.bias"].map(str::to_owned));
    names
}

impl Front {
    /// The maps before the last block: film x channel x row x column. `values` are those of prepared films, one after
    /// another.
    ///
    /// # Errors
    /// [`ModelError::Engine`].
    pub fn maps(&self, values: Vec<f32>) -> Result<Tensor, ModelError> {
        let [channels, rows, columns] = self.input;
        let films = values.len() / (channels * rows * columns);
        let shape = [films, channels, rows, columns];
        let Forward { features, .. } =
            self.network.run(values, shape, &self.device, Parallelism::AllThreads)?;
        let features = features.to_dtype(DType::F32)?.to_device(&self.device)?;
        Ok(features.conv2d(&self.transition, 0, 1, 1, 1)?.avg_pool2d(2)?)
    }

    /// The device that maps are on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }
}

/// The numbers that a [`Profile`](super::Profile) is made of, from last feature maps: film x channel x row x column.
///
/// # Errors
/// [`ModelError::Engine`].
pub fn signatures(last_maps: &Tensor) -> Result<Vec<Vec<f32>>, ModelError> {
    Ok(profile::signatures(last_maps)?)
}
