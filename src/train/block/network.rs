//! A dense block, its last batch norm and the last layer, on Candle with gradients.
//!
//! Maps have the channels first (channel, then film x row x column), so that each 1 x 1 convolution is one product of
//! matrices, and a 3 x 3 one is too, over nine shifted copies. Batch norm uses the statistics that it has: what is
//! trained is exactly what will be used.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Result, Tensor, Var};

/// Width and depth of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockShape {
    /// Layers.
    pub layers: usize,
    /// Added to the variance in batch norm.
    pub epsilon: f64,
}

/// A block that can be trained.
#[derive(Debug)]
pub struct Block {
    shape: BlockShape,
    parameters: BTreeMap<String, Var>,
    /// Running means and variances.
    statistics: BTreeMap<String, Tensor>,
}

impl Block {
    /// Takes its tensors by name: `denselayer{n}.norm1.weight` and so on, `norm5`, `classifier.weight` and `.bias`.
    ///
    /// # Errors
    /// A tensor that is missing.
    pub fn new(shape: BlockShape, tensors: &HashMap<String, Tensor>) -> Result<Self> {
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
            parameters: trained.map(take).map(|it| it.and_then(variable)).collect::<Result<_>>()?,
            statistics: of_norms(["running_mean", "running_var"])
                .into_iter()
                .map(take)
                .collect::<Result<_>>()?,
        })
    }

    /// What is trained, by name.
    pub(super) fn parameters(&self) -> &BTreeMap<String, Var> {
        &self.parameters
    }

    /// Copies of what is trained, by name.
    ///
    /// # Errors
    /// No memory.
    pub fn values(&self) -> Result<BTreeMap<String, Tensor>> {
        self.parameters
            .iter()
            .map(|(name, var)| Ok((name.clone(), var.as_tensor().copy()?.detach())))
            .collect()
    }

    /// Puts other values in the place of what is trained.
    ///
    /// # Errors
    /// Values of another shape, or one that is missing.
    pub fn set(&self, values: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, var) in &self.parameters {
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
        let map = self.forward(before)?;
        map.reshape((map.dim(0)?, films, rows, columns))?.transpose(0, 1)?.contiguous()
    }

    /// Logits: label x film.
    ///
    /// # Errors
    /// As [`Block::last_map`].
    pub fn logits(&self, before: &Tensor) -> Result<Tensor> {
        let (films, _, rows, columns) = before.dims4()?;
        let map = self.forward(before)?;
        let pooled = map.reshape((map.dim(0)?, films, rows * columns))?.mean(2)?;
        let bias = self.parameter("classifier.bias")?;
        self.parameter("classifier.weight")?.matmul(&pooled)?.broadcast_add(&bias.unsqueeze(1)?)
    }

    /// The last map, channels first, the rest in one.
    fn forward(&self, before: &Tensor) -> Result<Tensor> {
        let (films, channels, rows, columns) = before.dims4()?;
        let side = (films, rows, columns);
        let mut map = before.transpose(0, 1)?.contiguous()?.reshape((channels, films * rows * columns))?;
        for n in 1..=self.shape.layers {
            let layer = format!("denselayer{n}");
            let middle = self.norm_relu(&map, &format!("{layer}.norm1"))?;
            let weight = self.parameter(&format!("{layer}.conv1.weight"))?;
            let middle = weight.flatten_from(1)?.matmul(&middle)?;
            let middle = self.norm_relu(&middle, &format!("{layer}.norm2"))?;
            let new = convolve(&middle, &self.parameter(&format!("{layer}.conv2.weight"))?, side)?;
            map = Tensor::cat(&[&map, &new], 0)?;
        }
        self.norm_relu(&map, "norm5")
    }

    fn parameter(&self, name: &str) -> Result<Tensor> {
        match self.parameters.get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => candle_core::bail!("tensor {name} is missing"),
        }
    }

    /// Batch norm by the running statistics, and ReLU.
    fn norm_relu(&self, map: &Tensor, name: &str) -> Result<Tensor> {
        let statistic = |part: &str| match self.statistics.get(&format!("{name}.{part}")) {
            Some(tensor) => Ok(tensor),
            None => candle_core::bail!("tensor {name}.{part} is missing"),
        };
        let spread = (statistic("running_var")? + self.shape.epsilon)?.sqrt()?;
        let scale = (self.parameter(&format!("{name}.weight"))? / spread)?;
        let shift = (self.parameter(&format!("{name}.bias"))? - (statistic("running_mean")? * &scale)?)?;
        map.broadcast_mul(&scale.unsqueeze(1)?)?.broadcast_add(&shift.unsqueeze(1)?)?.relu()
    }
}

/// A 3 x 3 convolution with a border of zeros. `weight` is output x input x row x column.
fn convolve(map: &Tensor, weight: &Tensor, (films, rows, columns): (usize, usize, usize)) -> Result<Tensor> {
    let channels = map.dim(0)?;
    let padded =
        map.reshape((channels, films, rows, columns))?.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
    let shifted = |place: usize| {
        let part = padded.narrow(2, place / 3, rows)?.narrow(3, place % 3, columns)?;
        part.contiguous()?.reshape((channels, films * rows * columns))
    };
    let shifted: Vec<Tensor> = (0..9).map(shifted).collect::<Result<_>>()?;
    let weight = weight.permute((0, 2, 3, 1))?.contiguous()?;
    weight.flatten_from(1)?.matmul(&Tensor::cat(&shifted, 0)?)
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
