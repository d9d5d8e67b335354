//! Files that are no files, shares that do not answer, owners that stand still.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use cxr_triage::{
    config::{Config, Loaded, RasterStudy},
    files::{self, Deadline, Expected, Progress, Readers},
    intake,
    model::{DeviceChoice, Model, Precision, Source},
    pipeline::{self, EventKind, Helper, Parts, Pipeline, Settings},
    store::{FilmState, Ownership, Store},
    supervise::Supervisor,
};
use jiff::{SignedDuration, Timestamp};

use crate::cli::support::{Bench, count, drawn_film, is, text};

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_named_pipe_is_refused_by_every_command_and_waited_for_by_none() {
    let bench = Bench::new();
    pipe(&bench.path("pipe"));
    drawn_film(1).save(bench.path("film.png")).unwrap();
    for arguments in [
        &["scan", "pipe", "film.png"][..],
        &["show", "pipe"],
        &["weights", "verify", "starter", "--film", "pipe"],
        &["weights", "import", "pipe", "--preset", "xrv-all"],
        &["weights", "import", "film.png", "--manifest", "pipe"],
        &["evaluate", "--films", ".", "--labels", "pipe"],
        &["evaluate", "--explore", "pipe"],
        &["--config", "pipe", "config", "check"],
        &["plugins", "run", "pipe.luau"],
        &["--store", "pipe", "watch", "inbox", "--headless", "--once"],
    ] {
        if arguments.contains(&"pipe.luau") && !bench.path("pipe.luau").exists() {
            pipe(&bench.path("pipe.luau"));
        }
        let output = bench.run(arguments);
        let said = text(&output.stderr);
        assert!(said.contains("it is a named pipe"), "{arguments:?}: {said}");
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
    }
    let scan = bench.run(&["scan", "pipe", "film.png"]);
    assert!(text(&scan.stdout).contains("film.png"), "the other film is scored: {}", text(&scan.stdout));
}

#[test]
fn a_queued_film_that_became_a_pipe_is_held_by_its_name() {
    let bench = Bench::new();
    let path = fs::canonicalize(bench.inbox()).unwrap().join("film.png");
    pipe(&path);
    let arrival = intake::Arrival { path, size: 9, modified_ns: 1 };
    Store::open(bench.store()).unwrap().receive(&[arrival], Timestamp::UNIX_EPOCH).unwrap();
    bench.film("good.png", 3);
    let (events, code) = bench.watch(&["--once"]).rest();
    assert_eq!((code, count(&events, "scored")), (Some(0), 1), "{events:#?}");
    let held: Vec<_> = events.iter().filter(|event| is(event, "held")).collect();
    assert_eq!(held.len(), 1);
    assert!(held[0]["reason"].as_str().unwrap().contains("it is a named pipe, not a film"), "{}", held[0]);
}

#[test]
fn what_is_written_goes_over_nothing_that_is_not_ours() {
    let bench = Bench::new();
    drawn_film(1).save(bench.path("film.png")).unwrap();
    let film = fs::read(bench.path("film.png")).unwrap();
    fs::write(bench.path("letter.txt"), "Dear colleague").unwrap();
    for arguments in [
        &["show", "film.png", "--label", "none", "--out", "letter.txt"][..],
        &["--log", "letter.txt", "scan", "film.png"],
        &["--log", "film.png", "scan", "film.png"],
        &["--store", "letter.txt", "watch", "inbox", "--headless", "--once"],
        &["--config", "letter.txt", "config", "init"],
    ] {
        let output = bench.run(arguments);
        assert_ne!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stdout));
        assert_eq!(fs::read_to_string(bench.path("letter.txt")).unwrap(), "Dear colleague", "{arguments:?}");
        assert_eq!(fs::read(bench.path("film.png")).unwrap(), film, "{arguments:?}");
    }
    for _ in 0..2 {
        let again = bench.run(&["show", "film.png", "--label", "none", "--out", "picture.png"]);
        assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
        let logged = bench.run(&["--log", "own.log", "scan", "film.png"]);
        assert_eq!(logged.status.code(), Some(0), "{}", text(&logged.stderr));
    }
    assert!(!bench.path("letter.txt.lock").exists());
}

fn signal(word: &str, process: u32) {
    assert!(Command::new("kill").args([word, &process.to_string()]).status().unwrap().success());
}

#[test]
fn a_follower_says_that_the_owner_stands_still() {
    let bench = Bench::new();
    let mut owner = bench.watch(&[]);
    owner.until(|event| is(event, "idle"));
    let mut follower = bench
        .command(&["--store", "data/store.db", "watch", "--plain"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut until = |words: &str| {
        let found = lines.by_ref().map(Result::unwrap).find(|line| line.contains(words));
        found.unwrap_or_else(|| panic!("the follower ended before it said {words:?}"))
    };
    until("another process scores; this is its list");
    signal("-STOP", owner.child.id());
    let said = until("has not been heard of");
    assert!(said.contains(&format!("process {}", owner.child.id())), "{said}");
    signal("-CONT", owner.child.id());
    until("fault is over");
    follower.kill().unwrap();
    follower.wait().unwrap();
}

/// A pipeline whose readers hang over films called so, until the sender is dropped.
fn hanging(bench: &Bench) -> (Parts, mpsc::Sender<()>) {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let deadline = Deadline { window: Duration::from_millis(300), ..Deadline::default() };
    let readers = Readers::new(deadline, move |path: &Path, expected: Expected, _: &Progress| {
        if path.to_string_lossy().contains("hang") {
            let _ = released.lock().unwrap().recv();
        }
        files::read(path, expected)
    });
    let model = Arc::new(Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap());
    let rules = pipeline::rules(&Loaded::default(), model.manifest()).unwrap();
    let parts = Parts {
        store: bench.store().into(),
        ownership: Ownership::acquire(bench.store()).unwrap().unwrap(),
        rules,
        model,
        intake: Some(intake::Options::new(bench.inbox())),
        mounts: std::sync::Arc::default(),
        gates: Config::default().quality,
        settings: Settings {
            quiet_period: SignedDuration::from_mins(5),
            max_wait: None,
            raster_study: RasterStudy::Film,
        },
        readers: Arc::new(readers),
        keep_features: true,
        embedder: None,
        helper: Helper {
            program: env!("CARGO_BIN_EXE_cxr-triage").into(),
            arguments: vec!["examine-one".into()],
            trials: None,
        },
        supervisor: Supervisor::default(),
    };
    (parts, release)
}

#[test]
fn a_share_that_does_not_answer_costs_its_films_and_no_worker() {
    let bench = Bench::new();
    for n in 0..3 {
        bench.film(&format!("{n} hang.png"), n);
        bench.film(&format!("{n} good.png"), n + 10);
    }
    let (parts, release) = hanging(&bench);
    let (said, events) = mpsc::channel();
    let pipeline = Pipeline::start(parts, move |event| drop(said.send(event.clone()))).unwrap();
    let (mut good, mut errors, mut held) = (0, 0, Vec::new());
    while good < 3 || held.len() < 3 {
        let event = events.recv_timeout(Duration::from_secs(120)).expect("no worker hangs");
        let path = PathBuf::from(event.path.unwrap_or_default());
        let is_good = path.to_string_lossy().contains("good");
        match event.kind {
            EventKind::Scored { .. } | EventKind::Held { .. } if is_good => good += 1,
            EventKind::Held { reason, .. } => held.push(reason),
            EventKind::Error { .. } => errors += 1,
            _ => {}
        }
    }
    assert!(held.iter().all(|reason| reason.contains("does not answer")), "{held:?}");
    assert_eq!(errors, 3);
    let fault = pipeline.gauges().inbox_fault().unwrap();
    assert!(fault.contains("does not answer for 3 films"), "{fault}");
    // The end does not wait for the share.
    pipeline.stop();
    let store = Store::open(bench.store()).unwrap();
    let films = store.studies_since(0).unwrap();
    let films = films.iter().flat_map(|row| store.detail(row.id).unwrap().unwrap().films);
    let unread = films.filter(|film| film.sha256.is_empty() && matches!(film.state, FilmState::Held(_)));
    assert_eq!(unread.count(), 3, "each stands on the list");
    drop(release);
}
