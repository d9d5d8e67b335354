//! Whole screens in three themes: a letter a cell for its style, and what each letter looks like.

use crate::dashboard::fixture::Desk;
use cxr_triage::dashboard::{Theme, draw};
use insta::assert_snapshot;
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Cell,
    style::{Color, Modifier},
};

type Look = (Color, Color, Modifier);

/// The screen's text, then its styles as letters in the order in which they come, then the letters. A
/// picture's cells are `▀`: they have a style each.
fn styled(width: u16, height: u16, theme: Theme) -> String {
    let mut desk = Desk::morning(width, height);
    desk.press("down");
    desk.paint(theme);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(&desk.state, frame)).unwrap();
    let buffer = terminal.backend().buffer();

    let mut looks: Vec<Look> = Vec::new();
    let mut letter = |cell: &Cell| {
        if cell.symbol() == "▀" || cell.symbol() == "▄" {
            return '▀';
        }
        let look = (cell.fg, cell.bg, cell.modifier);
        let at = looks.iter().position(|known| *known == look).unwrap_or_else(|| {
            looks.push(look);
            looks.len() - 1
        });
        char::from(b'a' + at as u8)
    };
    let mut styles = String::new();
    for row in buffer.content.chunks(usize::from(width)) {
        let line: String = row.iter().map(&mut letter).collect();
        styles.push_str(&line);
        styles.push('\n');
    }
    let mut out = format!("{}\n{styles}\n", terminal.backend());
    for (at, (front, back, modifier)) in (b'a'..).zip(looks) {
        out.push_str(&format!("{}: {front} on {back} {modifier:?}\n", char::from(at)));
    }
    out
}

#[test]
fn dark_light_and_without_colour_at_every_size() {
    let built_in = |name| Theme::built_in(name).unwrap();
    for (width, height) in [(60, 20), (80, 24), (120, 40), (200, 60)] {
        for name in ["dark", "light", "mono"] {
            assert_snapshot!(format!("{name}_{width}x{height}"), styled(width, height, built_in(name)));
        }
    }
}

#[test]
fn with_ascii_borders_nothing_but_names_is_beyond_ascii() {
    let mut desk = Desk::morning(120, 40);
    desk.press("?");
    for open in [true, false] {
        desk.paint(Theme { ascii: true, ..Theme::standard() });
        let screen = desk.screen(120, 40);
        let beyond: String =
            screen.chars().filter(|c| !c.is_ascii() && !"山田太郎ÁŘÍ".contains(*c)).collect();
        assert_eq!(beyond, "", "help open: {open}\n{screen}");
        desk.press("esc");
    }
}
