//! Pillow's nearest neighbour.

use super::plane::Plane;

/// The pixel under the centre of each new pixel.
pub(super) fn resize(plane: &Plane, side: usize) -> Plane {
    let columns = sources(plane.width, side);
    let mut values = Vec::with_capacity(side * side);
    for row in sources(plane.height, side) {
        let row = &plane.values[row * plane.width..][..plane.width];
        values.extend(columns.iter().map(|&column| row[column]));
    }
    plane.with(side, side, values)
}

/// Pillow walks in steps of the scale and lets rounding errors add up (`ImagingScaleAffine` in its
/// `Geometry.c`); so do we, since they decide where a centre falls on a border between two pixels.
fn sources(from: usize, to: usize) -> Vec<usize> {
    let scale = from as f64 / to as f64;
    let mut position = scale * 0.5;
    (0..to)
        .map(|_| {
            let source = (position as usize).min(from - 1);
            position += scale;
            source
        })
        .collect()
}
