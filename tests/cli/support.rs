//! A bench of its own for each test: an inbox, a store, films that the test draws itself.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use image::GrayImage;
use serde_json::Value;
use tempfile::TempDir;

/// Drawn films look like no chest, and the gates that see that are off where a test scores them.
const DRAWN: &str = "\n[quality]\ninverted = \"off\"\nout_of_distribution = \"off\"\n";

pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// For drawn films.
    pub(crate) fn new() -> Self {
        let bench = Self::as_shipped();
        fs::write(bench.path("cxr-triage.toml"), DRAWN).unwrap();
        bench
    }

    /// For real films: with all defaults.
    pub(crate) fn as_shipped() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.inbox()).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn inbox(&self) -> PathBuf {
        self.path("inbox")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("data/store.db")
    }

    /// Puts a drawn film into the inbox.
    pub(crate) fn film(&self, name: &str, seed: u32) -> PathBuf {
        let path = self.inbox().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        drawn_film(seed).save(&path).unwrap();
        path
    }

    pub(crate) fn config(&self, text: &str) {
        fs::write(self.path("config.toml"), format!("{text}{DRAWN}")).unwrap();
    }

    /// The program, away from the developer's own configuration, store and weights.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cxr-triage"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("home/config"))
            .env("XDG_DATA_HOME", self.path("home/data"))
            .env_remove("CXR_TRIAGE_CONFIG")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `watch --headless` on the bench's inbox and store, reading its events.
    pub(crate) fn watch(&self, more: &[&str]) -> Watch {
        self.watch_in(more, &[])
    }

    /// The same in an environment that has these variables besides.
    pub(crate) fn watch_in(&self, more: &[&str], variables: &[(&str, &OsStr)]) -> Watch {
        let mut arguments = vec!["watch", "inbox", "--headless", "--store", "data/store.db"];
        arguments.extend(more);
        let mut command = self.command(&arguments);
        let mut child = command.envs(variables.iter().copied()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Watch { child, out: Some(out) }
    }
}

/// A running `watch --headless`; killed when dropped.
pub(crate) struct Watch {
    pub(crate) child: Child,
    /// None: nobody reads any more.
    out: Option<BufReader<ChildStdout>>,
}

impl Watch {
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

    pub(crate) fn rest(mut self) -> (Vec<Value>, Option<i32>) {
        let mut events = Vec::new();
        while let Some(event) = self.next() {
            events.push(event);
        }
        let code = self.child.wait().unwrap().code();
        (events, code)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn is(event: &Value, kind: &str) -> bool {
    event["event"] == kind
}

pub(crate) fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| is(event, kind)).count()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Something grey with edges, different for each seed: no chest, but no gate of header or blankness
/// refuses it.
pub(crate) fn drawn_film(seed: u32) -> GrayImage {
    GrayImage::from_fn(320, 300, |x, y| {
        let ribs = ((x / (7 + seed % 5) + y / 11) % 2) * 60;
        let noise =
            (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).wrapping_add(seed) >> 7) % 40;
        let fall = (x + y) / 5;
        image::Luma([u8::try_from((ribs + noise + fall + seed % 17).min(255)).unwrap()])
    })
}

/// The real films, where they are.
pub(crate) fn films(folder: &str) -> Option<PathBuf> {
    let films = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/films").join(folder);
    if films.is_dir() {
        return Some(films);
    }
    println!("skipped: ../shared/films is not here");
    None
}
