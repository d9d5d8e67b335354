//! Whether the heatmap points at the finding: pointing game, IoU and IoBB against boxes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::random::nth;
use crate::model::Heatmap;

/// The long side of the raster that maps and boxes are compared on.
const RASTER: u32 = 256;
/// Where a map, scaled to a maximum of 1, counts as hot.
pub const HOT: f32 = 0.5;
/// Random maps a film that the mean is taken over.
const DRAWS: u64 = 20;
/// Standard deviation of the centre prior, as a share of the film's width and height.
const SPREAD: f32 = 0.25;

/// A rectangle as shares of a film's width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// One map against the boxes of one label on one film.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Meeting {
    /// Whether the map's peak lies in a box (Zhang et al. 2016, no tolerance); as a mean, how often.
    pub pointing: f64,
    /// Intersection over union of the boxes and the hot part of the map.
    pub iou: f64,
    /// The share of the hot part that lies in a box.
    pub iobb: f64,
}

/// A label's heatmaps against its boxes: means over films.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Localisation {
    /// The label.
    pub label: String,
    /// Films with a box for it.
    pub films: usize,
    /// The boxes' mean share of the film.
    pub box_share: f64,
    /// The heatmaps.
    pub heatmap: Meeting,
    /// Random maps of the same grid: what chance gives.
    pub random: Meeting,
    /// A blob in the middle of the film, the same for all.
    pub centre: Meeting,
}

/// One film's boxes of one label, to be measured.
#[derive(Debug, Clone)]
pub struct Marked<'a> {
    /// The label's place in the model.
    pub label: usize,
    /// The film's maps.
    pub heatmap: &'a Heatmap,
    /// Columns and rows of the film: their ratio counts.
    pub size: (u32, u32),
    /// The boxes.
    pub boxes: Vec<Rect>,
}

/// Measures all marked films, label by label and over all. What of a box lies outside the part that
/// the model sees counts as missed: maps are nothing there.
#[must_use]
pub fn localise(names: &[&str], marked: &[Marked<'_>]) -> Vec<Localisation> {
    let mut sums: BTreeMap<usize, Sums> = BTreeMap::new();
    let mut all = Sums::default();
    for (n, film) in marked.iter().enumerate() {
        let Some(found) = Sums::of(film, n as u64) else { continue };
        sums.entry(film.label).or_default().add(&found);
        all.add(&found);
    }
    let mut results: Vec<Localisation> =
        sums.iter().filter_map(|(label, sums)| Some(sums.means((*names.get(*label)?).to_owned()))).collect();
    if results.len() > 1 {
        results.push(all.means("all".to_owned()));
    }
    results
}

#[derive(Default)]
struct Sums {
    films: usize,
    share: f64,
    maps: [Meeting; 3],
}

impl Sums {
    fn of(film: &Marked<'_>, seed: u64) -> Option<Self> {
        let (width, height) = crate::picture::fit(film.size, (RASTER, RASTER));
        let inside = mask(&film.boxes, width as usize, height as usize);
        let share = inside.iter().filter(|inside| **inside).count() as f64 / inside.len().max(1) as f64;
        let heatmap = meet(&film.heatmap.upsampled(film.label, width, height)?, &inside);
        let mut random = Meeting::default();
        for draw in 0..DRAWS {
            let map = random_map(film.heatmap, seed * DRAWS + draw);
            random.add(&meet(&map.upsampled(0, width, height)?, &inside));
        }
        let random = random.over(DRAWS as f64);
        let centre = meet(&centre_prior(width as usize, height as usize), &inside);
        Some(Self { films: 1, share, maps: [heatmap, random, centre] })
    }

    fn add(&mut self, other: &Self) {
        self.films += other.films;
        self.share += other.share;
        for (sum, map) in self.maps.iter_mut().zip(&other.maps) {
            sum.add(map);
        }
    }

    fn means(&self, label: String) -> Localisation {
        let films = self.films as f64;
        let [heatmap, random, centre] = [0, 1, 2].map(|n| self.maps[n].over(films));
        Localisation { label, films: self.films, box_share: self.share / films, heatmap, random, centre }
    }
}

impl Meeting {
    fn add(&mut self, other: &Self) {
        self.pointing += other.pointing;
        self.iou += other.iou;
        self.iobb += other.iobb;
    }

    fn over(&self, films: f64) -> Self {
        Self { pointing: self.pointing / films, iou: self.iou / films, iobb: self.iobb / films }
    }
}

/// Pixels whose centres lie in a box.
fn mask(boxes: &[Rect], width: usize, height: usize) -> Vec<bool> {
    let within = |at: usize, size: usize, start: f64, length: f64| {
        let centre = (at as f64 + 0.5) / size as f64;
        centre >= start && centre < start + length
    };
    let mut mask = Vec::with_capacity(width * height);
    for row in 0..height {
        mask.extend((0..width).map(|column| {
            let hit = |b: &Rect| within(column, width, b.x, b.width) && within(row, height, b.y, b.height);
            boxes.iter().any(hit)
        }));
    }
    mask
}

/// A map that is nowhere above 0 points nowhere: it misses.
fn meet(map: &[f32], inside: &[bool]) -> Meeting {
    let peak = map.iter().zip(inside).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let pointing = peak.is_some_and(|(value, inside)| *value > 0.0 && *inside);
    let hot = |value: &f32| *value >= HOT;
    let (mut both, mut either, mut hot_pixels) = (0_u32, 0_u32, 0_u32);
    for (value, inside) in map.iter().zip(inside) {
        both += u32::from(hot(value) && *inside);
        either += u32::from(hot(value) || *inside);
        hot_pixels += u32::from(hot(value));
    }
    let share = |of: u32| if of == 0 { 0.0 } else { f64::from(both) / f64::from(of) };
    Meeting { pointing: f64::from(u8::from(pointing)), iou: share(either), iobb: share(hot_pixels) }
}

/// A map like the model's, of evenly spread random numbers: the same numbers in every run.
fn random_map(like: &Heatmap, seed: u64) -> Heatmap {
    let values = (0..like.rows * like.columns)
        .map(|cell| (nth(seed << 16 | cell as u64) >> 40) as f32 / (1_u32 << 24) as f32);
    Heatmap { labels: 1, values: values.collect(), ..*like }
}

/// A round blob in the middle of the film, 1 at its peak.
fn centre_prior(width: usize, height: usize) -> Vec<f32> {
    let off = |at: usize, size: usize| ((at as f32 + 0.5) / size as f32 - 0.5) / SPREAD;
    let value = |n: usize| (-0.5 * (off(n % width, width).powi(2) + off(n / width, height).powi(2))).exp();
    (0..width * height).map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;

    /// One hot cell of 7 x 7 in the middle half of a wide film.
    fn spot(row: usize, column: usize, region: Region) -> Heatmap {
        let mut values = vec![0.0; 49];
        values[row * 7 + column] = 1.0;
        Heatmap { labels: 1, rows: 7, columns: 7, values, region }
    }

    fn only(heatmap: &Heatmap, boxes: Vec<Rect>, size: (u32, u32)) -> Localisation {
        localise(&["A"], &[Marked { label: 0, heatmap, size, boxes }]).remove(0)
    }

    #[test]
    fn a_box_is_met_where_the_crop_puts_the_map() {
        // A film twice as wide as high: the model sees its middle half.
        let region = Region { x: 0.25, y: 0.0, width: 0.5, height: 1.0 };
        let heatmap = spot(3, 0, region);
        // The first column of the crop: from 1/4 to 1/4 + 1/14 of the width.
        let there = Rect { x: 0.25, y: 3.0 / 7.0, width: 0.5 / 7.0, height: 1.0 / 7.0 };
        let met = only(&heatmap, vec![there], (2000, 1000));
        assert_eq!(met.heatmap.pointing, 1.0);
        assert!(met.heatmap.iou > 0.5, "{met:?}");
        // The same place in the model's own coordinates is elsewhere on the film.
        let wrong = Rect { x: 0.0, width: 1.0 / 7.0, ..there };
        assert_eq!(only(&heatmap, vec![wrong], (2000, 1000)).heatmap, Meeting::default());
    }

    #[test]
    fn what_the_crop_cut_off_counts_as_missed() {
        let region = Region { x: 0.25, y: 0.0, width: 0.5, height: 1.0 };
        let even = Heatmap { labels: 1, rows: 7, columns: 7, values: vec![1.0; 49], region };
        let all = Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        let met = only(&even, vec![all], (2000, 1000));
        assert!((met.heatmap.iou - 0.5).abs() < 0.01 && (met.heatmap.iobb - 1.0).abs() < 1e-9, "{met:?}");
        assert!((met.box_share - 1.0).abs() < 1e-9);
    }

    #[test]
    fn chance_hits_a_box_as_often_as_it_is_large() {
        let heatmap = spot(0, 0, Region::WHOLE);
        let quarter = Rect { x: 0.5, y: 0.5, width: 0.5, height: 0.5 };
        let films: Vec<Marked<'_>> = (0..30)
            .map(|_| Marked { label: 0, heatmap: &heatmap, size: (512, 512), boxes: vec![quarter] })
            .collect();
        let found = localise(&["A"], &films).remove(0);
        assert!((found.random.pointing - 0.25).abs() < 0.06, "{found:?}");
        assert_eq!(found.heatmap.pointing, 0.0);
        assert_eq!(found.films, 30);
    }

    #[test]
    fn a_map_without_heat_misses() {
        let empty = Heatmap { values: vec![0.0; 49], ..spot(0, 0, Region::WHOLE) };
        let all = Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        assert_eq!(only(&empty, vec![all], (100, 100)).heatmap, Meeting::default());
    }

    #[test]
    fn the_centre_prior_finds_what_lies_in_the_middle() {
        let heatmap = spot(0, 0, Region::WHOLE);
        let middle = Rect { x: 0.4, y: 0.4, width: 0.2, height: 0.2 };
        assert_eq!(only(&heatmap, vec![middle], (100, 100)).centre.pointing, 1.0);
    }
}
