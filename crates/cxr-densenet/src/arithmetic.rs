//! The operations that a number format needs to run the network.

use super::{
    grid::{Grid, Pairs},
    kernels::Packed,
    weights::{Norm, RawLayer, RawTransition},
};

/// A thread's share of a layer: consecutive pairs of lines, the piece of the result that they fill, and the
/// thread's own memory.
pub(super) struct Part<'a, V, S> {
    pub(super) pairs: Pairs,
    pub(super) out: &'a mut [V],
    pub(super) scratch: &'a mut S,
}

/// The pieces of the network that depend on the number format. What a pixel gets is the same in
/// whatever part and batch it is computed.
pub(super) trait Arithmetic: Sync {
    /// The type of the numbers in stored maps.
    type Value: Copy + Default + Send + Sync;
    /// A layer's weights.
    type Layer: Send + Sync;
    /// A transition's weights.
    type Transition: Send + Sync;
    /// The memory of one thread.
    type Scratch: Send;

    /// The maps of one block, with as much border as this arithmetic needs.
    fn grid(&self, rows: usize, columns: usize, channels: usize) -> Grid;

    /// Brings weights into the form that the kernels want.
    fn layer(&self, raw: RawLayer) -> Self::Layer;

    /// Brings weights into the form that the kernels want.
    fn transition(&self, raw: RawTransition) -> Self::Transition;

    fn scratch(&self) -> Self::Scratch;

    /// Normalisation, ReLU, 1x1 convolution to 128 channels, normalisation, ReLU: from the block's maps `x` into
    /// the padded maps, of which the part has the lines from [`Grid::padded_start`] of its first pair.
    fn squeeze(&self, layer: &Self::Layer, grid: &Grid, x: &[Self::Value], part: PartOf<'_, Self>);

    /// 3x3 convolution from the padded maps to the layer's 32 channels of the block's maps.
    fn expand(&self, layer: &Self::Layer, grid: &Grid, padded: &[Self::Value], part: PartOf<'_, Self>);

    /// Normalisation, ReLU, mean of 2 x 2 pixels, 1x1 convolution, into the next block's first channels. The
    /// convolution commutes with the mean, and after it has a quarter of the work.
    fn shrink(
        &self,
        transition: &Self::Transition,
        from: &Grid,
        to: &Grid,
        x: &[Self::Value],
        part: PartOf<'_, Self>,
    );

    /// One product of matrices that stay in the nearest cache; gives its multiplications and additions.
    fn product(&self, scratch: &mut Self::Scratch) -> u64;

    /// Stores what was computed in f32.
    fn put(&self, values: &[f32], out: &mut [Self::Value]);

    /// Normalisation and ReLU of some pixels, into packed rows of f32.
    fn normalise(&self, norm: &Norm, x: &[Self::Value], starts: &[usize], packed: &mut Packed);
}

/// A part of this arithmetic's work.
pub(super) type PartOf<'a, A> = Part<'a, <A as Arithmetic>::Value, <A as Arithmetic>::Scratch>;
