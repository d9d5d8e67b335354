//! A person at a terminal, with an ssh client in it.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
};

use portable_pty::CommandBuilder;

use super::host::Host;
use crate::support::terminal::Terminal;

pub(crate) struct Connection(Terminal);

impl Connection {
    /// Comes in with a key, on a terminal that answers questions so.
    pub(crate) fn open(host: &Host, key: &Path, answers: &str) -> Self {
        let mut connection = Self::without_answers(host, key, &[]);
        connection.answer(answers);
        connection
    }

    /// Comes in with a key and these words behind the host.
    pub(crate) fn without_answers(host: &Host, key: &Path, words: &[&str]) -> Self {
        let mut command = CommandBuilder::new("ssh");
        command.args(["-tt"]);
        command.args(host.options(key));
        command.arg("root@127.0.0.1");
        command.args(words);
        command.env("TERM", "xterm-256color");
        Self(Terminal::start(command, 120, 40))
    }

    /// Whether a text never came, as it is written: a line of the screen is sent in one piece at first.
    pub(crate) fn never_had(&self, text: &str) -> bool {
        let all = String::from_utf8_lossy(&self.bytes).to_lowercase();
        !all.contains(&text.to_lowercase()) && !self.contents().to_lowercase().contains(&text.to_lowercase())
    }

    /// Waits for the end; returns the exit code, and all that the screen showed last.
    pub(crate) fn end(mut self) -> (u32, String) {
        (self.0.end(), self.contents())
    }

    /// The client dies: nobody says good-bye.
    pub(crate) fn lose(mut self) {
        self.child.kill().unwrap();
    }
}

impl Deref for Connection {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.0
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Terminal {
        &mut self.0
    }
}
