//! A person at a terminal, with an ssh client in it.

use std::{
    io::{Read, Write},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Instant,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::host::{Host, PATIENCE};

/// The answers of a terminal that shows sixel.
pub(crate) const SIXEL: &str = "\u{1b}[?62;4;22c\u{1b}[6;20;10t\u{1b}[0n";
/// Those of kitty.
pub(crate) const KITTY: &str = "\u{1b}_Gi=31;OK\u{1b}\\\u{1b}[?62;c\u{1b}[6;20;10t\u{1b}[0n";
/// Those of one that shows neither.
pub(crate) const PLAIN: &str = "\u{1b}[?62;c\u{1b}[0n";

pub(crate) struct Connection {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    /// All that came.
    bytes: Vec<u8>,
    screen: vt100::Parser,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: columns * 10, pixel_height: rows * 20 }
}

impl Connection {
    /// Comes in with a key, on a terminal that answers questions so.
    pub(crate) fn open(host: &Host, key: &Path, answers: &str) -> Self {
        let mut connection = Self::without_answers(host, key, &[]);
        // The last question is for the device status.
        connection.wait("the question", |connection| connection.has(b"\x1b[5n"));
        connection.type_keys(answers);
        connection
    }

    /// Comes in with a key and these words behind the host.
    pub(crate) fn without_answers(host: &Host, key: &Path, words: &[&str]) -> Self {
        let pair = native_pty_system().openpty(size(120, 40)).unwrap();
        let mut command = CommandBuilder::new("ssh");
        command.args(["-tt"]);
        command.args(host.options(key));
        command.arg("root@127.0.0.1");
        command.args(words);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let screen = vt100::Parser::new(40, 120, 0);
        Self { master: pair.master, writer, child, output, bytes: Vec::new(), screen }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).unwrap();
    }

    fn take(&mut self, bytes: Vec<u8>) {
        self.screen.process(&bytes);
        self.bytes.extend(bytes);
    }

    /// Reads until it is so.
    pub(crate) fn wait(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(bytes),
                Err(_) => panic!("{what} did not come; the screen:\n{}", self.contents()),
            }
        }
    }

    /// Waits for a text on the screen.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait(text, |connection| connection.contents().contains(text));
    }

    /// What stands on the screen.
    pub(crate) fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Whether these bytes came.
    pub(crate) fn has(&self, wanted: &[u8]) -> bool {
        self.bytes.windows(wanted.len()).any(|part| part == wanted)
    }

    /// Whether a text never came, as it is written: a line of the screen is sent in one piece at first.
    pub(crate) fn never_had(&self, text: &str) -> bool {
        let all = String::from_utf8_lossy(&self.bytes).to_lowercase();
        !all.contains(&text.to_lowercase()) && !self.contents().to_lowercase().contains(&text.to_lowercase())
    }

    /// Waits for the end; returns the exit code, and all that the screen showed last.
    pub(crate) fn end(mut self) -> (u32, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(bytes),
                Err(RecvTimeoutError::Disconnected) => {
                    return (self.child.wait().unwrap().exit_code(), self.contents());
                }
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; the screen:\n{}", self.contents()),
            }
        }
    }

    /// The client dies: nobody says good-bye.
    pub(crate) fn lose(mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
