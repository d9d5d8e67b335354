//! The inbox: which files are there, which are complete, which are new. Reads folders, never pixels,
//! and changes nothing in the inbox.
//!
//! ```text
//! notify ──▶ events ─┐
//! walks (first, safety, polling) ─┴─▶ worker ── sightings ──▶ settle (pure) ── complete ──▶ IntakeEvent
//! ```
//!
//! `settle` decides when a file is complete and never touches the disk; `worker` and
//! `walk` are the thread that looks at the disk for it; `folders` keeps the watches; `names` says what is not a film; `left_out`
//! counts it; `mounts` knows inboxes by name; `elsewhere` says which files another host may have; `faults` tells each trouble
//! once.

mod disk;
mod elsewhere;
mod faults;
mod folders;
mod left_out;
mod mounts;
mod names;
mod settle;
mod walk;
mod worker;

use std::{
    convert::Infallible,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::{
    supervise::{Loss, Supervisor, is_closed},
    text::{shown, unnamed},
};

pub use elsewhere::Lack;
pub use left_out::{LeftOut, Why};
pub use mounts::{InboxName, Mount, MountError, Mounts, split, unmounted};
pub use names::{DEFAULT_IGNORE, Kind, Names, is_hidden, is_receivers, sidecar_priority};

/// A file is complete when its size and time have not changed for this long, unless set otherwise.
pub const DEFAULT_SETTLE: Duration = Duration::from_millis(300);

/// A file whose name may be a passing one (rsync writes `.NAME.XXXXXX`, and renames it) must not change for
/// so long before it counts for what it is.
pub const DEFAULT_PASSING: Duration = Duration::from_secs(10);

/// How long [`Intake::stop`] waits for its thread. A thread that hangs in the kernel, on a share whose
/// server has died, cannot be woken: it is left behind and ends with the process.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// A complete file that the pipeline has not been given before in this size and with this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Absolute path.
    pub path: PathBuf,
    /// Length in bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified_ns: i64,
}

impl Arrival {
    /// Whether a file of this host may be the one that arrived, perhaps on another host: as long, and changed at the same
    /// time as far as file systems keep that.
    #[must_use]
    pub fn may_be(&self, metadata: &Metadata) -> bool {
        disk::is_like(metadata, settle::Stamp { size: self.size, modified_ns: self.modified_ns })
    }
}

/// The file at an absolute path as one that has arrived; none if something else than a file is there.
///
/// # Errors
/// Those of the operating system: there is nothing, or it may not be looked at.
pub fn arrival(path: &Path) -> io::Result<Option<Arrival>> {
    Ok(match disk::find(path)? {
        disk::Found::File(stamp) => {
            let (size, modified_ns) = (stamp.size, stamp.modified_ns);
            Some(Arrival { path: path.to_owned(), size, modified_ns })
        }
        disk::Found::Folder | disk::Found::Other => None,
    })
}

/// Asks the intake to look at every file once more as if it were new: what it was told of is in the store no longer.
#[derive(Debug, Clone, Default)]
pub struct LookAgain(Arc<AtomicU64>);

impl LookAgain {
    /// Asks.
    pub fn ask(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was asked.
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The inbox to watch, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The inbox. A relative path is taken from the current folder.
    pub inbox: PathBuf,
    /// Look the whole inbox through at this interval instead of waiting for events: network shares
    /// give none. A file must then stay unchanged for one interval too, as such shares cache sizes.
    pub poll: Option<Duration>,
    /// A file is complete when its size and time have not changed for this long.
    pub settle: Duration,
    /// A file whose name begins with a dot is looked into when its size and time have not changed for this long, and
    /// what is left out is counted.
    pub passing: Duration,
    /// Files and folders whose names end so, in either case, are not films (yet).
    pub ignore: Vec<String>,
    /// Starts the thread, and again when it dies.
    pub supervisor: Supervisor,
    /// Asks for every file anew.
    pub look_again: LookAgain,
}

impl Options {
    /// Watches `inbox` by events, with [`DEFAULT_SETTLE`] and [`DEFAULT_IGNORE`].
    pub fn new(inbox: impl Into<PathBuf>) -> Self {
        Self {
            inbox: inbox.into(),
            poll: None,
            settle: DEFAULT_SETTLE,
            passing: DEFAULT_PASSING,
            ignore: DEFAULT_IGNORE.map(str::to_owned).to_vec(),
            supervisor: Supervisor::default(),
            look_again: LookAgain::default(),
        }
    }
}

/// An event for the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntakeEvent {
    /// Complete files, at most 256 at a time, in the order in which they became complete.
    Arrivals(Vec<Arrival>),
    /// A sidecar became complete beside a film that has been delivered already (or was known): read it
    /// again with [`sidecar_priority`]. A sidecar that comes before its film is not announced, so read
    /// it once more when the film is put into the store.
    Sidecar {
        /// The film, not the sidecar.
        film: PathBuf,
    },
    /// Every file that was in the inbox at the start has been delivered, was known, or is gone. Sent
    /// once. A file that somebody never stops writing to keeps this waiting.
    FirstScanDone {
        /// Films that the first scan found, known ones included.
        files: usize,
    },
    /// The counts of files that are left out have changed.
    LeftOut(LeftOut),
    /// Something keeps intake from seeing films: a sentence for people. Told once for each cause.
    Fault(Fault),
    /// Every fault told before is over, and what was missed meanwhile has been looked for.
    Recovered,
}

/// Something that keeps intake from seeing films.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The fault and what to do, for people who may see names.
    pub sentence: String,
    /// The folder below the inbox that it is about: folders can be named after patients.
    pub folder: Option<PathBuf>,
}

impl Fault {
    /// The sentence for log and journal, with the folder's hash in place of its path.
    #[must_use]
    pub fn without_names(&self) -> String {
        match &self.folder {
            Some(folder) => self.sentence.replace(&shown(folder), &unnamed(folder)),
            None => self.sentence.clone(),
        }
    }
}

/// Why the inbox cannot be watched at all.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// There is nothing at this path: the caller may create it and try again.
    #[error("there is no inbox at {}: create the folder, or name another one", shown(.0))]
    Missing(PathBuf),
    /// A file, or something else that holds no films.
    #[error("the inbox {} is not a folder: name the folder that films are put into", shown(.0))]
    NotAFolder(PathBuf),
    /// It may not be listed.
    #[error(
        "the inbox {} cannot be read ({source}): give the user that runs cxr-triage permission to list it and to read in it",
        shown(inbox)
    )]
    Unreadable {
        /// The inbox.
        inbox: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused a thread.
    #[error(
        "the inbox cannot be watched, because the system gives no more threads ({0}): close other programs"
    )]
    Thread(#[source] io::Error),
}

/// The running intake; dropping it stops it.
#[derive(Debug)]
pub struct Intake {
    stop: Option<Sender<Infallible>>,
    finished: Receiver<Infallible>,
    thread: Option<JoinHandle<()>>,
}

/// Starts watching in a thread of its own.
///
/// `known` is asked about each complete file by path, size and modification time (nanoseconds since
/// 1970): those already in the store are not delivered. It is called from intake's thread.
///
/// `out` should be bounded: when it is full intake waits, and remembers no more meanwhile than one
/// entry (path, size, time) for each file of the inbox.
///
/// # Errors
/// [`IntakeError`] when the inbox is missing, not a folder or may not be listed. What goes wrong later
/// is an [`IntakeEvent::Fault`].
pub fn start(
    options: Options,
    known: impl Fn(&Path, u64, i64) -> bool + Send + 'static,
    out: Sender<IntakeEvent>,
) -> Result<Intake, IntakeError> {
    let unreadable = |source| IntakeError::Unreadable { inbox: options.inbox.clone(), source };
    let inbox = std::path::absolute(&options.inbox).map_err(unreadable)?;
    match fs::metadata(&inbox) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(IntakeError::NotAFolder(inbox)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(IntakeError::Missing(inbox)),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(IntakeError::NotAFolder(inbox));
        }
        Err(error) => return Err(unreadable(error)),
    }
    fs::read_dir(&inbox).map_err(unreadable)?;

    let (stop, stopped) = bounded(0);
    let (finish, finished) = bounded(0);
    let options = Options { inbox, ..options };
    let asked = stopped.clone();
    let is_asked = move || is_closed(&asked);
    let supervisor = options.supervisor.clone();
    let work = move || {
        let _until_the_thread_ends = &finish;
        worker::Worker::new(options.clone(), &known, out.clone(), stopped.clone()).run();
    };
    let thread = supervisor
        .spawn("intake", Loss::Vital("no film comes in"), is_asked, work)
        .map_err(IntakeError::Thread)?;
    Ok(Intake { stop: Some(stop), finished, thread: Some(thread) })
}

impl Intake {
    /// Stops watching, even while the receiver is full, and waits until the thread has ended.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.finished.recv_timeout(STOP_GRACE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the inbox does not answer: its thread is left behind");
        } else if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
