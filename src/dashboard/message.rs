//! The messages that [`update`](super::update) takes in, and the effects that it returns.

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Size;

use super::{
    pictures::{Canvas, EncodeJob, Encoded},
    site::Reconfigure,
};
use crate::{
    config::DesktopNotice,
    session::protocol::{Request, Update},
};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// The time.
    Clock(Timestamp),
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text that was pasted.
    Pasted(String),
    /// The terminal's new size, and its cell's in pixels where it tells.
    Resized(Size, Option<(u16, u16)>),
    /// Something changed outside.
    Update(Update),
    /// The dashboard's own settings changed.
    Reconfigure(Reconfigure),
    /// The terminal has answered how it shows pictures.
    Canvas(Canvas),
    /// The program runs again after it was stopped.
    Continued,
    /// The line to the terminal has room for a strip of the picture.
    LineIsFree,
    /// A picture is ready for the screen.
    Encoded(Encoded),
    /// A thread failed, or something could not be passed on.
    Failed(String),
    /// Nobody sends updates any more.
    FeedClosed,
}

/// Something to be done outside.
#[derive(Debug)]
pub enum Effect {
    /// Send it.
    Request(Request),
    /// Encode it.
    Encode(EncodeJob),
    /// Draw every cell again.
    Redraw,
    /// Ring the terminal's bell.
    Bell,
    /// Have the terminal show a notice on the desktop.
    DesktopNotice {
        /// The sequence that asks for it.
        way: DesktopNotice,
        /// The notice; it names nobody.
        text: String,
    },
    /// Give the terminal to the shell until the program is continued.
    Suspend,
    /// Leave.
    Quit,
    /// Leave with this fault.
    End(String),
}
