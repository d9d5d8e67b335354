//! Which protocol this terminal shows pictures with.

use std::{fmt, process::Command, str::FromStr, time::Duration};

use ratatui_image::picker::{Capability, Picker, ProtocolType, cap_parser::QueryStdioOptions};

use super::Canvas;

/// How long the terminal may take to say what it can, at most: a slow line over SSH answers in well
/// under that, and a terminal that never answers must not hold the first screen up for longer.
const PATIENCE: Duration = Duration::from_millis(1000);

/// What the person wants pictures shown with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PictureProtocol {
    /// Whatever the terminal says it can.
    #[default]
    Auto,
    /// Kitty's graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm2,
    /// Sixel.
    Sixel,
    /// Half-blocks: characters only.
    Halfblocks,
}

impl PictureProtocol {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Kitty, Self::Iterm2, Self::Sixel, Self::Halfblocks];

    /// The word on the command line and in the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kitty => "kitty",
            Self::Iterm2 => "iterm2",
            Self::Sixel => "sixel",
            Self::Halfblocks => "halfblocks",
        }
    }

    fn forced(self) -> Option<ProtocolType> {
        match self {
            Self::Auto => None,
            Self::Kitty => Some(ProtocolType::Kitty),
            Self::Iterm2 => Some(ProtocolType::Iterm2),
            Self::Sixel => Some(ProtocolType::Sixel),
            Self::Halfblocks => Some(ProtocolType::Halfblocks),
        }
    }
}

impl fmt::Display for PictureProtocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// A word that names no protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no picture protocol; choose auto, kitty, iterm2, sixel or halfblocks")]
pub struct UnknownProtocol(String);

impl FromStr for PictureProtocol {
    type Err = UnknownProtocol;

    fn from_str(word: &str) -> Result<Self, UnknownProtocol> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.word() == word);
        found.ok_or_else(|| UnknownProtocol(word.to_owned()))
    }
}

/// What was found out about the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    /// The protocol that the terminal, or its environment, points to.
    offered: ProtocolType,
    /// Whether it answered the Kitty probe itself.
    kitty_answered: bool,
    tmux: bool,
    /// Whether tmux can show sixel to its client by itself (3.4 and later).
    tmux_sixel: bool,
}

/// The protocol, and whether it has to be passed through tmux.
fn choose(wanted: PictureProtocol, facts: Facts) -> (ProtocolType, bool) {
    let protocol = match wanted.forced() {
        Some(protocol) => protocol,
        None if !facts.tmux || facts.kitty_answered => facts.offered,
        None if facts.tmux_sixel => ProtocolType::Sixel,
        None => ProtocolType::Halfblocks,
    };
    let by_tmux_itself = protocol == ProtocolType::Sixel && facts.tmux_sixel;
    (protocol, facts.tmux && !by_tmux_itself)
}

/// Asks the terminal. Must run in raw mode, before anything else reads from it.
pub(in crate::dashboard) fn detect(wanted: PictureProtocol) -> Canvas {
    if wanted == PictureProtocol::Halfblocks {
        return with_window_cell(Canvas::halfblocks());
    }
    let options = QueryStdioOptions { timeout: PATIENCE, ..QueryStdioOptions::default() };
    let Ok(picker) = Picker::from_query_stdio_with_options(options) else {
        return with_window_cell(Canvas::halfblocks());
    };
    let tmux = picker.tmux_detected();
    let facts = Facts {
        offered: picker.protocol_type(),
        kitty_answered: picker.capabilities().contains(&Capability::Kitty),
        tmux,
        tmux_sixel: tmux && tmux_client_shows_sixel(),
    };
    let (protocol, passthrough) = choose(wanted, facts);
    tracing::debug!(?wanted, ?facts, ?protocol, passthrough, "pictures");
    let font = picker.font_size();
    with_window_cell(Canvas { protocol, cell: (font.width, font.height), passthrough })
}

/// The canvas with the cell's size that the window tells now, if it does.
fn with_window_cell(canvas: Canvas) -> Canvas {
    match window_cell() {
        Some(cell) => Canvas { cell, ..canvas },
        None => canvas,
    }
}

/// A cell's size in pixels by the window's size; not every terminal tells that.
pub(in crate::dashboard) fn window_cell() -> Option<(u16, u16)> {
    let window = crossterm::terminal::window_size().ok()?;
    let cell = (window.width.checked_div(window.columns)?, window.height.checked_div(window.rows)?);
    (cell.0 > 0 && cell.1 > 0).then_some(cell)
}

fn tmux_client_shows_sixel() -> bool {
    Command::new("tmux")
        .args(["display-message", "-p", "#{client_termfeatures}"])
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("sixel"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_follows_the_wish_then_the_terminal_and_is_careful_under_tmux() {
        use PictureProtocol as Want;
        use ProtocolType::{Halfblocks, Iterm2, Kitty, Sixel};
        let facts =
            |offered, kitty_answered, tmux, tmux_sixel| Facts { offered, kitty_answered, tmux, tmux_sixel };
        for (wanted, facts, chosen) in [
            (Want::Auto, facts(Kitty, true, false, false), (Kitty, false)),
            (Want::Auto, facts(Sixel, false, false, false), (Sixel, false)),
            (Want::Auto, facts(Halfblocks, false, false, false), (Halfblocks, false)),
            // Under tmux the environment's hints may be those of another terminal.
            (Want::Auto, facts(Iterm2, false, true, false), (Halfblocks, true)),
            (Want::Auto, facts(Sixel, false, true, false), (Halfblocks, true)),
            (Want::Auto, facts(Sixel, false, true, true), (Sixel, false)),
            (Want::Auto, facts(Kitty, true, true, true), (Kitty, true)),
            (Want::Sixel, facts(Halfblocks, false, false, false), (Sixel, false)),
            (Want::Sixel, facts(Halfblocks, false, true, false), (Sixel, true)),
            (Want::Kitty, facts(Halfblocks, false, true, true), (Kitty, true)),
            (Want::Iterm2, facts(Sixel, false, false, false), (Iterm2, false)),
        ] {
            assert_eq!(choose(wanted, facts), chosen, "{wanted} with {facts:?}");
        }
    }

    #[test]
    fn words_and_protocols_agree() {
        for protocol in PictureProtocol::ALL {
            assert_eq!(protocol.word().parse(), Ok(protocol));
        }
        assert!("ascii".parse::<PictureProtocol>().is_err());
    }
}
