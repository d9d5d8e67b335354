//! The features of films that have none, of earlier times or of another model: computed one film at a time at the lowest
//! priority, while nothing waits to be scored. It also removes those of films that are gone.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{BROKE_DOWN, Cores, Gauges, features::Features, read_until};
use crate::{
    files::Readers,
    guard::guarded,
    lock::lock,
    model::{Embedder, Parallelism},
    similar::FilmKey,
    store::{FilmId, Store, StoreError},
    supervise::{checkpoint, lower_priority},
};

/// While there is nothing to do, it looks this often whether there is.
const PAUSE: Duration = Duration::from_secs(2);
/// Store and file are compared this often at most.
const COMPARE: Duration = Duration::from_secs(300);

/// The parts that the fill-in works with.
pub(super) struct Parts {
    pub(super) store: Store,
    /// Files of features, of the model that scores and of the embedder.
    pub(super) targets: Vec<Target>,
    /// Films that have just been scored.
    pub(super) scored: Receiver<FilmKey>,
    pub(super) cores: Arc<Cores>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) readers: Arc<Readers>,
    pub(super) stop: Arc<AtomicBool>,
}

/// A file of features, and what films are missing in it.
pub(super) struct Target {
    features: Features,
    /// Computes them; none: the model that scores.
    embedder: Option<Arc<Embedder>>,
    /// The films to do, the next one last.
    missing: Vec<FilmKey>,
    /// Films whose features could not be had since the start.
    given_up: HashSet<FilmId>,
}

impl Target {
    pub(super) fn new(features: Features, embedder: Option<Arc<Embedder>>) -> Self {
        Self { features, embedder, missing: Vec::new(), given_up: HashSet::new() }
    }
}

pub(super) struct FillIn {
    parts: Parts,
    /// When store and file were compared last, and the store's version then.
    compared: Option<(Instant, i64)>,
}

/// Why a step failed: it is tried again.
#[derive(Debug, thiserror::Error)]
enum FillInError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the file of features: {0}")]
    File(#[from] std::io::Error),
}

impl FillIn {
    pub(super) fn new(parts: Parts) -> Self {
        Self { parts, compared: None }
    }

    /// Works until the other end of `end` has gone. It may be called again after a panic.
    pub(super) fn run(&mut self, end: &Receiver<Infallible>) {
        lower_priority();
        let mut told = String::new();
        loop {
            checkpoint("fill-in");
            let pause = match self.step() {
                Ok(true) => Duration::ZERO,
                Ok(false) => PAUSE,
                Err(error) => {
                    let fault = error.to_string();
                    if fault != told {
                        tracing::warn!(%error, "features of films cannot be filled in; trying again");
                        told = fault;
                    }
                    PAUSE
                }
            };
            match end.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(_) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Does one film if nothing waits to be scored. Returns whether there may be more to do at once.
    fn step(&mut self) -> Result<bool, FillInError> {
        if !self.parts.gauges.is_idle() || self.parts.store.queued_count()? > 0 {
            return Ok(false);
        }
        for key in self.parts.scored.try_iter() {
            // The recorder keeps those of the model that scores.
            let of_embedders = self.parts.targets.iter_mut().filter(|target| target.embedder.is_some());
            of_embedders.for_each(|target| target.missing.push(key));
        }
        let version = self.parts.store.version()?;
        let is_due = self.compared.is_none_or(|(at, known)| known != version && at.elapsed() >= COMPARE);
        if is_due {
            self.compare()?;
            self.compared = Some((Instant::now(), version));
        }
        let next = self.parts.targets.iter_mut().enumerate().find_map(|(place, target)| {
            let key = target.missing.pop()?;
            Some((place, key, Arc::clone(&target.features), target.embedder.clone()))
        });
        let Some((place, key, features, embedder)) = next else { return Ok(false) };
        {
            let mut features = lock(&features);
            // The recorder, or a film that was told of twice, may have been quicker.
            if features.has(key) || !features.begin(key)? {
                return Ok(true);
            }
        }
        let computed = guarded(|| self.compute(key, embedder.as_deref()));
        let is_kept = match computed.unwrap_or_else(|| Err(BROKE_DOWN.to_owned())) {
            Ok(computed) => lock(&features).put(key, &computed)?,
            Err(reason) => {
                tracing::debug!(film = key.film, reason, "features could not be filled in");
                false
            }
        };
        if !is_kept {
            lock(&features).give_up(key.film)?;
            self.parts.targets[place].given_up.insert(key.film);
        }
        Ok(true)
    }

    /// Finds what the files lack, and removes what they have of films that are gone; the first time, what is damaged too.
    /// The recorder waits for a block at most.
    fn compare(&mut self) -> Result<(), FillInError> {
        let (films, newest) = self.parts.store.films_to_compare()?;
        let keys = films.iter().filter_map(|(film, sha256)| FilmKey::new(*film, sha256));
        let wanted: HashMap<FilmId, FilmKey> = keys.map(|key| (key.film, key)).collect();
        let is_first = self.compared.is_none();
        for target in &mut self.parts.targets {
            let blocks = lock(&target.features).blocks();
            for block in 0..blocks {
                let mut features = lock(&target.features);
                match is_first {
                    true => features.check(block, &wanted, newest)?,
                    false => features.forget(block, &wanted, newest)?,
                }
                drop(features);
                if self.parts.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
            target.missing = lock(&target.features).missing(&wanted);
            target.missing.retain(|key| !target.given_up.contains(&key.film));
            target.missing.reverse();
            if !target.missing.is_empty() {
                tracing::info!(films = target.missing.len(), "features of films are filled in");
            }
        }
        Ok(())
    }

    /// A film's features, from the file that brought it, else from a copy; or why they cannot be had.
    fn compute(&self, key: FilmKey, embedder: Option<&Embedder>) -> Result<Vec<f32>, String> {
        let Parts { store, cores, readers, stop, .. } = &self.parts;
        let told = |error: &dyn std::error::Error| error.to_string();
        let row = store.film(key.film).map_err(|error| told(&error))?.ok_or("it is gone")?;
        let copies = store.copies(key.film).map_err(|error| told(&error))?;
        let is_over = || stop.load(Ordering::Relaxed);
        let bytes = std::iter::once(&row.path).chain(&copies).find_map(|path| {
            let bytes = read_until(path, readers, &is_over).ok()?;
            (bytes.sha256 == row.sha256).then_some(bytes)
        });
        let content = bytes.ok_or("its file cannot be read, or is another one by now")?.content;
        let film = cxr_film::decode_within_limit(content).map_err(|error| told(&error))?;
        if let Some(embedder) = embedder {
            let features = embedder.features(&film, &is_over).map_err(|error| told(&error))?;
            return features.ok_or_else(|| "the program ends".to_owned());
        }
        let input = cores.model().prepare(&film).map_err(|error| told(&error))?;
        let findings = cores.model().infer_each(&[input], Parallelism::OneThread).pop();
        Ok(findings.ok_or("the model gave no result")?.map_err(|error| told(&error))?.features)
    }
}
