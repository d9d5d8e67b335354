//! From wavelet samples to those of the picture: the inverse colour transforms (ITU-T T.800, annex G), the level
//! shift, and the range of the component.

use super::codestream::ComponentSize;

/// The shift and range that turn samples around zero into those of a component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    shift: i32,
    least: i32,
    most: i32,
}

impl Range {
    pub(super) fn of(size: ComponentSize) -> Self {
        let half = 1 << (size.precision - 1);
        if size.signed {
            Self { shift: 0, least: -half, most: half - 1 }
        } else {
            Self { shift: half, least: 0, most: 2 * half - 1 }
        }
    }
}

/// A wavelet sample on its way to the picture.
pub(super) trait Finish: Copy {
    /// The sample of the picture: two's complement of up to 16 bits.
    fn finish(self, range: Range) -> u16;
    /// Undoes the colour transform of this kind of samples: red, green and blue.
    fn colours(transformed: [Self; 3]) -> [Self; 3];
}

impl Finish for i32 {
    #[inline(always)]
    fn finish(self, range: Range) -> u16 {
        self.wrapping_add(range.shift).max(range.least).min(range.most) as u16
    }

    /// RCT (G.2.2).
    #[inline(always)]
    fn colours([y, u, v]: [i32; 3]) -> [i32; 3] {
        let green = y.wrapping_sub(u.wrapping_add(v) >> 2);
        [v.wrapping_add(green), green, u.wrapping_add(green)]
    }
}

impl Finish for f32 {
    #[inline(always)]
    fn finish(self, range: Range) -> u16 {
        // Adding this leaves whole numbers of up to 22 bits in the mantissa, rounded to the nearest.
        const WHOLE: f32 = 12_582_912.0;
        let within = (self + range.shift as f32).max(range.least as f32).min(range.most as f32);
        (within + WHOLE).to_bits() as u16
    }

    /// ICT (G.3.2).
    #[inline(always)]
    fn colours([y, cb, cr]: [f32; 3]) -> [f32; 3] {
        [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
    }
}

/// Finishes a row of samples.
pub(super) fn finish_row<T: Finish>(to: &mut [u16], from: &[T], range: Range) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from.finish(range);
    }
}
