//! The workers and bounded queues that join the modules.
//!
//! ```text
//!  intake ─▶ recorder ─▶ store: queued ─▶ feeder ─▶ workers ─▶ recorder ─▶ store: done
//! ```
//!
//! The queue of waiting files is a table of the store, not memory: ten thousand films at once cost rows,
//! and a restart goes on where the last run ended, however it ended. Between the store's queue and the
//! recorder only a handful of films is in memory, in bounded channels. One thread, the recorder, writes.

mod alone;
mod cores;
mod counting;
mod event;
mod examine;
mod features;
mod feeder;
mod fill_in;
mod gather;
mod gauges;
mod heartbeat;
mod helper;
mod judge;
mod membership;
mod notebook;
mod pass;
mod reach;
mod reception;
mod recorder;
mod report;
mod rules;
mod worker;

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Sender, bounded, unbounded};
use jiff::SignedDuration;

pub use crate::text::{file_name, shown};
pub use cores::{Cores, Scored, Step};
pub use event::{Event, EventKind, Peer, Sentence};
pub use examine::{
    Admitted, BROKE_DOWN, Bytes, Examined, ask_last_gate, broke_down, examine, failed, read, read_until,
    study_key,
};
pub use gauges::Gauges;
pub use helper::{Helper, examine_one};
pub use membership::{Membership, MembershipError};
pub use pass::Pass;
pub use reception::Reception;
pub use rules::{label_defaults, rules};

use features::{Features, open_features};
use fill_in::Target;

use crate::{
    config::RasterStudy,
    files::Readers,
    intake::{self, Intake, IntakeError, Mounts},
    lock::lock,
    model::{Embedder, Model},
    quality::Gates,
    similar::FeaturesId,
    store::{DutyKind, Hint, ModelRef, Ownership, Store, StoreError},
    store_place::StorePlace,
    study::Rules,
    supervise::{Loss, Supervisor},
    wake::Wake,
};

/// Files between the store's queue and the workers: enough that they do not wait, few enough that what is
/// urgent overtakes the rest.
const READ_AHEAD: usize = 4;
/// Films that were scored and wait for the embedder; of more it hears later.
const SCORED: usize = 1024;
/// The loss of a thread that every film passes.
const FILMS: Loss = Loss::Vital("no film is scored");
/// Results between the workers and the store.
const WRITE_BEHIND: usize = 16;

/// The parts of which a pipeline is made.
pub struct Parts {
    /// Where the store is.
    pub store: StorePlace,
    /// The right to write results into it; held until the pipeline has stopped.
    pub ownership: Ownership,
    /// The model that scores.
    pub model: Arc<Model>,
    /// The rules in force for that model.
    pub rules: Rules,
    /// The options of intake; none: no films come in here.
    pub intake: Option<intake::Options>,
    /// Where this host has the named inboxes.
    pub mounts: Arc<Mounts>,
    /// The gates, and what each does with a film.
    pub gates: Gates,
    /// The rest of what the site decides.
    pub settings: Settings,
    /// Whether each scored film keeps its features, for the search for similar ones.
    pub keep_features: bool,
    /// Computes features of its own of each scored film, where they are kept.
    pub embedder: Option<Arc<Embedder>>,
    /// How a film is examined in a process of its own.
    pub helper: Helper,
    /// Starts the threads.
    pub supervisor: Supervisor,
    /// Reads the films.
    pub readers: Arc<Readers>,
}

/// The site's decisions about studies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// A study is called complete this long after its last film.
    pub quiet_period: SignedDuration,
    /// An unseen study is promoted after this; none: never.
    pub max_wait: Option<SignedDuration>,
    /// Which raster films make a study.
    pub raster_study: RasterStudy,
}

/// Why a pipeline could not start.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The inbox.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The operating system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// An order to a running pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Judge by these rules from now on, and judge anew what is not done.
    Rules(Rules),
    /// Decide by these settings from now on.
    Settings(Settings),
    /// Hold, warn or let pass by these gates from now on; what was held stays held.
    Gates(Gates),
}

/// A running pipeline. Stops when dropped; [`Pipeline::stop`] says so in words.
pub struct Pipeline {
    stop: Arc<AtomicBool>,
    orders: Sender<Order>,
    /// The feeder's, so that it hears of the end at once.
    wake: Sender<()>,
    /// Tells the heartbeat by its end that it is the end.
    beats: Option<Sender<Infallible>>,
    gauges: Arc<Gauges>,
    /// Wakes the feeder for what other hosts queue.
    _wake: Option<Wake>,
    intake: Option<Intake>,
    threads: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts all workers. `on_event` is called on the recorder's thread, in order; what it takes long
    /// over, the recorder waits for.
    ///
    /// # Errors
    /// If the store or the inbox cannot be opened.
    pub fn start(parts: Parts, on_event: impl FnMut(&Event) + Send + 'static) -> Result<Self, PipelineError> {
        let Parts {
            store: store_path,
            ownership,
            model,
            rules,
            intake: intake_options,
            mounts,
            gates,
            settings,
            keep_features,
            embedder,
            helper,
            supervisor,
            readers,
        } = parts;
        let gates = Arc::new(ArcSwap::from_pointee(gates));
        let stop = Arc::new(AtomicBool::new(false));
        let gauges = Arc::new(Gauges::of(Arc::clone(&readers)));
        let rules = Arc::new(ArcSwap::from_pointee(rules));

        let (arrivals_in, arrivals) = bounded(4);
        let (wake_in, wake) = bounded(1);
        let (files_in, files) = bounded(READ_AHEAD);
        let (results_in, results) = bounded(WRITE_BEHIND);
        let (orders_in, orders) = unbounded();

        // They lie in a file of this host, which one process writes.
        let keep_features = keep_features && ownership.keeps_files();
        let embedder = embedder.filter(|_| keep_features);
        let kinds = [
            keep_features.then(|| (model.manifest(), None)),
            embedder.as_deref().map(|embedder| (embedder.manifest(), Some(embedder.width()))),
        ]
        .map(|kind| kind.map(|(manifest, width)| (FeaturesId::new(manifest.features_id()), width)));
        let [features, embedded] = open_features(&store_path, &ownership, kinds);
        let (scored_in, scored) = bounded(SCORED);

        let recorder = recorder::Recorder {
            store: Store::open(&store_path)?,
            inbox: intake_options.as_ref().map(|options| std::path::absolute(&options.inbox)).transpose()?,
            takes_in: intake_options.is_some(),
            mounts: Arc::clone(&mounts),
            studies: ownership.duty(DutyKind::Studies),
            ownership,
            model: Arc::new(ModelRef {
                name: model.manifest().name.clone(),
                sha256: model.sha256().to_owned(),
                manifest: model.manifest().text.clone(),
            }),
            device: format!("{} {}", model.device_name(), model.precision().word()),
            rules: Arc::clone(&rules),
            gates: Arc::clone(&gates),
            settings,
            gauges: Arc::clone(&gauges),
            stop: Arc::clone(&stop),
            on_event: Box::new(on_event),
            features: features.clone(),
            scored: scored_in,
            supervisor: supervisor.clone(),
            wake: wake_in.clone(),
            progress: recorder::Progress::default(),
        };
        let known = Arc::new(Mutex::new(Store::open(&store_path)?));
        let reach = Arc::new(reach::Reach::default());
        let judge = || -> Result<judge::Judge, StoreError> {
            // A connection costs a server something, and a file nothing.
            let own = (!store_path.is_shared()).then(|| Store::open(&store_path)).transpose()?;
            Ok(judge::Judge {
                known: own.map_or_else(|| Arc::clone(&known), |own| Arc::new(Mutex::new(own))),
                rules: Arc::clone(&rules),
                gates: Arc::clone(&gates),
                mounts: Arc::clone(&mounts),
                readers: Arc::clone(&readers),
                reach: Arc::clone(&reach),
                stop: Arc::clone(&stop),
            })
        };
        let mut feeder = feeder::Feeder {
            store: Store::open(&store_path)?,
            member: recorder.ownership.member().cloned(),
            wake,
            files: files_in,
            results: results_in.clone(),
            alone: alone::Alone {
                helper,
                model: model.sha256().to_owned(),
                judge: judge()?,
                fruitless: 0,
                next: None,
            },
            gauges: Arc::clone(&gauges),
            supervisor: supervisor.clone(),
            stop: Arc::clone(&stop),
            progress: feeder::Progress::default(),
        };
        let cores = Arc::new(Cores::new(model));
        let judges = (0..cores.workers()).map(|_| judge()).collect::<Result<Vec<_>, _>>()?;

        let heartbeat = heartbeat::Heartbeat::new(
            &store_path,
            recorder.ownership.clone(),
            &cores,
            intake_options.as_ref().map(|options| options.inbox.as_path()),
            &gauges,
            &supervisor,
        );
        let (beats, beats_end) = bounded(0);
        let targets =
            [features.map(|file| Target::new(file, None)), embedded.map(|file| Target::new(file, embedder))];
        let targets: Vec<Target> = targets.into_iter().flatten().collect();
        let fill_in = (!targets.is_empty())
            .then(|| -> Result<_, StoreError> {
                let parts = fill_in::Parts {
                    store: Store::open(&store_path)?,
                    targets,
                    scored,
                    cores: Arc::clone(&cores),
                    gauges: Arc::clone(&gauges),
                    readers,
                    stop: Arc::clone(&stop),
                };
                Ok(fill_in::FillIn::new(parts))
            })
            .transpose()?;

        let is_asked = || {
            let stop = Arc::clone(&stop);
            move || stop.load(Ordering::Relaxed)
        };
        // What the recorder has at hand would be lost with it: the next start finds it queued.
        let record = move || recorder.run(&arrivals, &results, &orders);
        let mut threads = vec![
            supervisor.spawn_once("recorder", FILMS, is_asked(), record)?,
            supervisor.spawn("feeder", FILMS, is_asked(), move || feeder.run())?,
            supervisor.spawn("heartbeat", Loss::Vital("nobody hears how the program is"), is_asked(), {
                let end = beats_end.clone();
                move || heartbeat.run(&end)
            })?,
        ];
        if let Some(mut fill_in) = fill_in {
            let end = beats_end.clone();
            threads.push(supervisor.spawn(
                "fill-in",
                Loss::Vital("films are missing among similar ones"),
                is_asked(),
                move || fill_in.run(&end),
            )?);
        }
        for judge in judges {
            let mut worker = worker::Worker {
                judge,
                cores: Arc::clone(&cores),
                gauges: Arc::clone(&gauges),
                stop: Arc::clone(&stop),
                files: files.clone(),
                results: results_in.clone(),
                turn_files: Vec::new(),
                number: gauges.vitals().add_worker(),
            };
            threads.push(supervisor.spawn("worker", FILMS, is_asked(), move || worker.run())?);
        }
        drop((files, results_in));

        let is_known = move |path: &std::path::Path, size, modified_ns| {
            lock(&known).is_known(path, size, modified_ns).unwrap_or(false)
        };
        let hints = Wake::begin(&store_path, Hint::Queue, wake_in.clone(), &supervisor)?;
        let mut pipeline = Self {
            stop,
            orders: orders_in,
            wake: wake_in,
            beats: Some(beats),
            gauges,
            _wake: hints,
            intake: None,
            threads,
        };
        if let Some(options) = intake_options {
            let look_again = pipeline.gauges.look_again().clone();
            let options = intake::Options { supervisor, look_again, ..options };
            pipeline.intake = Some(intake::start(options, is_known, arrivals_in)?);
        }
        Ok(pipeline)
    }

    /// Where to send orders.
    #[must_use]
    pub fn orders(&self) -> Sender<Order> {
        self.orders.clone()
    }

    /// The present work of the pipeline.
    #[must_use]
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.gauges)
    }

    /// Stops: films that are in the model are finished and recorded, the rest stay queued in the store
    /// for the next start.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.wake.try_send(());
        self.beats.take();
        self.intake.take();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker of the pipeline panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
