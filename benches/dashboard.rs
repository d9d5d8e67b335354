//! The dashboard with a hundred thousand studies in its store: `cargo bench --bench dashboard`.
//!
//! Prints the time from opening the store to the first frame and to the whole list, from a keypress to
//! its frame, the time of a frame, the time of a filter over all studies, the bytes of a keypress, and
//! the memory. `cargo bench --bench dashboard -- 10000` takes another number of studies.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench that cannot run has failed"
)]

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
    dashboard::{
        Canvas, Effect, Health, Key, Message, Role, Site, State, Theme, Update, draw, settle, update,
    },
    pipeline::{Following, follow, outside},
    store::Store,
};
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    Terminal, TerminalOptions, Viewport,
    backend::CrosstermBackend,
    layout::{Rect, Size},
};

const SCREEN: Size = Size { width: 120, height: 40 };

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

/// A store with so many studies as a busy site has after some years, written as plain rows.
fn fill(path: &Path, studies: usize) {
    drop(Store::open(path).unwrap());
    let connection = rusqlite::Connection::open(path).unwrap();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {studies})
         INSERT INTO studies (id, key, patient_id, patient_name, accession_number, description, view, file_name,
            study_time, first_arrival, last_arrival, complete, scored_films, severity, assessed, score, top,
            status, status_by, status_at, acknowledged_by, acknowledged_at, model, revision)
         SELECT i, '1.2.826.0.1.3680043.8.498.' || (i * 7919 % 1000003) || '.' || i,
            'P' || (i * 104729 % 900007), 'FAMILY' || (i % 9973) || '^GIVEN' || (i % 773), 'A' || i,
            'CHEST PORTABLE', CASE i % 2 WHEN 0 THEN 'PA' ELSE 'AP' END, 'film_' || i || '.dcm',
            '2026-03-02T13:30:00', (strftime('%s', 'now') - i * 37) * 1000000,
            (strftime('%s', 'now') - i * 37) * 1000000, 1, 1,
            CASE WHEN i % 50 = 0 THEN 'critical' WHEN i % 5 = 0 THEN 'urgent' ELSE 'routine' END,
            CASE WHEN i % 50 = 0 THEN 'critical' WHEN i % 5 = 0 THEN 'urgent' ELSE 'routine' END,
            (i * 7907 % 10007) / 10007.0,
            CASE i % 4 WHEN 0 THEN 'Effusion' WHEN 1 THEN 'Mass' WHEN 2 THEN 'Pneumothorax' ELSE 'Cardiomegaly' END,
            CASE i % 3 WHEN 0 THEN 'seen' ELSE 'new' END, CASE i % 3 WHEN 0 THEN 'anna' ELSE '' END,
            CASE i % 3 WHEN 0 THEN 1 END, 'anna', 1, 'starter', i
         FROM n"
    );
    connection.execute_batch(&rows).unwrap();
}

struct Bench {
    state: State,
    updates: Receiver<Update>,
    requests: crossbeam_channel::Sender<cxr_triage::dashboard::Request>,
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

    /// Presses keys; the time from the last one to its frame.
    fn press(&mut self, keys: &str) -> Duration {
        let keys: Vec<Key> = keys.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let started = Instant::now();
        for key in keys {
            self.take(Message::Key(key.into()));
        }
        self.frame();
        let took = started.elapsed();
        while let Ok(answer) = self.updates.try_recv() {
            self.take(Message::Update(answer));
        }
        took
    }
}

/// Resident memory in MB, where the system tells (Linux).
fn memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn health() -> Health {
    Health {
        role: Role::Follower,
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
    }
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| milliseconds(times[((times.len() - 1) as f64 * part) as usize]);
    println!("{name:<34} p50 {:>8.2} ms   p99 {:>8.2} ms   most {:>8.2} ms", at(0.5), at(0.99), at(1.0));
}

fn main() {
    let studies = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(100_000_usize);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    fill(&path, studies);
    let before = memory();

    let opened = Instant::now();
    let (updates_in, updates) = bounded(64);
    let (requests, requests_out) = unbounded();
    let (_outside_in, outside) = outside();
    let following = Following {
        store: Store::open(&path).unwrap(),
        pictures: Store::open(&path).unwrap(),
        health: health(),
        gauges: None,
        feed_alarm: config::FeedAlarm::default(),
        site: Site::default(),
        actor: "bench".to_owned(),
        thresholds: None,
        outside,
    };
    let threads = follow(following, requests_out, updates_in).unwrap();
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
    let pressed: Vec<Duration> = (0..3_000).map(|at| bench.press(moves[at % moves.len()])).collect();
    let bytes = (bench.sink.0.load(Ordering::Relaxed) - bytes_before) / pressed.len();
    report("keypress to frame", pressed);
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
    report("a character of a filter over all", filters);
    let views = (0..60).map(|at| bench.press(["2", "3", "4", "5", "1"][at % 5])).collect();
    report("another view", views);
    let orders = (0..30).map(|at| bench.press(["s w", "s p", "s s", "s f", "s t", "s r"][at % 6])).collect();
    report("another order", orders);

    if let (Some(before), Some(after)) = (before, memory()) {
        println!(
            "memory                             {after:>12.0} MB, of which the list takes {:.0}",
            after - before
        );
    }
    drop((bench, threads));
}
