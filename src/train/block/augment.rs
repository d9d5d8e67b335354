//! Films as they might also have been taken: turned and shifted a little, nearer or farther, darker or brighter. Never
//! mirrored, for a heart has a side.

use crate::{evaluate::random, model::Input};

/// At most so far either way: radians, share of the size, share of the side, exponent of the power.
const TURN: f32 = 0.12;
const ZOOM: f32 = 0.08;
const SHIFT: f32 = 0.05;
const GAMMA: f32 = 0.25;

/// Returns the values of another film that `input` might have been. The same `seed` gives the same.
#[must_use]
pub fn augmented(input: &Input, seed: u64) -> Vec<f32> {
    let Input { values, channels, height, width, .. } = input;
    // From -1 to 1, evenly.
    let either = |place: u64| (random::nth(seed.wrapping_add(place)) >> 40) as f32 / (1 << 23) as f32 - 1.0;
    let (sine, cosine) = (TURN * either(0)).sin_cos();
    let zoom = (ZOOM * either(1)).exp();
    let (rows, columns) = (*height as f32, *width as f32);
    let (down, right) = (SHIFT * either(2) * rows, SHIFT * either(3) * columns);
    let centre = ((rows - 1.0) / 2.0, (columns - 1.0) / 2.0);
    let mut new = Vec::with_capacity(values.len());
    for map in values.chunks_exact(height * width).take(*channels) {
        for row in 0..*height {
            for column in 0..*width {
                let (y, x) = (row as f32 - centre.0, column as f32 - centre.1);
                let from = (zoom * (cosine * y - sine * x) + down, zoom * (sine * y + cosine * x) + right);
                new.push(between(map, (*height, *width), from.0 + centre.0, from.1 + centre.1));
            }
        }
    }
    curved(&mut new, (GAMMA * either(4)).exp());
    new
}

/// The value between four pixels; beyond the border, that of the border.
fn between(map: &[f32], (height, width): (usize, usize), y: f32, x: f32) -> f32 {
    let clamp = |place: f32, side: usize| {
        let place = place.clamp(0.0, (side - 1) as f32);
        let low = place.floor() as usize;
        (low, (low + 1).min(side - 1), place.fract())
    };
    let ((top, bottom, down), (left, right, across)) = (clamp(y, height), clamp(x, width));
    let mix = |row: usize| {
        let (a, b) = (map[row * width + left], map[row * width + right]);
        a + (b - a) * across
    };
    let (above, below) = (mix(top), mix(bottom));
    above + (below - above) * down
}

/// Bends grey by a power, and gives it mean and spread as they were: what the preprocessing may have brought there.
fn curved(values: &mut [f32], power: f32) {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if high <= low {
        return;
    }
    let before = mean_and_spread(values);
    values.iter_mut().for_each(|value| *value = ((*value - low) / (high - low)).powf(power));
    let after = mean_and_spread(values);
    let scale = if after.1 > 0.0 { before.1 / after.1 } else { 0.0 };
    values.iter_mut().for_each(|value| *value = (*value - after.0) * scale + before.0);
}

fn mean_and_spread(values: &[f32]) -> (f32, f32) {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let squares = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>();
    (mean as f32, (squares / count).sqrt() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;

    #[test]
    fn a_film_stays_itself_and_changes_a_little() {
        let (height, width) = (40, 40);
        // A bright half, left of a dark one: mirrored it would be another film.
        let values: Vec<f32> = (0..height * width).map(|n| if n % width < 20 { 1.0 } else { -1.0 }).collect();
        let input = Input { values, channels: 1, height, width, region: Region::WHOLE };
        for seed in 0..50 {
            let new = augmented(&input, seed << 8);
            assert_eq!(new, augmented(&input, seed << 8));
            let of_sides = |right: bool| {
                let of_side = |(n, _): &(usize, &f32)| (n % width >= 20) == right;
                new.iter().enumerate().filter(of_side).map(|(_, value)| value).sum::<f32>() / 800.0
            };
            assert!(of_sides(false) > 0.5 && of_sides(true) < -0.5, "{seed}");
            let (mean, spread) = mean_and_spread(&new);
            assert!(mean.abs() < 0.3 && (spread - 1.0).abs() < 0.1, "{seed}: {mean} {spread}");
        }
        assert_ne!(augmented(&input, 1 << 8), augmented(&input, 2 << 8));
    }
}
