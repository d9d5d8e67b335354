//! A dense block, its last batch norm and the last layer, on Candle with gradients.
//!
//! Maps have the channels first (channel, then film x row x column), so that each 1 x 1 convolution is one product of
//! matrices, and a 3 x 3 one is too, over nine shifted copies.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Result, Tensor, Var};

/// Width and depth of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockShape {
    /// Layers.
    pub layers: usize,
    /// Added to the variance in batch norm.
    pub epsilon: f64,
}

/// The treatment of batch norm's statistics while a block is trained. Its weights are trained either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchNorm {
    /// It uses the means and variances that it has: what is trained is exactly what will be used.
    #[default]
    Frozen,
    /// It uses those of the films of a step, and the ones that it has follow them.
    Trained,
}

/// A block that can be trained.
#[derive(Debug)]
pub struct Block {
    shape: BlockShape,
    batch_norm: BatchNorm,
    /// The format that the convolutions' products are computed in.
    products: DType,
    parameters: BTreeMap<String, Var>,
    /// Running means and variances.
    statistics: BTreeMap<String, Var>,
}

/// How far running statistics go towards those of a step's films.
const MOMENTUM: f64 = 0.1;

impl Block {
    /// Takes its tensors by name: `denselayer{n}.norm1.weight` and so on, `norm5`, `classifier.weight` and `.bias`.
    ///
    /// # Errors
    /// A tensor that is missing.
    pub fn new(shape: BlockShape, batch_norm: BatchNorm, tensors: &HashMap<String, Tensor>) -> Result<Self> {
        let take = |name: String| match tensors.get(&name) {
            Some(tensor) => Ok((name, tensor.clone())),
            None => candle_core::bail!("tensor {name} is missing"),
        };
        let layers = 1..=shape.layers;
        let norms = layers.clone().flat_map(|n| [1, 2].map(|m| format!("denselayer{n}.norm{m}")));
        let norms: Vec<String> = norms.chain(["norm5".to_owned()]).collect();
        let of_norms = |parts: [&'static str; 2]| {
            norms.iter().flat_map(move |norm| parts.map(|part| format!("{norm}.{part}"))).collect::<Vec<_>>()
        };
        let convolutions = layers.flat_map(|n| [1, 2].map(|m| format!("denselayer{n}.conv{m}.weight")));
        let trained = of_norms(["weight", "bias"]).into_iter().chain(convolutions);
        let trained = trained.chain(["classifier.weight".to_owned(), "classifier.bias".to_owned()]);
        let variable = |(name, tensor): (String, Tensor)| Ok((name, Var::from_tensor(&tensor)?));
        Ok(Self {
            shape,
            batch_norm,
            products: DType::F32,
            parameters: trained.map(take).map(|it| it.and_then(variable)).collect::<Result<_>>()?,
            statistics: of_norms(["running_mean", "running_var"])
                .into_iter()
                .map(take)
                .map(|it| it.and_then(variable))
                .collect::<Result<_>>()?,
        })
    }

    /// Computes the products of its convolutions, forwards and backwards, in 16-bit brain floating point: a GPU is faster at
    /// it. Weights, sums, batch norm and the last layer stay in single precision.
    #[must_use]
    pub fn with_bf16_products(self) -> Self {
        Self { products: DType::BF16, ..self }
    }

    /// The parameters that gradients move, by name.
    pub(super) fn parameters(&self) -> &BTreeMap<String, Var> {
        &self.parameters
    }

    /// All that training changes, by name: the parameters, and the statistics where they are trained.
    pub(super) fn changing(&self) -> impl Iterator<Item = (&String, &Var)> {
        let statistics = (self.batch_norm == BatchNorm::Trained).then_some(&self.statistics);
        self.parameters.iter().chain(statistics.into_iter().flatten())
    }

    /// Copies of all that training changes, by name.
    ///
    /// # Errors
    /// No memory.
    pub fn values(&self) -> Result<BTreeMap<String, Tensor>> {
        self.changing().map(|(name, var)| Ok((name.clone(), var.as_tensor().copy()?.detach()))).collect()
    }

    /// Puts other values in the place of all that training changes.
    ///
    /// # Errors
    /// Values of another shape, or one that is missing.
    pub fn set(&self, values: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, var) in self.changing() {
            match values.get(name) {
                Some(value) => var.set(&value.copy()?)?,
                None => candle_core::bail!("tensor {name} is missing"),
            }
        }
        Ok(())
    }

    /// The last feature map, after its ReLU: film x channel x row x column, from the map before the block, likewise.
    ///
    /// # Errors
    /// A map of another number of channels, or no memory.
    pub fn last_map(&self, before: &Tensor) -> Result<Tensor> {
        let (films, _, rows, columns) = before.dims4()?;
        let map = self.forward(before, BatchNorm::Frozen)?;
        map.reshape((map.dim(0)?, films, rows, columns))?.transpose(0, 1)?.contiguous()
    }

    /// Logits: label x film.
    ///
    /// # Errors
    /// As [`Block::last_map`].
    pub fn logits(&self, before: &Tensor) -> Result<Tensor> {
        self.logits_by(before, BatchNorm::Frozen)
    }

    /// Logits for a step of training: label x film. Where batch norm is trained, its statistics are those of these films,
    /// and the running ones follow.
    ///
    /// # Errors
    /// As [`Block::last_map`].
    pub fn logits_in_training(&self, before: &Tensor) -> Result<Tensor> {
        self.logits_by(before, self.batch_norm)
    }

    fn logits_by(&self, before: &Tensor, batch_norm: BatchNorm) -> Result<Tensor> {
        let (films, _, rows, columns) = before.dims4()?;
        let map = self.forward(before, batch_norm)?;
        let pooled = map.reshape((map.dim(0)?, films, rows * columns))?.mean(2)?;
        let bias = self.parameter("classifier.bias")?;
        self.parameter("classifier.weight")?.matmul(&pooled)?.broadcast_add(&bias.unsqueeze(1)?)
    }

    /// The last map, channels first, the rest in one.
    fn forward(&self, before: &Tensor, batch_norm: BatchNorm) -> Result<Tensor> {
        let (films, channels, rows, columns) = before.dims4()?;
        let side = (films, rows, columns);
        let mut map = before.transpose(0, 1)?.contiguous()?.reshape((channels, films * rows * columns))?;
        for n in 1..=self.shape.layers {
            let layer = format!("denselayer{n}");
            let middle = self.norm_relu(&map, &format!("{layer}.norm1"), batch_norm)?;
            let weight = self.parameter(&format!("{layer}.conv1.weight"))?;
            let middle = self.product(&weight.flatten_from(1)?, &middle)?;
            let middle = self.norm_relu(&middle, &format!("{layer}.norm2"), batch_norm)?;
            let new = self.convolve(&middle, &format!("{layer}.conv2.weight"), side)?;
            map = Tensor::cat(&[&map, &new], 0)?;
        }
        self.norm_relu(&map, "norm5", batch_norm)
    }

    fn parameter(&self, name: &str) -> Result<Tensor> {
        match self.parameters.get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => candle_core::bail!("tensor {name} is missing"),
        }
    }

    /// A product of matrices.
    fn product(&self, weight: &Tensor, map: &Tensor) -> Result<Tensor> {
        weight.to_dtype(self.products)?.matmul(&map.to_dtype(self.products)?)?.to_dtype(DType::F32)
    }

    /// A 3 x 3 convolution with a border of zeros, by the weight of that name: output x input x row x column.
    fn convolve(
        &self,
        map: &Tensor,
        weight: &str,
        (films, rows, columns): (usize, usize, usize),
    ) -> Result<Tensor> {
        let channels = map.dim(0)?;
        let padded = map
            .reshape((channels, films, rows, columns))?
            .pad_with_zeros(2, 1, 1)?
            .pad_with_zeros(3, 1, 1)?;
        let shifted = |place: usize| {
            let part = padded.narrow(2, place / 3, rows)?.narrow(3, place % 3, columns)?;
            part.contiguous()?.reshape((channels, films * rows * columns))
        };
        let shifted: Vec<Tensor> = (0..9).map(shifted).collect::<Result<_>>()?;
        let weight = self.parameter(weight)?.permute((0, 2, 3, 1))?.contiguous()?;
        self.product(&weight.flatten_from(1)?, &Tensor::cat(&shifted, 0)?)
    }

    fn statistic(&self, name: &str) -> Result<&Var> {
        match self.statistics.get(name) {
            Some(var) => Ok(var),
            None => candle_core::bail!("tensor {name} is missing"),
        }
    }

    /// Batch norm and ReLU, of a map with the channels first and the rest in one.
    fn norm_relu(&self, map: &Tensor, name: &str, batch_norm: BatchNorm) -> Result<Tensor> {
        let running = ["running_mean", "running_var"].map(|part| self.statistic(&format!("{name}.{part}")));
        let [running_mean, running_variance] = running;
        let (running_mean, running_variance) = (running_mean?, running_variance?);
        let (mean, variance) = match batch_norm {
            BatchNorm::Frozen => (running_mean.as_detached_tensor(), running_variance.as_detached_tensor()),
            BatchNorm::Trained => {
                let (mean, variance) = mean_and_variance(map)?;
                let count = map.dim(1)? as f64;
                follow(running_mean, &mean, 1.0)?;
                // The variance of all films there might be, of which these are a sample.
                follow(running_variance, &variance, count / (count - 1.0).max(1.0))?;
                (mean, variance)
            }
        };
        let scale =
            (self.parameter(&format!("{name}.weight"))? / (variance + self.shape.epsilon)?.sqrt()?)?;
        let shift = (self.parameter(&format!("{name}.bias"))? - (mean * &scale)?)?;
        map.broadcast_mul(&scale.unsqueeze(1)?)?.broadcast_add(&shift.unsqueeze(1)?)?.relu()
    }
}

/// Of each channel.
fn mean_and_variance(map: &Tensor) -> Result<(Tensor, Tensor)> {
    let mean = map.mean_keepdim(1)?;
    let variance = map.broadcast_sub(&mean)?.sqr()?.mean(1)?;
    Ok((mean.squeeze(1)?, variance))
}

/// Moves a running statistic towards `value` times `factor`.
fn follow(running: &Var, value: &Tensor, factor: f64) -> Result<()> {
    let new = (value.detach() * (MOMENTUM * factor))?;
    running.set(&((running.as_detached_tensor() * (1.0 - MOMENTUM))? + new)?)
}

/// The weighted binary cross-entropy over the labels that are known: the sum over all cells of weight x loss, over the
/// number of cells with a weight. All three are label x film.
///
/// # Errors
/// Tensors of different shapes.
pub(super) fn loss(logits: &Tensor, targets: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let known = weights.gt(0.0)?.to_dtype(candle_core::DType::F32)?.sum_all()?.to_scalar::<f32>()?;
    let far = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    let each = ((logits.relu()? - (logits * targets)?)? + far)?;
    (each * weights)?.sum_all()? / f64::from(known.max(1.0))
}
