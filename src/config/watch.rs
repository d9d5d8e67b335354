//! Hot reload: says when the content of the file changed.
//!
//! Editors save in many ways: in place, by a rename over the file, by deleting and creating it; a
//! file may be a symbolic link into a folder that is swapped as a whole. So the kinds of events are
//! not told apart: any event in a folder on the way to the file is a reason to read it again, and
//! only another content counts as a change.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use notify::{RecursiveMode, Watcher as _};

use crate::{
    files::{self, Expected},
    text::shown,
};

/// After an event, wait until there has been none for so long: a save is several events, and between
/// them the file may be empty or absent.
const QUIET: Duration = Duration::from_millis(100);

/// But never longer than this, in a folder that is never quiet.
const QUIET_TIMEOUT: Duration = Duration::from_secs(1);

/// As many links as Linux follows before it gives up.
const MAX_LINKS: usize = 40;

/// Why changes of the file cannot be seen.
#[derive(Debug, thiserror::Error)]
#[error(
    "changes of {} will not be seen before a restart: {source} (too many files may be watched on this \
     machine, or the folder may not be read)",
    shown(path)
)]
pub struct WatchError {
    /// The configuration file.
    pub path: PathBuf,
    /// The operating system's words.
    pub source: notify::Error,
}

/// Watches for as long as it lives.
#[derive(Debug)]
pub struct Watcher {
    /// Its end tells the thread to stop.
    _alive: Sender<()>,
}

/// Calls `on_change`, on a thread of its own, whenever the content of `path` has changed since the
/// last call or, at first, since `text` was read from it. That the file appears or goes counts as a
/// change; neither it nor its folder need exist. After the watcher was dropped, a call that has begun
/// still ends.
///
/// # Errors
/// The operating system lets nothing be watched.
pub fn watch(
    path: &Path,
    text: Option<&str>,
    mut on_change: impl FnMut() + Send + 'static,
) -> Result<Watcher, WatchError> {
    let (alive, stopped) = bounded(0);
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let fault = |source| WatchError { path: path.clone(), source };
    let mut folders = Folders::new(&path).map_err(fault)?;
    folders.watch().map_err(fault)?;
    let mut seen = text.map(|text| text.as_bytes().to_owned());
    let run = move || {
        loop {
            let content = files::read(&folders.file, Expected::TEXT).ok();
            if content != seen {
                seen = content;
                on_change();
            }
            if !folders.wait(&stopped) {
                return;
            }
            if let Err(error) = folders.watch() {
                tracing::warn!(%error, "changes of the configuration may not be seen");
            }
        }
    };
    std::thread::Builder::new()
        .name("config-watch".to_owned())
        .spawn(run)
        .map_err(|error| fault(notify::Error::io(error)))?;
    Ok(Watcher { _alive: alive })
}

/// The folders on the way to a file.
struct Folders {
    file: PathBuf,
    watcher: notify::RecommendedWatcher,
    events: Receiver<()>,
    watched: BTreeSet<PathBuf>,
}

impl Folders {
    fn new(file: &Path) -> notify::Result<Self> {
        let (sender, events) = unbounded();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // To read a file is an event too; to answer it by reading would never end. What comes
            // with an error (events were lost) is a reason to look.
            let is_read = event.is_ok_and(|event| matches!(event.kind, notify::EventKind::Access(_)));
            if !is_read {
                let _ = sender.send(());
            }
        })?;
        Ok(Self { file: file.to_owned(), watcher, events, watched: BTreeSet::new() })
    }

    /// Watches the folders that are on the way now. All of them anew: a folder that was deleted and
    /// made again has its old name, but the operating system no longer watches it.
    fn watch(&mut self) -> notify::Result<()> {
        for folder in std::mem::take(&mut self.watched) {
            // It may be gone, and its watch with it.
            let _ = self.watcher.unwatch(&folder);
        }
        for folder in folders_on_the_way(&self.file) {
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => _ = self.watched.insert(folder),
                // Gone since we looked: its parent is watched, or will be at the next event.
                Err(error) if is_not_found(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for an event and for the quiet after it; false if it is time to stop.
    fn wait(&self, stopped: &Receiver<()>) -> bool {
        select! {
            recv(self.events) -> event => if event.is_err() { return false },
            recv(stopped) -> _ => return false,
        }
        let end = Instant::now() + QUIET_TIMEOUT;
        while Instant::now() < end && self.events.recv_timeout(QUIET).is_ok() {}
        true
    }
}

/// The folder of the file, of what it links to, and so on; in place of a folder that is not there,
/// the nearest one above it that is.
fn folders_on_the_way(file: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let mut file = file.to_owned();
    for _ in 0..MAX_LINKS {
        let existing = file.ancestors().skip(1).find_map(|folder| fs::canonicalize(folder).ok());
        folders.extend(existing);
        match (fs::read_link(&file), file.parent()) {
            (Ok(target), Some(folder)) => file = folder.join(target),
            _ => break,
        }
    }
    folders
}

fn is_not_found(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
