//! Colours: their words, what terminals of few colours make of them, and their contrast.

use ratatui::style::{Color, Style};

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All of them.
    Full,
    /// The 256 of xterm.
    Indexed,
    /// The sixteen of old.
    Sixteen,
}

impl Depth {
    /// By `COLORTERM` and `TERM`, as terminals announce it.
    #[must_use]
    pub fn of(colorterm: &str, term: &str) -> Self {
        if ["truecolor", "24bit"].contains(&colorterm) || term.ends_with("-direct") || term.contains("kitty")
        {
            Self::Full
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// The names of the sixteen colours, in the order of their numbers.
pub(super) const NAMES: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// The sixteen colours as xterm has them at first.
const XTERM: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// A colour by its word: one of the sixteen, `default` for the terminal's own, or `#rrggbb`.
pub(super) fn parse(word: &str) -> Option<Color> {
    if word == "default" {
        return Some(Color::Reset);
    }
    if let Some(&(_, colour)) = NAMES.iter().find(|(name, _)| *name == word) {
        return Some(colour);
    }
    let digits = word.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some(Color::Rgb(channel(0)?, channel(2)?, channel(4)?))
}

/// Red, green and blue, of 0 to 255; none for the terminal's own colours.
pub(super) fn rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index) => Some(indexed(index)),
        Color::Reset => None,
        named => NAMES.iter().position(|(_, known)| *known == named).map(|at| XTERM[at]),
    }
}

/// A colour of xterm's 256: the sixteen, a cube of six steps a channel, 24 greys.
fn indexed(index: u8) -> [u8; 3] {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..16 => XTERM[usize::from(index)],
        16..232 => {
            let at = usize::from(index - 16);
            [STEPS[at / 36], STEPS[at / 6 % 6], STEPS[at % 6]]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// The colour as a terminal of that depth can show it: the nearest it has.
fn at_depth(colour: Color, depth: Depth) -> Color {
    let (Color::Rgb(..), Some(wanted)) = (colour, rgb(colour)) else { return colour };
    let distance = |other: [u8; 3]| -> u32 {
        // Green counts most to the eye, blue least.
        let weigh = |at: usize, weight: u32| weight * u32::from(wanted[at].abs_diff(other[at])).pow(2);
        weigh(0, 3) + weigh(1, 4) + weigh(2, 2)
    };
    match depth {
        Depth::Full => colour,
        // The first sixteen are whatever the person made of them: not to be relied on.
        Depth::Indexed => (16..=255).min_by_key(|&at| distance(indexed(at))).map_or(colour, Color::Indexed),
        Depth::Sixteen => {
            let nearest = (0..16).min_by_key(|&at| distance(XTERM[at]));
            nearest.map_or(colour, |at| NAMES[at].1)
        }
    }
}

/// A style with the colours that a terminal of that depth can show.
pub(super) fn style_at_depth(style: Style, depth: Depth) -> Style {
    let known = |colour: Option<Color>| colour.map(|colour| at_depth(colour, depth));
    Style { fg: known(style.fg), bg: known(style.bg), ..style }
}

/// The contrast of two colours by WCAG 2.2 (1 to 21); none where one is the terminal's own.
#[must_use]
pub fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(rgb(one)?), luminance(rgb(other)?));
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

/// Relative luminance by WCAG 2.2.
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_words() {
        for (word, colour) in [
            ("#0d1117", Some(Color::Rgb(13, 17, 23))),
            ("bright-red", Some(Color::LightRed)),
            ("white", Some(Color::Gray)),
            ("default", Some(Color::Reset)),
            ("#fff", None),
            ("#12345g", None),
            ("#12é45", None),
            ("crimson", None),
        ] {
            assert_eq!(parse(word), colour, "{word}");
        }
    }

    #[test]
    fn terminals_say_how_many_colours_they_have() {
        for (colorterm, term, depth) in [
            ("truecolor", "xterm-256color", Depth::Full),
            ("24bit", "xterm", Depth::Full),
            ("", "xterm-kitty", Depth::Full),
            ("", "tmux-256color", Depth::Indexed),
            ("", "xterm", Depth::Sixteen),
            ("", "linux", Depth::Sixteen),
        ] {
            assert_eq!(Depth::of(colorterm, term), depth, "{colorterm} {term}");
        }
    }

    #[test]
    fn the_nearest_colour_stands_in() {
        for (colour, depth, shown) in [
            (Color::Rgb(255, 0, 0), Depth::Full, Color::Rgb(255, 0, 0)),
            (Color::Rgb(255, 2, 0), Depth::Indexed, Color::Indexed(196)),
            (Color::Rgb(9, 8, 8), Depth::Indexed, Color::Indexed(232)),
            (Color::Rgb(250, 10, 10), Depth::Sixteen, Color::LightRed),
            (Color::Cyan, Depth::Indexed, Color::Cyan),
            (Color::Reset, Depth::Sixteen, Color::Reset),
        ] {
            assert_eq!(at_depth(colour, depth), shown, "{colour:?} at {depth:?}");
        }
    }

    #[test]
    fn contrast_is_wcags() {
        let ratio = |one, other| contrast(one, other).map(|ratio| (ratio * 100.0).round() / 100.0);
        // WebAIM's checker gives these.
        assert_eq!(ratio(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)), Some(21.0));
        assert_eq!(ratio(Color::Rgb(0x77, 0x77, 0x77), Color::Rgb(255, 255, 255)), Some(4.48));
        assert_eq!(ratio(Color::Reset, Color::White), None);
    }
}
