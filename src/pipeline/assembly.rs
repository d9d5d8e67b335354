//! The threads of a pipeline, made of its parts before any of them starts: what they share, and the channels between them.

use std::sync::{Arc, Mutex, atomic::AtomicBool};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::{
    Cores, Event, Gauges, Parts, PipelineError, READ_AHEAD,
    alone::Alone,
    features::{self, Features},
    feeder::{self, Feeder},
    fill_in::{self, FillIn, Target},
    heartbeat::Heartbeat,
    judge::Judge,
    reach::Reach,
    recorder::{self, Recorder},
    report::Report,
    worker::Worker,
};
use crate::{
    quality::Gates,
    similar::{FeaturesId, FilmKey},
    store::{DutyKind, ModelRef, Queued, Store, StoreError},
    study::Rules,
};

/// Films that were scored and wait for the embedder; of more it hears later.
const SCORED: usize = 1024;
/// Results between the workers and the store.
const WRITE_BEHIND: usize = 16;

/// The two ends of a channel.
type Ends<T> = (Sender<T>, Receiver<T>);

/// The parts of a pipeline with the state that its threads share. While it lives, no channel of it ends.
pub(super) struct Assembly {
    pub(super) parts: Parts,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
    /// Answers which files are known.
    pub(super) known: Arc<Mutex<Store>>,
    /// Wakes the feeder.
    pub(super) wake: Ends<()>,
    /// From the feeder to the workers.
    pub(super) files: Ends<Queued>,
    /// From the workers to the recorder.
    pub(super) results: Ends<Report>,
    rules: Arc<ArcSwap<Rules>>,
    gates: Arc<ArcSwap<Gates>>,
    cores: Arc<Cores>,
    scored: Ends<FilmKey>,
    reach: Arc<Reach>,
    /// The features of the model that scores, and those of the embedder.
    features: [Option<Features>; 2],
}

impl Assembly {
    pub(super) fn new(parts: Parts) -> Result<Self, StoreError> {
        let features = open_features(&parts);
        Ok(Self {
            gauges: Arc::new(Gauges::of(Arc::clone(&parts.readers))),
            stop: Arc::new(AtomicBool::new(false)),
            known: Arc::new(Mutex::new(Store::open(&parts.store)?)),
            wake: bounded(1),
            rules: Arc::new(ArcSwap::from_pointee(parts.rules.clone())),
            gates: Arc::new(ArcSwap::from_pointee(parts.gates.clone())),
            cores: Arc::new(Cores::new(Arc::clone(&parts.model))),
            files: bounded(READ_AHEAD),
            results: bounded(WRITE_BEHIND),
            scored: bounded(SCORED),
            reach: Arc::default(),
            features,
            parts,
        })
    }

    pub(super) fn recorder(
        &self,
        on_event: Box<dyn FnMut(&Event) + Send>,
    ) -> Result<Recorder, PipelineError> {
        let Parts { model, ownership, intake, .. } = &self.parts;
        Ok(Recorder {
            store: Store::open(&self.parts.store)?,
            inbox: intake.as_ref().map(|options| std::path::absolute(&options.inbox)).transpose()?,
            takes_in: intake.is_some(),
            mounts: Arc::clone(&self.parts.mounts),
            studies: ownership.duty(DutyKind::Studies),
            ownership: ownership.clone(),
            model: Arc::new(ModelRef {
                name: model.manifest().name.clone(),
                sha256: model.sha256().to_owned(),
                manifest: model.manifest().text.clone(),
            }),
            device: model.device_in_words(),
            rules: Arc::clone(&self.rules),
            gates: Arc::clone(&self.gates),
            settings: self.parts.settings,
            gauges: Arc::clone(&self.gauges),
            stop: Arc::clone(&self.stop),
            on_event,
            features: self.features[0].clone(),
            scored: self.scored.0.clone(),
            supervisor: self.parts.supervisor.clone(),
            wake: self.wake.0.clone(),
            progress: recorder::Progress::default(),
        })
    }

    pub(super) fn feeder(&self) -> Result<Feeder, StoreError> {
        Ok(Feeder {
            store: Store::open(&self.parts.store)?,
            member: self.parts.ownership.member().cloned(),
            wake: self.wake.1.clone(),
            files: self.files.0.clone(),
            results: self.results.0.clone(),
            alone: Alone {
                helper: self.parts.helper.clone(),
                model: self.parts.model.sha256().to_owned(),
                judge: self.judge()?,
                fruitless: 0,
                next: None,
            },
            gauges: Arc::clone(&self.gauges),
            supervisor: self.parts.supervisor.clone(),
            stop: Arc::clone(&self.stop),
            progress: feeder::Progress::default(),
        })
    }

    /// Makes as many workers as there are cores for them.
    pub(super) fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        let judges = (0..self.cores.workers()).map(|_| self.judge()).collect::<Result<Vec<_>, _>>()?;
        let worker = |judge| Worker {
            judge,
            cores: Arc::clone(&self.cores),
            gauges: Arc::clone(&self.gauges),
            stop: Arc::clone(&self.stop),
            files: self.files.1.clone(),
            results: self.results.0.clone(),
            turn_files: Vec::new(),
            number: self.gauges.vitals().add_worker(),
        };
        Ok(judges.into_iter().map(worker).collect())
    }

    pub(super) fn heartbeat(&self) -> Heartbeat {
        Heartbeat::new(
            &self.parts.store,
            self.parts.ownership.clone(),
            &self.cores,
            self.parts.intake.as_ref().map(|options| options.inbox.as_path()),
            &self.gauges,
            &self.parts.supervisor,
        )
    }

    /// Makes the thread that computes features which films lack; none where no features are kept.
    pub(super) fn fill_in(&self) -> Result<Option<FillIn>, StoreError> {
        let [own, embedded] = self.features.clone();
        let targets = [
            own.map(|file| Target::new(file, None)),
            embedded.map(|file| Target::new(file, self.parts.embedder.clone())),
        ];
        let targets: Vec<Target> = targets.into_iter().flatten().collect();
        if targets.is_empty() {
            return Ok(None);
        }
        let parts = fill_in::Parts {
            store: Store::open(&self.parts.store)?,
            targets,
            scored: self.scored.1.clone(),
            cores: Arc::clone(&self.cores),
            gauges: Arc::clone(&self.gauges),
            readers: Arc::clone(&self.parts.readers),
            stop: Arc::clone(&self.stop),
        };
        Ok(Some(FillIn::new(parts)))
    }

    fn judge(&self) -> Result<Judge, StoreError> {
        // A connection costs a server something, and a file nothing.
        let store = &self.parts.store;
        let own = (!store.is_shared()).then(|| Store::open(store)).transpose()?;
        Ok(Judge {
            known: own.map_or_else(|| Arc::clone(&self.known), |own| Arc::new(Mutex::new(own))),
            rules: Arc::clone(&self.rules),
            gates: Arc::clone(&self.gates),
            mounts: Arc::clone(&self.parts.mounts),
            readers: Arc::clone(&self.parts.readers),
            reach: Arc::clone(&self.reach),
            stop: Arc::clone(&self.stop),
        })
    }
}

/// Opens the files of features: of the model that scores, and of the embedder. They lie on this host, and one process
/// writes them.
fn open_features(parts: &Parts) -> [Option<Features>; 2] {
    let keeps = parts.keep_features && parts.ownership.keeps_files();
    let embedder = parts.embedder.as_deref().filter(|_| keeps);
    let kinds = [
        keeps.then(|| (parts.model.manifest(), None)),
        embedder.map(|embedder| (embedder.manifest(), Some(embedder.width()))),
    ];
    let kinds =
        kinds.map(|kind| kind.map(|(manifest, width)| (FeaturesId::new(manifest.features_id()), width)));
    features::open_features(&parts.store, &parts.ownership, kinds)
}
