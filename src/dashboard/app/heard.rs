//! Messages from outside: the terminal's events and the system's signals, each on a thread of its own.

use std::{io, thread};

use crossbeam_channel::{Receiver, bounded};
use crossterm::event::{self, Event, KeyEvent};
use ratatui::layout::Size;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    dashboard::{
        DashboardError,
        message::Message,
        pictures::{self, Canvas, Probe},
    },
    leaving,
};

/// Terminal events that may wait; a paste of more blocks only the thread that reads them.
const EVENTS: usize = 256;

/// An event of the thread that reads the terminal.
pub(super) enum Heard {
    /// The way in which the terminal can show pictures.
    Canvas(Canvas),
    /// A key that came in among the terminal's answers.
    Typed(KeyEvent),
    /// A key, the mouse, another size.
    Event(io::Result<Event>),
}

pub(super) fn read(heard: Heard) -> Result<Option<Message>, DashboardError> {
    match heard {
        Heard::Canvas(canvas) => Ok(Some(Message::Canvas(canvas))),
        Heard::Typed(key) => Ok(Some(Message::Key(key))),
        Heard::Event(event) => read_event(event),
    }
}

/// The message of a terminal event; most mean nothing here.
fn read_event(event: io::Result<Event>) -> Result<Option<Message>, DashboardError> {
    match event.map_err(DashboardError::reading)? {
        Event::Key(key) => Ok(Some(Message::Key(key))),
        Event::Mouse(mouse) => Ok(Some(Message::Mouse(mouse))),
        Event::Paste(text) => Ok(Some(Message::Pasted(text))),
        Event::Resize(columns, rows) => {
            Ok(Some(Message::Resized(Size::new(columns, rows), pictures::window_cell())))
        }
        _ => Ok(None),
    }
}

pub(super) fn spawn_reader(probe: Probe) -> io::Result<Receiver<Heard>> {
    let (sender, receiver) = bounded(EVENTS);
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        let canvas = probe.finish(|key| {
            let _ = sender.send(Heard::Typed(key));
        });
        let _ = sender.send(Heard::Canvas(canvas));
        loop {
            let event = event::read();
            let failed = event.is_err();
            if sender.send(Heard::Event(event)).is_err() || failed {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// The thread outlives the session, so that a signal that comes while the program ends is heard too.
pub(super) fn spawn_signals(mut signals: Signals) -> io::Result<Receiver<i32>> {
    let (sender, receiver) = bounded(16);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if matches!(signal, SIGTERM | SIGHUP | SIGINT) {
                leaving::begin_by_signal(signal, 0);
            }
            // So many that wait ask for the same.
            let _ = sender.try_send(signal);
        }
    })?;
    Ok(receiver)
}
