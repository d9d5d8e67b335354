//! How a film is presented. Whole numbers only, so that two presentations that are alike are equal and a picture that was
//! made once is found again.

use super::Colours;

/// The parts of film and heatmap that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// The film alone.
    Film,
    /// The heatmap over it.
    #[default]
    Overlay,
    /// The film, and beside it the same with the heatmap.
    Beside,
    /// Lines of equal heat over the film, which hide next to nothing.
    Contours,
}

impl Mode {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 4] = [Self::Film, Self::Overlay, Self::Beside, Self::Contours];

    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Film => "film",
            Self::Overlay => "overlay",
            Self::Beside => "side by side",
            Self::Contours => "contours",
        }
    }
}

/// Which greys are spread from black to white, in steps of the display grey (0 to 255).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The grey that becomes the middle.
    pub level: u8,
    /// How many greys become the whole range, 8 to 256.
    pub width: u16,
}

impl Window {
    /// The film as a workstation shows it at first.
    pub const STORED: Self = Self { level: 128, width: 256 };
    /// Windows that a key goes through, with their names.
    pub const PRESETS: [(&str, Self); 4] = [
        ("as stored", Self::STORED),
        ("lungs", Self { level: 84, width: 136 }),
        ("soft tissue", Self { level: 176, width: 128 }),
        ("hard", Self { level: 128, width: 128 }),
    ];

    /// Its preset's name, if it is one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::PRESETS.iter().find(|(_, window)| *window == self).map(|(name, _)| *name)
    }

    /// The grey that each display grey becomes.
    #[must_use]
    pub fn table(self, inverted: bool) -> [u8; 256] {
        let mut table = [0; 256];
        let (level, width) = (f32::from(self.level), f32::from(self.width.max(1)));
        for (grey, shown) in (0_u16..).zip(&mut table) {
            let share = (f32::from(grey) - level) / width + 0.5;
            // The whole range must stay exactly as it is.
            let value = if self == Self::STORED { f32::from(grey) } else { 255.0 * share };
            *shown = super::round(value.clamp(0.0, 255.0));
            if inverted {
                *shown = 255 - *shown;
            }
        }
        table
    }
}

/// The part of the film that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zoom {
    /// How much larger than fitted into its box, in percent; 100 at least.
    pub percent: u16,
    /// The centre, in thousandths of the film's width.
    pub x: u16,
    /// In thousandths of its height.
    pub y: u16,
}

impl Zoom {
    /// The whole film.
    pub const FIT: Self = Self { percent: 100, x: 500, y: 500 };
    /// The most.
    const MOST: u16 = 1600;

    /// Returns whether less than the whole film may be in sight.
    #[must_use]
    pub fn is_near(self) -> bool {
        self.percent > 100
    }

    /// Nearer or farther, around the same centre.
    #[must_use]
    pub fn by(self, factor: f32) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
        let percent = (f32::from(self.percent) * factor).round().clamp(100.0, f32::from(Self::MOST)) as u16;
        if percent == 100 { Self::FIT } else { Self { percent, ..self } }
    }

    /// Moves the centre by so many fifths of what is in sight.
    #[must_use]
    pub fn moved(self, right: i16, down: i16) -> Self {
        let half = (50_000 / u32::from(self.percent.max(1))).min(500);
        let step = i32::try_from(half * 2 / 5).unwrap_or(0);
        let to = |from: u16, by: i16| {
            let (least, most) = (half, 1000 - half);
            let to = i32::from(from) + step * i32::from(by);
            u16::try_from(u32::try_from(to).unwrap_or(0).clamp(least, most)).unwrap_or(500)
        };
        Self { x: to(self.x, right), y: to(self.y, down), ..self }
    }
}

/// All of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Presentation {
    /// Film, heatmap, or both.
    pub mode: Mode,
    /// How much of the film the hottest spot hides, in percent.
    pub opacity: u8,
    /// The heatmap's colours.
    pub colours: Colours,
    /// Which greys.
    pub window: Window,
    /// Black for white.
    pub inverted: bool,
    /// Which part.
    pub zoom: Zoom,
}

impl Default for Presentation {
    /// The heatmap over the whole film: 60 % is enough to stand out, too little to hide a rib.
    fn default() -> Self {
        Self {
            mode: Mode::Overlay,
            opacity: 60,
            colours: Colours::Magma,
            window: Window::STORED,
            inverted: false,
            zoom: Zoom::FIT,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_window_spreads_its_greys_and_cuts_the_rest() {
        let lungs = Window { level: 100, width: 100 }.table(false);
        assert_eq!((lungs[0], lungs[50], lungs[100], lungs[150], lungs[255]), (0, 0, 128, 255, 255));
        let stored = Window::STORED.table(false);
        assert!((0..=255_u8).all(|grey| stored[usize::from(grey)] == grey));
        let negative = Window::STORED.table(true);
        assert!((0..=255_u8).all(|grey| negative[usize::from(grey)] == 255 - grey));
    }

    #[test]
    fn zooming_out_ends_at_the_whole_film() {
        let near = Zoom::FIT.by(2.0).moved(3, -1);
        assert_eq!((near.percent, near.x > 500, near.y < 500), (200, true, true));
        assert_eq!(near.by(0.1), Zoom::FIT);
        assert_eq!(Zoom::FIT.moved(5, 5), Zoom::FIT, "nothing is out of sight");
    }

    proptest! {
        #[test]
        fn what_is_in_sight_never_leaves_the_film(
            factor in 1.0_f32..20.0, moves in proptest::collection::vec((-9_i16..9, -9_i16..9), 0..9)
        ) {
            let zoom = moves.iter().fold(Zoom::FIT.by(factor), |zoom, (x, y)| zoom.moved(*x, *y));
            let half = 50_000.0 / f32::from(zoom.percent);
            for centre in [zoom.x, zoom.y] {
                prop_assert!(f32::from(centre) >= half - 1.0 && f32::from(centre) <= 1001.0 - half);
            }
        }
    }
}
