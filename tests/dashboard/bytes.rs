//! What a keypress costs on a slow line, in bytes as they go to the terminal.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::dashboard::fixture::{Desk, noon};
use cxr_triage::dashboard::{Message, draw};
use jiff::SignedDuration;
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

/// Counts what is written.
#[derive(Clone, Default)]
struct Line(Arc<AtomicUsize>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A dashboard at the end of a line.
struct Remote {
    desk: Desk,
    line: Line,
    terminal: Terminal<CrosstermBackend<Line>>,
}

impl Remote {
    fn new(width: u16, height: u16) -> Self {
        let line = Line::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let backend = CrosstermBackend::new(line.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport });
        let mut remote = Self {
            desk: Desk::morning(width, height),
            line,
            terminal: terminal.unwrap_or_else(|error| panic!("{error}")),
        };
        remote.frame();
        remote
    }

    /// Draws if something changed, as the event loop does; returns the bytes that went out.
    fn frame(&mut self) -> usize {
        let before = self.line.0.load(Ordering::Relaxed);
        if self.desk.state.take_stale() {
            let drawn = self.terminal.draw(|frame| draw(&self.desk.state, frame)).map(|_| ());
            assert!(drawn.is_ok(), "{drawn:?}");
        }
        self.line.0.load(Ordering::Relaxed) - before
    }

    fn press(&mut self, keys: &str) -> usize {
        self.desk.press(keys);
        self.frame()
    }
}

#[test]
fn a_keypress_costs_little() {
    // The screen, what is pressed, the most bytes that may go out for it.
    for (size, keys, most) in [
        ((60, 20), "j", 1_000),
        ((60, 20), "j j j k", 1_000),
        ((60, 20), "space", 700),
        ((60, 20), "a", 1_000),
        ((80, 24), "]", 1_500),
        ((80, 24), "?", 8_000),
        ((80, 24), "/", 1_500),
        ((200, 60), "space", 2_000),
    ] {
        let mut remote = Remote::new(size.0, size.1);
        let bytes = remote.press(keys);
        assert!((1..=most).contains(&bytes), "`{keys}` at {size:?}: {bytes} bytes, {most} at most");
    }
}

#[test]
fn a_study_beside_its_film_costs_the_film_in_half_blocks_and_little_more() {
    let mut remote = Remote::new(80, 24);
    remote.desk.makes_pictures = false;
    let without = remote.press("j");
    assert!((1..=4_000).contains(&without), "{without} bytes without the film");
    let mut remote = Remote::new(80, 24);
    // 34 by 19 cells, two colours of at most 19 bytes each, and the character.
    let with = remote.press("j");
    assert!(with <= without + 34 * 19 * 42, "{with} bytes with the film");
}

#[test]
fn an_idle_screen_costs_nothing_but_its_clock() {
    for size in [(60, 20), (80, 24), (200, 60)] {
        let mut remote = Remote::new(size.0, size.1);
        let mut cost = |seconds: i64| {
            remote.desk.handle(Message::Clock(noon() + SignedDuration::from_secs(seconds)));
            remote.desk.settle();
            remote.frame()
        };
        for seconds in (0..60).step_by(10) {
            assert_eq!(cost(seconds), 0, "after {seconds} seconds at {size:?}");
        }
        // A minute: the clock, and the wait of each study on the screen.
        let bytes = cost(60);
        assert!((1..=700).contains(&bytes), "{bytes} bytes a minute at {size:?}");
    }
}
