//! Pictures at the level of bytes: the program in a pseudo-terminal that answers its probes as kitty, as
//! iTerm2 and as a sixel terminal do.

use std::{
    fs,
    io::{Read, Write},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use cxr_triage::phantom::Phantom;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// Longer than any machine needs; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Fake {
    /// Its end is the files'.
    _folder: TempDir,
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    /// All that came, and where the part begins that no test has looked at yet.
    bytes: Vec<u8>,
    from: usize,
}

impl Fake {
    /// Starts the dashboard with one phantom film in its inbox, and answers the probe with `answers`.
    fn start(environment: &[(&str, &str)], answers: &str) -> Self {
        Self::configured("", environment, answers)
    }

    /// Starts it with more of a configuration.
    pub(super) fn configured(config: &str, environment: &[(&str, &str)], answers: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inbox = folder.path().join("inbox");
        fs::create_dir(&inbox).unwrap();
        fs::write(
            inbox.join("film.dcm"),
            Phantom::nth(1, 1).dicom(300, "2026-03-02T14:02:00".parse().unwrap()),
        )
        .unwrap();
        let config = format!("[quality]\nout_of_distribution = \"off\"\n{config}");
        fs::write(folder.path().join("cxr-triage.toml"), config).unwrap();

        let size = PtySize { rows: 40, cols: 120, pixel_width: 1200, pixel_height: 800 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cxr-triage"));
        command.args(["--store", "store.db"]);
        command.cwd(folder.path());
        for name in
            ["TMUX", "TERM_PROGRAM", "LC_TERMINAL", "KONSOLE_VERSION", "CXR_TRIAGE_CONFIG", "NO_COLOR"]
        {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("HOME", folder.path());
        command.env("XDG_CONFIG_HOME", folder.path().join("config"));
        for (name, value) in environment {
            command.env(name, value);
        }
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
        let mut fake =
            Self { _folder: folder, _master: pair.master, writer, child, output, bytes: Vec::new(), from: 0 };
        // The last question is for the device status.
        fake.wait_for("\u{1b}[5n");
        fake.type_keys(answers);
        fake
    }

    pub(super) fn type_keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits for bytes that no earlier call waited for, and looks no further back than those.
    pub(super) fn wait_for(&mut self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = find(&self.bytes[self.from..], wanted.as_bytes()) {
                self.from += at + wanted.len();
                return;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(_) => panic!("{wanted:?} did not come after byte {} of {}", self.from, self.bytes.len()),
            }
        }
    }

    /// The picture comes; a popup opens over it and closes, and the picture comes again. Of the popup one word
    /// is waited for: blanks that were blank before are not sent again.
    fn shows_its_picture_before_and_after_a_popup(&mut self, picture: &str) {
        self.wait_for(picture);
        // The picture of the film that is shown, with its label below.
        self.type_keys("?");
        self.wait_for("worst");
        let open = self.from;
        self.type_keys("\u{1b}");
        self.wait_for(picture);
        assert!(self.from > open);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

#[test]
fn kitty_gets_its_picture_once_and_placeholders_where_it_stands() {
    let answers = "\u{1b}_Gi=31;OK\u{1b}\\\u{1b}[?62;c\u{1b}[6;20;10t\u{1b}[0n";
    let mut kitty = Fake::start(&[("TERM", "xterm-kitty")], answers);
    kitty.wait_for("\u{1b}_Gq=2,");
    kitty.shows_its_picture_before_and_after_a_popup("\u{10EEEE}");
    // What was sent once is under its number: only the placeholders come again.
    let sent = kitty.bytes.windows(6).filter(|part| *part == b"\x1b_Gq=2").count();
    kitty.type_keys("?");
    kitty.wait_for("worst");
    kitty.type_keys("\u{1b}");
    kitty.wait_for("\u{10EEEE}");
    assert_eq!(kitty.bytes.windows(6).filter(|part| *part == b"\x1b_Gq=2").count(), sent);
}

#[test]
fn iterm2_gets_an_inline_image() {
    let answers = "\u{1b}[?62;c\u{1b}[6;20;10t\u{1b}[0n";
    let mut iterm = Fake::start(&[("TERM_PROGRAM", "iTerm.app")], answers);
    iterm.shows_its_picture_before_and_after_a_popup("\u{1b}]1337;File=inline=1");
}

#[test]
fn a_sixel_terminal_gets_sixels() {
    let answers = "\u{1b}[?62;4;22c\u{1b}[6;20;10t\u{1b}[0n";
    let mut sixel = Fake::start(&[], answers);
    sixel.shows_its_picture_before_and_after_a_popup("\u{1b}P");
}

#[test]
fn a_terminal_that_can_do_neither_gets_half_blocks() {
    let mut plain = Fake::start(&[], "\u{1b}[?62;c\u{1b}[0n");
    plain.wait_for("▀");
    let picture = plain.bytes.contains(&0x90) || find(&plain.bytes, b"\x1bP").is_some();
    assert!(!picture && find(&plain.bytes, b"\x1b]1337").is_none());
}
