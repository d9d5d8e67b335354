//! Pillow's nearest neighbour.

/// Resizes to `side` x `side`: each new pixel is the one under its centre.
#[must_use]
pub fn nearest(values: &[f32], width: usize, side: usize) -> Vec<f32> {
    let columns = sources(width, side);
    let mut resized = Vec::with_capacity(side * side);
    for row in sources(values.len() / width, side) {
        let row = &values[row * width..][..width];
        resized.extend(columns.iter().map(|&column| row[column]));
    }
    resized
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
