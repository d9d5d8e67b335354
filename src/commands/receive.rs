//! `receive`: the receiver alone, one JSON object a line for each event; and the receiver beside `watch`.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::bounded;
use jiff::Timestamp;

use super::{
    CommandError,
    cli::{GlobalArgs, ReceiveArgs},
    events::{self, EVENTS, Ends, Wanted},
    reload,
    setup::Setup,
    signals,
};
use crate::{
    config::{self, Config, is_title},
    dicom::{
        receive::{Limits, Network, Options, Peers, Receiver, StartError, StateFile, Times, classes_of},
        tls::TlsFiles,
    },
    leaving,
    pipeline::{Event, EventKind, Reception},
    service,
    store_place::StorePlace,
    supervise::{Loss, Supervisor},
};

/// A port that another program has is tried again after this.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Runs `receive`.
pub(super) fn run(args: &ReceiveArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Arc::new(Setup::new(global)?);
    let inbox = setup.inbox(args.inbox.as_deref())?;
    let options = options(setup.config(), &inbox, args.port, args.aet.as_deref())?;
    let stops = signals::stops()?;
    let unread = events::unread()?;
    let (events_in, events) = bounded(EVENTS);
    let told = events_in.clone();
    let supervisor = Supervisor::new(move |sentence| {
        let _ = told.send(Event::error(sentence, Timestamp::now()));
    });
    let changes = events_in.clone();
    let tell = move |event: Event| {
        tell_manager(&event);
        drop(events_in.send(event));
    };
    let running = start(options, existing_store(&setup).as_ref(), &supervisor, tell)?;
    service::is_ready();
    let receiver = running.handle();
    let watcher = reload::watch_file(Arc::clone(&setup), move |change| match change {
        Ok(loaded) => receiver.change(&loaded.config),
        Err(error) => {
            let message =
                format!("the configuration was changed but cannot be used, the old one stays:\n{error}");
            let _ = changes.send(Event::error(message, Timestamp::now()));
        }
    })?;
    let ends = Ends { stops, unread, ended: supervisor.ended() };
    let wanted = Wanted { no_names: args.no_names, once: false };
    let end = events::print(&events, &ends, wanted).map_err(CommandError::of_service);
    leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    service::is_stopping();
    std::thread::spawn(move || events.iter().for_each(drop));
    drop(watcher);
    drop(running);
    end
}

/// Tells the service manager whether the receiver listens.
fn tell_manager(event: &Event) {
    match &event.kind {
        EventKind::Listening { address, .. } => service::status(&format!("listening on {address}")),
        EventKind::Error { message } => service::status(message),
        _ => {}
    }
}

/// The store, for the audit: only one that is there already, for the receiver may be the account of a program that has
/// none.
fn existing_store(setup: &Setup) -> Option<StorePlace> {
    setup.store().ok().filter(StorePlace::exists)
}

/// How the receiver is set up: as the configuration says, and the command line over it. `port` 0 is any free one.
pub(super) fn options(
    config: &Config,
    inbox: &Path,
    port: Option<u16>,
    aet: Option<&str>,
) -> Result<Options, CommandError> {
    let receive = &config.receive;
    let aet = aet.unwrap_or(&receive.aet).trim();
    if !is_title(aet) {
        return Err(CommandError::usage(format!(
            "`{aet}` is not an AE title: it has 1 to 16 letters, digits, spaces or signs"
        )));
    }
    let tls = match (&receive.tls_certificate, &receive.tls_key) {
        (Some(certificate), Some(key)) => {
            let (certificate, key, senders) = (certificate.clone(), key.clone(), receive.tls_senders.clone());
            let loaded = TlsFiles { certificate, key, senders }.load();
            Some(loaded.map_err(|error| CommandError::usage(format!("[receive] TLS: {error}")))?)
        }
        _ => None,
    };
    Ok(Options {
        listen: SocketAddr::new(receive.address, port.unwrap_or(receive.port)),
        aet: aet.to_owned(),
        any_called_aet: receive.any_called_aet,
        peers: peers(config),
        classes: receive.classes.iter().filter_map(|word| classes_of(word)).flatten().collect(),
        inbox: inbox.to_owned(),
        min_free: config.health.min_free,
        max_film: receive.max_film,
        limits: Limits { associations: receive.associations, per_address: receive.associations_per_address },
        times: Times { idle: receive.idle.unsigned_abs(), ..Times::default() },
        tls,
    })
}

fn peers(config: &Config) -> Peers {
    let mut peers = Peers::default();
    for (title, config::Senders(addresses)) in &config.receive.peers {
        // The configuration was checked: each of them is an address.
        peers.add(title, addresses.iter().filter_map(|address| Network::parse(address)).collect());
    }
    peers
}

/// A running receiver. Stops when dropped.
pub(super) struct Running {
    receiver: Arc<Receiver>,
    thread: Option<JoinHandle<()>>,
}

/// Changes a running receiver.
pub(super) struct Handle(Arc<Receiver>);

impl Handle {
    /// From now on lets in whom the configuration names, and keeps as much of the disk free as it says.
    pub(super) fn change(&self, config: &Config) {
        self.0.change(peers(config), config.health.min_free);
    }
}

/// Starts the receiver, and tells of it. Where another program has its port, that is told, and it is tried until the
/// port is free; the inbox says so too, for `health`.
pub(super) fn start(
    options: Options,
    store: Option<&StorePlace>,
    supervisor: &Supervisor,
    on_event: impl FnMut(Event) + Clone + Send + 'static,
) -> Result<Running, CommandError> {
    let reception = Reception::start(store, supervisor, on_event.clone())?;
    let (aet, tls, open) = (options.aet.clone(), options.tls.is_some(), options.peers.is_open());
    let inbox = options.inbox.clone();
    let receiver = Arc::new(Receiver::new(options, move |event| reception.tell(event))?);
    if let Err(error) = receiver.listen()
        && !error.may_pass()
    {
        return Err(error.into());
    }
    let file = StateFile::open(&inbox)
        .inspect_err(|error| tracing::warn!(%error, "health cannot be told of the receiver"))
        .ok();
    let mut state = State { aet, tls, open, file, fault: None, on_event };
    let (runs, asked) = (Arc::clone(&receiver), Arc::clone(&receiver));
    let work = move || {
        while !runs.is_stopped() {
            if state.is_heard_on(runs.listen()) {
                runs.run();
            } else {
                thread::sleep(LISTEN_AGAIN);
            }
        }
    };
    let thread = supervisor.spawn(
        "receiver",
        Loss::Vital("no film comes in by DICOM"),
        move || asked.is_stopped(),
        work,
    )?;
    Ok(Running { receiver, thread: Some(thread) })
}

/// The state of a receiver, as it is told.
struct State<F> {
    aet: String,
    tls: bool,
    open: bool,
    /// For those who look after the inbox; none where it cannot be written.
    file: Option<StateFile>,
    /// Why it does not listen, as it was told last.
    fault: Option<String>,
    on_event: F,
}

impl<F: FnMut(Event)> State<F> {
    /// Tells how a try to listen went, where that is news; whether it listens.
    fn is_heard_on(&mut self, tried: Result<SocketAddr, StartError>) -> bool {
        let fault = tried.as_ref().err().map(|error| {
            format!("no film can be received: {error}; it is tried again every second until it can be had")
        });
        if let Some(Err(error)) = self.file.as_ref().map(|file| file.write(fault.as_deref())) {
            tracing::debug!(%error, "the state of the receiver could not be noted");
        }
        let (news, is_heard) = match (tried, &fault) {
            (Ok(address), _) => {
                let (aet, tls, open) = (self.aet.clone(), self.tls, self.open);
                let listening = EventKind::Listening { address: address.to_string(), aet, tls, open };
                (Some(Event::of_program(listening, Timestamp::now())), true)
            }
            (Err(_), Some(fault)) if self.fault.as_ref() != Some(fault) => {
                tracing::warn!("{fault}");
                (Some(Event::error(fault.clone(), Timestamp::now())), false)
            }
            (Err(_), _) => (None, false),
        };
        self.fault = fault;
        news.into_iter().for_each(&mut self.on_event);
        is_heard
    }
}

impl Running {
    /// Returns a handle that changes it.
    pub(super) fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.receiver))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.receiver.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        Self::failed(error.to_string())
    }
}
