//! The watches on the inbox's folders.
//!
//! On Linux every folder gets its own watch, set by us before the folder is listed: whatever appears
//! in it is then either listed or told. (A recursive watch is extended by its library only after it has
//! told of the new folder, and fails as a whole at one unreadable folder.) Elsewhere one recursive
//! watch on the inbox is what the system offers.

use std::{
    collections::BTreeSet,
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use notify::{
    Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

const EACH_FOLDER: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Events that wait for us; about 200 bytes each. When they are more, the inbox is looked through.
const QUEUE: usize = 16_384;

/// The system gives no (more) watches.
#[derive(Debug)]
pub(super) struct NoWatch(pub(super) String);

/// Watched folders and what they tell.
#[derive(Debug)]
pub(super) struct Folders {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    sender: Sender<Event>,
    events: Receiver<Event>,
    missed: Arc<AtomicBool>,
}

impl Folders {
    /// Watches nothing yet.
    pub(super) fn new() -> Self {
        let (sender, events) = bounded(QUEUE);
        Self {
            watcher: None,
            watched: BTreeSet::new(),
            sender,
            events,
            missed: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Forgets all watches and starts afresh.
    pub(super) fn renew(&mut self) -> Result<(), NoWatch> {
        self.close();
        let (sender, missed) = (self.sender.clone(), Arc::clone(&self.missed));
        let tell = move |event: notify::Result<Event>| {
            let lost = match event {
                // The pipeline's own reading must not fill the queue.
                Ok(event) if is_reading(&event.kind) => false,
                Ok(event) => {
                    event.need_rescan() || matches!(sender.try_send(event), Err(TrySendError::Full(_)))
                }
                Err(_) => true,
            };
            if lost {
                missed.store(true, Ordering::Release);
            }
        };
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(tell, config).map_err(|error| NoWatch(error.to_string()))?;
        self.watcher = Some(watcher);
        Ok(())
    }

    /// Drops all watches. Events that are already here stay.
    pub(super) fn close(&mut self) {
        self.watcher = None;
        self.watched.clear();
    }

    /// Watches a folder from now on. A folder that is gone or may not be read is no error here: listing
    /// it says so.
    pub(super) fn watch(&mut self, folder: &Path, is_inbox: bool) -> Result<(), NoWatch> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        if !(EACH_FOLDER || is_inbox) || self.watched.contains(folder) {
            return Ok(());
        }
        let mode = if EACH_FOLDER { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
        match watcher.watch(folder, mode) {
            Ok(()) => {
                self.watched.insert(folder.to_path_buf());
                Ok(())
            }
            Err(error) => match error.kind {
                ErrorKind::PathNotFound => Ok(()),
                ErrorKind::Io(ref source)
                    if matches!(
                        source.kind(),
                        io::ErrorKind::NotFound
                            | io::ErrorKind::PermissionDenied
                            | io::ErrorKind::NotADirectory
                    ) =>
                {
                    Ok(())
                }
                _ => Err(NoWatch(error.to_string())),
            },
        }
    }

    /// A folder went away or was renamed: a watch follows the folder, not its name, and would go on
    /// telling of the old one.
    pub(super) fn unwatch(&mut self, path: &Path) {
        let beneath: Vec<PathBuf> = self
            .watched
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
            .take_while(|folder| folder.starts_with(path))
            .cloned()
            .collect();
        for folder in beneath {
            self.watched.remove(&folder);
            if let Some(watcher) = &mut self.watcher {
                // Usually the system has dropped it already.
                let _ = watcher.unwatch(&folder);
            }
        }
    }

    /// The events of the file system.
    pub(super) fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Whether events were lost since the last question.
    pub(super) fn missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }
}

fn is_reading(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if *access != AccessKind::Close(AccessMode::Write))
}
