//! Asks the terminal what it can show, and reads its answers.
//!
//! The answers come in where keys do. `Picker::from_query_stdio` leaves a thread behind that goes on
//! reading when the terminal does not answer, and swallows the first keys; so the waiting is done here,
//! with a deadline, and only the questions and their grammar are ratatui-image's.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use ratatui_image::picker::cap_parser::{Parser, QueryStdioOptions, Response};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read},
    stdio::stdin,
};

/// What the terminal answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) kitty: bool,
    /// Whether Kitty's pictures may be compressed.
    pub(super) compression: bool,
    pub(super) sixel: bool,
    /// Width and height of a character cell in pixels.
    pub(super) cell: Option<(u16, u16)>,
}

impl Answers {
    /// Takes one answer in; true for the last one.
    fn take(&mut self, response: &Response) -> bool {
        match response {
            Response::Kitty => self.kitty = true,
            Response::KittyCompression => self.compression = true,
            Response::Sixel => self.sixel = true,
            Response::CellSize(cell) => self.cell = *cell,
            // The last question is for the device status, which every terminal answers.
            Response::Status => return true,
            _ => {}
        }
        false
    }
}

/// Asks, and waits until everything is answered or `patience` is at its end. What the person types
/// meanwhile is lost; what is typed later is not.
pub(super) fn ask(through_tmux: bool, patience: Duration) -> Answers {
    let mut answers = Answers::default();
    // A film of a megapixel is four megabytes uncompressed, which is long over SSH.
    let options = QueryStdioOptions { kitty_compression: true, ..QueryStdioOptions::default() };
    let query = Parser::query(through_tmux, options);
    let mut out = stdout();
    if out.write_all(query.as_bytes()).and_then(|()| out.flush()).is_err() {
        return answers;
    }
    let deadline = Instant::now() + patience;
    let mut parser = Parser::new();
    let mut bytes = [0_u8; 256];
    while let Some(count) = read_until(deadline, &mut bytes) {
        for byte in &bytes[..count] {
            let responses = parser.push(char::from(*byte));
            if responses.iter().any(|response| answers.take(response)) {
                return answers;
            }
        }
    }
    answers
}

/// How many bytes came in; `None` at the deadline or when no more can come.
fn read_until(deadline: Instant, bytes: &mut [u8]) -> Option<usize> {
    loop {
        let left = deadline.checked_duration_since(Instant::now())?;
        let timeout = Timespec::try_from(left).ok()?;
        let stdin = stdin();
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return None,
            Ok(_) => return read(stdin, bytes).ok().filter(|count| *count > 0),
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}
