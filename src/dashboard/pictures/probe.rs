//! Asks the terminal what it can show, and reads its answers.
//!
//! The answers come in where keys do. `Picker::from_query_stdio` leaves a thread behind that goes on
//! reading when the terminal does not answer, and swallows the first keys; so the waiting is done here,
//! with a deadline, and only the questions and their grammar are ratatui-image's.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_image::picker::cap_parser::{Parser, QueryStdioOptions, Response};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{Errno, read},
    stdio::stdin,
};

/// How long an ESC stands alone until it is the key of that name.
const ESCAPE_ALONE: Duration = Duration::from_millis(50);

/// The answers of the terminal.
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

/// Asks; `false` if the question did not get through.
#[expect(clippy::disallowed_methods, reason = "the question drives the terminal")]
pub(super) fn ask(through_tmux: bool) -> bool {
    // A film of a megapixel is four megabytes uncompressed, which is long over SSH.
    let options = QueryStdioOptions { kitty_compression: true, ..QueryStdioOptions::default() };
    let query = Parser::query(through_tmux, options);
    let mut out = stdout();
    out.write_all(query.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Waits until everything is answered or `timeout` is at its end. Characters that a person types
/// meanwhile are passed on, and the escape key; other keys that send escape sequences are lost among the answers.
pub(super) fn listen(timeout: Duration, mut typed: impl FnMut(KeyEvent)) -> Answers {
    let mut answers = Answers::default();
    let deadline = Instant::now() + timeout;
    let (mut parser, mut sieve) = (Parser::new(), Sieve::default());
    let mut bytes = [0_u8; 256];
    loop {
        // An answer comes in one go: an ESC with nothing behind it is the key.
        let is_key = matches!(sieve, Sieve::Escape);
        let until = if is_key { deadline.min(Instant::now() + ESCAPE_ALONE) } else { deadline };
        let Some(count) = read_until(until, &mut bytes) else {
            if !is_key {
                return answers;
            }
            typed(KeyEvent::from(KeyCode::Esc));
            (parser, sieve) = (Parser::new(), Sieve::default());
            continue;
        };
        for byte in &bytes[..count] {
            if let Some(key) = sieve.key(*byte) {
                typed(key);
                continue;
            }
            let responses = parser.push(char::from(*byte));
            if responses.iter().any(|response| answers.take(response)) {
                return answers;
            }
        }
    }
}

/// Tells keys from answers: an answer is an escape sequence (ECMA-48, 5.3 to 5.6), a plain key is not.
#[derive(Debug, Default)]
enum Sieve {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// In a control sequence, which a byte from `@` to `~` ends.
    Control,
    /// In a string, which ESC \ ends, and for some terminals BEL.
    String,
    /// After an ESC in a string.
    StringEscape,
}

impl Sieve {
    fn key(&mut self, byte: u8) -> Option<KeyEvent> {
        let next = match (&self, byte) {
            (Self::Ground | Self::Escape, 0x1b) => Self::Escape,
            (Self::Ground, _) => return plain_key(byte),
            (Self::Escape, b'[') => Self::Control,
            (Self::Escape, b'P' | b'_' | b']') => Self::String,
            (Self::Control, b'@'..=b'~') | (Self::StringEscape, b'\\') | (Self::String, 0x07) => Self::Ground,
            (Self::Escape, _) => Self::Ground,
            (Self::Control, _) => Self::Control,
            (Self::String | Self::StringEscape, 0x1b) => Self::StringEscape,
            (Self::String | Self::StringEscape, _) => Self::String,
        };
        *self = next;
        None
    }
}

fn plain_key(byte: u8) -> Option<KeyEvent> {
    match byte {
        b'\r' => Some(KeyEvent::from(KeyCode::Enter)),
        b'\t' => Some(KeyEvent::from(KeyCode::Tab)),
        0x03 => Some(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)),
        0x1a => Some(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL)),
        b' '..=b'~' => Some(KeyEvent::from(KeyCode::Char(char::from(byte)))),
        _ => None,
    }
}

/// Returns how many bytes came in; `None` at the deadline or when no more can come.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_among_the_answers_is_told_from_them() {
        let mut sieve = Sieve::default();
        let kitty_status_and_keys = b"j\x1b_Gi=31;OK\x1b\\k\x1b[?62;4c?\x1b[6;20;10t\x1b[0nq";
        let keys: String = kitty_status_and_keys
            .iter()
            .filter_map(|byte| sieve.key(*byte))
            .filter_map(|key| key.code.as_char())
            .collect();
        assert_eq!(keys, "jk?q");
    }
}
