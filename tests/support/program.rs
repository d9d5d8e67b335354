//! The program, and the events that it prints.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// The program, as cargo built it.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cxr-triage");

/// The program in a folder, away from the developer's own configuration, store and weights.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let home = folder.join("home");
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env_remove("XDG_STATE_HOME")
        .env_remove("CXR_TRIAGE_CONFIG")
        .stdin(Stdio::null());
    command
}

/// A running program that prints events; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// None: nobody reads any more.
    out: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out: Some(out) }
    }

    /// The next event; none when the program has ended.
    pub(crate) fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.out.as_mut()?.read_line(&mut line).unwrap();
        // A killed program may have died within a line.
        serde_json::from_str(&line).ok()
    }

    /// Closes the pipe.
    pub(crate) fn stop_reading(&mut self) -> &mut Child {
        self.out = None;
        &mut self.child
    }

    /// All events up to and with the first that `is_it`.
    pub(crate) fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        while let Some(event) = self.next() {
            let found = is_it(&event);
            events.push(event);
            if found {
                return events;
            }
        }
        panic!("the program ended before the event came; before it: {events:#?}");
    }

    /// The next event of a kind.
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        self.until(|event| event["event"] == kind).pop().unwrap()
    }

    /// The events that are left, up to the program's end, and its exit code.
    pub(crate) fn rest(mut self) -> (Vec<Value>, Option<i32>) {
        let mut events = Vec::new();
        while let Some(event) = self.next() {
            events.push(event);
        }
        let code = self.child.wait().unwrap().code();
        (events, code)
    }

    /// Ends the program at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
