//! A bench of its own for each test: an inbox, a store, films that the test draws itself.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use cxr_triage::store_place::StorePlace;
use image::GrayImage;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    postgres,
    support::program::{Running, program},
};

/// Drawn films look like no chest, and the gates that see that are off where a test scores them.
const DRAWN: &str = "\n[quality]\ninverted = \"off\"\nout_of_distribution = \"off\"\n";

pub(crate) struct Bench {
    folder: TempDir,
    /// Of a store on a server.
    url: Option<String>,
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
        let bench = Self { folder: tempfile::tempdir().unwrap(), url: None };
        fs::create_dir(bench.inbox()).unwrap();
        bench
    }

    /// For drawn films, with its store on a PostgreSQL server; none where there is none to test with.
    pub(crate) fn on_server() -> Option<Self> {
        let url = postgres::server()?.schema();
        Some(Self { url: Some(url), ..Self::new() })
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

    /// Where the store is, in a file or on a server.
    pub(crate) fn place(&self) -> StorePlace {
        self.url.as_deref().map_or_else(|| self.store().into(), postgres::place)
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
        program(self.folder.path(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `watch --headless` on the bench's inbox and store, reading its events.
    pub(crate) fn watch(&self, more: &[&str]) -> Running {
        self.watch_in(more, &[])
    }

    /// The same in an environment that has these variables besides.
    pub(crate) fn watch_in(&self, more: &[&str], variables: &[(&str, &OsStr)]) -> Running {
        let store = self.url.as_deref().unwrap_or("data/store.db");
        let mut arguments = vec!["watch", "inbox", "--headless", "--store", store];
        arguments.extend(more);
        Running::start(self.command(&arguments).envs(variables.iter().copied()))
    }
}

/// Starts a program, waits until `has_begun`, and interrupts it as ctrl-c does.
pub(crate) fn interrupted(command: &mut Command, has_begun: impl Fn() -> bool) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !has_begun() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // By a call: until a program were started for it, all might be done.
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    child.wait_with_output().unwrap()
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
