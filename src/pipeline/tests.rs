//! A pipeline whose threads die.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, unbounded};

use super::*;
use crate::{
    config::{Config, Loaded},
    health::{Check, Limits, Question, gather_closed, judge},
    model::{DeviceChoice, Precision, Source},
    quality::Action,
    store::Store,
    supervise::doomed::doom,
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Only one at a time: a thread that is doomed is known by its name alone.
static ONE: Mutex<()> = Mutex::new(());

struct Scene {
    folder: tempfile::TempDir,
    events: Receiver<Event>,
    told: Receiver<String>,
    supervisor: Supervisor,
    _pipeline: Pipeline,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    /// An empty inbox and its pipeline.
    fn start() -> Self {
        Self::prepared(|_| {})
    }

    /// A pipeline over a folder in which something was done before.
    fn prepared(prepare: impl Fn(&Path)) -> Self {
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = (folder.path().join("store.db"), folder.path().join("inbox"));
        fs::create_dir(&inbox).unwrap();
        prepare(folder.path());
        let (tell, told) = unbounded();
        let supervisor = Supervisor::new(move |sentence| tell.send(sentence).unwrap());
        let (events_in, events) = unbounded();
        let model = Arc::new(Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap());
        let rules = rules(&Loaded::default(), model.manifest()).unwrap();
        let ownership = Ownership::acquire(&store).unwrap().unwrap();
        let parts = Parts {
            store: store.into(),
            ownership,
            model: Arc::clone(&model),
            rules,
            intake: Some(intake::Options::new(inbox)),
            mounts: Arc::default(),
            gates: Gates { inverted: Action::Off, out_of_distribution: Action::Off, ..Gates::default() },
            settings: Settings {
                quiet_period: SignedDuration::from_secs(60),
                max_wait: None,
                raster_study: RasterStudy::Film,
            },
            keep_features: true,
            embedder: None,
            helper: Helper { program: PathBuf::from("/nowhere"), arguments: Vec::new(), trials: Some(2) },
            supervisor: supervisor.clone(),
            readers: crate::files::readers(),
        };
        let pipeline = Pipeline::start(parts, move |event| events_in.send(event.clone()).unwrap()).unwrap();
        Self { folder, events, told, supervisor, _pipeline: pipeline, _alone: alone }
    }

    fn film(&self, name: &str, seed: u32) {
        draw(&self.folder.path().join("inbox").join(name), seed);
    }

    /// The outcome of the next film: scored, or held for this reason.
    fn end(&self) -> Option<String> {
        loop {
            match self.events.recv_timeout(PATIENCE).unwrap().kind {
                EventKind::Scored { .. } => return None,
                EventKind::Held { reason, .. } => return Some(reason),
                _ => {}
            }
        }
    }
}

fn draw(path: &Path, seed: u32) {
    let film = image::GrayImage::from_fn(256, 256, |x, y| {
        image::Luma([u8::try_from((x * (3 + seed) + y * 5) % 200 + (x ^ y) % 40).unwrap()])
    });
    film.save(path).unwrap();
}

#[test]
fn a_film_that_cannot_be_tried_alone_ends_a_run_that_is_to_end_and_stays_queued() {
    let scene = Scene::prepared(|folder| {
        let path = folder.join("a.png");
        draw(&path, 1);
        let size = path.metadata().unwrap().len();
        let mut store = Store::open(folder.join("store.db")).unwrap();
        let arrival = intake::Arrival { path, size, modified_ns: 1 };
        let file = store.receive(&[arrival], jiff::Timestamp::now()).unwrap()[0].0;
        // The program died over it.
        store.begin_work(&[file]).unwrap();
    });
    let why = scene.supervisor.ended().recv_timeout(PATIENCE).unwrap();
    assert!(why.contains("cannot be tried alone") && why.contains("stays queued"), "{why}");
    let store = Store::open(scene.folder.path().join("store.db")).unwrap();
    assert!(store.queued_count().unwrap() > 0);
}

#[test]
fn workers_that_die_start_again_and_where_that_is_not_safe_the_process_is_told_to_end() {
    let scene = Scene::start();
    doom("worker", 1);
    scene.film("a.png", 1);
    assert_eq!(scene.end().as_deref(), Some(BROKE_DOWN), "what the worker had at hand is not lost");
    doom("feeder", 1);
    scene.film("b.png", 2);
    assert_eq!(scene.end(), None);
    let told: Vec<String> = scene.told.try_iter().collect();
    for thread in ["`worker`", "`feeder`"] {
        assert!(told.iter().any(|sentence| sentence.contains(thread)), "{thread} is not in {told:?}");
    }
    doom("record", 1);
    scene.film("c.png", 3);
    assert_eq!(scene.end().as_deref(), Some(BROKE_DOWN), "what cannot be recorded costs the film alone");
    assert!(scene.supervisor.ended().try_recv().is_err());

    doom("recorder", 1);
    scene.film("d.png", 4);
    let why = scene.supervisor.ended().recv_timeout(PATIENCE).unwrap();
    assert!(why.contains("`recorder`") && why.contains("no film is scored"), "{why}");
}

#[test]
fn studies_that_changed_before_the_store_failed_are_told_of() {
    let scene = Scene::prepared(|folder| {
        let path = folder.join("store.db");
        drop(Store::open(&path).unwrap());
        // The last of them cannot be written.
        let store = rusqlite::Connection::open(&path).unwrap();
        store
            .execute_batch(
                "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 201)
                 INSERT INTO studies (key, first_arrival, last_arrival) SELECT 'sha256:' || n, 0, 0 FROM numbers;
                 CREATE TRIGGER broken BEFORE UPDATE ON studies WHEN NEW.id = 201
                 BEGIN SELECT RAISE(ABORT, 'broken'); END",
            )
            .unwrap();
    });
    let mut told = 0;
    loop {
        match scene.events.recv_timeout(PATIENCE).unwrap().kind {
            EventKind::Study { .. } => told += 1,
            EventKind::Error { message } if message.contains("broken") => break,
            _ => {}
        }
    }
    assert_eq!(told, 200);
}

#[test]
fn a_worker_that_stopped_is_told_for_a_minute() {
    let scene = Scene::start();
    let store = scene.folder.path().join("store.db");
    let until = |checks: &[Check], seconds| {
        let begun = Instant::now();
        loop {
            let (config, now) = (Config::default(), jiff::Zoned::now());
            let facts = gather_closed(&(&store).into(), Question { config: &config, now: &now });
            let reasons = judge(&facts, &Limits { longest_queue: None, min_free: None });
            if reasons.iter().map(|reason| reason.check).eq(checks.iter().copied()) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(seconds), "{checks:?}, not {reasons:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    until(&[], 30);
    doom("worker", 1);
    scene.film("a.png", 1);
    assert_eq!(scene.end().as_deref(), Some(BROKE_DOWN));
    until(&[Check::Workers], 15);
    scene.film("b.png", 2);
    assert_eq!(scene.end(), None, "films are scored meanwhile");
    // Most of the minute has passed, and the rest of it does.
    scene.supervisor.age_failure(Duration::from_secs(50));
    until(&[], 30);
}
