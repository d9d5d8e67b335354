//! tmux, where it stands between the program and the terminal.

use std::{
    env,
    process::{Command, Stdio},
};

/// A tmux between the program and the terminal, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(in crate::dashboard) struct Tmux {
    is_between: bool,
    /// Whether it runs on this machine, and may be asked.
    is_here: bool,
}

impl Tmux {
    /// Reads it out of the environment. `may_be_asked`: whether a program may be run for that.
    pub(in crate::dashboard) fn of_environment(may_be_asked: bool) -> Self {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let term = env::var("TERM").unwrap_or_default();
        // Also where only `TERM` came along over SSH from inside a tmux or a screen.
        let is_between = is_set("TMUX") || term.starts_with("tmux") || term.starts_with("screen");
        Self { is_between, is_here: may_be_asked && is_set("TMUX") }
    }

    /// Returns whether there is one.
    pub(in crate::dashboard) fn is_between(self) -> bool {
        self.is_between
    }

    /// Returns the output of a tmux command; nothing where there is no tmux to ask.
    pub(in crate::dashboard) fn ask(self, arguments: &[&str]) -> String {
        if !self.is_here {
            return String::new();
        }
        let output = Command::new("tmux").args(arguments).stdin(Stdio::null()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    }

    /// Has sequences let through to the terminal while this pane is looked at. Where they are, perhaps from windows that
    /// are out of sight, too ("all"), nothing is changed.
    pub(in crate::dashboard) fn let_through(self) {
        let set = self.ask(&["show-options", "-Apv", "allow-passthrough"]);
        if !matches!(set.as_str(), "on" | "all") {
            let _ = self.ask(&["set-option", "-p", "allow-passthrough", "on"]);
        }
    }

    /// A sequence as it reaches the terminal.
    pub(in crate::dashboard) fn passed(self, sequence: &str) -> String {
        if !self.is_between {
            return sequence.to_owned();
        }
        format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_wrapped_for_tmux_and_for_nothing_else() {
        let tmux = |is_between| Tmux { is_between, is_here: false };
        assert_eq!(tmux(false).passed("\x1b]9;x\x1b\\"), "\x1b]9;x\x1b\\");
        assert_eq!(tmux(true).passed("\x1b]9;x\x1b\\"), "\x1bPtmux;\x1b\x1b]9;x\x1b\x1b\\\x1b\\");
        assert_eq!(tmux(true).ask(&["display-message", "-p", "x"]), "");
    }
}
