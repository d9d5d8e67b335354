//! From a film to the numbers that a network takes: the manifest's steps, in the manifest's order.
//!
//! The filters are those of the libraries that the weights were trained with ([`cxr_film::resize`]).

mod crop;
mod plane;
mod statistics;
#[cfg(test)]
mod tests;

use plane::Plane;

use super::{
    ModelError, Region,
    manifest::{Filter, Step, Tone},
};
use cxr_film::{
    Film,
    resize::{Kernel, filtered, nearest, order1_gaussian},
};

/// One film as a network takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// channel x row x column.
    pub values: Vec<f32>,
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The part of the film that it covers.
    pub region: Region,
}

/// Takes a film through the steps.
///
/// # Errors
/// [`ModelError::Film`] if the film is empty or its size and its pixels disagree.
pub fn prepare(film: &Film, steps: &[Step]) -> Result<Input, ModelError> {
    check(film)?;
    let mut plane = Plane::of(film, tone(steps));
    let mut channels = 1;
    for step in steps {
        plane = match *step {
            Step::Grey { .. } => plane,
            Step::Scale { low, high } => plane.scaled(low, high),
            Step::CentreCrop {} => crop::centre(plane),
            Step::Resize { size, filter, eight_bit } => {
                resize(&plane, (size as usize, size as usize), filter, eight_bit)
            }
            Step::ResizeShortSide { size, filter, eight_bit } => {
                refuse_strip(&plane)?;
                resize(&plane, short_side(&plane, size as usize), filter, eight_bit)
            }
            Step::Standardise { epsilon, ddof } => statistics::standardise(plane, epsilon, ddof),
            Step::Normalise { mean, std } => plane.map(|value| (value - mean) / std),
            Step::Channels { count } => {
                channels = count;
                plane
            }
        };
    }
    let Plane { width, height, values, region, .. } = plane;
    Ok(Input { values: values.repeat(channels), channels, height, width, region })
}

fn tone(steps: &[Step]) -> Tone {
    match steps.first() {
        Some(Step::Grey { from }) => *from,
        _ => Tone::Display,
    }
}

/// The longest a film may be, in short sides, where its short side is enlarged and the long one with it.
const LONGEST: usize = 16;

/// Refuses what would take all memory and be no film.
fn refuse_strip(plane: &Plane) -> Result<(), ModelError> {
    let Plane { width, height, .. } = *plane;
    match width.max(height) / width.min(height) {
        0..LONGEST => Ok(()),
        _ => Err(ModelError::Film { reason: format!("{width} x {height} pixels are a strip and no film") }),
    }
}

/// Width and height of a plane whose short side becomes `size` long.
fn short_side(plane: &Plane, size: usize) -> (usize, usize) {
    let Plane { width, height, .. } = *plane;
    let long = size * width.max(height) / width.min(height);
    if width < height { (size, long) } else { (long, size) }
}

/// Makes it so wide and high. The manifest's check keeps the filters that make squares to squares.
fn resize(plane: &Plane, (width, height): (usize, usize), filter: Filter, eight_bit: bool) -> Plane {
    let filtered = |kernel| filtered(&plane.values, plane.width, (width, height), kernel, eight_bit);
    let values = match filter {
        Filter::Lanczos => filtered(Kernel::LANCZOS),
        Filter::Bilinear => filtered(Kernel::TRIANGLE),
        Filter::Bicubic => filtered(Kernel::CUBIC),
        Filter::Nearest => nearest(&plane.values, plane.width, width),
        Filter::Order1Gaussian => order1_gaussian(&plane.values, plane.width, width),
    };
    plane.with(width, height, values)
}

fn check(film: &Film) -> Result<(), ModelError> {
    let fail = |reason: String| Err(ModelError::Film { reason });
    let pixels = film.width as usize * film.height as usize;
    if pixels == 0 {
        return fail("it has no pixels".to_owned());
    }
    if [film.linear.len(), film.display.len(), film.scored().len()].iter().any(|&length| length != pixels) {
        return fail(format!("it should have {pixels} pixels and has {}", film.linear.len()));
    }
    match film.linear_max > 0.0 && film.linear_max.is_finite() {
        true => Ok(()),
        false => fail("its grey scale has no range".to_owned()),
    }
}
