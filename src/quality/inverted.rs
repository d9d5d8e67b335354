//! A film that is a negative, whatever its header says.

use super::pixels::share;
use cxr_film::Film;

/// Blocks to a side of the picture that is compared.
const SIDE: usize = 8;

/// The mean frontal chest film: means of 8 x 8 blocks of the centre square, each film less its own mean
/// and over its own deviation, averaged over 704 NIH and 900 paediatric training films with equal weight.
#[rustfmt::skip]
const CHEST: [f64; SIDE * SIDE] = [
    -2.01, -1.48, -0.72,  0.42,  0.43, -0.72, -1.44, -1.91,
    -0.92, -0.19, -0.24,  0.31,  0.34, -0.26, -0.14, -0.88,
    -0.59,  0.03, -0.69,  0.26,  0.43, -0.63,  0.04, -0.60,
    -0.75, -0.14, -0.73,  0.60,  0.89, -0.36, -0.07, -0.75,
    -1.01, -0.28, -0.40,  1.01,  1.34,  0.27, -0.08, -0.99,
    -1.23, -0.19,  0.12,  1.29,  1.58,  0.79,  0.01, -1.21,
    -1.23,  0.51,  1.19,  1.72,  1.79,  1.24,  0.36, -1.33,
    -1.02,  1.12,  1.78,  2.01,  1.96,  1.60,  0.89, -1.17,
];

/// Correlation with [`CHEST`] below which a film is a negative. Of 5,613 real films none is below 0.09, and
/// three are below 0.2: a negative has its film's correlation with the sign turned.
const NEGATIVE: f64 = -0.2;

/// Dark where a chest film is bright, and bright where it is dark.
pub(super) fn inverted(film: &Film) -> Option<String> {
    let correlation = correlation(&blocks(film)?);
    (correlation < NEGATIVE).then(|| {
        let told = &film.header.photometric_interpretation;
        let told = if told.is_empty() { "nothing says so" } else { told };
        format!(
            "The film looks like a negative as it is read here (the lungs bright, the bones dark; Photometric \
             Interpretation: {told}): see how it looks on its workstation, and invert it at the console if it is one."
        )
    })
}

/// Mean display grey of each block of the centre square; none for a film with fewer pixels than blocks.
fn blocks(film: &Film) -> Option<[f64; SIDE * SIDE]> {
    let (width, height) = (film.width as usize, film.height as usize);
    let side = width.min(height);
    if side < SIDE {
        return None;
    }
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    let mut blocks = [0.0; SIDE * SIDE];
    for (at, block) in blocks.iter_mut().enumerate() {
        let ends = |n: usize| (n * side / SIDE, (n + 1) * side / SIDE);
        let ((first_row, end_row), (first, end)) = (ends(at / SIDE), ends(at % SIDE));
        let mut sum = 0_u64;
        for row in top + first_row..top + end_row {
            let row = film.display.get(row * width + left + first..row * width + left + end)?;
            sum += row.iter().map(|&grey| u64::from(grey)).sum::<u64>();
        }
        *block = share(sum, ((end_row - first_row) * (end - first)) as u64);
    }
    Some(blocks)
}

/// Pearson's, with [`CHEST`]; 0 for constant grey.
fn correlation(blocks: &[f64; SIDE * SIDE]) -> f64 {
    let centred = |values: &[f64; SIDE * SIDE]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.map(|value| value - mean)
    };
    let (film, chest) = (centred(blocks), centred(&CHEST));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = (dot(&film, &film) * dot(&chest, &chest)).sqrt();
    if size > 0.0 { dot(&film, &chest) / size } else { 0.0 }
}
