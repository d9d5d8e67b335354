//! A dense block in 32-bit floating point: 1x1 convolutions as matrix products over rows that are
//! normalised while they are packed, 3x3 convolutions by Winograd's algorithm, which needs 4 instead of 9
//! multiplications for each output.

use super::{
    arithmetic::{Arithmetic, Part},
    grid::{Grid, steps},
    kernels::{self, Isa, MIDDLE, PANEL, Packed, ROWS, Rows, STRIDE},
    weights::{Norm, RawLayer, RawTransition},
};

/// Computing in f32 with the processor's vector instructions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fp32(pub(super) Isa);

/// One layer, as the kernels want it.
#[derive(Debug)]
pub(super) struct Layer {
    norm: Norm,
    /// inputs x 128 in four panels.
    squeeze: Vec<f32>,
    bias: [[f32; PANEL]; MIDDLE / PANEL],
    /// 16 positions of 128 x 32.
    expand: Vec<f32>,
}

/// One transition, as the kernels want it.
#[derive(Debug)]
pub(super) struct Transition {
    norm: Norm,
    panels: Vec<f32>,
}

/// The memory of one thread.
#[derive(Debug)]
pub(super) struct Scratch {
    packed: Box<Packed>,
    /// 16 positions of `ROWS` x 32.
    products: Vec<f32>,
}

const NOTHING: [f32; PANEL] = [0.0; PANEL];

impl Arithmetic for Fp32 {
    type Value = f32;
    type Layer = Layer;
    type Transition = Transition;
    type Scratch = Scratch;

    fn grid(&self, rows: usize, columns: usize, channels: usize) -> Grid {
        // Whole tiles of 2 x 2 pixels, and a pixel on either side.
        Grid::new(rows, columns, channels, columns.next_multiple_of(2) + 2)
    }

    fn layer(&self, raw: RawLayer) -> Layer {
        let inputs = raw.norm.scale.len();
        let mut bias = [NOTHING; MIDDLE / PANEL];
        bias.as_flattened_mut().copy_from_slice(&raw.bias);
        Layer {
            norm: raw.norm,
            squeeze: kernels::pack_panels(&raw.squeeze, inputs),
            bias,
            expand: winograd_panels(&raw.expand),
        }
    }

    fn transition(&self, raw: RawTransition) -> Transition {
        let inputs = raw.norm.scale.len();
        Transition { norm: raw.norm, panels: kernels::pack_panels(&raw.weights, inputs) }
    }

    fn scratch(&self) -> Scratch {
        Scratch { packed: new_packed(), products: vec![0.0; 16 * ROWS * PANEL] }
    }

    fn squeeze(&self, layer: &Layer, grid: &Grid, x: &[f32], part: Part<'_, f32, Scratch>) {
        let Part { pairs, out, scratch } = part;
        let base = grid.padded_start(pairs.start);
        let inputs = layer.norm.scale.len();
        for pixels in steps(grid.first_pixel(pairs.start)..grid.first_pixel(pairs.end), ROWS) {
            let (from, to) = (pixels.clone().map(|pixel| pixel * grid.stride), pixels.clone());
            let (mut starts, mut places) = ([0; ROWS], [0; ROWS]);
            starts.iter_mut().zip(from).for_each(|(start, from)| *start = from);
            places.iter_mut().zip(to).for_each(|(place, to)| *place = grid.padded_pixel(to) - base);
            let (starts, places) = (&starts[..pixels.len()], &places[..pixels.len()]);
            kernels::normalise(self.0, x, starts, &layer.norm.scale, &layer.norm.shift, &mut scratch.packed);
            for (n, panel) in layer.squeeze.chunks_exact(inputs * PANEL).enumerate() {
                let rows = Rows { out: &mut out[n * PANEL..], starts: places };
                kernels::multiply(self.0, &scratch.packed, 0, panel, &layer.bias[n], 0.0, rows);
            }
        }
    }

    fn expand(&self, layer: &Layer, grid: &Grid, padded: &[f32], part: Part<'_, f32, Scratch>) {
        let Part { pairs, out, scratch } = part;
        let base = grid.first_pixel(pairs.start) * grid.stride;
        // The layer's channels come after those that it has read.
        let channel = layer.norm.scale.len();
        let across = grid.tiles_across();
        let lines: [usize; ROWS] = std::array::from_fn(|row| row * PANEL);
        for tiles in steps(pairs.start * across..pairs.end * across, ROWS) {
            let (mut starts, mut places) = ([0; ROWS], [[usize::MAX; 4]; ROWS]);
            for ((tile, start), places) in tiles.clone().zip(&mut starts).zip(&mut places) {
                let (pair, column) = (tile / across, 2 * (tile % across));
                *start = grid.padded_start(pair) - grid.padded_line() + column * MIDDLE;
                let row = 2 * (pair % grid.pairs());
                let first = grid.first_pixel(pair) + column;
                for (n, place) in places.iter_mut().enumerate() {
                    let (down, right) = (n / 2, n % 2);
                    if row + down < grid.rows && column + right < grid.columns {
                        *place = (first + down * grid.columns + right) * grid.stride - base + channel;
                    }
                }
            }
            let starts = &starts[..tiles.len()];
            kernels::tiles_to_winograd(self.0, padded, starts, grid.padded_line(), &mut scratch.packed);
            let products = scratch.products.chunks_exact_mut(ROWS * PANEL);
            for (n, (panel, out)) in layer.expand.chunks_exact(MIDDLE * PANEL).zip(products).enumerate() {
                let rows = Rows { out, starts: &lines[..tiles.len()] };
                let first = n * MIDDLE;
                kernels::multiply(self.0, &scratch.packed, first, panel, &NOTHING, f32::NEG_INFINITY, rows);
            }
            kernels::tiles_from_winograd(self.0, &scratch.products, &places[..tiles.len()], out);
        }
    }

    fn shrink(
        &self,
        transition: &Transition,
        from: &Grid,
        to: &Grid,
        x: &[f32],
        part: Part<'_, f32, Scratch>,
    ) {
        let Part { pairs, out, scratch } = part;
        let base = to.first_pixel(pairs.start);
        let inputs = transition.norm.scale.len();
        let below = from.columns * from.stride;
        for pixels in steps(base..to.first_pixel(pairs.end), ROWS) {
            let (mut starts, mut places) = ([0; ROWS], [0; ROWS]);
            for ((pixel, start), place) in pixels.clone().zip(&mut starts).zip(&mut places) {
                *start = upper_left(from, to, pixel) * from.stride;
                *place = (pixel - base) * to.stride;
            }
            let (starts, places) = (&starts[..pixels.len()], &places[..pixels.len()]);
            let Norm { scale, shift } = &transition.norm;
            kernels::normalise_and_pool(
                self.0,
                x,
                starts,
                below,
                from.stride,
                scale,
                shift,
                &mut scratch.packed,
            );
            for (n, panel) in transition.panels.chunks_exact(inputs * PANEL).enumerate() {
                let rows = Rows { out: &mut out[n * PANEL..], starts: places };
                kernels::multiply(self.0, &scratch.packed, 0, panel, &NOTHING, f32::NEG_INFINITY, rows);
            }
        }
    }

    fn product(&self, scratch: &mut Scratch) -> u64 {
        const DEPTH: usize = 256;
        let panel = [0.0; DEPTH * PANEL];
        let starts: [usize; ROWS] = std::array::from_fn(|row| row * PANEL);
        let mut rounds = 0;
        while rounds < 8 {
            let rows = Rows { out: &mut scratch.products, starts: &starts };
            kernels::multiply(self.0, &scratch.packed, 0, &panel, &NOTHING, 0.0, rows);
            rounds += 1;
        }
        (rounds * 2 * ROWS * DEPTH * PANEL) as u64
    }

    fn put(&self, values: &[f32], out: &mut [f32]) {
        out.copy_from_slice(values);
    }

    fn normalise(&self, norm: &Norm, x: &[f32], starts: &[usize], packed: &mut Packed) {
        kernels::normalise(self.0, x, starts, &norm.scale, &norm.shift, packed);
    }
}

/// The upper left of the 2 x 2 pixels of `from` that become `pixel` of `to`.
pub(super) fn upper_left(from: &Grid, to: &Grid, pixel: usize) -> usize {
    let (film, pixel) = (pixel / to.pixels(), pixel % to.pixels());
    let (row, column) = (pixel / to.columns, pixel % to.columns);
    film * from.pixels() + 2 * row * from.columns + 2 * column
}

/// Packed rows, all zeros, made where they stay: they are too large for a stack.
pub(super) fn new_packed() -> Box<Packed> {
    let values = vec![0.0; ROWS * STRIDE].into_boxed_slice();
    values.try_into().unwrap_or_else(|_| Box::new([0.0; ROWS * STRIDE]))
}

/// The weights of a 3x3 convolution in Winograd's space: G g G^T, 16 panels of 128 x 32.
fn winograd_panels(weights: &[f32]) -> Vec<f32> {
    let along = |[a, b, c]: [f32; 3]| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    let mut panels = vec![0.0; 16 * MIDDLE * PANEL];
    for (n, kernel) in weights.chunks_exact(9).enumerate() {
        let (output, input) = (n / MIDDLE, n % MIDDLE);
        let down: [[f32; 4]; 3] =
            std::array::from_fn(|column| along([kernel[column], kernel[3 + column], kernel[6 + column]]));
        for line in 0..4 {
            let values = along([down[0][line], down[1][line], down[2][line]]);
            for (column, value) in values.into_iter().enumerate() {
                panels[((line * 4 + column) * MIDDLE + input) * PANEL + output] = value;
            }
        }
    }
    panels
}
