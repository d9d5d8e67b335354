//! DINOv2 (Oquab et al. 2023, arXiv:2304.07193): a vision transformer whose class token says what is on a film, with
//! Hugging Face's tensor names.
//!
//! candle-transformers has this network too, and it is not used: its `dinov2` demands the weights of a classifier that an
//! embedder does not have, adds 1e-5 in its layer norms where these weights were trained with 1e-6, its own way to the
//! class token fails on the ranks of its tensors, and the crate brings a hundred other networks to be compiled.

use candle_core::{D, Module, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, LayerNorm, Linear, VarBuilder};

/// Outputs of a block's middle layer for each of its inputs.
const MIDDLE: usize = 4;

/// The shape of a network, apart from its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct DinoV2Config {
    /// Channels of the input.
    pub channels: usize,
    /// Rows and columns of the input, a multiple of `patch`. The weights hold a place for each patch: another size would
    /// need other weights.
    pub size: usize,
    /// Rows and columns of a patch.
    pub patch: usize,
    /// Numbers of a token.
    pub width: usize,
    /// Blocks of attention and middle layer.
    pub layers: usize,
    /// Heads of an attention; `width` is a multiple of it.
    pub heads: usize,
    /// Added to the variance in layer normalisation: 1e-6 in the published weights.
    pub epsilon: f64,
}

impl DinoV2Config {
    /// Patches and the class token.
    fn tokens(&self) -> usize {
        (self.size / self.patch).pow(2) + 1
    }

    /// Numbers in the weights of the products, and in the largest map that a film becomes.
    pub(super) fn extent(&self) -> (f64, f64) {
        let (width, tokens) = (self.width as f64, self.tokens() as f64);
        let patch = (self.channels * self.patch * self.patch) as f64;
        let weights = self.layers as f64 * (4 + 2 * MIDDLE) as f64 * width * width + (patch + tokens) * width;
        (weights, f64::max(self.heads as f64 * tokens * tokens, MIDDLE as f64 * width * tokens))
    }

    /// Multiplications and additions of the products for one film: 0.3e12 for RAD-DINO.
    pub(super) fn flops(&self) -> f64 {
        let (weights, tokens) = (self.extent().0, self.tokens() as f64);
        2.0 * tokens * weights + 4.0 * self.layers as f64 * tokens * tokens * self.width as f64
    }
}

/// Attention, then a middle layer, each added to what came in.
#[derive(Debug)]
struct Block {
    norm1: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    scale1: Tensor,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    scale2: Tensor,
    heads: usize,
}

impl Block {
    fn new(config: &DinoV2Config, vb: &VarBuilder<'_>) -> Result<Self> {
        let DinoV2Config { width, heads, epsilon, .. } = *config;
        let attention = vb.pp("attention");
        let square = |name: &str| candle_nn::linear(width, width, attention.pp(name));
        Ok(Self {
            norm1: candle_nn::layer_norm(width, epsilon, vb.pp("norm1"))?,
            query: square("attention.query")?,
            key: square("attention.key")?,
            value: square("attention.value")?,
            out: square("output.dense")?,
            scale1: vb.pp("layer_scale1").get(width, "lambda1")?,
            norm2: candle_nn::layer_norm(width, epsilon, vb.pp("norm2"))?,
            fc1: candle_nn::linear(width, MIDDLE * width, vb.pp("mlp.fc1"))?,
            fc2: candle_nn::linear(MIDDLE * width, width, vb.pp("mlp.fc2"))?,
            scale2: vb.pp("layer_scale2").get(width, "lambda1")?,
            heads,
        })
    }

    /// `x` is film x token x number.
    fn attention(&self, x: &Tensor) -> Result<Tensor> {
        let (films, tokens, width) = x.dims3()?;
        let by_head = |layer: &Linear| {
            let y = layer.forward(x)?.reshape((films, tokens, self.heads, width / self.heads))?;
            y.transpose(1, 2)?.contiguous()
        };
        let query = (by_head(&self.query)? * ((width / self.heads) as f64).powf(-0.5))?;
        let weights = query.matmul(&by_head(&self.key)?.transpose(D::Minus2, D::Minus1)?.contiguous()?)?;
        let mixed = candle_nn::ops::softmax_last_dim(&weights)?.matmul(&by_head(&self.value)?)?;
        self.out.forward(&mixed.transpose(1, 2)?.reshape((films, tokens, width))?)
    }
}

impl Module for Block {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = (x + self.attention(&self.norm1.forward(x)?)?.broadcast_mul(&self.scale1)?)?;
        let middle = self.fc1.forward(&self.norm2.forward(&x)?)?.gelu_erf()?;
        x + self.fc2.forward(&middle)?.broadcast_mul(&self.scale2)?
    }
}

/// The whole network.
#[derive(Debug)]
pub(super) struct DinoV2 {
    patches: Conv2d,
    class_token: Tensor,
    positions: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
}

impl DinoV2 {
    /// Takes the weights from `vb`.
    ///
    /// # Errors
    /// A tensor that is missing or of another shape.
    pub(super) fn new(config: &DinoV2Config, vb: &VarBuilder<'_>) -> Result<Self> {
        let DinoV2Config { channels, patch, width, layers, epsilon, .. } = *config;
        let stride = Conv2dConfig { stride: patch, ..Conv2dConfig::default() };
        let embeddings = vb.pp("embeddings");
        let blocks = (0..layers)
            .map(|layer| Block::new(config, &vb.pp(format!("encoder.layer.{layer}"))))
            .collect::<Result<_>>()?;
        Ok(Self {
            patches: candle_nn::conv2d(
                channels,
                width,
                patch,
                stride,
                embeddings.pp("patch_embeddings.projection"),
            )?,
            class_token: embeddings.get((1, 1, width), "cls_token")?,
            positions: embeddings.get((1, config.tokens(), width), "position_embeddings")?,
            blocks,
            norm: candle_nn::layer_norm(width, epsilon, vb.pp("layernorm"))?,
        })
    }

    /// Returns how many numbers a token is.
    pub(super) fn width(&self) -> usize {
        self.class_token.elem_count()
    }

    /// The class token of each film after the last normalisation: film x number. `input` is film x channel x row x
    /// column. `is_over` is asked before each block; none if it said so.
    ///
    /// # Errors
    /// An input of another shape, or no memory.
    pub(super) fn class_tokens(&self, input: &Tensor, is_over: &dyn Fn() -> bool) -> Result<Option<Tensor>> {
        let patches = self.patches.forward(input)?.flatten_from(2)?.transpose(1, 2)?;
        let (films, _, width) = patches.dims3()?;
        let class = self.class_token.broadcast_as((films, 1, width))?;
        let mut x = Tensor::cat(&[&class, &patches], 1)?.broadcast_add(&self.positions)?;
        for block in &self.blocks {
            if is_over() {
                return Ok(None);
            }
            x = block.forward(&x)?;
        }
        self.norm.forward(&x.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?).map(Some)
    }
}
