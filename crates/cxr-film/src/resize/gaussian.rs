//! scikit-image's `resize(order=1, mode='constant', preserve_range=True)`, the one that
//! torchxrayvision's weights were trained with: a Gaussian blur with zeros beyond the border, then
//! linear interpolation between pixel centres.

/// Standard deviations after which the Gaussian ends (scipy's `truncate`).
const TRUNCATE: f64 = 4.0;

/// Resizes to `side` x `side`.
#[must_use]
pub fn order1_gaussian(values: &[f32], width: usize, side: usize) -> Vec<f32> {
    let height = values.len() / width;
    let shrinks = width > side || height > side;
    let blur = |from: usize| match shrinks {
        true => kernel(((from as f64 / side as f64 - 1.0) / 2.0).max(0.0)),
        false => kernel(0.0),
    };
    let blurred = blur_columns(values, width, &blur(height));
    let blurred = blur_rows(&blurred, width, &blur(width));
    let mut resized = interpolate(&blurred, width, height, side);
    // Zeros come in at the border; scikit-image clips the result to the range of what it was given.
    let (low, high) = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
    resized.iter_mut().for_each(|value| *value = value.clamp(low, high));
    resized
}

/// The weights from the middle outwards: index 0 is the centre.
fn kernel(sigma: f64) -> Vec<f64> {
    if sigma <= 1e-15 {
        return vec![1.0];
    }
    let radius = (TRUNCATE * sigma + 0.5) as usize;
    let half: Vec<f64> = (0..=radius).map(|x| (-0.5 / (sigma * sigma) * (x * x) as f64).exp()).collect();
    let sum = 2.0 * half.iter().sum::<f64>() - half[0];
    half.iter().map(|weight| weight / sum).collect()
}

fn blur_rows(values: &[f32], width: usize, kernel: &[f64]) -> Vec<f32> {
    let mut blurred = Vec::with_capacity(values.len());
    for row in values.chunks_exact(width) {
        blurred.extend((0..width).map(|x| {
            let at = |x: usize| row.get(x).map_or(0.0, |&value| f64::from(value));
            let sides = kernel.iter().enumerate().skip(1).map(|(distance, weight)| {
                let before = x.checked_sub(distance).map_or(0.0, at);
                weight * (before + at(x + distance))
            });
            (kernel[0] * at(x) + sides.sum::<f64>()) as f32
        }));
    }
    blurred
}

/// Whole rows are added up, so that memory is read in order.
fn blur_columns(values: &[f32], width: usize, kernel: &[f64]) -> Vec<f32> {
    let height = values.len() / width;
    let mut blurred = Vec::with_capacity(values.len());
    let mut sums = vec![0.0f64; width];
    for y in 0..height {
        sums.fill(0.0);
        let first = y.saturating_sub(kernel.len() - 1);
        let last = (y + kernel.len() - 1).min(height - 1);
        for source in first..=last {
            let weight = kernel[source.abs_diff(y)];
            let row = &values[source * width..][..width];
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += weight * f64::from(value));
        }
        blurred.extend(sums.iter().map(|&sum| sum as f32));
    }
    blurred
}

fn interpolate(values: &[f32], width: usize, height: usize, side: usize) -> Vec<f32> {
    let columns = neighbours(width, side);
    let mut out = Vec::with_capacity(side * side);
    for (top, down) in neighbours(height, side) {
        let row = |y: isize| match usize::try_from(y) {
            Ok(y) if y < height => Some(&values[y * width..][..width]),
            _ => None,
        };
        let (upper, lower) = (row(top), row(top + 1));
        out.extend(columns.iter().map(|&(left, right)| {
            let at = |row: Option<&[f32]>, x: isize| {
                let value = usize::try_from(x).ok().and_then(|x| row?.get(x).copied());
                f64::from(value.unwrap_or(0.0))
            };
            let between = |row| at(row, left) * (1.0 - right) + at(row, left + 1) * right;
            (between(upper) * (1.0 - down) + between(lower) * down) as f32
        }));
    }
    out
}

/// For each new pixel the old one before its centre (-1: beyond the border), and how far on towards
/// the next it lies.
fn neighbours(from: usize, to: usize) -> Vec<(isize, f64)> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|n| {
            let position = (n as f64 + 0.5) * scale - 0.5;
            (position.floor() as isize, position - position.floor())
        })
        .collect()
}
