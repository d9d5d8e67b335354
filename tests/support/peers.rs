//! Other people's programs, where they are installed.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

pub(crate) use crate::ports::free_port;

/// Longer than a peer takes to start on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// A peer's process; killed when dropped.
pub(crate) struct Peer(Child);

impl Peer {
    /// Starts it, and lets it talk to nobody.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits until it listens at a port; false: it has ended before.
    pub(crate) fn listens(&mut self, port: u16) -> bool {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if self.0.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(began.elapsed() < LONG, "nobody listens at {port}");
            thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl From<Child> for Peer {
    fn from(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a program is here; says so if not.
pub(crate) fn has(program: &str, package: &str) -> bool {
    let has = Command::new(program).arg("--version").output().is_ok();
    if !has {
        println!("skipped: {program} is not installed ({package})");
    }
    has
}

/// A Python that has a module: the one that the environment names, or the system's.
pub(crate) fn python(module: &str) -> Option<String> {
    let python = std::env::var("CXR_TRIAGE_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: {python} has no {module} (CXR_TRIAGE_PEER_PYTHON names another Python)");
    None
}

/// A program's words on both ways out, without blanks around them.
pub(crate) fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).trim().replace('\r', "")
}

/// A library that fakes the wall clock, where it is installed.
pub(crate) fn libfaketime() -> Option<PathBuf> {
    let found = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
        .iter()
        .map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"))
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: libfaketime is not installed");
    }
    found
}
