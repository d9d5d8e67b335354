//! A terminal with a program in it: its keys, its bytes, its screen.

use std::{
    io::{Read, Write},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::program::PROGRAM;

/// Longer than any machine needs; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The answers of a terminal that shows sixel.
pub(crate) const SIXEL: &str = "\u{1b}[?62;4;22c\u{1b}[6;20;10t\u{1b}[0n";
/// Those of kitty.
pub(crate) const KITTY: &str = "\u{1b}_Gi=31;OK\u{1b}\\\u{1b}[?62;c\u{1b}[6;20;10t\u{1b}[0n";
/// Those of one that shows neither.
pub(crate) const PLAIN: &str = "\u{1b}[?62;c\u{1b}[0n";

/// The program in a folder, as it stands in a plain terminal of nobody's own.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> CommandBuilder {
    let home = folder.join("home");
    let mut command = CommandBuilder::new(PROGRAM);
    command.args(arguments);
    command.cwd(folder);
    for name in ["TMUX", "TERM_PROGRAM", "LC_TERMINAL", "KONSOLE_VERSION", "CXR_TRIAGE_CONFIG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color");
    command.env("HOME", &home);
    command.env("XDG_CONFIG_HOME", home.join("config"));
    command.env("XDG_DATA_HOME", home.join("data"));
    command
}

/// A terminal whose program is killed when it is dropped.
pub(crate) struct Terminal {
    /// Its end is the terminal's.
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    /// All that came.
    pub(crate) bytes: Vec<u8>,
    parser: vt100::Parser,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: columns * 10, pixel_height: rows * 20 }
}

impl Terminal {
    /// Starts a program in a terminal of that many cells, of 10 x 20 pixels.
    pub(crate) fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        Self::start_in(command, size(columns, rows))
    }

    /// Starts a program in a terminal of a size.
    pub(crate) fn start_in(command: CommandBuilder, size: PtySize) -> Self {
        let pair = native_pty_system().openpty(size).unwrap();
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
        let parser = vt100::Parser::new(size.rows, size.cols, 0);
        Self { master: pair.master, writer, child, output, bytes: Vec::new(), parser }
    }

    /// Waits for the dashboard's questions, and answers them so.
    pub(crate) fn answer(&mut self, answers: &str) {
        // The last question is for the device status.
        self.wait("the question", |terminal| terminal.has(b"\x1b[5n"));
        self.type_keys(answers);
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Takes what comes next, and waits for it no longer than that.
    pub(crate) fn take(&mut self, patience: Duration) -> Result<(), RecvTimeoutError> {
        let bytes = self.output.recv_timeout(patience)?;
        self.parser.process(&bytes);
        self.bytes.extend(bytes);
        Ok(())
    }

    /// Types keys until it is so, every few seconds: the first ones may come before the row that they are about.
    pub(crate) fn type_until(&mut self, keys: &str, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.type_keys(keys);
            let again = Instant::now() + Duration::from_secs(4);
            while Instant::now() < again {
                if is_so(self) {
                    return;
                }
                let _ = self.take(again.saturating_duration_since(Instant::now()));
            }
        }
        panic!("{what} did not come; the screen:\n{}", self.contents());
    }

    /// Reads until it is so.
    pub(crate) fn wait(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            if self.take(deadline.saturating_duration_since(Instant::now())).is_err() {
                panic!("{what} did not come; the screen:\n{}", self.contents());
            }
        }
    }

    /// Waits for a text on the screen.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait(text, |terminal| terminal.contents().contains(text));
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// The text on the screen.
    pub(crate) fn contents(&self) -> String {
        self.screen().contents()
    }

    /// Whether these bytes came.
    pub(crate) fn has(&self, wanted: &[u8]) -> bool {
        self.bytes.windows(wanted.len()).any(|part| part == wanted)
    }

    /// Waits for the end; returns the exit code.
    pub(crate) fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.take(deadline.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().exit_code(),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; the screen:\n{}", self.contents()),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
