//! `watch --headless`: the pipeline without a terminal, one JSON object a line for each event.

use std::{io::Write, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, bounded, never, select};
use jiff::Timestamp;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    output::{stdout, terminal},
    reload,
    setup::Setup,
    signals::{self, Stop},
};
use crate::{
    leaving,
    pipeline::{Event, EventKind, Order, Pipeline},
    plugin::Waker,
    store::Ownership,
    supervise::Supervisor,
    text::shown,
};

/// Events between the pipeline and standard output; a reader that stalls stalls the line.
const EVENTS: usize = 256;

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
            shown(&store)
        ))
    })?;
    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(&model);
    let stops = signals::stops()?;
    let unread = unread()?;
    let (events_in, events) = bounded(EVENTS);
    let told = events_in.clone();
    let supervisor = Supervisor::new(move |sentence| {
        let _ = told.send(Event::error(sentence, Timestamp::now()));
    });
    let notices = events_in.clone();
    // Before the pipeline, so that no event of it is missed.
    let plugins = setup.plugins(&supervisor, &ownership)?;
    let mut parts = setup.parts(store, ownership, &model, rules, &inbox, &supervisor);
    parts.helper.trials = args.once.then_some(TRIALS);
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
    let ends = Ends { stops, unread, ended: supervisor.ended() };
    let end = print(&events, &ends, args).map_err(CommandError::of_service);
    let settles = args.once && end.is_ok();
    if !settles {
        leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    }
    // The recorder may be waiting for room among the events: take what still comes while it stops.
    std::thread::spawn(move || events.iter().for_each(drop));
    drop(_watcher);
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

/// What ends the printing from outside.
struct Ends {
    stops: Receiver<Stop>,
    /// Nobody reads standard output any more.
    unread: Receiver<()>,
    /// A thread has ended for good.
    ended: Receiver<String>,
}

/// A channel that gets a message when nobody can read standard output any more, also while there is nothing to say.
fn unread() -> Result<Receiver<()>, CommandError> {
    let (send, receive) = bounded(1);
    std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        loop {
            let stdout = terminal();
            // Without a wish: a hang-up and an error are told all the same.
            let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut polled, None) {
                Err(Errno::INTR) => {}
                Ok(_) if polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => break,
                _ => return,
            }
        }
        let _ = send.send(());
    })?;
    Ok(receive)
}

fn print(events: &Receiver<Event>, ends: &Ends, args: &WatchArgs) -> Result<(), CommandError> {
    let mut out = stdout();
    let mut unread = ends.unread.clone();
    loop {
        select! {
            recv(unread) -> hung_up => match hung_up {
                Ok(()) => return Err(CommandError::OutputClosed),
                // It cannot be known here before something is written.
                Err(_) => unread = never(),
            },
            recv(ends.ended) -> why => {
                let why = why.unwrap_or_else(|_| "the pipeline has ended".to_owned());
                let event = Event::error(why.clone(), Timestamp::now());
                out.json(&event)?;
                out.flush()?;
                return Err(CommandError::failed(why));
            }
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
            recv(ends.stops) -> stop => return match stop {
                Ok(Stop::Interrupted) => Err(CommandError::Interrupted),
                _ => Ok(()),
            },
        }
    }
}
