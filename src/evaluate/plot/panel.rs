//! Films with their heatmaps, side by side.

use image::{RgbImage, codecs::jpeg::JpegEncoder};

use super::svg::{
    Anchor, Svg,
    colour::{INK, QUIET},
};
use crate::evaluate::Rect;

const TILE: f64 = 230.0;
const GAP: f64 = 18.0;
const TEXT: f64 = 40.0;
const HEAD: f64 = 70.0;
const COLUMNS: usize = 4;
/// The heatmap's colours hold no cyan, so that a box is seen on the hottest spot.
const BOX: &str = "#35e0ff";

/// One film of the panel.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The label whose heatmap is shown.
    pub title: String,
    /// A short line under it.
    pub caption: String,
    /// Film and heatmap.
    pub picture: RgbImage,
    /// Boxes of the label.
    pub boxes: Vec<Rect>,
}

/// The panel as SVG, its pictures within it.
#[must_use]
pub fn panel(shots: &[Shot], legend: &str) -> String {
    let columns = shots.len().clamp(1, COLUMNS);
    let rows = shots.len().div_ceil(columns);
    let width = (columns as f64 * (TILE + GAP) + GAP).max(700.0);
    let mut svg = Svg::new(width, HEAD + rows as f64 * (TILE + TEXT + GAP));
    svg.text((GAP, 30.0), 18.0, Anchor::Start, INK, "Heatmaps");
    svg.text((GAP, 50.0), 11.0, Anchor::Start, QUIET, legend);
    for (n, shot) in shots.iter().enumerate() {
        let x = GAP + (n % columns) as f64 * (TILE + GAP);
        let y = HEAD + (n / columns) as f64 * (TILE + TEXT + GAP);
        svg.rect([x, y, TILE, TILE], "#0a0d10", "none");
        let (width, height) = (f64::from(shot.picture.width()), f64::from(shot.picture.height()));
        let scale = TILE / width.max(height).max(1.0);
        let (width, height) = (width * scale, height * scale);
        let (left, top) = (x + (TILE - width) / 2.0, y + (TILE - height) / 2.0);
        if let Some(jpeg) = jpeg(&shot.picture) {
            svg.picture([left, top, width, height], &jpeg);
        }
        for b in &shot.boxes {
            let place = [left + b.x * width, top + b.y * height, b.width * width, b.height * height];
            svg.frame(place, BOX, 2.0);
        }
        svg.text((x, y + TILE + 16.0), 12.0, Anchor::Start, INK, &shot.title);
        svg.text((x, y + TILE + 31.0), 10.0, Anchor::Start, QUIET, &shot.caption);
    }
    svg.finish("Films with heatmaps")
}

fn jpeg(picture: &RgbImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 88).encode_image(picture).ok()?;
    Some(bytes)
}
