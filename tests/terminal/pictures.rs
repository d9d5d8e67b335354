//! Pictures at the level of bytes: the program in a pseudo-terminal that answers its probes as kitty, as
//! iTerm2 and as a sixel terminal do.

use std::{
    ffi::OsString,
    fs,
    process::{Command, Stdio},
};

use cxr_triage::phantom::Phantom;
use tempfile::TempDir;

use crate::support::terminal::{KITTY, PLAIN, SIXEL, Terminal, program};

pub(super) struct Fake {
    /// Its end is the files'.
    folder: TempDir,
    terminal: Terminal,
    /// Where the part of the bytes begins that no test has looked at yet.
    from: usize,
}

impl Fake {
    /// Starts the dashboard with one phantom film in its inbox, and answers the probe with `answers`.
    fn start(environment: &[(&str, &str)], answers: &str) -> Self {
        Self::configured("", environment, answers)
    }

    /// Starts it with more of a configuration.
    pub(super) fn configured(config: &str, environment: &[(&str, &str)], answers: &str) -> Self {
        let folder = Self::folder(config);
        let mut command = program(folder.path(), &["--store", "store.db"]);
        for (name, value) in environment {
            command.env(name, value);
        }
        let mut fake = Self { terminal: Terminal::start(command, 120, 40), folder, from: 0 };
        fake.terminal.answer(answers);
        fake
    }

    /// Starts it within a tmux of its own, which tells the terminal the title of its pane and answers its questions.
    pub(super) fn in_tmux(config: &str) -> Self {
        let folder = Self::folder(config);
        let settings = folder.path().join("tmux.conf");
        fs::write(&settings, "set -g set-titles on\nset -g set-titles-string '#T'\n").unwrap();
        let mut command = program(folder.path(), &["--store", "store.db"]);
        let tmux = ["tmux", "-u", "-f", settings.to_str().unwrap(), "new-session"].map(OsString::from);
        command.get_argv_mut().splice(0..0, tmux);
        command.env("TMUX_TMPDIR", folder.path());
        Self { terminal: Terminal::start(command, 120, 40), folder, from: 0 }
    }

    /// A folder with one phantom film in its inbox, and a configuration.
    fn folder(config: &str) -> TempDir {
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
        folder
    }

    pub(super) fn type_keys(&mut self, keys: &str) {
        self.terminal.type_keys(keys);
    }

    /// Waits for bytes that no earlier call waited for, and looks no further back than those.
    pub(super) fn wait_for(&mut self, wanted: &str) {
        let at = |terminal: &Terminal| find(&terminal.bytes[self.from..], wanted.as_bytes());
        self.terminal
            .wait(&format!("{wanted:?} after byte {}", self.from), |terminal| at(terminal).is_some());
        self.from += at(&self.terminal).unwrap() + wanted.len();
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
    /// Ends a tmux that a failed test leaves behind; where there is none, nothing hears it.
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        tmux.env("TMUX_TMPDIR", self.folder.path()).env_remove("TMUX").arg("kill-server");
        let _ = tmux.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

#[test]
fn kitty_gets_its_picture_once_and_placeholders_where_it_stands() {
    let mut kitty = Fake::start(&[("TERM", "xterm-kitty")], KITTY);
    kitty.wait_for("\u{1b}_Gq=2,");
    kitty.shows_its_picture_before_and_after_a_popup("\u{10EEEE}");
    // What was sent once is under its number: only the placeholders come again.
    let sent = kitty.terminal.bytes.windows(6).filter(|part| *part == b"\x1b_Gq=2").count();
    kitty.type_keys("?");
    kitty.wait_for("worst");
    kitty.type_keys("\u{1b}");
    kitty.wait_for("\u{10EEEE}");
    assert_eq!(kitty.terminal.bytes.windows(6).filter(|part| *part == b"\x1b_Gq=2").count(), sent);
}

#[test]
fn iterm2_gets_an_inline_image() {
    let answers = "\u{1b}[?62;c\u{1b}[6;20;10t\u{1b}[0n";
    let mut iterm = Fake::start(&[("TERM_PROGRAM", "iTerm.app")], answers);
    iterm.shows_its_picture_before_and_after_a_popup("\u{1b}]1337;File=inline=1");
}

#[test]
fn a_sixel_terminal_gets_sixels() {
    let mut sixel = Fake::start(&[], SIXEL);
    sixel.shows_its_picture_before_and_after_a_popup("\u{1b}P");
}

#[test]
fn a_terminal_that_can_do_neither_gets_half_blocks() {
    let mut plain = Fake::start(&[], PLAIN);
    plain.wait_for("▀");
    let picture = plain.terminal.bytes.contains(&0x90) || find(&plain.terminal.bytes, b"\x1bP").is_some();
    assert!(!picture && find(&plain.terminal.bytes, b"\x1b]1337").is_none());
}
