//! Resizing with a filter that widens when it shrinks, in two passes: rows first, then columns.
//!
//! In 8 bit this is Pillow's `Resample.c`, fixed-point weights and the rounding between the passes
//! included, so that the result is the same byte for byte. (From version 13 on Pillow begins with the
//! columns where a picture shrinks much more in height than in width; squares come out the same.) In floating point it is also what torch's
//! `interpolate(antialias=True)` does.

use std::f64::consts::PI;

/// A filter: how far it reaches at scale 1, and its weight at a distance.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    reach: f64,
    weight: fn(f64) -> f64,
}

impl Kernel {
    /// Lanczos with three lobes: sinc(x) sinc(x / 3).
    pub const LANCZOS: Self =
        Self { reach: 3.0, weight: |x| if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 } };

    /// The bilinear filter, 1 - |x|.
    pub const TRIANGLE: Self = Self { reach: 1.0, weight: |x| (1.0 - x.abs()).max(0.0) };

    /// Keys' cubic with a = -1/2, the one of Pillow and of torch's `interpolate` with `antialias`.
    pub const CUBIC: Self = Self { reach: 2.0, weight: |x| cubic(x.abs()) };
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    (x * PI).sin() / (x * PI)
}

/// Resizes to `to`: columns, rows. With `eight_bit` the values must be whole numbers from 0 to 255.
#[must_use]
pub fn filtered(
    values: &[f32],
    width: usize,
    to: (usize, usize),
    kernel: Kernel,
    eight_bit: bool,
) -> Vec<f32> {
    let pass = if eight_bit { rows_in_8_bit } else { rows_in_f32 };
    let height = values.len() / width;
    let turned = pass(values, width, &taps(width, to.0, kernel));
    pass(&turned, height, &taps(height, to.1, kernel))
}

/// The weights of one new pixel: those of the old pixels from `start` on.
struct Taps {
    start: usize,
    weights: Vec<f64>,
}

fn taps(from: usize, to: usize, kernel: Kernel) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let reach = kernel.reach * stretch;
    (0..to)
        .map(|n| {
            let centre = (n as f64 + 0.5) * scale;
            // `as usize` truncates and takes what is negative to 0.
            let start = (centre - reach + 0.5) as usize;
            let end = ((centre + reach + 0.5) as usize).min(from);
            let shrink = 1.0 / stretch;
            let mut weights: Vec<f64> =
                (start..end).map(|x| (kernel.weight)((x as f64 - centre + 0.5) * shrink)).collect();
            let sum: f64 = weights.iter().sum();
            if sum != 0.0 {
                weights.iter_mut().for_each(|weight| *weight /= sum);
            }
            Taps { start, weights }
        })
        .collect()
}

/// Resizes every row, and writes the result turned by its diagonal: the next pass then finds the
/// columns as rows, and after two passes the picture stands upright again.
fn rows_in_f32(values: &[f32], width: usize, taps: &[Taps]) -> Vec<f32> {
    if taps.len() == width {
        return turn(values, width, taps.len(), |row, n| row[n]);
    }
    turn(values, width, taps.len(), |row, n| {
        let Taps { start, weights } = &taps[n];
        let sum: f64 = row[*start..].iter().zip(weights).map(|(&x, w)| f64::from(x) * w).sum();
        sum as f32
    })
}

/// Bits after the point of a weight in fixed point: 32, less 8 for the pixel and 2 for the lobes'
/// overshoot.
const FRACTION: u32 = 32 - 8 - 2;
/// Of these the lower half of a weight has so many: both halves then fit 16 bits, which all processors multiply and
/// add eight at a time.
const LOWER: u32 = 11;
const LANES: usize = 8;

/// Weights in fixed point, in two halves; as many as fill whole vectors.
struct Halves {
    start: usize,
    upper: Vec<i16>,
    lower: Vec<i16>,
}

impl Halves {
    #[allow(clippy::cast_possible_truncation)] // a weight is below 2 in magnitude
    fn new(taps: &Taps) -> Self {
        let padding = taps.weights.len().next_multiple_of(LANES) - taps.weights.len();
        let fixed = taps.weights.iter().map(|w| (w * f64::from(1 << FRACTION)).round() as i32);
        let (upper, lower) = fixed
            .chain(std::iter::repeat_n(0, padding))
            .map(|w| ((w >> LOWER) as i16, (w & ((1 << LOWER) - 1)) as i16))
            .unzip();
        Self { start: taps.start, upper, lower }
    }

    fn sum(&self, row: &[i16]) -> i32 {
        let row = &row[self.start..][..self.upper.len()];
        (dot(row, &self.upper) << LOWER) + dot(row, &self.lower)
    }
}

/// The sum of the products, lane by lane first; both are as long, and fill whole vectors.
fn dot(a: &[i16], b: &[i16]) -> i32 {
    let mut sums = [0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += i32::from(a) * i32::from(b);
        }
    }
    sums.iter().sum()
}

fn rows_in_8_bit(values: &[f32], width: usize, taps: &[Taps]) -> Vec<f32> {
    if taps.len() == width {
        return turn(values, width, taps.len(), |row, n| row[n]);
    }
    let halves: Vec<Halves> = taps.iter().map(Halves::new).collect();
    let mut whole = vec![0; width + LANES];
    let rows = values.len() / width;
    let mut turned = vec![0.0; taps.len() * rows];
    for (y, row) in values.chunks_exact(width).enumerate() {
        for (whole, &value) in whole.iter_mut().zip(row) {
            *whole = value as i16;
        }
        for (n, halves) in halves.iter().enumerate() {
            let sum = halves.sum(&whole);
            turned[n * rows + y] = ((sum + (1 << (FRACTION - 1))) >> FRACTION).clamp(0, 255) as f32;
        }
    }
    turned
}

fn turn(values: &[f32], width: usize, side: usize, pixel: impl Fn(&[f32], usize) -> f32) -> Vec<f32> {
    let rows = values.len() / width;
    let mut turned = vec![0.0; side * rows];
    for (y, row) in values.chunks_exact(width).enumerate() {
        for n in 0..side {
            turned[n * rows + y] = pixel(row, n);
        }
    }
    turned
}
