//! Pieces of the network as a film goes through them: what the kernels come to together.

use std::{convert::Infallible, hint::black_box};

use super::{CHANNELS, Trial, numbers, products};
use crate::{
    Tensors,
    arithmetic::{Arithmetic, Part},
    grid::Grid,
    kernels::{Isa, MIDDLE, PANEL},
    stem::{Framed, Stem, halved},
    weights::{Norm, RawLayer, RawTransition},
};

/// Rows and columns of a film.
const FILM: usize = 224;
/// Channels after the stem.
const STEM: usize = 64;
/// Rows and columns of the third block of DenseNet-121, and its channels at its end, `WIDTH`.
const SIDE: usize = 14;
const WIDTH: usize = 1024;

/// Weights that mean nothing.
struct Invented;

impl Tensors for Invented {
    type Error = Infallible;

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Infallible> {
        let count = shape.iter().product();
        Ok(if name.ends_with("running_var") { vec![1.0; count] } else { numbers(count) })
    }
}

/// The whole stem: 7x7 convolution, normalisation, ReLU, maximum.
pub(super) fn stem(isa: Isa) -> Trial {
    let Ok(stem) = Stem::read(&mut Invented, 1, STEM, 1e-5);
    let mut frame = Framed::default();
    frame.put(&numbers(FILM * FILM), FILM, FILM);
    let mut scratch = stem.scratch(FILM);
    let convolved = halved(FILM);
    let run = move || {
        stem.run(isa, &frame, 0..halved(convolved), &mut scratch, |_, pooled| {
            black_box(pooled);
        });
    };
    let work = products(convolved * convolved, 7 * 7, STEM);
    Trial { kernel: "stem", instructions: isa.word(), work, run: Box::new(run) }
}

/// Both convolutions of a layer in the middle of the third block, and the transition behind that block, each with
/// the packing before it and the storing behind it. The 3x3 convolution is counted as a plain one is: 9
/// multiplications an output, whether Winograd needs 4 or not.
pub(super) fn layers<A>(arithmetic: A, instructions: &'static str) -> [Trial; 3]
where
    A: Arithmetic<Value: 'static, Layer: 'static, Transition: 'static, Scratch: 'static> + Copy + 'static,
{
    let norm = |channels| Norm { scale: numbers(channels), shift: numbers(channels) };
    let layer = || {
        arithmetic.layer(RawLayer {
            norm: norm(CHANNELS),
            squeeze: numbers(MIDDLE * CHANNELS),
            bias: numbers(MIDDLE),
            expand: numbers(PANEL * MIDDLE * 9),
        })
    };
    let grid = arithmetic.grid(SIDE, SIDE, WIDTH);
    let (pairs, pixels) = (0..grid.pairs(), grid.pixels());
    let map = |grid: &Grid| stored(&arithmetic, grid.map());
    // As the network has it: a line and some rows more.
    let padded = || stored(&arithmetic, grid.padded_map() + grid.padded_line() + 64 * MIDDLE);

    let squeeze = {
        let (layer, x, mut padded, pairs) = (layer(), map(&grid), padded(), pairs.clone());
        let mut scratch = arithmetic.scratch();
        let place = grid.padded_start(pairs.start)..grid.padded_start(pairs.end);
        move || {
            let out = &mut padded[place.clone()];
            let part = Part { pairs: pairs.clone(), out, scratch: &mut scratch };
            arithmetic.squeeze(&layer, &grid, &x, part);
        }
    };
    let expand = {
        let (layer, mut x, padded) = (layer(), map(&grid), padded());
        let mut scratch = arithmetic.scratch();
        move || {
            let part = Part { pairs: pairs.clone(), out: &mut x, scratch: &mut scratch };
            arithmetic.expand(&layer, &grid, &padded, part);
        }
    };
    let after = arithmetic.grid(SIDE / 2, SIDE / 2, WIDTH);
    let shrink = {
        let raw = RawTransition { norm: norm(WIDTH), weights: numbers(WIDTH / 2 * WIDTH) };
        let (transition, x, mut next) = (arithmetic.transition(raw), map(&grid), map(&after));
        let mut scratch = arithmetic.scratch();
        move || {
            let part = Part { pairs: 0..after.pairs(), out: &mut next, scratch: &mut scratch };
            arithmetic.shrink(&transition, &grid, &after, &x, part);
        }
    };
    let trial = |kernel, work, run: Box<dyn FnMut()>| Trial { kernel, instructions, work, run };
    [
        trial("layer 1x1", products(pixels, CHANNELS, MIDDLE), Box::new(squeeze)),
        trial("layer 3x3", products(pixels, 9 * MIDDLE, PANEL), Box::new(expand)),
        trial("transition", products(after.pixels(), WIDTH, WIDTH / 2), Box::new(shrink)),
    ]
}

/// A map in the arithmetic's own format.
fn stored<A: Arithmetic>(arithmetic: &A, count: usize) -> Vec<A::Value> {
    let mut values = vec![A::Value::default(); count];
    for (out, from) in values.chunks_mut(PANEL).zip(numbers(count).chunks(PANEL)) {
        arithmetic.put(from, out);
    }
    values
}
