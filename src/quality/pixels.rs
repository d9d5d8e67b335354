//! The gates that look at the picture.

use crate::film::Film;

/// Grey levels of 255 that the middle 98 % of a film's pixels must span. The flattest of 75 real films
/// spans more than ten times that; an unexposed plate with a marker on it spans none.
const LEAST_SPAN: usize = 8;

/// Nothing to see: what a workstation would show is of one grey but for a hundredth at either end
/// (markers, burnt-in text, a frame).
pub(super) fn blank(film: &Film) -> Option<String> {
    let (low, high) = middle(&film.display);
    (high - low < LEAST_SPAN).then(|| {
        format!(
            "The film is blank: nearly all of it is of grey {low} to {high} of 255; look at it on the workstation \
             and send it again if it shows a patient there."
        )
    })
}

/// The 1st and 99th percentile.
fn middle(display: &[u8]) -> (usize, usize) {
    let mut counts = [0_usize; 256];
    for &grey in display {
        counts[usize::from(grey)] += 1;
    }
    (first_beyond_hundredth(&counts, 0..256), first_beyond_hundredth(&counts, (0..256).rev()))
}

/// The first grey, counted in this order, that more than a hundredth of the pixels lie at or before.
fn first_beyond_hundredth(counts: &[usize; 256], mut greys: impl Iterator<Item = usize>) -> usize {
    let hundredth = counts.iter().sum::<usize>() / 100;
    let mut seen = 0;
    let beyond = |&grey: &usize| {
        seen += counts[grey];
        seen > hundredth
    };
    greys.find(beyond).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::{
        film::{Film, Header},
        quality::{Gate, inspect},
    };

    fn film(display: Vec<u8>) -> Film {
        let linear = display.iter().map(|&v| f32::from(v)).collect();
        Film { width: 100, height: 100, linear, linear_max: 255.0, display, header: Header::default() }
    }

    #[test]
    fn only_a_picture_passes() {
        let noise = |i: usize| u8::try_from(i * 7919 % 5).unwrap();
        let cases: [(&str, Vec<u8>, bool); 5] = [
            ("black", vec![0; 10_000], false),
            ("white with a marker", (0..10_000).map(|i| if i < 90 { 0 } else { 255 }).collect(), false),
            ("noise", (0..10_000).map(|i| 128 + noise(i)).collect(), false),
            ("a dim film", (0..10_000).map(|i| u8::try_from(i % 40).unwrap()).collect(), true),
            ("a film", (0..10_000).map(|i| u8::try_from(i % 256).unwrap()).collect(), true),
        ];
        for (what, display, passes) in cases {
            let verdict = inspect(&film(display)).map_err(|held| held.gate);
            assert_eq!(verdict, if passes { Ok(()) } else { Err(Gate::Blank) }, "{what}");
        }
    }
}
