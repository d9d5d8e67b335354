//! `receive`: the receiver alone, one JSON object a line for each event; and the receiver beside `watch`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
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
        receive::{Limits, Network, Options, Peers, Receiver, StartError, Times, classes_of},
        tls::TlsFiles,
    },
    leaving,
    pipeline::{Event, EventKind, Reception},
    supervise::Supervisor,
};

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
    let running = start(options, existing_store(&setup).as_deref(), &supervisor, move |event| {
        let _ = events_in.send(event);
    })?;
    let peers = running.peers();
    let watcher = reload::watch_file(Arc::clone(&setup), move |change| match change {
        Ok(loaded) => peers.change(&loaded.config),
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
    std::thread::spawn(move || events.iter().for_each(drop));
    drop(watcher);
    drop(running);
    end
}

/// The store, for the audit: only one that is there already, for the receiver may be the account of a program that has
/// none.
fn existing_store(setup: &Setup) -> Option<PathBuf> {
    setup.store().ok().filter(|store| store.exists())
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
        min_free: receive.min_free,
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

/// Changes who may send.
pub(super) struct PeersOf(Arc<Receiver>);

impl PeersOf {
    /// Lets in from now on whom the configuration names.
    pub(super) fn change(&self, config: &Config) {
        self.0.allow(peers(config));
    }
}

/// Starts the receiver, and tells of it.
pub(super) fn start(
    options: Options,
    store: Option<&Path>,
    supervisor: &Supervisor,
    mut on_event: impl FnMut(Event) + Clone + Send + 'static,
) -> Result<Running, CommandError> {
    let reception = Reception::start(store, supervisor, on_event.clone())?;
    let (aet, tls, open) = (options.aet.clone(), options.tls.is_some(), options.peers.is_open());
    let receiver = Arc::new(Receiver::bind(options, move |event| reception.tell(event))?);
    let address = receiver.address()?.to_string();
    on_event(Event::of_program(EventKind::Listening { address, aet, tls, open }, Timestamp::now()));
    let (runs, asked) = (Arc::clone(&receiver), Arc::clone(&receiver));
    let thread = supervisor.spawn("receiver", move || asked.is_stopped(), move || runs.run())?;
    Ok(Running { receiver, thread: Some(thread) })
}

impl Running {
    /// Returns a handle that changes who may send.
    pub(super) fn peers(&self) -> PeersOf {
        PeersOf(Arc::clone(&self.receiver))
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
