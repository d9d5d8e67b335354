//! Hosts of a shared store, as processes that have the inboxes at places of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use cxr_triage::store::{FilmState, Store};
use serde_json::Value;
use tempfile::TempDir;

use super::server::Server;
use crate::{cli::support::drawn_film, postgres};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// Drawn films look like no chest; studies are complete soon.
const CONFIG: &str = "[quality]\ninverted = \"off\"\nout_of_distribution = \"off\"\n[similar]\nkeep = false\n\
                      [triage]\nquiet_period = \"1s\"\n";

pub(crate) struct Site {
    url: String,
    folder: TempDir,
}

impl Site {
    /// A store of its own on the server of the tests, and two inboxes; none where there is no server to be had.
    pub(crate) fn new() -> Option<Self> {
        postgres::server().map(|server| Self::at(server.schema()))
    }

    /// The same on a server that the test may stop.
    pub(crate) fn on(server: &Server) -> Self {
        Self::at(server.url())
    }

    /// The same at a URL.
    pub(crate) fn at(url: String) -> Self {
        let site = Self { url, folder: tempfile::tempdir().unwrap() };
        for inbox in ["er", "icu"] {
            fs::create_dir_all(site.path("films").join(inbox)).unwrap();
        }
        site.config("");
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration of every host, with more in it.
    pub(crate) fn config(&self, more: &str) {
        self.config_of("config", more);
    }

    /// The configuration of one host, with more in it.
    pub(crate) fn config_of(&self, host: &str, more: &str) {
        fs::write(self.path(&format!("{host}.toml")), format!("{CONFIG}{more}")).unwrap();
    }

    /// Puts drawn films into an inbox.
    pub(crate) fn films(&self, inbox: &str, seeds: std::ops::Range<u32>) {
        for seed in seeds {
            let folder = self.path("films").join(inbox);
            drawn_film(seed).save(folder.join(format!(".{seed}.png.part.png"))).unwrap();
            fs::rename(folder.join(format!(".{seed}.png.part.png")), folder.join(format!("{seed}.png")))
                .unwrap();
        }
    }

    /// Where a host has an inbox.
    pub(crate) fn mount(&self, host: &str, inbox: &str) -> PathBuf {
        let place = self.path(host).join("mounted");
        fs::create_dir_all(&place).unwrap();
        let place = place.join(inbox);
        if !place.exists() {
            symlink(self.path("films").join(inbox), &place).unwrap();
        }
        place
    }

    fn command(&self, host: &str, words: &[&str], inboxes: &[&str]) -> Command {
        let home = self.path(host);
        fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cxr-triage"));
        let own = self.path(&format!("{host}.toml"));
        let config = if own.exists() { own } else { self.path("config.toml") };
        command.args(words).args(["--store", &self.url, "--config"]).arg(config);
        for inbox in inboxes {
            command.arg("--inbox").arg(format!("{inbox}={}", self.mount(host, inbox).display()));
        }
        for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env(variable, &home);
        }
        command.env("CXR_TRIAGE_HOST", host).env_remove("CXR_TRIAGE_CONFIG").current_dir(home);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command on a host to its end.
    pub(crate) fn run(&self, host: &str, words: &[&str], inboxes: &[&str]) -> Output {
        self.command(host, words, inboxes).output().unwrap()
    }

    /// Starts a process on a host, which has these inboxes.
    pub(crate) fn start(&self, host: &str, words: &[&str], inboxes: &[&str]) -> Host {
        Self::spawn(self.command(host, words, inboxes))
    }

    /// Starts a process on a host whose clock is so many seconds ahead; `library` is libfaketime.
    pub(crate) fn start_ahead(&self, library: &Path, seconds: i64, host: &str, words: &[&str]) -> Host {
        Self::spawn(self.command_ahead(library, seconds, host, words))
    }

    /// Runs a command on such a host to its end.
    pub(crate) fn run_ahead(&self, library: &Path, seconds: i64, host: &str, words: &[&str]) -> Output {
        self.command_ahead(library, seconds, host, words).output().unwrap()
    }

    fn command_ahead(&self, library: &Path, seconds: i64, host: &str, words: &[&str]) -> Command {
        let mut command = self.command(host, words, &["er"]);
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME", format!("{seconds:+}"))
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
        command
    }

    fn spawn(mut command: Command) -> Host {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        let (events, lines) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (told_events, told) = (Arc::clone(&events), Arc::clone(&lines));
        thread::spawn(move || {
            for line in std::io::BufRead::lines(out).map_while(Result::ok) {
                told_events.lock().unwrap().extend(serde_json::from_str::<Value>(&line));
                told.lock().unwrap().push(line);
            }
        });
        Host { child, events, lines }
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(postgres::place(&self.url)).unwrap()
    }

    /// A connection past the program.
    pub(crate) fn raw(&self) -> postgres::Raw {
        postgres::Raw::connect(&self.url)
    }

    /// How many films there are in each state, by the SHA-256 of their bytes: each must be there once.
    pub(crate) fn states(&self) -> BTreeMap<&'static str, usize> {
        let store = self.store();
        let (mut states, mut seen) = (BTreeMap::new(), BTreeSet::new());
        for study in store.studies_since(0).unwrap() {
            for film in store.detail(study.id).unwrap().unwrap().films {
                assert!(seen.insert(film.sha256.clone()), "a film is there twice");
                let word = match film.state {
                    FilmState::Scored { .. } => "scored",
                    _ => "held",
                };
                *states.entry(word).or_default() += 1;
            }
        }
        states
    }

    /// Waits until so many films are scored, and nothing is queued.
    pub(crate) fn until_scored(&self, films: usize) {
        until("all films are scored", || {
            self.store().queued_count().is_ok_and(|queued| queued == 0)
                && self.states().get("scored").copied().unwrap_or_default() >= films
        });
        assert_eq!(self.states(), BTreeMap::from([("scored", films)]));
    }

    /// The answer of `health --json` on a host.
    pub(crate) fn health(&self, host: &str, inboxes: &[&str]) -> Value {
        let output = self.run(host, &["health", "--json"], inboxes);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {} s: {what}", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(200));
    }
}

/// A process of a host; killed when dropped.
pub(crate) struct Host {
    child: Child,
    events: Arc<Mutex<Vec<Value>>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Host {
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// The process that it tries a film alone in, once there is one.
    pub(crate) fn helper(&self) -> u32 {
        let threads = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let begun = Instant::now();
        loop {
            // Of its threads the one that hands out has children.
            let found = fs::read_dir(&threads).unwrap().filter_map(Result::ok).find_map(|thread| {
                let children = fs::read_to_string(thread.path().join("children")).ok()?;
                children.split_whitespace().next()?.parse().ok()
            });
            match found {
                Some(child) => return child,
                None => assert!(begun.elapsed() < PATIENCE, "it tries no film alone"),
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|event| event["event"] == kind).count()
    }

    /// Whether a line of its output has these words.
    pub(crate) fn has_told(&self, words: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line.contains(words))
    }

    /// Whether it has said so in an error.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        let events = self.events.lock().unwrap();
        events.iter().any(|event| event["message"].as_str().is_some_and(|message| message.contains(words)))
    }

    /// Waits for its end; its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it has not ended");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if thread::panicking() {
            let lines = self.lines.lock().unwrap();
            let (left_out, last) = lines.split_at(lines.len().saturating_sub(12));
            println!("process {}, after {} lines:\n{}", self.child.id(), left_out.len(), last.join("\n"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let _ = Command::new("kill").args([name, &process.to_string()]).status().unwrap();
}

/// The lines of a file; none while it is not there.
pub(crate) fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}
