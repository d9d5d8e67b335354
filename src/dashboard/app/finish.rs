//! The last pass over a drawn screen: the theme's ground under everything that chose no colour of its
//! own, popups included; and, where the theme asks for it, ASCII in place of every drawn glyph.

use ratatui::{
    buffer::{Buffer, Cell, CellDiffOption},
    style::Color,
};

use crate::dashboard::theme::Theme;

/// The ASCII character for each glyph of ours. Letters of names are left alone.
#[rustfmt::skip]
const ASCII: [(&str, &str); 60] = [
    ("─", "-"), ("│", "|"), ("┃", "#"), ("━", "="), ("╭", "+"), ("╮", "+"), ("╰", "+"), ("╯", "+"),
    ("┌", "+"), ("┐", "+"), ("└", "+"), ("┘", "+"), ("├", "+"), ("┤", "+"), ("┬", "+"), ("┴", "+"),
    ("┼", "+"), ("█", "="), ("▉", "="), ("▊", "="), ("▋", "="), ("▌", "="), ("▍", "-"), ("▎", "-"),
    ("▏", " "), ("░", ":"), ("▒", ":"), ("▓", ":"), ("▁", "_"), ("▂", "_"), ("▃", "."), ("▄", "-"),
    ("▅", "-"), ("▆", "="), ("▇", "="), ("◆", "*"), ("▲", "^"), ("·", "-"), ("‖", "H"), ("•", "o"),
    ("▸", ">"), ("◂", "<"), ("▾", "v"), ("↑", "^"), ("↓", "v"), ("←", "<"), ("→", ">"), ("…", "~"),
    ("✖", "X"), ("✓", "v"), ("×", "x"), ("–", "-"), ("—", "-"), ("⚑", "!"), ("●", "@"), ("○", "o"),
    ("■", "#"), ("≥", ">"), ("≤", "<"), ("°", "o"),
];

pub(in crate::dashboard) fn apply(theme: &Theme, buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        // What lies under a picture is the picture's.
        if matches!(cell.diff_option, CellDiffOption::Skip) {
            continue;
        }
        if theme.ascii {
            flatten(cell);
        }
        if cell.bg == Color::Reset {
            cell.bg = theme.background;
        }
        if let (Color::Reset, Some(text)) = (cell.fg, theme.text.fg) {
            cell.fg = text;
        }
    }
}

/// A glyph as ASCII. A half-block of a picture becomes a blank of the mean of its two colours.
fn flatten(cell: &mut Cell) {
    if let ("▀" | "▄", Color::Rgb(..), Color::Rgb(..)) = (cell.symbol(), cell.fg, cell.bg) {
        cell.bg = mean(cell.fg, cell.bg);
        cell.set_symbol(" ");
    } else if let Some((_, plain)) = ASCII.iter().find(|(glyph, _)| *glyph == cell.symbol()) {
        cell.set_symbol(plain);
    }
}

fn mean(one: Color, other: Color) -> Color {
    match (one, other) {
        (Color::Rgb(r, g, b), Color::Rgb(s, h, c)) => Color::Rgb(r.midpoint(s), g.midpoint(h), b.midpoint(c)),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    #[test]
    fn what_chose_no_colour_gets_the_ground_and_a_picture_is_left_alone() {
        let theme = Theme::standard();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(1, 0, "x", Style::new().fg(Color::Red));
        buffer.content[2].set_diff_option(CellDiffOption::Skip);
        apply(&theme, &mut buffer);
        let colours: Vec<(Color, Color)> = buffer.content.iter().map(|cell| (cell.fg, cell.bg)).collect();
        let text = theme.text.fg.unwrap();
        assert_eq!(
            colours,
            [(text, theme.background), (Color::Red, theme.background), (Color::Reset, Color::Reset)]
        );
    }

    #[test]
    fn ascii_keeps_names_and_turns_half_blocks_into_blanks() {
        let theme = Theme { ascii: true, ..Theme::standard() };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 7, 1));
        buffer.set_string(0, 0, "╭─◆ é▀", Style::new());
        buffer.content[5].set_fg(Color::Rgb(0, 0, 0)).set_bg(Color::Rgb(100, 50, 20));
        apply(&theme, &mut buffer);
        let text: String = buffer.content.iter().map(Cell::symbol).collect();
        assert_eq!(text, "+-* é  ");
        assert_eq!(buffer.content[5].bg, Color::Rgb(50, 25, 10));
    }
}
