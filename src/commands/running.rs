//! All that runs in a process which works for a store: pipeline, plugins and deliveries, receiver, upkeep and membership.

use std::{path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use crossbeam_channel::Sender;

use super::{
    CommandError,
    receive::{self, Handle, RunningReceiver},
    reload::Reloaded,
    setup::Setup,
    upkeep::{SharedDuties, Upkeep},
};
use crate::{
    config::{Config, ConfigError},
    deliver::Listener,
    health::{Part, Vitals, WorkerKind, duties_of},
    leaving,
    model::Model,
    pipeline::{Event, Gauges, Membership, Order, Pipeline},
    plugin::{Plugins, SiteSettings, Waker},
    store::{DutyKind, Ownership, Store},
    store_place::StorePlace,
    study::Rules,
    supervise::Supervisor,
};

/// The work that a process is to do for a store.
pub(super) struct Job<'a> {
    pub(super) store: &'a StorePlace,
    pub(super) ownership: Ownership,
    pub(super) model: &'a Arc<Model>,
    pub(super) rules: Rules,
    pub(super) kind: WorkerKind,
    /// Where films come in; none: it takes what is queued.
    pub(super) inbox: Option<&'a Path>,
    /// Whether it receives films into that inbox, and at which port.
    pub(super) receive: Option<Option<u16>>,
    /// Whether it has plugins and deliveries, where its duties say so.
    pub(super) has_plugins: bool,
    /// After so many trials of a film alone that came to nothing it is given up; none: never.
    pub(super) trials: Option<u32>,
}

/// A job that runs. The fields end in this order: claims and duties last.
pub(super) struct Running {
    receiver: Option<RunningReceiver>,
    upkeep: Upkeep,
    pipeline: Pipeline,
    plugins: Option<Plugins>,
    membership: Option<Membership>,
    kind: WorkerKind,
}

impl Running {
    /// Starts a job, and tells of each of its events.
    pub(super) fn start(
        setup: &Setup,
        job: Job<'_>,
        supervisor: &Supervisor,
        listener: Listener,
        tell: impl FnMut(&Event) + Clone + Send + 'static,
    ) -> Result<Self, CommandError> {
        let Job { store, ownership, model, rules, kind, inbox, receive, has_plugins, trials } = job;
        let (ownership, membership) = setup.join(store, ownership, (model, &rules), kind, supervisor)?;
        // Before the pipeline, so that no event of it is missed.
        let plugins = has_plugins.then(|| setup.plugins(supervisor, &ownership, listener)).transpose()?;
        let options = receive.zip(inbox);
        let options =
            options.map(|(port, inbox)| receive::options(setup.config(), inbox, port, None)).transpose()?;
        let retention = ownership.duty(DutyKind::Retention);
        // What the store may refuse comes before the first film is taken.
        let kept_up = Store::open(store)?;
        let mut parts = setup.parts(store.clone(), ownership, model, rules, inbox, supervisor)?;
        parts.helper.trials = trials;
        let waker = plugins.as_ref().and_then(Plugins::waker);
        let mut tell_of_film = tell.clone();
        let pipeline = Pipeline::start(parts, move |event| {
            tell_of_film(event);
            waker.iter().for_each(Waker::wake);
        })?;
        let shared = membership.as_ref().map(|membership| SharedDuties::of(membership, kind));
        let upkeep =
            Upkeep::start(kept_up, setup.config(), pipeline.gauges(), retention, shared, supervisor)?;
        let mut tell_of_receiver = tell;
        let tell_of_receiver = move |event: Event| tell_of_receiver(&event);
        let receiver = options
            .map(|options| receive::start(options, Some(store), supervisor, tell_of_receiver))
            .transpose()?;
        Ok(Self { receiver, upkeep, pipeline, plugins, membership, kind })
    }

    /// The present work of its pipeline.
    pub(super) fn gauges(&self) -> Arc<Gauges> {
        self.pipeline.gauges()
    }

    /// The ways to change it while it runs.
    pub(super) fn controls(&self) -> Controls {
        Controls {
            vitals: Arc::clone(self.pipeline.gauges().vitals()),
            orders: self.pipeline.orders(),
            config: self.upkeep.config(),
            receiver: self.receiver.as_ref().map(RunningReceiver::handle),
            plugins: self.plugins.as_ref().and_then(Plugins::settings),
            duties: self.membership.as_ref().map(Membership::duties),
            kind: self.kind,
        }
    }

    /// Ends it in order, and gives plugins so long to do what is left. The end of the process begins behind them.
    pub(super) fn settle(self, limit: Duration) {
        let Self { receiver, upkeep, pipeline, plugins, membership, kind: _ } = self;
        drop((receiver, upkeep));
        pipeline.stop();
        if plugins.as_ref().is_some_and(|plugins| !plugins.settle(limit)) {
            tracing::warn!("plugins have work left: it is done at the next start");
        }
        leaving::begin(0);
        drop(plugins);
        drop(membership);
    }
}

/// The ways to tell a running job of a changed configuration.
pub(super) struct Controls {
    vitals: Arc<Vitals>,
    orders: Sender<Order>,
    config: Arc<ArcSwap<Config>>,
    receiver: Option<Handle>,
    plugins: Option<Sender<SiteSettings>>,
    duties: Option<Arc<ArcSwap<Vec<DutyKind>>>>,
    kind: WorkerKind,
}

impl Controls {
    /// Brings a changed configuration into force. One with a mistake is a fault of this process, and the old one stays.
    pub(super) fn take<T>(&self, change: &Result<Reloaded<T>, ConfigError>) {
        self.vitals.set_fault(Part::Configuration, change.as_ref().err().map(ConfigError::short));
        let Ok(changed) = change else { return };
        self.config.store(Arc::new(changed.config.clone()));
        if let Some(duties) = &self.duties {
            duties.store(Arc::new(duties_of(&changed.config, self.kind)));
        }
        if let Some(receiver) = &self.receiver {
            receiver.change(&changed.config);
        }
        if let Some(plugins) = &self.plugins {
            let _ = plugins.send(changed.site_settings());
        }
        let _ = self.orders.send(Order::Settings(changed.settings));
        let _ = self.orders.send(Order::Gates(changed.config.quality.clone()));
        let _ = self.orders.send(Order::Rules(changed.rules.clone()));
    }
}
