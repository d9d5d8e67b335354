//! `watch --headless`, and `work`: the pipeline without a terminal, one JSON object a line for each event.

use std::{io::Write, path::PathBuf, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use jiff::Timestamp;

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    events::{EVENTS, Ends, Wanted, of_result, print, unread},
    output::stdout,
    reload,
    running::{self, Running},
    setup::Setup,
    signals::{self, Stop},
};
use crate::{
    deliver::Listener, health::WorkerKind, leaving, pipeline::Event, service, store::Ownership,
    store_place::StorePlace, supervise::Supervisor, text::process_number,
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
    let is_worker = inbox.is_none() && store.is_shared();
    let ownership = own(&store, is_worker)?;
    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(model.manifest());
    let unread = unread()?;
    let (events_in, events) = bounded(EVENTS);
    let told = events_in.clone();
    let supervisor = Supervisor::new(move |sentence| {
        let _ = told.send(Event::error(sentence, Timestamp::now()));
    });
    let results = events_in.clone();
    let listener = Listener::new(move |news| drop(results.send(of_result(news, Timestamp::now()))));
    let notices = events_in.clone();
    let tell = move |event: &Event| drop(events_in.send(event.clone()));
    let start = || {
        let job = running::Job {
            store: &store,
            ownership: ownership.clone(),
            model: &model,
            rules: rules.clone(),
            kind: if inbox.is_some() { WorkerKind::Watch } else { WorkerKind::Work },
            inbox: inbox.as_deref(),
            receive,
            has_plugins: !is_worker,
            trials: wanted.once.then_some(TRIALS),
        };
        Running::start(setup, job, &supervisor, listener.clone(), tell.clone())
    };
    let Some(running) = when_possible(&store, &stops, start)? else { return Ok(()) };
    service::is_ready();
    let controls = running.controls();
    let watcher = reload::watch(
        Arc::clone(setup),
        model.manifest().clone(),
        |_, _| Ok(()),
        move |change| {
            controls.take(&change);
            if let Err(error) = &change {
                let _ = notices.send(reload::refused(error));
            }
        },
    )?;
    let ends = Ends { stops, unread, ended: supervisor.ended() };
    let end = print(&events, &ends, wanted).map_err(CommandError::of_service);
    let settles = wanted.once && end.is_ok();
    if !settles {
        leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    }
    // The recorder may be waiting for a place among the events: take what still comes while it stops.
    std::thread::spawn(move || events.iter().for_each(drop));
    service::is_stopping();
    drop(watcher);
    // A film that is in the inbox by now is found by the next start.
    if settles {
        running.settle(SETTLE);
    } else {
        drop(running);
    }
    end
}

/// The right to feed the store; one of its workers needs none.
fn own(store: &StorePlace, is_worker: bool) -> Result<Ownership, CommandError> {
    let ownership = if is_worker { Some(Ownership::of_worker()) } else { Ownership::acquire(store)? };
    ownership.ok_or_else(|| {
        let holder = process_number(Ownership::holder(store));
        CommandError::failed(format!(
            "another cxr-triage{holder} already feeds the store {store}: stop that one, or name another store with --store"
        ))
    })
}

/// Starts what needs the store. While the server of a shared one does not answer, or goes away meanwhile, that is told and
/// tried again: the line of output waits too. None: it was asked to end before. What does not pass by itself is an error.
fn when_possible<T>(
    store: &StorePlace,
    stops: &Receiver<Stop>,
    start: impl Fn() -> Result<T, CommandError>,
) -> Result<Option<T>, CommandError> {
    let mut told = String::new();
    loop {
        let error = match start() {
            Err(error) if store.is_shared() && error.may_pass() => error,
            started => return started.map(Some),
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
            Ok(Stop::Asked) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => return Err(error),
        }
    }
}
