//! Rectangles on the reference grid, in components, resolutions and sub-bands (ITU-T T.800, annex B).

/// A rectangle, its far sides left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rect {
    pub(super) x0: u32,
    pub(super) y0: u32,
    pub(super) x1: u32,
    pub(super) y1: u32,
}

impl Rect {
    pub(super) fn width(&self) -> usize {
        self.x1.saturating_sub(self.x0) as usize
    }

    pub(super) fn height(&self) -> usize {
        self.y1.saturating_sub(self.y0) as usize
    }

    pub(super) fn area(&self) -> u64 {
        self.width() as u64 * self.height() as u64
    }

    pub(super) fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    fn map(&self, x: impl Fn(u32) -> u32, y: impl Fn(u32) -> u32) -> Self {
        Self { x0: x(self.x0), y0: y(self.y0), x1: x(self.x1), y1: y(self.y1) }
    }

    /// The samples of a component that has one every `step` (equations B-2 and B-12).
    pub(super) fn on_grid(&self, step: (u8, u8)) -> Self {
        self.map(|x| x.div_ceil(u32::from(step.0)), |y| y.div_ceil(u32::from(step.1)))
    }

    /// The rectangle after so many decompositions: `high` tells along which axes the high frequencies of the last of
    /// them were taken (equations B-14 and B-15).
    pub(super) fn decomposed(&self, times: u8, high: (bool, bool)) -> Self {
        let side = |high: bool| {
            move |at: u32| {
                let shift = if high { 1_u64 << (times - 1) } else { 0 };
                u64::from(at).saturating_sub(shift).div_ceil(1 << times) as u32
            }
        };
        if times == 0 { *self } else { self.map(side(high.0), side(high.1)) }
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    /// The cells of a grid anchored at 0 that the rectangle touches, in units of cells. The exponents give the size of
    /// a cell.
    pub(super) fn cells(&self, exponents: (u8, u8)) -> Self {
        if self.is_empty() {
            return Self::default();
        }
        let far = |at: u32, exponent: u8| u64::from(at).div_ceil(1 << exponent) as u32;
        Self {
            x0: self.x0 >> exponents.0,
            y0: self.y0 >> exponents.1,
            x1: far(self.x1, exponents.0),
            y1: far(self.y1, exponents.1),
        }
    }

    /// One cell of such a grid, as far as it lies within.
    pub(super) fn cell(&self, x: u32, y: u32, exponents: (u8, u8)) -> Self {
        let side = |at: u32, exponent: u8| {
            let start = u64::from(at) << exponent;
            let clamp = |at: u64| at.min(u64::from(u32::MAX)) as u32;
            (clamp(start), clamp(start + (1 << exponent)))
        };
        let ((x0, x1), (y0, y1)) = (side(x, exponents.0), side(y, exponents.1));
        self.intersection(&Self { x0, y0, x1, y1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_bands_share_out_the_samples_of_an_area() {
        for area in [
            Rect { x0: 0, y0: 0, x1: 17, y1: 9 },
            Rect { x0: 5, y0: 7, x1: 6, y1: 30 },
            Rect { x0: u32::MAX - 9, y0: 1, x1: u32::MAX, y1: 2 },
        ] {
            for times in 1..=32 {
                let whole = area.decomposed(times - 1, (false, false)).area();
                let highs = [(false, false), (true, false), (false, true), (true, true)];
                let parts: u64 = highs.iter().map(|&high| area.decomposed(times, high).area()).sum();
                assert_eq!(parts, whole, "{area:?} {times} times");
            }
        }
    }

    #[test]
    fn cells_cover_an_area_once() {
        let area = Rect { x0: 5, y0: 7, x1: 42, y1: 23 };
        let cells = area.cells((3, 2));
        assert_eq!(cells, Rect { x0: 0, y0: 1, x1: 6, y1: 6 });
        let all = (cells.y0..cells.y1).flat_map(|y| (cells.x0..cells.x1).map(move |x| (x, y)));
        assert_eq!(all.map(|(x, y)| area.cell(x, y, (3, 2)).area()).sum::<u64>(), area.area());
        assert_eq!(area.cell(0, 1, (3, 2)), Rect { x0: 5, y0: 7, x1: 8, y1: 8 });
        assert_eq!(area.cell(0, 0, (15, 15)), area);
        assert!(Rect::default().cells((15, 15)).is_empty());
    }
}
