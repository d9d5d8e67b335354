//! The tone curve of a film that brings none of its own.

use std::ops::RangeInclusive;

/// Returns how many pixels have each value, 0 to `max`.
pub(super) fn counts(max: u16, values: &[u16]) -> Vec<u32> {
    let mut counts = vec![0; usize::from(max) + 1];
    for &value in values {
        if let Some(count) = counts.get_mut(usize::from(value)) {
            *count += 1;
        }
    }
    counts
}

/// Returns where black and white lie on the linear scale when no window says so, by how many pixels have each grey of it.
///
/// Without a VOI transformation the whole range is shown (PS3.3 C.11.2: identity), so that an 8-bit
/// DICOM and the same picture as PNG look alike. But a film of 12 bits that says it has 16 would come
/// out near black: where the values used span less than a quarter of the range (two bits or more of
/// it are idle), and still enough of it for 8-bit grey, they are stretched from least to most, as
/// workstations do. A blank film of sensor noise is not stretched into a picture. Marks far from the rest (burnt-in
/// text, a border, the edge of a collimator) are no part of what is used.
pub(super) fn ends(counts: &[u32]) -> (f32, f32) {
    let top = counts.len().saturating_sub(1);
    let (least, most) = used(counts).unwrap_or((0, top));
    let span = most - least;
    let stretched = span >= LEAST_SPAN && span < top.div_ceil(4);
    if stretched { (least as f32, most as f32) } else { (0.0, top as f32) }
}

/// The greys of the picture, where there are marks far from them; none where there are no such marks.
pub(super) fn apart_from_marks(counts: &[u32]) -> Option<RangeInclusive<usize>> {
    let (least, most) = used(counts)?;
    let beyond = |mut greys: std::slice::Iter<'_, u32>| greys.any(|&count| count > 0);
    (beyond(counts[..least].iter()) || beyond(counts[most + 1..].iter())).then_some(least..=most)
}

/// Grey levels that a picture needs for 8-bit grey.
const LEAST_SPAN: usize = 255;
/// One part in this many of the pixels, at either end, says nothing of how far the picture's grey reaches.
const TAIL: u64 = 50;
/// Into how many windows the plausible part beyond either tail is cut, and the part of the pixels that a window must
/// have to be of the picture.
const WINDOWS: usize = 32;
const SPARSE: u64 = 10_000;
/// Fewer pixels do not tell a mark from the picture.
const FEWEST: u64 = 1000;

/// The least and the largest grey of the picture, without marks far from the rest; none without pixels.
fn used(counts: &[u32]) -> Option<(usize, usize)> {
    let least = counts.iter().position(|&count| count > 0)?;
    let most = counts.iter().rposition(|&count| count > 0)?;
    // Borders and saturated marks have the end's value itself, and may have it in any number of pixels.
    let inner = counts.get(least + 1..most).unwrap_or_default();
    let pixels: u64 = inner.iter().map(|&count| u64::from(count)).sum();
    if pixels < FEWEST {
        return Some((least, most));
    }
    let low = least + 1 + beyond(inner.iter(), pixels / TAIL);
    let high = most - 1 - beyond(inner.iter().rev(), pixels / TAIL);
    let reach = (high - low).max(LEAST_SPAN);
    let tail = |steps: usize, farthest: usize, at: &dyn Fn(usize) -> usize| {
        let near = farthest <= reach;
        if near { farthest } else { steps_to_end(&|step| counts[at(step)], steps, reach, pixels) }
    };
    let down = tail(low, low - least, &|step| low - step);
    let up = tail(counts.len() - 1 - high, most - high, &|step| high + step);
    Some((low - down, high + up))
}

/// Returns how many counts come before more than `share` pixels have been passed.
fn beyond<'a>(counts: impl Iterator<Item = &'a u32>, share: u64) -> usize {
    let mut passed = 0;
    counts
        .take_while(|&&count| {
            passed += u64::from(count);
            passed <= share
        })
        .count()
}

/// Returns how many steps outward the picture's grey reaches, `steps` being there and `reach` plausible: as far as pixels lie
/// close, and a little farther where the last ones thin out before a gap. Beyond are marks and their soft edges.
fn steps_to_end(count: &dyn Fn(usize) -> u32, steps: usize, reach: usize, pixels: u64) -> usize {
    let plausible = reach.min(steps);
    let window = reach.div_ceil(WINDOWS);
    let mut close = 0;
    for first in (1..=plausible).step_by(window) {
        let within = first..=(first + window - 1).min(plausible);
        let here: u64 = within.clone().map(|step| u64::from(count(step))).sum();
        if here <= pixels / SPARSE {
            break;
        }
        close = within.rev().find(|&step| count(step) > 0).unwrap_or(close);
    }
    let mut end = close;
    for step in close..=plausible {
        if count(step) > 0 {
            end = step;
        } else if step - end > window {
            break;
        }
    }
    if end - close <= 2 * window { end } else { close }
}

/// A fraction of white as an 8-bit grey, rounded to the nearest and clamped.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=255
pub(super) fn grey(fraction: f64) -> u8 {
    (fraction * 255.0).round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::{ends, grey};

    /// Counts of a film of `bits` bits: its greys, evenly, and marks.
    fn film(
        bits: u32,
        (least, most): (usize, usize),
        marks: &[(std::ops::RangeInclusive<usize>, u32)],
    ) -> Vec<u32> {
        let mut counts = vec![0; 1 << bits];
        counts[least..=most].fill(60);
        for (greys, pixels) in marks {
            counts[greys.clone()].iter_mut().for_each(|count| *count += pixels);
        }
        counts
    }

    #[test]
    fn idle_bits_are_stretched_and_noise_is_not() {
        let white = 65_535.0;
        for (what, counts, expected) in [
            ("8 bits, dim", film(8, (0, 60), &[]), (0.0, 255.0)),
            ("12 bits, full", film(12, (100, 4000), &[]), (0.0, 4095.0)),
            ("12 bits said to be 16", film(16, (10, 4000), &[]), (10.0, 4000.0)),
            ("inverted, 12 bits said to be 16", film(16, (61_440, 65_535), &[]), (61_440.0, white)),
            ("14 bits said to be 16", film(16, (0, 16_383), &[]), (0.0, 16_383.0)),
            ("15 bits said to be 16", film(16, (0, 32_767), &[]), (0.0, white)),
            ("sensor noise in 16 bits", film(16, (1000, 1100), &[]), (0.0, white)),
            ("noise with a mark", film(16, (1000, 1100), &[(65_535..=65_535, 9)]), (0.0, white)),
            ("constant", film(16, (7, 7), &[]), (0.0, white)),
            ("nothing", vec![0; 65_536], (0.0, white)),
            ("one mark", film(16, (0, 4000), &[(65_535..=65_535, 1)]), (0.0, 4000.0)),
            ("a border of a third", film(16, (10, 4000), &[(65_535..=65_535, 80_000)]), (10.0, 4000.0)),
            (
                "a mark at either end",
                film(16, (30_000, 34_000), &[(0..=0, 90), (65_535..=65_535, 9)]),
                (30_000.0, 34_000.0),
            ),
            (
                "marks of two greys",
                film(16, (10, 4000), &[(50_000..=50_000, 900), (65_535..=65_535, 9)]),
                (10.0, 4000.0),
            ),
            ("a mark in 14 bits", film(14, (10, 1000), &[(16_383..=16_383, 5)]), (10.0, 1000.0)),
            ("a mark that is near", film(16, (10, 4000), &[(7000..=7000, 5)]), (10.0, 7000.0)),
            ("a full film with a mark", film(16, (0, 40_000), &[(65_535..=65_535, 5)]), (0.0, white)),
        ] {
            assert_eq!(ends(&counts), expected, "{what}");
        }
    }

    #[test]
    fn a_mark_with_soft_edges_hardly_moves_the_ends() {
        let mut counts = film(16, (10, 4000), &[(65_535..=65_535, 2000)]);
        (4001..65_535).step_by(40).for_each(|grey| counts[grey] = 1);
        let (black, white) = ends(&counts);
        assert!(black == 10.0 && (4000.0..=4120.0).contains(&white), "{black} to {white}");
    }

    #[test]
    fn grey_clamps_and_rounds() {
        assert_eq!([-1.0, 0.0, 0.5, 1.0, 9.0].map(grey), [0, 0, 128, 255, 255]);
    }
}
