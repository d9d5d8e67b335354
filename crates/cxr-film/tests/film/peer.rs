//! Our grey against pydicom's, over real films of five transfer syntaxes (tests/golden/film_peer.py).

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers of tests may panic and print

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

const GRID: usize = 16;

#[derive(Deserialize)]
struct Peer {
    width: u32,
    height: u32,
    linear_max: f32,
    linear: Statistics,
    display: Statistics,
}

#[derive(Debug, Deserialize)]
struct Statistics {
    min: f64,
    max: f64,
    mean: f64,
    grid: Vec<f64>,
}

impl Statistics {
    fn of(grey: &[f64], width: usize) -> Self {
        let height = grey.len() / width;
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            sum / count
        };
        let cut = |i: usize, size: usize| i * size / GRID;
        let block = |i: usize| {
            let (row, column) = (i / GRID, i % GRID);
            let rows = cut(row, height)..cut(row + 1, height);
            let columns = cut(column, width)..cut(column + 1, width);
            mean(&mut rows.flat_map(|y| columns.clone().map(move |x| grey[y * width + x])))
        };
        Self {
            min: grey.iter().copied().fold(f64::MAX, f64::min),
            max: grey.iter().copied().fold(f64::MIN, f64::max),
            mean: mean(&mut grey.iter().copied()),
            grid: (0..GRID * GRID).map(block).collect(),
        }
    }

    /// The largest difference in any of the figures.
    fn distance(&self, other: &Self) -> f64 {
        assert_eq!(self.grid.len(), other.grid.len());
        let pairs = self.grid.iter().zip(&other.grid).map(|(a, b)| a - b);
        let ends = [self.min - other.min, self.max - other.max, self.mean - other.mean];
        pairs.chain(ends).map(f64::abs).fold(0.0, f64::max)
    }
}

#[test]
fn stored_and_shown_grey_are_pydicoms() {
    let films = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/films"));
    if !films.is_dir() {
        println!("skipped: ../shared/films is not here");
        return;
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/film_peer.json");
    let peers: BTreeMap<String, Peer> = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    assert_eq!(peers.len(), 8);
    for (name, peer) in peers {
        let film = cxr_film::decode(&fs::read(films.join(&name)).unwrap()).expect(&name);
        assert_eq!((film.width, film.height), (peer.width, peer.height), "{name}");
        assert_eq!(film.linear_max, peer.linear_max, "{name}");
        let width = film.width as usize;
        let linear: Vec<f64> = film.linear.iter().copied().map(f64::from).collect();
        let display: Vec<f64> = film.display.iter().copied().map(f64::from).collect();

        // Lossy decoders may round a value to either side; means of blocks hardly move by that. (The film in JPEG 2000
        // is in its lossy kind; lossless ones are held to the last bit elsewhere.)
        let is_lossy = ["baseline", "jpeg2000"].iter().any(|coding| name.contains(coding));
        let tolerance = if is_lossy { 0.1 } else { 1e-3 };
        let stored = Statistics::of(&linear, width).distance(&peer.linear);
        let shown = Statistics::of(&display, width).distance(&peer.display);
        println!("{name}: linear within {stored:.5}, display within {shown:.5}");
        assert!(stored <= tolerance, "{name}: linear differs by {stored}");
        assert!(shown <= tolerance, "{name}: display differs by {shown}");
    }
}
