//! Which protocol this terminal shows pictures with.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui_image::picker::ProtocolType;

use super::{Canvas, probe};
use crate::{
    config::{Bandwidth, Pictures},
    dashboard::tmux::Tmux,
};

/// How long the terminal may take to say what it can, at most: a slow line over SSH answers in well
/// under that. Until then films are drawn with half-blocks.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1000);

/// The protocol that the person asks for by name.
fn forced(wanted: Pictures) -> Option<ProtocolType> {
    match wanted {
        Pictures::Auto => None,
        Pictures::Kitty => Some(ProtocolType::Kitty),
        Pictures::Iterm2 => Some(ProtocolType::Iterm2),
        Pictures::Sixel => Some(ProtocolType::Sixel),
        Pictures::Halfblocks => Some(ProtocolType::Halfblocks),
    }
}

/// The findings about the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Facts {
    /// It answered the probe for Kitty's protocol.
    kitty: bool,
    /// It says that it can show sixel.
    sixel: bool,
    /// The environment names a terminal that shows iTerm2's inline images.
    iterm2: bool,
    /// It answers for Kitty or sixel, but its own implementation has holes (WezTerm and Konsole lack
    /// Kitty's placeholders).
    patchy: bool,
    /// tmux stands between.
    tmux: bool,
    /// tmux can show sixel to its client by itself (3.4 and later).
    tmux_sixel: bool,
}

/// The protocol, and whether it has to be passed through tmux.
fn choose(wanted: Pictures, facts: Facts) -> (ProtocolType, bool) {
    let protocol = match forced(wanted) {
        Some(protocol) => protocol,
        None if facts.kitty && !facts.patchy => ProtocolType::Kitty,
        // What tmux itself answers, or the environment says, is not what its client can do.
        None if facts.tmux && facts.tmux_sixel => ProtocolType::Sixel,
        None if facts.tmux => ProtocolType::Halfblocks,
        None if facts.sixel && !facts.patchy => ProtocolType::Sixel,
        None if facts.iterm2 => ProtocolType::Iterm2,
        None => ProtocolType::Halfblocks,
    };
    let by_tmux_itself = protocol == ProtocolType::Sixel && facts.tmux_sixel;
    let needs_passage = facts.tmux && protocol != ProtocolType::Halfblocks && !by_tmux_itself;
    (protocol, needs_passage)
}

/// The question which pictures the terminal can show, while the answer is out.
#[derive(Debug)]
pub(in crate::dashboard) struct Probe {
    wanted: Pictures,
    tmux: Tmux,
    bandwidth: Option<Bandwidth>,
    facts: Facts,
    /// The terminal was asked and will answer, if it ever does.
    asked: bool,
}

impl Probe {
    /// Asks. Must run in raw mode, before the first frame is drawn and before anything reads keys.
    pub(in crate::dashboard) fn begin(wanted: Pictures, bandwidth: Option<Bandwidth>, tmux: Tmux) -> Self {
        let unasked = Self { wanted, tmux, bandwidth, facts: Facts::default(), asked: false };
        if wanted == Pictures::Halfblocks {
            return unasked;
        }
        let (facts, asked) = if tmux.is_between() { ask_tmux(wanted, tmux) } else { ask_terminal() };
        Self { facts, asked, ..unasked }
    }

    /// Returns the way to show pictures before the answer has come.
    pub(in crate::dashboard) fn canvas(&self) -> Canvas {
        if self.asked {
            with_window_cell(Canvas { bandwidth: self.bandwidth, ..Canvas::halfblocks() })
        } else {
            self.conclude(probe::Answers::default())
        }
    }

    /// Waits for the answer, and passes on what is typed meanwhile.
    pub(in crate::dashboard) fn finish(mut self, typed: impl FnMut(KeyEvent)) -> Canvas {
        let answers =
            if self.asked { probe::listen(PROBE_TIMEOUT, typed) } else { probe::Answers::default() };
        self.facts.kitty = answers.kitty;
        // What tmux says of sixel it says for itself.
        self.facts.sixel = answers.sixel && !self.facts.tmux;
        self.conclude(answers)
    }

    fn conclude(&self, answers: probe::Answers) -> Canvas {
        let (wanted, facts) = (self.wanted, self.facts);
        let (protocol, passthrough) = choose(wanted, facts);
        if passthrough {
            // Pictures reach the terminal behind tmux only if tmux lets them through.
            self.tmux.let_through();
        }
        tracing::debug!(?wanted, ?facts, ?protocol, passthrough, "pictures");
        let cell = answers.cell.unwrap_or(Canvas::halfblocks().cell);
        let (compressed, bandwidth) = (answers.compression, self.bandwidth);
        with_window_cell(Canvas { protocol, cell, passthrough, compressed, bandwidth })
    }
}

/// Asks this terminal what it can show, and waits for the answer, a second at most. Keys that are pressed meanwhile are
/// lost. Only in raw mode, where nothing else reads standard input.
#[must_use]
pub fn canvas_of_terminal() -> Canvas {
    Probe::begin(Pictures::Auto, None, Tmux::of_environment(true)).finish(|_| {})
}

fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Returns what is known without an answer, and whether one may come.
fn ask_terminal() -> (Facts, bool) {
    const INLINE_IMAGES: [&str; 6] = ["iTerm", "WezTerm", "mintty", "vscode", "rio", "WarpTerminal"];
    let program = environment("TERM_PROGRAM");
    let facts = Facts {
        iterm2: INLINE_IMAGES.iter().any(|name| program.contains(name))
            || environment("LC_TERMINAL").contains("iTerm"),
        patchy: program.contains("WezTerm") || !environment("KONSOLE_VERSION").is_empty(),
        ..Facts::default()
    };
    (facts, probe::ask(false))
}

/// tmux knows its client's name and features; the client itself is asked through tmux only if its name
/// says that it may understand Kitty's placeholders, because tmux swallows the question otherwise.
fn ask_tmux(wanted: Pictures, tmux: Tmux) -> (Facts, bool) {
    let client = tmux.ask(&["display-message", "-p", "#{client_termname} #{client_termfeatures}"]);
    let (name, features) = client.split_once(' ').unwrap_or((&client, ""));
    let may_be_kitty = wanted == Pictures::Auto && (name.contains("kitty") || name.contains("ghostty"));
    let facts = Facts { tmux: true, tmux_sixel: features.contains("sixel"), ..Facts::default() };
    if may_be_kitty {
        tmux.let_through();
    }
    (facts, may_be_kitty && probe::ask(true))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_follows_the_wish_then_the_terminal_and_is_careful_under_tmux() {
        use Pictures as Want;
        use ProtocolType::{Halfblocks, Iterm2, Kitty, Sixel};
        let none = Facts::default();
        let tmux = Facts { tmux: true, ..none };
        for (wanted, facts, chosen) in [
            (Want::Auto, none, (Halfblocks, false)),
            (Want::Auto, Facts { kitty: true, sixel: true, ..none }, (Kitty, false)),
            (Want::Auto, Facts { sixel: true, ..none }, (Sixel, false)),
            (Want::Auto, Facts { iterm2: true, ..none }, (Iterm2, false)),
            (
                Want::Auto,
                Facts { kitty: true, sixel: true, iterm2: true, patchy: true, ..none },
                (Iterm2, false),
            ),
            (Want::Auto, Facts { kitty: true, patchy: true, ..none }, (Halfblocks, false)),
            (Want::Auto, tmux, (Halfblocks, false)),
            (Want::Auto, Facts { tmux_sixel: true, ..tmux }, (Sixel, false)),
            (Want::Auto, Facts { kitty: true, tmux_sixel: true, ..tmux }, (Kitty, true)),
            (Want::Sixel, none, (Sixel, false)),
            (Want::Sixel, tmux, (Sixel, true)),
            (Want::Sixel, Facts { tmux_sixel: true, ..tmux }, (Sixel, false)),
            (Want::Kitty, Facts { patchy: true, ..none }, (Kitty, false)),
            (Want::Iterm2, Facts { sixel: true, ..none }, (Iterm2, false)),
            (Want::Halfblocks, Facts { kitty: true, ..tmux }, (Halfblocks, false)),
        ] {
            assert_eq!(choose(wanted, facts), chosen, "{wanted:?} with {facts:?}");
        }
    }
}
