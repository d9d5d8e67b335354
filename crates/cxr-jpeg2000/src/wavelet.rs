//! The inverse wavelet transforms (ITU-T T.800, annex F): one level of decomposition is undone in one sweep over its
//! rows, with eight of them in hand, so that all of it happens in the nearest cache.

use super::geometry::Rect;

/// Rows in hand: a row is done four rows after it came, and the two before it are still needed.
const ROWS: usize = 8;

/// A wavelet by its lifting steps (F.3.8 and F.4.8): each changes every other sample by its two neighbours, the even
/// ones first.
pub(super) trait Wavelet {
    /// A sample.
    type Sample: Copy + Default;
    /// How many lifting steps there are.
    const STEPS: usize;
    /// One step: `samples` by the neighbours before and after each of them.
    fn lift(step: usize, samples: &mut [Self::Sample], before: &[Self::Sample], after: &[Self::Sample]);
    /// Turns the only sample of a row or column, of low or of high frequency, into a pixel (F.3.6).
    fn lone(sample: Self::Sample, high: bool) -> Self::Sample;
}

/// The reversible 5/3 wavelet.
#[derive(Debug)]
pub(super) enum Reversible {}

impl Wavelet for Reversible {
    type Sample = i32;
    const STEPS: usize = 2;

    #[inline(always)]
    fn lift(step: usize, samples: &mut [i32], before: &[i32], after: &[i32]) {
        let samples = samples.iter_mut().zip(before).zip(after);
        if step == 0 {
            for ((sample, &before), &after) in samples {
                *sample = sample.wrapping_sub(before.wrapping_add(after).wrapping_add(2) >> 2);
            }
        } else {
            for ((sample, &before), &after) in samples {
                *sample = sample.wrapping_add(before.wrapping_add(after) >> 1);
            }
        }
    }

    fn lone(sample: i32, high: bool) -> i32 {
        if high { sample / 2 } else { sample }
    }
}

/// The irreversible 9/7 wavelet. The factors K and 1/K are no step of it: they are in the quantisation steps.
#[derive(Debug)]
pub(super) enum Irreversible {}

impl Irreversible {
    /// The scale of low frequencies (table F.4); that of high ones is 1/K. OpenJPEG's decoder has 2/K a little too
    /// small, as 1.625732422, so that of samples of 16 bits its may differ from these by a few.
    pub(super) const K: f32 = 1.230_174_1;
    /// Minus delta, gamma, beta and alpha.
    const FACTORS: [f32; 4] = [-0.443_506_85, -0.882_911_1, 0.052_980_12, 1.586_134_3];
}

impl Wavelet for Irreversible {
    type Sample = f32;
    const STEPS: usize = 4;

    #[inline(always)]
    fn lift(step: usize, samples: &mut [f32], before: &[f32], after: &[f32]) {
        let factor = Self::FACTORS[step % 4];
        for ((sample, before), after) in samples.iter_mut().zip(before).zip(after) {
            *sample += factor * (before + after);
        }
    }

    fn lone(sample: f32, high: bool) -> f32 {
        // No factor belongs here, and the quantisation steps have it.
        if high { sample * Self::K / 2.0 } else { sample / Self::K }
    }
}

/// Samples row by row, with room at both ends of each row for one more.
#[derive(Debug)]
pub(super) struct Plane<T> {
    width: usize,
    samples: Vec<T>,
}

impl<T: Copy + Default> Plane<T> {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, samples: vec![T::default(); (width + 2) * height] }
    }

    pub(super) fn with_capacity(width: usize, height: usize) -> Self {
        Self { width, samples: Vec::with_capacity((width + 2) * height) }
    }

    /// A row and the room at its ends.
    fn padded(&mut self, y: usize) -> &mut [T] {
        self.samples.get_mut(y * (self.width + 2)..(y + 1) * (self.width + 2)).unwrap_or_default()
    }

    /// The rows from number `y` on.
    pub(super) fn rows(&mut self, y: usize) -> impl Iterator<Item = &mut [T]> {
        let width = self.width;
        self.samples.chunks_exact_mut(width + 2).skip(y).map(move |row| &mut row[1..=width])
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &[T]) {
        self.samples.push(T::default());
        self.samples.extend_from_slice(row);
        self.samples.push(T::default());
    }
}

/// The four sub-bands of one level, which are used up.
#[derive(Debug)]
pub(super) struct Bands<'a, T> {
    pub(super) ll: &'a mut Plane<T>,
    pub(super) hl: &'a mut Plane<T>,
    pub(super) lh: &'a mut Plane<T>,
    pub(super) hh: &'a mut Plane<T>,
}

/// Undoes one level of decomposition: the rows of `area`, from above, go to `sink`. The sub-bands have the sizes that
/// annex B gives them.
pub(super) fn synthesise<W: Wavelet>(
    area: Rect,
    bands: &mut Bands<'_, W::Sample>,
    mut sink: impl FnMut(&[W::Sample]),
) {
    if area.is_empty() {
        return;
    }
    let odd = (area.x0 & 1) as usize;
    let mut rows: [Vec<W::Sample>; ROWS] = std::array::from_fn(|_| vec![W::Sample::default(); area.width()]);
    // Rows are numbered from the even one at or before the first, so that even numbers are of low frequencies.
    let odd_start = (area.y0 & 1) as usize;
    let (start, end) = (odd_start, odd_start + area.height());
    let mut done = start;
    for y in start..end + W::STEPS + 1 {
        if y < end {
            let row = &mut rows[y % ROWS];
            if y % 2 == 0 {
                let at = (y - start) / 2;
                synthesise_row::<W>(odd, bands.ll.padded(at), bands.hl.padded(at), row);
            } else {
                let at = y / 2;
                synthesise_row::<W>(odd, bands.lh.padded(at), bands.hh.padded(at), row);
            }
            if end - start == 1 {
                row.iter_mut().for_each(|sample| *sample = W::lone(*sample, y % 2 == 1));
            }
        }
        if y % 2 == 0 {
            continue;
        }
        for step in 0..W::STEPS {
            let Some(target) = y.checked_sub(1 + step).filter(|t| (start..end).contains(t)) else { continue };
            if end - start > 1 {
                lift_row::<W>(step, &mut rows, target, start, end);
            }
        }
        while done < end && done + W::STEPS <= y {
            sink(&rows[done % ROWS]);
            done += 1;
        }
    }
}

/// One lifting step down the columns: row `target` by those above and below, mirrored at the ends.
fn lift_row<W: Wavelet>(
    step: usize,
    rows: &mut [Vec<W::Sample>; ROWS],
    target: usize,
    start: usize,
    end: usize,
) {
    let above = if target > start { target - 1 } else { target + 1 };
    let below = if target + 1 < end { target + 1 } else { target - 1 };
    let mut row = std::mem::take(&mut rows[target % ROWS]);
    W::lift(step, &mut row, &rows[above % ROWS], &rows[below % ROWS]);
    rows[target % ROWS] = row;
}

/// One level along a row, from its samples of low and of high frequency with room at their ends. `odd` is 1 where the
/// row starts with one of high frequency.
fn synthesise_row<W: Wavelet>(
    odd: usize,
    low: &mut [W::Sample],
    high: &mut [W::Sample],
    row: &mut [W::Sample],
) {
    if let [lone] = row {
        *lone = W::lone(if odd == 0 { low[1] } else { high[1] }, odd == 1);
        return;
    }
    let (low_end, high_end) = (low.len() - 1, high.len() - 1);
    for step in 0..W::STEPS {
        // The neighbours before and after the first sample, in the row of the other kind.
        if step % 2 == 0 {
            mirror(high);
            W::lift(step, &mut low[1..low_end], &high[odd..], &high[odd + 1..]);
        } else {
            mirror(low);
            W::lift(step, &mut high[1..high_end], &low[1 - odd..], &low[2 - odd..]);
        }
    }
    let (first, second) = if odd == 0 { (low, high) } else { (high, low) };
    let (pairs, last) = row.as_chunks_mut::<2>();
    for (pair, (&first, &second)) in pairs.iter_mut().zip(first[1..].iter().zip(&second[1..])) {
        *pair = [first, second];
    }
    if let [last] = last {
        *last = first[first.len() - 2];
    }
}

/// Fills the samples at both ends of a padded row with their neighbours: what a mirrored row has there.
fn mirror<T: Copy>(padded: &mut [T]) {
    let last = padded.len() - 1;
    padded[0] = padded[1];
    padded[last] = padded[last - 1];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lifting step: a sample by its two neighbours.
    type Step<'a, T> = &'a dyn Fn(T, T, T) -> T;

    /// The forward transform of one row or column, sample by sample as F.4.8 has it, without the factors K; `start` is
    /// the coordinate of its first sample. Low frequencies come first.
    fn analyse<T: Copy>(signal: &[T], start: usize, steps: &[Step<'_, T>], lone: T) -> Vec<T> {
        let mut signal = signal.to_vec();
        let end = signal.len();
        if end == 1 {
            return vec![lone];
        }
        for (number, step) in steps.iter().enumerate() {
            for i in (0..end).filter(|i| (i + start + number) % 2 == 1) {
                let before = signal[if i == 0 { 1 } else { i - 1 }];
                let after = signal[if i + 1 == end { i - 1 } else { i + 1 }];
                signal[i] = step(signal[i], before, after);
            }
        }
        let of_kind = |kind: usize| (0..end).filter(move |i| (i + start) % 2 == kind).map(|i| signal[i]);
        of_kind(0).chain(of_kind(1)).collect()
    }

    /// All four sub-bands of a picture, columns first (F.4.2), then what the inverse makes of them.
    fn there_and_back<W: Wavelet>(
        area: Rect,
        picture: &[W::Sample],
        steps: &[Step<'_, W::Sample>],
        lone: impl Fn(W::Sample, bool) -> W::Sample,
    ) -> Vec<W::Sample> {
        let (width, height) = (area.width(), area.height());
        let (x0, y0) = (area.x0 as usize, area.y0 as usize);
        let mut rows = vec![vec![W::Sample::default(); width]; height];
        for x in 0..width {
            let column: Vec<_> = (0..height).map(|y| picture[y * width + x]).collect();
            for (row, value) in rows.iter_mut().zip(analyse(&column, y0, steps, lone(column[0], y0 % 2 == 1)))
            {
                row[x] = value;
            }
        }
        let rows: Vec<_> =
            rows.iter().map(|row| analyse(row, x0, steps, lone(row[0], x0 % 2 == 1))).collect();
        let low = |start: usize, length: usize| (length + 1 - start % 2) / 2;
        let (low_rows, high_rows) = rows.split_at(low(y0, height));
        let split = low(x0, width);
        let plane = |rows: &[Vec<W::Sample>], from: usize, to: usize| {
            let mut plane = Plane::with_capacity(to - from, rows.len());
            rows.iter().for_each(|row| plane.push(&row[from..to]));
            plane
        };
        let left = |rows: &[Vec<W::Sample>]| plane(rows, 0, split);
        let right = |rows: &[Vec<W::Sample>]| plane(rows, split, width);
        let bands = [left(low_rows), right(low_rows), left(high_rows), right(high_rows)];
        let [mut ll, mut hl, mut lh, mut hh] = bands;
        let mut back = Vec::new();
        let mut bands = Bands { ll: &mut ll, hl: &mut hl, lh: &mut lh, hh: &mut hh };
        synthesise::<W>(area, &mut bands, |row| back.extend_from_slice(row));
        back
    }

    fn areas() -> impl Iterator<Item = Rect> {
        let sides = [1, 2, 3, 4, 5, 8, 13, 30];
        let starts = [(0, 0), (1, 0), (0, 1), (3, 5)];
        sides
            .into_iter()
            .flat_map(move |width| sides.into_iter().map(move |height| (width, height)))
            .flat_map(move |(width, height)| {
                starts.map(|(x0, y0)| Rect { x0, y0, x1: x0 + width, y1: y0 + height })
            })
    }

    fn noise(area: Rect) -> Vec<i32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20).cast_signed() - 2048
        };
        (0..area.area()).map(|_| next()).collect()
    }

    #[test]
    fn the_reversible_transform_is_undone_exactly() {
        let high = |sample: i32, before: i32, after: i32| sample - ((before + after) >> 1);
        let low = |sample: i32, before: i32, after: i32| sample + ((before + after + 2) >> 2);
        for area in areas() {
            let picture = noise(area);
            let lone = |sample: i32, high: bool| if high { 2 * sample } else { sample };
            assert_eq!(
                there_and_back::<Reversible>(area, &picture, &[&high, &low], lone),
                picture,
                "{area:?}"
            );
        }
    }

    #[test]
    fn the_irreversible_transform_is_undone_but_for_rounding() {
        let lift =
            |factor: f32| move |sample: f32, before: f32, after: f32| sample + factor * (before + after);
        let [a, b, c, d] = [-1.586_134_3, -0.052_980_12, 0.882_911_1, 0.443_506_85].map(lift);
        for area in areas() {
            let picture: Vec<f32> = noise(area).into_iter().map(|sample| sample as f32).collect();
            let lone =
                |s: f32, high: bool| if high { 2.0 * s / Irreversible::K } else { s * Irreversible::K };
            let back = there_and_back::<Irreversible>(area, &picture, &[&a, &b, &c, &d], lone);
            assert_eq!(back.len(), picture.len());
            let farthest = back.iter().zip(&picture).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(farthest < 0.02, "{area:?}: {farthest}");
        }
    }
}
