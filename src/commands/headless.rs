//! `watch --headless`, and `work`: the pipeline without a terminal, one JSON object a line for each event.

use std::{io::Write, path::PathBuf, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use jiff::Timestamp;

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    events::{EVENTS, Ends, Wanted, of_result, print, unread},
    output::stdout,
    receive, reload,
    setup::Setup,
    signals::{self, Stop},
    upkeep::{SharedDuties, Upkeep},
};
use crate::{
    config::ConfigError,
    deliver::Listener,
    health::{Part, duties_of},
    leaving,
    pipeline::{Event, Membership, Order, Pipeline},
    plugin::{Plugins, Waker},
    service,
    store::{DutyKind, Ownership, Store},
    store_place::StorePlace,
    supervise::Supervisor,
};

/// With --once, so many trials of a film alone may come to nothing in a row.
const TRIALS: u32 = 5;
/// A store whose server does not answer is tried again after so long.
const AGAIN: Duration = Duration::from_secs(3);
/// With --once, plugins may take so long to finish.
const SETTLE: Duration = Duration::from_secs(30);

/// Runs `watch --headless`.
pub(super) fn run(args: &WatchArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Arc::new(Setup::new(global)?);
    let inbox = Some(setup.inbox(args.inbox.as_deref())?);
    let wanted = Wanted { no_names: args.no_names, once: args.once };
    serve(&setup, Job { inbox, receive: args.receive, wanted })
}

/// The work of a process without a terminal.
pub(super) struct Job {
    /// Where films come in; none: it takes what is queued.
    pub(super) inbox: Option<PathBuf>,
    /// Whether it receives films into that inbox, and at which port.
    pub(super) receive: Option<Option<u16>>,
    /// How events are printed, and until when.
    pub(super) wanted: Wanted,
}

/// Does a job until it is done, or until it is to stop.
pub(super) fn serve(setup: &Arc<Setup>, job: Job) -> Result<(), CommandError> {
    let Job { inbox, receive, wanted } = job;
    let store = setup.store()?;
    let stops = signals::stops()?;
    if store.is_shared() {
        wait_for(&store, &stops)?;
    }
    let is_worker = inbox.is_none() && store.is_shared();
    let ownership = if is_worker { Some(Ownership::of_worker()) } else { Ownership::acquire(&store)? };
    let ownership = ownership.ok_or_else(|| {
        let holder = Ownership::holder(&store).map(|pid| format!(" (process {pid})")).unwrap_or_default();
        CommandError::failed(format!(
            "another cxr-triage{holder} already feeds the store {store}: stop that one, or name another store with --store"
        ))
    })?;
    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(model.manifest());
    let unread = unread()?;
    let (events_in, events) = bounded(EVENTS);
    let told = events_in.clone();
    let supervisor = Supervisor::new(move |sentence| {
        let _ = told.send(Event::error(sentence, Timestamp::now()));
    });
    let notices = events_in.clone();
    // Before the pipeline, so that no event of it is missed.
    let results = events_in.clone();
    let listener = Listener::new(move |news| drop(results.send(of_result(news, Timestamp::now()))));
    let roles = if inbox.is_some() { "watch" } else { "work" };
    let (ownership, membership) = setup.join(&store, ownership, (&model, &rules), roles, &supervisor)?;
    let plugins = (!is_worker).then(|| setup.plugins(&supervisor, &ownership, listener)).transpose()?;
    let receiver_events = events_in.clone();
    let options = receive.zip(inbox.as_deref());
    let options =
        options.map(|(port, inbox)| receive::options(setup.config(), inbox, port, None)).transpose()?;
    let retention = ownership.duty(DutyKind::Retention);
    let mut parts = setup.parts(store.clone(), ownership, &model, rules, inbox.as_deref(), &supervisor)?;
    parts.helper.trials = wanted.once.then_some(TRIALS);
    let waker = plugins.as_ref().and_then(Plugins::waker);
    let plugin_settings = plugins.as_ref().and_then(Plugins::settings);
    let pipeline = Pipeline::start(parts, move |event| {
        let _ = events_in.send(event.clone());
        waker.iter().for_each(Waker::wake);
    })?;
    let orders = pipeline.orders();
    let shared = membership.as_ref().map(|membership| SharedDuties::of(membership, roles));
    let upkeep = Upkeep::start(&store, setup.config(), pipeline.gauges(), retention, shared, &supervisor)?;
    let (vitals, current) = (Arc::clone(pipeline.gauges().vitals()), upkeep.config());
    let tell = move |event: Event| drop(receiver_events.send(event));
    let receiver =
        options.map(|options| receive::start(options, Some(&store), &supervisor, tell)).transpose()?;
    let receiver_handle = receiver.as_ref().map(receive::Running::handle);
    service::is_ready();
    let duties = membership.as_ref().map(Membership::duties);
    let watcher = reload::watch(
        Arc::clone(setup),
        model.manifest().clone(),
        |_, _| Ok(()),
        move |change| {
            vitals.set_fault(Part::Configuration, change.as_ref().err().map(ConfigError::short));
            let message = match change {
                Ok(changed) => {
                    receiver_handle.iter().for_each(|receiver| receiver.change(&changed.config));
                    current.store(Arc::new(changed.config.clone()));
                    duties
                        .iter()
                        .for_each(|duties| duties.store(Arc::new(duties_of(&changed.config, roles))));
                    if let Some(settings) = &plugin_settings {
                        let _ = settings.send(changed.site_settings());
                    }
                    let _ = orders.send(Order::Settings(changed.settings));
                    let _ = orders.send(Order::Gates(changed.config.quality.clone()));
                    let _ = orders.send(Order::Rules(changed.rules));
                    return;
                }
                Err(error) => {
                    format!("the configuration was changed but cannot be used, the old one stays:\n{error}")
                }
            };
            let _ = notices.send(Event::error(message, Timestamp::now()));
        },
    )?;
    let ends = Ends { stops, unread, ended: supervisor.ended() };
    let end = print(&events, &ends, wanted).map_err(CommandError::of_service);
    let settles = wanted.once && end.is_ok();
    if !settles {
        leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    }
    // The recorder may be waiting for room among the events: take what still comes while it stops.
    std::thread::spawn(move || events.iter().for_each(drop));
    service::is_stopping();
    drop(watcher);
    // What it has put into the inbox is found by the next start.
    drop(receiver);
    drop(upkeep);
    pipeline.stop();
    if settles {
        if plugins.as_ref().is_some_and(|plugins| !plugins.settle(SETTLE)) {
            tracing::warn!("plugins have work left: it is done at the next start");
        }
        leaving::begin(0);
    }
    drop(plugins);
    drop(membership);
    end
}

/// Waits for a shared store whose server does not answer: the line waits too. What does not pass by itself is an error.
fn wait_for(store: &StorePlace, stops: &Receiver<Stop>) -> Result<(), CommandError> {
    let mut told = String::new();
    loop {
        let error = match Store::open(store.clone()) {
            Err(error) if error.kind.may_pass() => error,
            opened => return opened.map(drop).map_err(CommandError::from),
        };
        let message = error.to_string();
        if message != told {
            let mut out = stdout();
            out.json(&Event::error(message.clone(), Timestamp::now()))?;
            out.flush()?;
            tracing::warn!(%error, "waiting for the store");
            told = message;
        }
        match stops.recv_timeout(AGAIN) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Stop::Interrupted) => return Err(CommandError::Interrupted),
            _ => return Err(CommandError::failed(told)),
        }
    }
}
