//! The dashboard with a hundred thousand studies in its store: `cargo bench --bench dashboard`.
//!
//! Prints the time from opening the store to the first frame and to the whole list, from a keypress to
//! its frame, the time of a frame, the time until a filter or an order over all studies is whole, the bytes
//! of a keypress, and the memory; then, where the system tells (Linux), what the real program does in a
//! minute at rest. `cargo bench --bench dashboard -- 10000` takes another number of studies; with `shift` the
//! real program gets ten thousand arrivals and random keys for seven minutes instead. Where
//! `CXR_TRIAGE_BENCH_SERVER` names an empty database, all of it but the shift is measured on that server.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench that cannot run has failed"
)]

mod at_rest;
mod server;
mod shift;
mod store;
mod terminal;

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, bounded, unbounded};
use cxr_triage::{
    config,
    dashboard::{Canvas, Effect, Key, Message, State, Theme, draw, settle, update},
    session::{
        self,
        protocol::{Health, Position, Update},
    },
    similar::FeaturesId,
    store::Store,
    store_place::StorePlace,
    supervise::Supervisor,
};
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Rect, Size},
};

use crate::{server::Wire, terminal::Running};

const SCREEN: Size = Size { width: 120, height: 40 };
/// How long the real program is watched at rest.
const AT_REST: u64 = 60;

/// A terminal that counts what is written to it.
#[derive(Clone, Default)]
struct Sink(Arc<AtomicUsize>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    state: State,
    updates: Receiver<Update>,
    requests: crossbeam_channel::Sender<cxr_triage::session::protocol::Request>,
    terminal: Terminal<CrosstermBackend<Sink>>,
    sink: Sink,
}

impl Bench {
    fn take(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Request(request) = effect {
                let _ = self.requests.send(request);
            }
        }
    }

    /// What the event loop does between two waits.
    fn frame(&mut self) {
        let effects = settle(&mut self.state);
        self.perform(effects);
        if self.state.take_stale() {
            self.terminal.draw(|frame| draw(&self.state, frame)).unwrap();
        }
    }

    /// Presses keys; the time from the last one to its frame, and to the whole list. No frame in between
    /// takes longer than the first, or that is the one which counts.
    fn press(&mut self, keys: &str) -> (Duration, Duration) {
        let keys: Vec<Key> = keys.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let started = Instant::now();
        for key in keys {
            self.take(Message::Key(key.into()));
        }
        self.frame();
        let mut longest = started.elapsed();
        while self.state.worklist().is_unfinished() {
            let turn = Instant::now();
            self.frame();
            longest = longest.max(turn.elapsed());
        }
        let whole = started.elapsed();
        while let Ok(answer) = self.updates.try_recv() {
            self.take(Message::Update(answer));
        }
        (longest, whole)
    }
}

/// Resident memory in MB now (`VmRSS`) or at most (`VmHWM`), where the system tells (Linux).
fn memory(which: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn health() -> Health {
    Health {
        position: Position::Follower,
        inbox: String::new(),
        fault: None,
        queued: 0,
        working_on: None,
        films_per_second: None,
        device: "cpu".to_owned(),
        model: "starter".to_owned(),
        banner: String::new(),
        last_arrival: None,
        feed_alarm: None,
        reasons: Vec::new(),
        hosts: cxr_triage::health::HostsFacts::default(),
    }
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| milliseconds(times[((times.len() - 1) as f64 * part) as usize]);
    println!("{name:<34} p50 {:>8.2} ms   p99 {:>8.2} ms   most {:>8.2} ms", at(0.5), at(0.99), at(1.0));
}

/// Reports what [`Bench::press`] measured; the time to the whole list where that is another one.
fn report_pressed(name: &str, pressed: Vec<(Duration, Duration)>) {
    let (frames, whole): (Vec<Duration>, Vec<Duration>) = pressed.into_iter().unzip();
    let is_sliced = frames != whole;
    report(name, frames);
    if is_sliced {
        report("  until the list is whole", whole);
    }
}

fn main() {
    let studies = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(100_000_usize);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    store::fill(&path, studies);
    if std::env::args().any(|word| word == "shift") {
        fs::create_dir(folder.path().join("inbox")).unwrap();
        shift::run(folder.path());
        return;
    }
    let url = std::env::var(server::VARIABLE).ok();
    let place = match &url {
        Some(url) => {
            server::copy(&path, url);
            StorePlace::parse(url.as_ref()).unwrap()
        }
        None => StorePlace::from(&path),
    };
    let before = memory("VmRSS");

    let opened = Instant::now();
    let (updates_in, updates) = bounded(4);
    let (requests, requests_out) = unbounded();
    let (_external_in, external) = session::external();
    let parts = session::Parts {
        store: Store::open(&place).unwrap(),
        pictures: Store::open(&place).unwrap(),
        similar: (Store::open(&place).unwrap(), FeaturesId::new("0".repeat(64))),
        health: health(),
        gauges: None,
        feed_alarm: config::FeedAlarm::default(),
        actor: "bench".to_owned(),
        login: None,
        thresholds: None,
        external,
        supervisor: Supervisor::default(),
    };
    let threads = session::start(parts, requests_out, updates_in).unwrap();
    let sink = Sink::default();
    let viewport = Viewport::Fixed(Rect::new(0, 0, SCREEN.width, SCREEN.height));
    let terminal =
        Terminal::with_options(CrosstermBackend::new(sink.clone()), TerminalOptions { viewport }).unwrap();
    let state = State::new(Timestamp::now(), TimeZone::UTC, SCREEN, Theme::standard(), Canvas::halfblocks());
    let mut bench = Bench { state, updates, requests, terminal, sink };

    let mut first = None;
    while bench.state.worklist().total() < studies {
        let message = bench.updates.recv_timeout(Duration::from_secs(60)).unwrap();
        bench.take(Message::Update(message));
        bench.frame();
        if first.is_none() && !bench.state.worklist().is_empty() {
            first = Some(opened.elapsed());
        }
    }
    println!("studies                            {studies}");
    println!("open to first frame with studies   {:>12.1} ms", milliseconds(first.unwrap_or_default()));
    println!("open to the whole list             {:>12.1} ms", milliseconds(opened.elapsed()));

    let moves =
        ["j", "k", "pagedown", "pageup", "G", "g g", "j", "j", "space", "u", "c", "u", "]", "?", "esc"];
    let bytes_before = bench.sink.0.load(Ordering::Relaxed);
    let pressed: Vec<_> = (0..3_000).map(|at| bench.press(moves[at % moves.len()])).collect();
    let bytes = (bench.sink.0.load(Ordering::Relaxed) - bytes_before) / pressed.len();
    report_pressed("keypress to frame", pressed);
    println!("bytes a keypress, mean             {bytes:>12}");

    let frames = (0..500).map(|_| {
        let started = Instant::now();
        bench.terminal.draw(|frame| draw(&bench.state, frame)).unwrap();
        started.elapsed()
    });
    let frames: Vec<Duration> = frames.collect();
    report("frame", frames);

    let mut filters = Vec::new();
    for typed in
        ["effusion", "family12 score>0.6", "waiting>30m view:AP", "zzz", "status:new band:urgent", "p1234"]
    {
        bench.press("/");
        for character in typed.chars() {
            let word = if character == ' ' { "space".to_owned() } else { character.to_string() };
            filters.push(bench.press(&word));
        }
        bench.press("esc");
    }
    report_pressed("a character of a filter over all", filters);
    let views = (0..60).map(|at| bench.press(["2", "3", "4", "5", "1"][at % 5])).collect();
    report_pressed("another view", views);
    let orders = (0..60).map(|at| bench.press(["s w", "s p", "s s", "s f", "s t", "s r"][at % 6])).collect();
    report_pressed("another order", orders);

    if let (Some(before), Some(after), Some(most)) = (before, memory("VmRSS"), memory("VmHWM")) {
        println!(
            "memory without a model             {after:>12.0} MB, at most {most:.0}; the list takes {:.0}",
            after - before
        );
    }
    drop((bench, threads));
    if cfg!(target_os = "linux") {
        measure_at_rest(folder.path(), studies, url.as_deref());
    }
}

/// The real program at rest: a dashboard that follows, then the one that owns the pipeline of a file.
fn measure_at_rest(folder: &Path, studies: usize, url: Option<&str>) {
    let wire = url.map(Wire::to);
    let store = wire.as_ref().map_or("store.db", |wire| wire.url.as_str());
    let follower = Running::start_with(folder, &["watch", "--follow", "--store", store]);
    at_rest::measure(follower, &format!("following {studies} studies"), AT_REST, wire.as_ref());
    if wire.is_some() {
        return;
    }
    fs::create_dir(folder.join("inbox")).unwrap();
    at_rest::measure(Running::start(folder), &format!("{studies} studies"), AT_REST, None);
    let few = tempfile::tempdir().unwrap();
    fs::create_dir(few.path().join("inbox")).unwrap();
    store::fill(&few.path().join("store.db"), 54);
    at_rest::measure(Running::start(few.path()), "54 studies", AT_REST, None);
}
