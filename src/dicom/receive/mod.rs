//! The receiver: a Storage SCP (PS3.4 annex B) that puts films into the inbox.
//!
//! A [`Receiver`] takes connections; each has a thread of its own, which reads one association (`association.rs`) from
//! its wire (`dicom/wire/`) into the folder (`folder.rs`). A sender is told of success when its film is on disk under its
//! final name. Memory, threads and file handles are bounded by `limits.rs` and `dicom/wire/`, time by [`Times`], whatever a
//! peer claims or does not do. It knows nothing of the rest of the program: it tells [`Event`]s.

mod access;
mod association;
mod event;
mod folder;
mod limits;
mod negotiate;
mod state;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub use access::{Network, Peers};
pub use event::{Event, EventKind};
pub use folder::PASSING_FOLDER;
pub use limits::Limits;
pub use negotiate::{TRANSFER_SYNTAXES, classes_of};
pub use state::{StateFile, fault_of};

use super::wire::{Channel, Timed, Wire};
use crate::{files::Space, lock::unpoisoned};
use association::Peer;
use folder::Folder;
use limits::{Connections, Place};

/// Memory of a connection's thread for its stack.
const STACK: usize = 512 << 10;
/// The listener looks this often whether it has to stop.
const LOOK: rustix::fs::Timespec = rustix::fs::Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// Between two tries where the operating system has no file handles left.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest that the end of connections is waited for, and how often it is looked at.
const ENDING: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How a receiver is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its AE title.
    pub aet: String,
    /// Whether it answers to any other title, too.
    pub any_called_aet: bool,
    /// The list of those who may send.
    pub peers: Peers,
    /// UIDs of the SOP classes that it takes, besides Verification.
    pub classes: Vec<String>,
    /// The folder that films are put into.
    pub inbox: PathBuf,
    /// Room that the disk of the inbox has to keep; none: none.
    pub min_free: Option<Space>,
    /// Most bytes of a film.
    pub max_film: u64,
    /// How many associations there may be.
    pub limits: Limits,
    /// How long things may take.
    pub times: Times,
    /// TLS; none: plain TCP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From a connection to its association request, TLS included (the ARTIM timer of PS3.8).
    pub greeting: Duration,
    /// Silence within an association.
    pub idle: Duration,
    /// From the beginning of a message to its end.
    pub message: Duration,
    /// An answer of ours, until the peer has taken it.
    pub answer: Duration,
    /// From our last word until the peer closes the connection.
    pub close: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            message: Duration::from_mins(15),
            answer: Duration::from_secs(15),
            close: Duration::from_secs(1),
        }
    }
}

/// Why a receiver could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}{}", listen_help(.source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's words.
        source: io::Error,
    },
    /// The inbox cannot be written to.
    #[error("the receiver cannot write into the inbox: {0}")]
    Inbox(io::Error),
}

impl StartError {
    /// Returns whether trying again may help: another program has the port, or the address is not there yet.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        use io::ErrorKind::{AddrInUse, AddrNotAvailable};
        matches!(self, Self::Listen { source, .. } if matches!(source.kind(), AddrInUse | AddrNotAvailable))
    }
}

fn listen_help(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => " (another program, or another receiver, has the port)",
        io::ErrorKind::PermissionDenied => " (ports below 1024 need a permission: take another)",
        io::ErrorKind::AddrNotAvailable => " (this machine does not have the address)",
        _ => "",
    }
}

/// A receiver.
pub struct Receiver {
    /// None before it listens.
    listener: OnceLock<TcpListener>,
    shared: Arc<Shared>,
}

/// The state that the threads of a receiver share.
struct Shared {
    options: Options,
    peers: RwLock<Peers>,
    folder: Folder,
    connections: Arc<Connections>,
    on_event: Box<dyn Fn(&Event) + Send + Sync>,
    stops: AtomicBool,
    numbers: AtomicU64,
}

impl Receiver {
    /// Prepares the inbox. `on_event` is called on the threads of the connections: what it takes long over,
    /// a sender waits for.
    ///
    /// # Errors
    /// The inbox cannot be written to.
    pub fn new(
        options: Options,
        on_event: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let folder =
            Folder::open(&options.inbox, options.min_free, options.max_film).map_err(StartError::Inbox)?;
        let shared = Shared {
            peers: RwLock::new(options.peers.clone()),
            folder,
            connections: Arc::default(),
            on_event: Box::new(on_event),
            stops: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            options,
        };
        Ok(Self { listener: OnceLock::new(), shared: Arc::new(shared) })
    }

    /// Listens from now on, unless it does already; returns the address.
    ///
    /// # Errors
    /// The address is taken or may not be had.
    pub fn listen(&self) -> Result<SocketAddr, StartError> {
        let wanted = self.shared.options.listen;
        let fault = |source| StartError::Listen { address: wanted, source };
        if self.listener.get().is_none() {
            let listener = TcpListener::bind(wanted).map_err(fault)?;
            listener.set_nonblocking(true).map_err(fault)?;
            let _ = self.listener.set(listener);
        }
        self.listener.get().map_or(Ok(wanted), TcpListener::local_addr).map_err(fault)
    }

    /// Lets these in, and keeps so much of the disk free, from now on. Associations that there are go on.
    pub fn change(&self, peers: Peers, min_free: Option<Space>) {
        *unpoisoned(self.shared.peers.write()) = peers;
        self.shared.folder.keep_free(min_free);
    }

    /// Takes connections until [`Receiver::stop`], once it listens.
    pub fn run(&self) {
        use rustix::event::{PollFd, PollFlags, poll};
        let Some(listener) = self.listener.get() else { return };
        while !self.shared.stops() {
            let mut polled = [PollFd::new(listener, PollFlags::IN)];
            if poll(&mut polled, Some(&LOOK)) == Ok(0) {
                continue;
            }
            match listener.accept() {
                Ok((socket, peer)) => self.shared.take(socket, peer),
                Err(error) if is_passing(&error) => {}
                // No file handles, no memory: the connections that there are will give some back.
                Err(error) => {
                    tracing::warn!(%error, "the receiver cannot take a connection");
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Stops: takes no more connections, breaks off those that there are, and gives their threads a moment to end. A film
    /// whose sender was told of success is on disk; of others, nothing is left.
    pub fn stop(&self) {
        self.shared.stops.store(true, Ordering::SeqCst);
        let until = Instant::now() + ENDING;
        while self.shared.connections.close() > 0 && Instant::now() < until {
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Returns whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.shared.stops()
    }
}

/// Errors of a connection that was gone before it was taken.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionAborted | ConnectionReset)
}

impl Shared {
    fn stops(&self) -> bool {
        self.stops.load(Ordering::SeqCst)
    }

    fn peers(&self) -> Peers {
        unpoisoned(self.peers.read()).clone()
    }

    fn tell(&self, peer: &Peer, kind: EventKind) {
        (self.on_event)(&Event { address: peer.address, title: peer.title.clone(), kind });
    }

    /// Gives a connection a place and a thread. What cannot be had is given up: the sender tries again.
    fn take(self: &Arc<Self>, socket: TcpStream, from: SocketAddr) {
        let address = from.ip().to_canonical();
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let _ = socket.set_nodelay(true);
        let place =
            socket.set_nonblocking(false).and_then(|()| self.connections.enter(number, address, &socket));
        let result = place.and_then(|place| {
            let shared = Arc::clone(self);
            let work = move || shared.serve(socket, &place, Peer { address, title: String::new() });
            thread::Builder::new().name("association".to_owned()).stack_size(STACK).spawn(work)
        });
        if let Err(error) = result {
            tracing::warn!(%error, "the receiver cannot serve a connection");
        }
        if self.stops() {
            self.connections.close();
        }
    }

    fn serve(&self, socket: TcpStream, place: &Place, peer: Peer) {
        // A panic costs its own connection.
        let served = catch_unwind(AssertUnwindSafe(|| {
            let timed = Timed::new(socket, self.options.times.greeting);
            match Channel::accept(timed, self.options.tls.as_ref()) {
                Ok(channel) => association::serve(self, Wire::new(channel), place, peer),
                Err(error) => tracing::error!(%error, "the receiver cannot speak TLS"),
            }
        }));
        if served.is_err() {
            tracing::error!("the thread of an association failed");
        }
    }
}
