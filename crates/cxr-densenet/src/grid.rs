//! Where the pixels of a dense block's maps lie, and how its work is cut into pieces.

use std::ops::Range;

use super::kernels::MIDDLE;

/// The maps of one dense block, channels last. Each film has `rows` x `columns` pixels of `stride`
/// numbers; between the two convolutions of a layer it has a map of 128 channels with a border of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Channels at the block's end.
    pub(super) channels: usize,
    /// Numbers from one pixel to the next.
    pub(super) stride: usize,
    /// Pixels of one line of the padded map.
    line: usize,
}

/// Consecutive pairs of lines, counted through all films: what one thread works on.
pub(super) type Pairs = Range<usize>;

impl Grid {
    /// Pixels lie one cache line more than `channels` apart: at powers of two, they would all fall
    /// into the same few places of the cache.
    pub(super) fn new(rows: usize, columns: usize, channels: usize, line: usize) -> Self {
        Self { rows, columns, channels, stride: channels + 32, line }
    }

    pub(super) fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// Pairs of lines of a film: the last may be half.
    pub(super) fn pairs(&self) -> usize {
        self.rows.div_ceil(2)
    }

    /// Winograd's tiles are 2 x 2 pixels: so many lie beside each other.
    pub(super) fn tiles_across(&self) -> usize {
        self.columns.div_ceil(2)
    }

    /// Numbers of one film's map.
    pub(super) fn map(&self) -> usize {
        self.pixels() * self.stride
    }

    /// Numbers of one line of the padded map.
    pub(super) fn padded_line(&self) -> usize {
        self.line * MIDDLE
    }

    /// Numbers of one film's padded map.
    pub(super) fn padded_map(&self) -> usize {
        (2 * self.pairs() + 2) * self.padded_line()
    }

    /// The first pixel of a pair of lines, counted through all films.
    pub(super) fn first_pixel(&self, pair: usize) -> usize {
        let (film, pair) = (pair / self.pairs(), pair % self.pairs());
        film * self.pixels() + 2 * pair * self.columns
    }

    /// Returns where the lines of a pair begin in the padded maps, their border included.
    pub(super) fn padded_start(&self, pair: usize) -> usize {
        let (film, pair) = (pair / self.pairs(), pair % self.pairs());
        film * self.padded_map() + (2 * pair + 1) * self.padded_line()
    }

    /// Returns where a pixel begins in the padded maps.
    pub(super) fn padded_pixel(&self, pixel: usize) -> usize {
        let (film, pixel) = (pixel / self.pixels(), pixel % self.pixels());
        let (row, column) = (pixel / self.columns, pixel % self.columns);
        film * self.padded_map() + (row + 1) * self.padded_line() + (column + 1) * MIDDLE
    }
}

/// Cuts `count` things into at most `parts` even ranges, none empty.
pub(super) fn cut(count: usize, parts: usize) -> Vec<Range<usize>> {
    let parts = parts.min(count);
    (0..parts).map(|part| part * count / parts..(part + 1) * count / parts).collect()
}

/// Cuts a slice at the given places: the pieces between neighbouring places.
pub(super) fn cut_at<T>(
    mut slice: &mut [T],
    places: impl IntoIterator<Item = Range<usize>>,
) -> Vec<&mut [T]> {
    let mut from = 0;
    let mut pieces = Vec::new();
    for place in places {
        let rest = std::mem::take(&mut slice).get_mut(place.start - from..).unwrap_or_default();
        let (piece, rest) = rest.split_at_mut(place.len());
        pieces.push(piece);
        (slice, from) = (rest, place.end);
    }
    pieces
}

/// Goes through `range` in even steps of at most `most`.
pub(super) fn steps(range: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let count = range.len();
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| range.start + part * count / parts..range.start + (part + 1) * count / parts)
}

/// Goes through `range` in steps of `most`; the last is what is left.
pub(super) fn full_steps(range: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    range.clone().step_by(most).map(move |start| start..range.end.min(start + most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_follow_each_other_without_gaps_through_all_films() {
        for (rows, columns) in [(7, 7), (10, 10), (5, 8), (1, 1), (56, 56)] {
            let grid = Grid::new(rows, columns, 64, columns + 1);
            let pairs = 3 * grid.pairs();
            assert_eq!(grid.first_pixel(pairs), 3 * grid.pixels(), "{rows} x {columns}");
            let mut seen = vec![];
            for pair in 0..pairs {
                for pixel in grid.first_pixel(pair)..grid.first_pixel(pair + 1) {
                    let start = grid.padded_pixel(pixel);
                    assert!((grid.padded_start(pair)..grid.padded_start(pair + 1)).contains(&start));
                    seen.push(start);
                }
            }
            assert!(seen.is_sorted() && seen.len() == 3 * rows * columns);
        }
    }

    #[test]
    fn cuts_are_even_and_complete() {
        for (count, parts) in [(28, 2), (7, 4), (3, 8), (0, 2)] {
            let ranges = cut(count, parts);
            assert!(ranges.iter().all(|range| range.len().abs_diff(count / ranges.len().max(1)) <= 1));
            assert_eq!(ranges.into_iter().flatten().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
        }
        assert_eq!(steps(3..33, 14).collect::<Vec<_>>(), [3..13, 13..23, 23..33]);
        let mut values = [0, 1, 2, 3, 4, 5];
        assert_eq!(cut_at(&mut values, [1..3, 4..5]), [&[1, 2][..], &[4]]);
    }
}
