//! The beginning of the network: 7x7 convolution with stride 2, batch normalisation, ReLU, and the maximum of
//! 3x3 with stride 2, line by line, so that the large map in between is never stored.

use std::ops::Range;

use super::{
    fp32::new_packed,
    grid::steps,
    kernels::{self, Isa, PANEL, Packed, ROWS, Rows, STRIDE},
    weights::{Norm, Tensors},
};

/// Rows and columns of the kernel.
const SIDE: usize = 7;
/// Zeros around the film.
const BORDER: usize = 3;

/// The stem's weights.
#[derive(Debug)]
pub(super) struct Stem {
    channels: usize,
    outputs: usize,
    panels: Vec<f32>,
    bias: Vec<[f32; PANEL]>,
}

/// The memory of one thread for the stem.
#[derive(Debug)]
pub(super) struct Scratch {
    packed: Box<Packed>,
    /// Three lines of the map before the maximum.
    lines: [Vec<f32>; 3],
    /// One line after it.
    pooled: Vec<f32>,
}

/// One film, with zeros around it.
#[derive(Debug, Default)]
pub(super) struct Framed {
    values: Vec<f32>,
    /// Rows and columns of the film.
    rows: usize,
    columns: usize,
}

impl Framed {
    /// Numbers of one line. One more than the border on the right lets the kernel's lines be copied eight
    /// numbers at a time.
    fn line(&self) -> usize {
        self.columns + 2 * BORDER + 2
    }

    /// Puts a film into the frame: channel x row x column.
    pub(super) fn put(&mut self, film: &[f32], rows: usize, columns: usize) {
        if (self.rows, self.columns, self.values.len() / self.plane().max(1))
            != (rows, columns, film.len() / (rows * columns))
        {
            (self.rows, self.columns) = (rows, columns);
            self.values = vec![0.0; film.len() / (rows * columns) * self.plane()];
        }
        let (line, plane) = (self.line(), self.plane());
        for (film, frame) in film.chunks_exact(rows * columns).zip(self.values.chunks_exact_mut(plane)) {
            for (row, values) in film.chunks_exact(columns).enumerate() {
                frame[(row + BORDER) * line + BORDER..][..columns].copy_from_slice(values);
            }
        }
    }

    fn plane(&self) -> usize {
        (self.rows + 2 * BORDER) * self.line()
    }
}

/// Rows or columns after a kernel with stride 2 and a border of half its size.
pub(super) fn halved(side: usize) -> usize {
    side.div_ceil(2)
}

impl Stem {
    pub(super) fn read<T: Tensors>(
        tensors: &mut T,
        channels: usize,
        outputs: usize,
        epsilon: f64,
    ) -> Result<Self, T::Error> {
        let mut weights = tensors.tensor("features.conv0.weight", &[outputs, channels, SIDE, SIDE])?;
        let bias = Norm::read(tensors, "features.norm0", outputs, epsilon)?.fold_into(&mut weights);
        let panels = kernels::pack_panels(&weights, channels * SIDE * SIDE);
        let bias = bias.as_chunks().0.to_vec();
        Ok(Self { channels, outputs, panels, bias })
    }

    pub(super) fn scratch(&self, columns: usize) -> Scratch {
        let line = vec![0.0; halved(columns) * self.outputs];
        let pooled = vec![0.0; halved(halved(columns)) * self.outputs];
        Scratch { packed: new_packed(), lines: [line.clone(), line.clone(), line], pooled }
    }

    /// Computes some lines of the map after the maximum, and gives each to `done` (pixel x output).
    pub(super) fn run(
        &self,
        isa: Isa,
        film: &Framed,
        rows: Range<usize>,
        scratch: &mut Scratch,
        mut done: impl FnMut(usize, &[f32]),
    ) {
        let last = halved(film.rows);
        let mut known = (2 * rows.start).saturating_sub(1);
        for row in rows {
            let wanted = (2 * row).saturating_sub(1)..(2 * row + 2).min(last);
            while known < wanted.end {
                self.line(isa, film, known, scratch);
                known += 1;
            }
            // Where there is no line above or below, one that is there anyway stands for it.
            let [above, here, below] = [wanted.start, 2 * row, wanted.end - 1].map(|line| line % 3);
            let Scratch { lines, pooled, .. } = scratch;
            let lines = [lines[above].as_slice(), &lines[here], &lines[below]];
            kernels::maximum(isa, lines, self.outputs, pooled);
            done(row, pooled);
        }
    }

    /// One line of the map before the maximum.
    fn line(&self, isa: Isa, film: &Framed, row: usize, scratch: &mut Scratch) {
        let Scratch { packed, lines, .. } = scratch;
        let out = &mut lines[row % 3];
        for columns in steps(0..halved(film.columns), ROWS) {
            let mut places = [0; ROWS];
            for ((column, place), packed) in
                columns.clone().zip(&mut places).zip(packed.chunks_exact_mut(STRIDE))
            {
                *place = column * self.outputs;
                gather(film, self.channels, row, column, packed);
            }
            let panels = self.panels.chunks_exact(self.channels * SIDE * SIDE * PANEL);
            for (n, (panel, bias)) in panels.zip(&self.bias).enumerate() {
                let rows = Rows { out: &mut out[n * PANEL..], starts: &places[..columns.len()] };
                kernels::multiply(isa, packed, 0, panel, bias, 0.0, rows);
            }
        }
    }
}

/// Copies the part of a film under the kernel at one place: channel x 7 x 7. Lines are copied with one number too
/// many, which the next line overwrites: eight numbers are one instruction.
fn gather(film: &Framed, channels: usize, row: usize, column: usize, packed: &mut [f32]) {
    let (line, plane) = (film.line(), film.plane());
    for channel in 0..channels {
        let from = &film.values[channel * plane + 2 * row * line + 2 * column..];
        for down in 0..SIDE {
            let at = (channel * SIDE + down) * SIDE;
            let values: &[f32; 8] = from[down * line..][..8].try_into().unwrap_or(&[0.0; 8]);
            packed[at..at + 8].copy_from_slice(values);
        }
    }
}
