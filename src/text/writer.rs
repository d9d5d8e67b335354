//! A writer that lets harmless text out and nothing else.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
    str,
};

use serde::Serialize;

use super::{harmless, json};

/// Passes clean text on. Line breaks stay where they were written; within one `write!` or `writeln!` only those
/// at its ends do, so that a name with a line break in it cannot begin a line of its own.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    /// The beginning of a character whose other bytes are still to come.
    cut: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Self {
        Self { to, cut: Vec::new() }
    }

    /// The writer beneath.
    pub fn into_inner(self) -> W {
        self.to
    }

    /// Writes one value as JSON, in a line of its own.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        json::write(&mut self.to, value)?;
        self.to.write_all(b"\n")
    }

    /// Writes a text of several lines, each of them clean, and ends the last.
    ///
    /// # Errors
    /// Those of the writer beneath.
    pub fn lines(&mut self, text: &str) -> io::Result<()> {
        text.lines().try_for_each(|line| writeln!(self, "{line}"))
    }

    fn pass(&mut self, text: &str) -> io::Result<()> {
        let kept = |c: char| if c == '\n' { Some(c) } else { harmless(c) };
        self.to.write_all(text.chars().filter_map(kept).collect::<String>().as_bytes())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let mut rest = all.as_slice();
        loop {
            match str::from_utf8(rest) {
                Ok(text) => {
                    self.pass(text)?;
                    return Ok(bytes.len());
                }
                Err(error) => {
                    let (text, more) = rest.split_at(error.valid_up_to());
                    self.pass(str::from_utf8(text).unwrap_or_default())?;
                    let Some(wrong) = error.error_len() else {
                        self.cut = more.to_owned();
                        return Ok(bytes.len());
                    };
                    self.pass("\u{fffd}")?;
                    rest = &more[wrong..];
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> io::Result<()> {
        let mut text = String::new();
        text.write_fmt(arguments).map_err(io::Error::other)?;
        let from_start = text.trim_start_matches('\n');
        let middle = from_start.trim_end_matches('\n');
        let (before, after) = (text.len() - from_start.len(), from_start.len() - middle.len());
        let middle: String = middle.chars().filter_map(harmless).collect();
        self.to.write_all(format!("{}{middle}{}", "\n".repeat(before), "\n".repeat(after)).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<&mut Vec<u8>>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_that_is_formatted_drives_a_terminal_or_begins_a_line() {
        let name = "DOE\u{1b}]0;evil\u{7}\nall is well\u{9b}2J\u{202e}";
        assert_eq!(written(|out| writeln!(out, "held: {name}")), "held: DOE]0;evil all is well2J\n");
        assert_eq!(written(|out| write!(out, "\n{name}\n\n")), "\nDOE]0;evil all is well2J\n\n");
        assert_eq!(written(|out| out.lines("two\nlines\u{1b}c")), "two\nlinesc\n");
        assert_eq!(written(|out| writeln!(out)), "\n");
    }

    #[test]
    fn bytes_come_clean_however_they_are_cut() {
        let bytes = "胸部\u{9b}2J\u{1b}c\u{2028}x\n".as_bytes();
        for cut in 0..bytes.len() {
            let both =
                written(|out| out.write_all(&bytes[..cut]).and_then(|()| out.write_all(&bytes[cut..])));
            assert_eq!(both, "胸部2Jc x\n", "cut at {cut}");
        }
        assert_eq!(written(|out| out.write_all(b"caf\xe9 \x9b2J")), "caf\u{fffd} \u{fffd}2J");
    }

    #[test]
    fn json_keeps_every_character_as_an_escape() {
        let line = written(|out| out.json("a\u{9b}b\u{202e}\u{7f}\u{e0041}é"));
        assert_eq!(line, "\"a\\u009bb\\u202e\\u007f\\udb40\\udc41é\"\n");
    }
}
