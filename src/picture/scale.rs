//! Size: how large a film is drawn, and the shrinking.

use image::GrayImage;

/// The largest size within `bounds` with the aspect of `size`, no larger than `size` and at least 1 x 1.
#[must_use]
pub fn fit(size: (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let (width, height) = (u64::from(size.0.max(1)), u64::from(size.1.max(1)));
    let (most_wide, most_high) = (u64::from(bounds.0).clamp(1, width), u64::from(bounds.1).clamp(1, height));
    // Compare most_wide/width with most_high/height in whole numbers, then round to the nearest.
    let (wide, high) = if most_wide * height <= most_high * width {
        (most_wide, (height * most_wide + width / 2) / width)
    } else {
        ((width * most_high + height / 2) / height, most_high)
    };
    let narrow = |value: u64, most: u64| u32::try_from(value.clamp(1, most)).unwrap_or(u32::MAX);
    (narrow(wide, most_wide), narrow(high, most_high))
}

/// A film's grey in `bounds`, unchanged where it fits as it is.
///
/// Rows first, whole rows at a time: a film of 9 megapixels takes some 20 ms, a quarter of what
/// `image::imageops::resize` takes, and the dashboard draws one at each step through the list.
pub(super) fn shrink(film: GrayImage, bounds: (u32, u32)) -> GrayImage {
    let (width, height) = fit(film.dimensions(), bounds);
    if (width, height) == film.dimensions() {
        return film;
    }
    let columns = taps(film.width() as usize, width as usize);
    let rows = taps(film.height() as usize, height as usize);
    let stride = film.width() as usize;
    let mut small = Vec::with_capacity(width as usize * height as usize);
    let mut row = vec![0.0_f32; stride];
    for Taps { first, weights } in &rows {
        row.fill(0.0);
        for (line, &weight) in film.as_raw().chunks_exact(stride).skip(*first).zip(weights) {
            for (sum, &grey) in row.iter_mut().zip(line) {
                *sum += weight * f32::from(grey);
            }
        }
        small.extend(columns.iter().map(|Taps { first, weights }| {
            let sum: f32 = row[*first..].iter().zip(weights).map(|(grey, weight)| grey * weight).sum();
            super::round(sum)
        }));
    }
    GrayImage::from_raw(width, height, small).unwrap_or_default()
}

/// Which inputs make one output, and how much of each; the weights add up to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// The taps of every output for shrinking `from` samples to `to`. The filter widens with the factor,
/// so that fine patterns become grey and not a moire.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positions within 0..from
fn taps(from: usize, to: usize) -> Vec<Taps> {
    let factor = from as f64 / to as f64;
    let reach = 2.0 * factor;
    let of = |output: usize| {
        let centre = (output as f64 + 0.5) * factor;
        let first = (centre - reach).max(0.0) as usize;
        let end = ((centre + reach).ceil() as usize).min(from);
        let raw: Vec<f64> = (first..end).map(|i| catmull_rom((i as f64 + 0.5 - centre) / factor)).collect();
        let total: f64 = raw.iter().sum();
        Taps { first, weights: raw.into_iter().map(|weight| (weight / total) as f32).collect() }
    };
    (0..to).map(of).collect()
}

/// The cubic of Catmull and Rom (1974), which keeps edges crisp: Keys' (1981) with a = -1/2.
fn catmull_rom(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn the_aspect_is_kept() {
        for (size, bounds, expected) in [
            ((3000, 3000), (800, 800), (800, 800)),
            ((3000, 2000), (800, 800), (800, 533)),
            ((2000, 3000), (800, 800), (533, 800)),
            ((100, 50), (800, 800), (100, 50)),
            ((3000, 2000), (0, 0), (1, 1)),
            ((10_000, 1), (100, 100), (100, 1)),
            ((u32::MAX, u32::MAX), (7, 9), (7, 7)),
        ] {
            assert_eq!(fit(size, bounds), expected, "{size:?} in {bounds:?}");
        }
    }
}
