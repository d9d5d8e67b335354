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
mod assembly;
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
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

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

use assembly::Assembly;

use crate::{
    config::RasterStudy,
    files::Readers,
    intake::{self, Intake, IntakeError, Mounts},
    lock::lock,
    model::{Embedder, Model},
    quality::Gates,
    store::{Hint, Ownership, StoreError},
    store_place::StorePlace,
    study::Rules,
    supervise::{Loss, Supervisor},
    wake::Wake,
};

/// Files between the store's queue and the workers: enough that they do not wait, few enough that what is
/// urgent overtakes the rest.
const READ_AHEAD: usize = 4;
/// The loss of a thread that every film passes.
const FILMS: Loss = Loss::Vital("no film is scored");

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
        let (arrivals_in, arrivals) = bounded(4);
        let (orders, orders_out) = unbounded();
        let (beats, beats_end) = bounded(0);
        let line = Assembly::new(parts)?;
        let (recorder, mut feeder) = (line.recorder(Box::new(on_event))?, line.feeder()?);
        let (heartbeat, fill_in, workers) = (line.heartbeat(), line.fill_in()?, line.workers()?);
        let Assembly { parts, gauges, stop, known, wake: (wake, _), files, results, .. } = line;
        let (results_in, results) = results;
        let supervisor = parts.supervisor;

        let is_asked = || {
            let stop = Arc::clone(&stop);
            move || stop.load(Ordering::Relaxed)
        };
        // Results that the recorder has taken would be lost with it: the next start finds their films queued.
        let record = move || recorder.run(&arrivals, &results, &orders_out);
        let mut threads = vec![
            supervisor.spawn_once("recorder", FILMS, is_asked(), record)?,
            supervisor.spawn("feeder", FILMS, is_asked(), move || feeder.run())?,
            supervisor.spawn("heartbeat", Loss::Vital("nobody hears how the program is"), is_asked(), {
                let end = beats_end.clone();
                move || heartbeat.run(&end)
            })?,
        ];
        if let Some(mut fill_in) = fill_in {
            let lost = Loss::Vital("films are missing among similar ones");
            threads.push(supervisor.spawn("fill-in", lost, is_asked(), move || fill_in.run(&beats_end))?);
        }
        for mut worker in workers {
            threads.push(supervisor.spawn("worker", FILMS, is_asked(), move || worker.run())?);
        }
        // The threads have their ends of these; a channel that nobody else has ends with them.
        drop((files, results_in));

        let hints = Wake::begin(&parts.store, Hint::Queue, wake.clone(), &supervisor)?;
        let mut pipeline =
            Self { stop, orders, wake, beats: Some(beats), gauges, _wake: hints, intake: None, threads };
        if let Some(options) = parts.intake {
            let is_known = move |path: &std::path::Path, size, modified_ns| {
                lock(&known).is_known(path, size, modified_ns).unwrap_or(false)
            };
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
