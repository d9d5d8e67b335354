//! The heartbeat of a process that runs a pipeline: every other second it says how it is, beside the store and to the
//! service manager. It asks neither store nor inbox, so that nothing holds it up.

use std::{convert::Infallible, path::Path, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::{Cores, Gauges};
use crate::{
    health::{LONGEST, OwnerState, Part},
    model::Source,
    service,
    store::{OwnerFile, Ownership},
    store_place::StorePlace,
    supervise::Supervisor,
    text::shortened,
};

/// How often it beats.
const EVERY: Duration = Duration::from_secs(2);
/// A recorder or a worker that has been silent for longer does not come back: the service manager, which then misses a
/// sign of life, starts the program again. Longer than a busy store is waited for.
const STUCK: Duration = Duration::from_secs(90);

/// The heartbeat of a process, with all that it tells of.
pub(super) struct Heartbeat {
    store: StorePlace,
    ownership: Ownership,
    gauges: Arc<Gauges>,
    /// The part of the state that never changes while the process runs.
    fixed: OwnerState,
    /// Where the model was read from.
    model: Source,
    /// Knows which thread failed of late.
    supervisor: Supervisor,
}

impl Heartbeat {
    pub(super) fn new(
        store: &StorePlace,
        ownership: Ownership,
        cores: &Cores,
        inbox: Option<&Path>,
        gauges: &Arc<Gauges>,
        supervisor: &Supervisor,
    ) -> Self {
        let model = cores.model();
        let fixed = OwnerState {
            model: model.manifest().name.clone(),
            model_sha256: model.sha256().to_owned(),
            device: model.device_in_words(),
            inbox: inbox.map(super::shown).unwrap_or_default(),
            ..OwnerState::default()
        };
        Self {
            store: store.clone(),
            ownership,
            gauges: Arc::clone(gauges),
            fixed,
            model: model.source().clone(),
            supervisor: supervisor.clone(),
        }
    }

    /// Beats until the other end of `end` has gone.
    pub(super) fn run(&self, end: &Receiver<Infallible>) {
        let file = self.ownership.member().is_none().then(|| OwnerFile::open(&self.store, &self.ownership));
        if let Some(Err(error)) = &file {
            tracing::warn!(%error, "health cannot be told of: the file beside the store cannot be made");
        }
        loop {
            let state = self.state();
            if let Ok(text) = serde_json::to_string(&state) {
                self.say(file.as_ref().and_then(|file| file.as_ref().ok()), &state, text);
            }
            if self.gauges.vitals().longest_silence() < STUCK {
                service::is_alive();
            }
            if !matches!(end.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }

    /// Writes the state down: beside a store that has one owner; else it goes with the next heartbeat into the store.
    fn say(&self, file: Option<&OwnerFile>, state: &OwnerState, text: String) {
        if let Some(member) = self.ownership.member() {
            member.note(state.films_per_second, text);
        } else if let Some(file) = file
            && let Err(error) = file.write(&text)
        {
            tracing::debug!(%error, "the state of the owner could not be noted");
        }
    }

    fn state(&self) -> OwnerState {
        let vitals = self.gauges.vitals();
        vitals.set_fault(Part::Model, self.model_fault());
        let OwnerState { model, model_sha256, device, inbox, .. } = self.fixed.clone();
        let films_per_second = self.gauges.films_per_second();
        let failure = self.supervisor.recent_failure().map(|sentence| shortened(&sentence, LONGEST));
        OwnerState { model, model_sha256, device, inbox, films_per_second, failure, ..vitals.state() }
    }

    /// Why the next start would not find the model; this one has it in memory.
    fn model_fault(&self) -> Option<String> {
        let file = super::shown(&self.model.missing()?);
        Some(format!(
            "{file} is gone: films are scored, but the next start will not find the model; put it back"
        ))
    }
}
