//! `watch --headless`: the pipeline without a terminal, one JSON object a line for each event.

use std::{sync::Arc, time::Duration};

use crossbeam_channel::bounded;
use jiff::Timestamp;

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    events::{EVENTS, Ends, Wanted, of_result, print, unread},
    receive, reload,
    setup::Setup,
    signals,
    upkeep::Upkeep,
};
use crate::{
    config::ConfigError,
    deliver::Listener,
    health::Part,
    leaving,
    pipeline::{Event, Order, Pipeline},
    plugin::Waker,
    service,
    store::Ownership,
    supervise::Supervisor,
};

/// With --once, so many trials of a film alone may come to nothing in a row.
const TRIALS: u32 = 5;
/// With --once, plugins may take so long to finish.
const SETTLE: Duration = Duration::from_secs(30);

/// Runs `watch --headless`.
pub(super) fn run(args: &WatchArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Arc::new(Setup::new(global)?);
    let inbox = setup.inbox(args.inbox.as_deref())?;
    let store = setup.store()?;
    let ownership = Ownership::acquire(&store)?.ok_or_else(|| {
        let holder = Ownership::holder(&store).map(|pid| format!(" (process {pid})")).unwrap_or_default();
        CommandError::failed(format!(
            "another cxr-triage{holder} already feeds the store {}: stop that one, or name another store with --store",
            store
        ))
    })?;
    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(model.manifest());
    let stops = signals::stops()?;
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
    let plugins = setup.plugins(&supervisor, &ownership, listener)?;
    let receiver_events = events_in.clone();
    let options =
        args.receive.map(|port| receive::options(setup.config(), &inbox, port, None)).transpose()?;
    let mut parts = setup.parts(store.clone(), ownership, &model, rules, &inbox, &supervisor)?;
    parts.helper.trials = args.once.then_some(TRIALS);
    let (waker, plugin_settings) = (plugins.waker(), plugins.settings());
    let pipeline = Pipeline::start(parts, move |event| {
        let _ = events_in.send(event.clone());
        waker.iter().for_each(Waker::wake);
    })?;
    let orders = pipeline.orders();
    let upkeep = Upkeep::start(&store, setup.config(), pipeline.gauges(), &supervisor)?;
    let (vitals, current) = (Arc::clone(pipeline.gauges().vitals()), upkeep.config());
    let tell = move |event: Event| drop(receiver_events.send(event));
    let receiver =
        options.map(|options| receive::start(options, Some(&store), &supervisor, tell)).transpose()?;
    let receiver_handle = receiver.as_ref().map(receive::Running::handle);
    service::is_ready();
    let _watcher = reload::watch(
        setup,
        model.manifest().clone(),
        |_, _| Ok(()),
        move |change| {
            vitals.set_fault(Part::Configuration, change.as_ref().err().map(ConfigError::short));
            let message = match change {
                Ok(changed) => {
                    receiver_handle.iter().for_each(|receiver| receiver.change(&changed.config));
                    current.store(Arc::new(changed.config.clone()));
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
    let wanted = Wanted { no_names: args.no_names, once: args.once };
    let end = print(&events, &ends, wanted).map_err(CommandError::of_service);
    let settles = args.once && end.is_ok();
    if !settles {
        leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    }
    // The recorder may be waiting for room among the events: take what still comes while it stops.
    std::thread::spawn(move || events.iter().for_each(drop));
    service::is_stopping();
    drop(_watcher);
    // What it has put into the inbox is found by the next start.
    drop(receiver);
    drop(upkeep);
    pipeline.stop();
    if settles {
        if !plugins.settle(SETTLE) {
            tracing::warn!("plugins have work left: it is done at the next start");
        }
        leaving::begin(0);
    }
    drop(plugins);
    end
}
