//! A grid of seven by seven, drawn over a film.

use super::Region;

/// Catmull-Rom between the centres of the cells, the border cells continued outwards. The spline runs
/// through the cells' own values; where it would swing below zero it is held at zero.
pub(super) fn over_film(
    grid: &[f32],
    rows: usize,
    columns: usize,
    region: Region,
    width: usize,
    height: usize,
) -> Vec<f32> {
    let across = taps(columns, width, region.x, region.width);
    let down = taps(rows, height, region.y, region.height);
    // Rows first: a few short rows become a few long ones, then those are mixed.
    let wide: Vec<f32> = grid
        .chunks_exact(columns)
        .flat_map(|row| across.iter().map(|taps| taps.as_ref().map_or(0.0, |taps| taps.mix(|n| row[n]))))
        .collect();
    let mut values = Vec::with_capacity(width * height);
    for taps in &down {
        match taps {
            None => values.resize(values.len() + width, 0.0),
            Some(taps) => values.extend((0..width).map(|x| taps.mix(|n| wide[n * width + x]).max(0.0))),
        }
    }
    let highest = values.iter().copied().fold(0.0, f32::max);
    if highest > 0.0 {
        values.iter_mut().for_each(|value| *value /= highest);
    }
    values
}

/// Four cells and their weights.
struct Taps {
    cells: [usize; 4],
    weights: [f32; 4],
}

impl Taps {
    fn mix(&self, value: impl Fn(usize) -> f32) -> f32 {
        self.cells.iter().zip(self.weights).map(|(&cell, weight)| value(cell) * weight).sum()
    }
}

/// For each of `pixels` along the film, the cells that it is made of; none outside the region.
fn taps(cells: usize, pixels: usize, start: f32, length: f32) -> Vec<Option<Taps>> {
    (0..pixels)
        .map(|pixel| {
            let along = ((pixel as f32 + 0.5) / pixels as f32 - start) / length;
            if !(0.0..1.0).contains(&along) {
                return None;
            }
            let position = along * cells as f32 - 0.5;
            let before = position.floor();
            let cell = |offset: f32| (before + offset).clamp(0.0, (cells - 1) as f32) as usize;
            Some(Taps {
                cells: [cell(-1.0), cell(0.0), cell(1.0), cell(2.0)],
                weights: catmull_rom(position - before),
            })
        })
        .collect()
}

/// Catmull and Rom 1974, tension 1/2; `t` from 0 to 1 between the middle two.
fn catmull_rom(t: f32) -> [f32; 4] {
    [
        0.5 * t * (t * (2.0 - t) - 1.0),
        0.5 * (t * t * (3.0 * t - 5.0) + 2.0),
        0.5 * t * (t * (4.0 - 3.0 * t) + 1.0),
        0.5 * t * t * (t - 1.0),
    ]
}
