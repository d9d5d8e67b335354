//! How much of a picture goes over a slow line: its size, its greys, and whether it is made of half-blocks.

use std::time::Duration;

use image::RgbImage;
use ratatui_image::picker::ProtocolType;

use super::Canvas;
use crate::config::Bandwidth;

/// The time that the line may need for a picture.
const PICTURE: Duration = Duration::from_millis(1000);
/// The time for a strip of one: a key that is pressed meanwhile waits no longer than this.
pub(in crate::dashboard) const STRIP: Duration = Duration::from_millis(50);

/// The detail in which a picture is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// Width and height, in hundredths of the whole.
    pub percent: u8,
    /// Levels of red, green and blue; none: all that there are.
    pub levels: Option<u8>,
    /// Whether it is made of half-blocks where the terminal could show more.
    pub halfblocks: bool,
}

impl Detail {
    /// Everything that the terminal can show.
    pub const WHOLE: Self = Self { percent: 100, levels: None, halfblocks: false };

    const fn of(percent: u8, levels: u8) -> Self {
        Self { percent, levels: Some(levels), halfblocks: false }
    }

    const fn in_halfblocks(percent: u8, levels: u8) -> Self {
        Self { percent, levels: Some(levels), halfblocks: true }
    }

    /// Returns whether a picture of this detail is text, so that a popup can lie over it.
    #[must_use]
    pub fn is_text(self, canvas: &Canvas) -> bool {
        self.halfblocks || canvas.is_text()
    }

    /// The protocol that a picture of this detail is sent by.
    #[must_use]
    pub fn protocol(self, terminal: ProtocolType) -> ProtocolType {
        if self.halfblocks { ProtocolType::Halfblocks } else { terminal }
    }
}

/// From the most detail to the least. Greys go first: sixteen still tell the lung's markings apart, and a film half as
/// wide does not.
const STEPS: [Detail; 14] = [
    Detail::WHOLE,
    Detail::of(100, 32),
    Detail::of(100, 16),
    Detail::of(80, 16),
    Detail::of(64, 16),
    Detail::of(50, 16),
    Detail::of(40, 16),
    Detail::of(40, 8),
    Detail::of(32, 8),
    Detail::of(25, 8),
    Detail::in_halfblocks(50, 8),
    Detail::in_halfblocks(32, 8),
    Detail::in_halfblocks(25, 8),
    Detail::in_halfblocks(16, 6),
];

/// The bytes of which a picture over this line is made at most.
pub(super) fn budget(line: Bandwidth) -> usize {
    line.bytes_in(PICTURE)
}

/// The bytes of a strip at most.
pub(super) fn strip(line: Bandwidth) -> usize {
    line.bytes_in(STRIP)
}

/// Chooses the most detail whose picture has `budget` bytes at most, by what `weigh` says of each; the least where all
/// are over it. `last` is the step of the picture before, for films are alike: the search begins above it.
pub(super) fn choose<E>(
    last: usize,
    budget: usize,
    mut weigh: impl FnMut(Detail) -> Result<usize, E>,
) -> Result<usize, E> {
    let mut step = last.min(STEPS.len() - 1);
    if weigh(STEPS[step])? <= budget {
        while step > 0 && weigh(STEPS[step - 1])? <= budget {
            step -= 1;
        }
        return Ok(step);
    }
    while step + 1 < STEPS.len() {
        step += 1;
        if weigh(STEPS[step])? <= budget {
            break;
        }
    }
    Ok(step)
}

/// The detail of a step.
pub(super) fn at(step: usize) -> Detail {
    STEPS[step.min(STEPS.len() - 1)]
}

/// Cuts the levels of each channel down, evenly from black to white.
pub(super) fn reduce(image: &mut RgbImage, levels: u8) {
    let most = u16::from(levels.max(2) - 1);
    let table: [u8; 256] = std::array::from_fn(|value| {
        let level = (value as u16 * most + 127) / 255;
        u8::try_from(level * 255 / most).unwrap_or(u8::MAX)
    });
    for value in image.iter_mut() {
        *value = table[usize::from(*value)];
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Bytes of a picture of 600 x 600 pixels in 60 x 30 cells, near to what was measured (docs/terminal.md).
    fn weight(terminal: ProtocolType, detail: Detail) -> usize {
        let levels = f64::from(detail.levels.unwrap_or(255));
        let share = f64::from(detail.percent).powi(2) / 10_000.0;
        let whole = match detail.protocol(terminal) {
            ProtocolType::Halfblocks => 1_800.0 * (4.0 + levels.sqrt() * 2.0).min(38.0),
            ProtocolType::Sixel => 360_000.0 * levels.sqrt() / 20.0,
            ProtocolType::Kitty => 360_000.0 * levels.sqrt() / 10.0,
            ProtocolType::Iterm2 => 360_000.0 * levels.sqrt() / 24.0,
        };
        (whole * share) as usize
    }

    fn chosen(terminal: ProtocolType, line: &str, last: usize) -> Detail {
        let budget = budget(line.parse().unwrap());
        let weigh = |detail| Ok::<_, Infallible>(weight(terminal, detail));
        at(choose(last, budget, weigh).unwrap())
    }

    #[test]
    fn a_slower_line_gets_fewer_greys_then_a_smaller_picture_then_half_blocks() {
        use ProtocolType::{Halfblocks, Iterm2, Kitty, Sixel};
        for (terminal, line, detail) in [
            (Sixel, "100 Mbit/s", Detail::WHOLE),
            (Sixel, "1 Mbit/s", Detail::of(100, 32)),
            (Sixel, "512 kbit/s", Detail::of(80, 16)),
            (Sixel, "256 kbit/s", Detail::of(64, 16)),
            (Sixel, "64 kbit/s", Detail::of(32, 8)),
            (Sixel, "16 kbit/s", Detail::in_halfblocks(32, 8)),
            (Kitty, "1 Mbit/s", Detail::of(80, 16)),
            (Kitty, "256 kbit/s", Detail::of(40, 16)),
            (Kitty, "64 kbit/s", Detail::of(25, 8)),
            (Kitty, "16 kbit/s", Detail::in_halfblocks(32, 8)),
            (Iterm2, "256 kbit/s", Detail::of(64, 16)),
            (Halfblocks, "1 Mbit/s", Detail::WHOLE),
            (Halfblocks, "256 kbit/s", Detail::of(100, 32)),
            (Halfblocks, "64 kbit/s", Detail::of(50, 16)),
        ] {
            for last in 0..STEPS.len() {
                assert_eq!(chosen(terminal, line, last), detail, "{terminal:?} at {line} after step {last}");
            }
        }
    }

    #[test]
    fn what_nothing_fits_gets_the_least() {
        let heavy = |_| Ok::<_, Infallible>(usize::MAX);
        assert_eq!(choose(0, 10, heavy), Ok(STEPS.len() - 1));
        assert_eq!(choose(0, 10, |_| Err("broken")), Err("broken"));
    }

    #[test]
    fn fewer_levels_keep_black_white_and_order() {
        let mut image = RgbImage::from_fn(256, 1, |x, _| image::Rgb([x as u8; 3]));
        reduce(&mut image, 16);
        let values: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
        assert!(values.is_sorted() && values[0] == 0 && values[255] == 255);
        let mut distinct = values;
        distinct.dedup();
        assert_eq!(distinct.len(), 16);
    }
}
