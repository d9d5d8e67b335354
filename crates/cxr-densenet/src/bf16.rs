//! A dense block in bf16: the maps take half the memory, and the processor's matrix instructions do both
//! convolutions as plain products, so that nothing is lost to Winograd's differences of rounded numbers.

use super::{
    arithmetic::{Arithmetic, Part, PartOf},
    fp32::upper_left,
    grid::{Grid, full_steps},
    kernels::{self, MIDDLE, Operand, PANEL, Packed, PackedShort, SHORT_ROWS, SHORT_STRIDE, Short, Sums},
    weights::{Norm, RawLayer, RawTransition},
};

/// Computing in bf16 with sums in f32.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bf16(pub(super) Short);

/// One layer, as the kernels want it.
#[derive(Debug)]
pub(super) struct Layer {
    norm: Norm,
    /// inputs x 128 in four panels.
    squeeze: Vec<u16>,
    bias: [[f32; PANEL]; MIDDLE / PANEL],
    /// 3 lines x 3 columns x 128 channels by 32.
    expand: Vec<u16>,
}

/// One transition, as the kernels want it.
#[derive(Debug)]
pub(super) struct Transition {
    norm: Norm,
    panels: Vec<u16>,
}

/// The memory of one thread.
#[derive(Debug)]
pub(super) struct Scratch {
    packed: Box<PackedShort>,
    sums: Box<Sums>,
}

const NOTHING: [f32; PANEL] = [0.0; PANEL];

impl Bf16 {
    /// The packed rows times all panels.
    fn multiply(
        self,
        scratch: &mut Scratch,
        panels: &[u16],
        depth: usize,
        bias: impl Fn(usize) -> ([f32; PANEL], f32),
        places: &[usize],
        out: &mut [u16],
    ) {
        let Scratch { packed, sums } = scratch;
        let steps = depth / 32;
        let operand =
            Operand { values: &packed[..], start: 0, row: SHORT_STRIDE, segment: 0, segments: 1, steps };
        for (n, panel) in panels.chunks_exact(depth * PANEL).enumerate() {
            kernels::multiply_short(self.0, operand, places.len(), panel, sums);
            let (bias, floor) = bias(n);
            kernels::finish_short(self.0, sums, &bias, floor, places, &mut out[n * PANEL..]);
        }
    }
}

impl Arithmetic for Bf16 {
    type Value = u16;
    type Layer = Layer;
    type Transition = Transition;
    type Scratch = Scratch;

    fn grid(&self, rows: usize, columns: usize, channels: usize) -> Grid {
        // The border at a line's end is the next line's at its beginning.
        Grid::new(rows, columns, channels, columns + 1)
    }

    fn layer(&self, raw: RawLayer) -> Layer {
        let inputs = raw.norm.scale.len();
        let mut bias = [NOTHING; MIDDLE / PANEL];
        bias.as_flattened_mut().copy_from_slice(&raw.bias);
        // From output x channel x place to output x place x channel.
        let mut expand = vec![0.0; raw.expand.len()];
        let outputs = raw.expand.chunks_exact(9 * MIDDLE).zip(expand.chunks_exact_mut(9 * MIDDLE));
        for (from, to) in outputs {
            for (n, weight) in from.iter().enumerate() {
                to[n % 9 * MIDDLE + n / 9] = *weight;
            }
        }
        Layer {
            norm: raw.norm,
            squeeze: kernels::pack_pairs(&raw.squeeze, inputs),
            bias,
            expand: kernels::pack_pairs(&expand, 9 * MIDDLE),
        }
    }

    fn transition(&self, raw: RawTransition) -> Transition {
        let inputs = raw.norm.scale.len();
        Transition { norm: raw.norm, panels: kernels::pack_pairs(&raw.weights, inputs) }
    }

    fn scratch(&self) -> Scratch {
        let packed = vec![0; SHORT_ROWS * SHORT_STRIDE].into_boxed_slice();
        let packed = packed.try_into().unwrap_or_else(|_| Box::new([0; SHORT_ROWS * SHORT_STRIDE]));
        Scratch { packed, sums: Box::new([0.0; SHORT_ROWS * PANEL]) }
    }

    fn squeeze(&self, layer: &Layer, grid: &Grid, x: &[u16], part: PartOf<'_, Self>) {
        let Part { pairs, out, scratch } = part;
        let base = grid.padded_start(pairs.start);
        let Norm { scale, shift } = &layer.norm;
        for pixels in full_steps(grid.first_pixel(pairs.start)..grid.first_pixel(pairs.end), SHORT_ROWS) {
            let (mut starts, mut places) = ([0; SHORT_ROWS], [0; SHORT_ROWS]);
            for ((pixel, start), place) in pixels.clone().zip(&mut starts).zip(&mut places) {
                (*start, *place) = (pixel * grid.stride, grid.padded_pixel(pixel) - base);
            }
            let (starts, places) = (&starts[..pixels.len()], &places[..pixels.len()]);
            kernels::normalise_short(self.0, x, starts, scale, shift, &mut scratch.packed);
            let bias = |n: usize| (layer.bias[n], 0.0);
            self.multiply(scratch, &layer.squeeze, scale.len(), bias, places, out);
        }
    }

    fn expand(&self, layer: &Layer, grid: &Grid, padded: &[u16], part: PartOf<'_, Self>) {
        let Part { mut pairs, out, scratch } = part;
        let base = grid.first_pixel(pairs.start) * grid.stride;
        let channel = layer.norm.scale.len();
        let line = grid.padded_line() / MIDDLE;
        while !pairs.is_empty() {
            // The lines of one film follow each other without a gap: their pixels, and the border between, are
            // the rows of one product.
            let (film, first) = (pairs.start / grid.pairs(), 2 * (pairs.start % grid.pairs()));
            let end = pairs.end.min((film + 1) * grid.pairs());
            let last = grid.rows.min(2 * (end - film * grid.pairs()));
            for places_here in full_steps(first * line..last * line, SHORT_ROWS) {
                let mut places = [usize::MAX; SHORT_ROWS];
                for (at, place) in places_here.clone().zip(&mut places) {
                    let (row, column) = (at / line, at % line);
                    if column < grid.columns {
                        let pixel = film * grid.pixels() + row * grid.columns + column;
                        *place = pixel * grid.stride - base + channel;
                    }
                }
                let operand = Operand {
                    values: padded,
                    start: film * grid.padded_map() + places_here.start * MIDDLE,
                    row: MIDDLE,
                    segment: grid.padded_line(),
                    segments: 3,
                    steps: 3 * MIDDLE / 32,
                };
                let places = &places[..places_here.len()];
                kernels::multiply_short(self.0, operand, places.len(), &layer.expand, &mut scratch.sums);
                kernels::finish_short(self.0, &scratch.sums, &NOTHING, f32::NEG_INFINITY, places, out);
            }
            pairs.start = end;
        }
    }

    fn shrink(&self, transition: &Transition, from: &Grid, to: &Grid, x: &[u16], part: PartOf<'_, Self>) {
        let Part { pairs, out, scratch } = part;
        let base = to.first_pixel(pairs.start);
        let below = from.columns * from.stride;
        let Norm { scale, shift } = &transition.norm;
        for pixels in full_steps(base..to.first_pixel(pairs.end), SHORT_ROWS) {
            let (mut starts, mut places) = ([0; SHORT_ROWS], [0; SHORT_ROWS]);
            for ((pixel, start), place) in pixels.clone().zip(&mut starts).zip(&mut places) {
                (*start, *place) = (upper_left(from, to, pixel) * from.stride, (pixel - base) * to.stride);
            }
            let (starts, places) = (&starts[..pixels.len()], &places[..pixels.len()]);
            let (packed, stride) = (&mut scratch.packed, from.stride);
            kernels::normalise_and_pool_short(self.0, x, starts, below, stride, scale, shift, packed);
            let bias = |_| (NOTHING, f32::NEG_INFINITY);
            self.multiply(scratch, &transition.panels, scale.len(), bias, places, out);
        }
    }

    fn product(&self, scratch: &mut Scratch) -> u64 {
        kernels::saturate_short(self.0, &scratch.packed, &mut scratch.sums) as u64
    }

    fn put(&self, values: &[f32], out: &mut [u16]) {
        kernels::shorten(self.0, values, out);
    }

    fn normalise(&self, norm: &Norm, x: &[u16], starts: &[usize], packed: &mut Packed) {
        kernels::normalise_widening(self.0, x, starts, &norm.scale, &norm.shift, packed);
    }
}
