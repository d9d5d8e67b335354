//! `watch --headless`: the pipeline without a terminal, one JSON object a line for each event.

use std::{io::Write, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, bounded, select};
use jiff::Timestamp;

use super::{
    Failure,
    cli::{GlobalArgs, WatchArgs},
    output::stdout,
    reload,
    setup::Setup,
    signals::{self, Stop},
};
use crate::{
    pipeline::{Event, EventKind, Order, Pipeline},
    plugin::Waker,
    store::Ownership,
    text::shown,
};

/// Events between the pipeline and standard output; a reader that stalls stalls the line.
const EVENTS: usize = 256;

/// With --once, plugins may take so long to finish.
const SETTLE: Duration = Duration::from_secs(30);

/// Runs `watch --headless`.
pub(super) fn run(args: &WatchArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let setup = Arc::new(Setup::new(global)?);
    let inbox = setup.inbox(args.inbox.as_deref())?;
    let store = setup.store()?;
    let ownership = Ownership::acquire(&store)?.ok_or_else(|| {
        let holder = Ownership::holder(&store).map(|pid| format!(" (process {pid})")).unwrap_or_default();
        Failure::failed(format!(
            "another cxr-triage{holder} already feeds the store {}: stop that one, or name another store with --store",
            shown(&store)
        ))
    })?;
    let (model, rules) = setup.model_and_rules()?;
    let stops = signals::stops()?;
    let (events_in, events) = bounded(EVENTS);
    let parts = setup.parts(store, ownership, &model, rules, &inbox);
    let notices = events_in.clone();
    // Before the pipeline, so that no event of it is missed.
    let plugins = setup.plugins()?;
    let (waker, plugin_settings) = (plugins.waker(), plugins.settings());
    let pipeline = Pipeline::start(parts, move |event| {
        let _ = events_in.send(event.clone());
        waker.iter().for_each(Waker::wake);
    })?;
    let orders = pipeline.orders();
    let _watcher = reload::watch(setup, model, move |change| {
        let message = match change {
            Ok(changed) => {
                if let Some(settings) = &plugin_settings {
                    let _ = settings.send((changed.plugins_folder, changed.config.plugins));
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
    })?;
    let end = print(&events, &stops, args);
    // The recorder may be waiting for room among the events: take what still comes while it stops.
    let drain = std::thread::spawn(move || events.iter().for_each(drop));
    drop(_watcher);
    pipeline.stop();
    if args.once && end.is_ok() && !plugins.settle(SETTLE) {
        tracing::warn!("plugins have work left: it is done at the next start");
    }
    drop(plugins);
    let _ = drain.join();
    end
}

fn print(events: &Receiver<Event>, stops: &Receiver<Stop>, args: &WatchArgs) -> Result<(), Failure> {
    let mut out = stdout();
    loop {
        select! {
            recv(events) -> event => {
                let Ok(event) = event else { return Ok(()) };
                let is_end = args.once && matches!(event.kind, EventKind::Idle { .. });
                out.json(&if args.no_names { event.without_names() } else { event })?;
                if events.is_empty() {
                    out.flush()?;
                }
                if is_end {
                    return Ok(());
                }
            }
            recv(stops) -> stop => return match stop {
                Ok(Stop::Interrupted) => Err(Failure::Interrupted),
                _ => Ok(()),
            },
        }
    }
}
