//! One process owns the pipeline: it reads the inbox, scores, and runs the plugins. Others follow what it writes.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::{
    Duty, DutyKind, Member, StoreError, StoreErrorKind,
    open::{make_folder, owner_only},
    place::{base, check, lock_of},
};
use crate::{files, store_place::StorePlace, text::shown};

/// A follower that looks whether there is an owner holds the lock for a moment: it is asked for again.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(40);
/// The number of a process and the end of its line have no more bytes.
const LONGEST_NUMBER: usize = 32;

/// The right to run the pipeline of one store and its plugins, for as long as a clone of the value lives: each thread
/// that writes results or delivers what plugins want has one, so that no other process begins before the last of them
/// has ended.
///
/// It is an advisory lock on `<store>.lock` beside the store's file itself, whatever link it is named by. The system
/// releases it with the process, however that ends: no stale lock is ever left behind by a crash.
///
/// Of a store that several hosts share, it is the right of one process of each host to run what needs a file of that host;
/// what one process of all does is a [`Duty`], and a worker may have no such right at all.
#[derive(Debug, Clone)]
pub struct Ownership {
    lock: Option<Arc<File>>,
    member: Option<Member>,
}

impl Ownership {
    /// Takes the pipeline of the store at that place; `None` if another process has it.
    ///
    /// # Errors
    /// If something else than a store of ours lies there, the lock file cannot be made, or the file system has no
    /// locks (some network shares).
    pub fn acquire(store: impl Into<StorePlace>) -> Result<Option<Self>, StoreError> {
        let store = store.into();
        if let StorePlace::File(path) = &store {
            check(path)?;
            make_folder(path)?;
        }
        let path = lock_path(&store).map_err(|error| StoreError::from_io(&store, error))?;
        let failed = |error: io::Error| StoreError::from_io(&path, error);
        let mut lock = open_lock(&path)?;
        for tried in 1.. {
            match lock.try_lock() {
                Ok(()) => break,
                // Whoever only looks shares the lock; an owner shares it with nobody.
                Err(TryLockError::WouldBlock) if tried < TRIES && lock.try_lock_shared().is_ok() => {
                    lock.unlock().map_err(failed)?;
                    thread::sleep(BETWEEN_TRIES);
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let write_pid = || -> io::Result<()> {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "{}", std::process::id())
        };
        // The number is for people only: a full disk must not keep the pipeline from starting.
        if let Err(error) = { write_pid }() {
            tracing::warn!(%error, path = shown(&path), "the owner's process number could not be noted");
        }
        Ok(Some(Self { lock: Some(Arc::new(lock)), member: None }))
    }

    /// The ownership of a worker of a shared store: that of nothing but its own films.
    #[must_use]
    pub fn of_worker() -> Self {
        Self { lock: None, member: None }
    }

    /// Adds this process's place among the workers of a shared store.
    #[must_use]
    pub fn with_member(self, member: Member) -> Self {
        Self { member: Some(member), ..self }
    }

    /// This process among the workers of a shared store; none: it owns a store of its own.
    #[must_use]
    pub fn member(&self) -> Option<&Member> {
        self.member.as_ref()
    }

    /// Whether this process has a duty: an owner has every one.
    #[must_use]
    pub fn duty(&self, kind: DutyKind) -> Duty {
        self.member.as_ref().map_or_else(|| Duty::of_owner(kind), |member| member.duty(kind).clone())
    }

    /// Whether this process may write the files beside the store.
    #[must_use]
    pub fn keeps_files(&self) -> bool {
        self.lock.is_some()
    }

    /// Says that the owner goes on: followers see the time of the lock file move. It costs no change of the store.
    pub fn beat(&self) {
        if let Some(lock) = &self.lock
            && let Err(error) = lock.set_modified(SystemTime::now())
        {
            tracing::debug!(%error, "the heartbeat could not be noted");
        }
    }

    /// Whether nobody owns the pipeline of a store. Nothing is made or changed.
    #[must_use]
    pub fn is_free(store: impl Into<StorePlace>) -> bool {
        let store = store.into();
        let open = || File::options().read(true).custom_flags(files::unwaiting()).open(lock_path(&store)?);
        match open() {
            Ok(lock) => lock.try_lock_shared().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// The process number that the last owner left in the lock file, for a message to people.
    #[must_use]
    pub fn holder(store: impl Into<StorePlace>) -> Option<u32> {
        fs::read_to_string(lock_path(&store.into()).ok()?).ok()?.trim().parse().ok()
    }
}

/// Opens a lock file of ours, or makes it. What else may lie at its place is left as it is.
fn open_lock(path: &Path) -> Result<File, StoreError> {
    let failed = |error: io::Error| StoreError::from_io(path, error);
    let mut lock = owner_only(OpenOptions::new().create(true).truncate(false).read(true).write(true))
        .custom_flags(files::unwaiting() | files::unlinked())
        .open(path)
        .map_err(failed)?;
    let metadata = lock.metadata().map_err(failed)?;
    let stranger = |why: &str| Err(StoreError::new(StoreErrorKind::NotADatabase, path, &why));
    if !metadata.is_file() {
        return stranger("the file that says who owns the store is no plain file");
    }
    let mut number = Vec::new();
    Read::by_ref(&mut lock).take(64).read_to_end(&mut number).map_err(failed)?;
    let is_ours = number.len() < LONGEST_NUMBER && number.iter().all(|byte| b"0123456789\n".contains(byte));
    if is_ours { Ok(lock) } else { stranger("the file that would say who owns the store is another one") }
}

/// `<store>.lock`, whatever link the store is named by.
fn lock_path(store: &StorePlace) -> io::Result<PathBuf> {
    base(store).map(|path| lock_of(&path))
}

/// When a store's owner was last heard of, as a follower sees it: by the changes of the lock file's time, counted on
/// the follower's own steady clock, so that no clock that is set counts.
#[derive(Debug)]
pub struct Heartbeat {
    store: StorePlace,
    last: Option<SystemTime>,
    since: Option<Instant>,
}

impl Heartbeat {
    /// The heartbeat of a store's owner, not heard yet.
    #[must_use]
    pub fn of(store: impl Into<StorePlace>) -> Self {
        Self { store: store.into(), last: None, since: None }
    }

    /// For how long the owner has not been heard of, at least.
    pub fn silence(&mut self) -> Duration {
        let modified = || fs::metadata(lock_path(&self.store)?)?.modified();
        let modified = modified().ok();
        self.note(modified, Instant::now())
    }

    fn note(&mut self, modified: Option<SystemTime>, now: Instant) -> Duration {
        if self.since.is_none() || modified != self.last {
            (self.last, self.since) = (modified, Some(now));
        }
        self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_the_last_beat_whatever_the_clocks_say() {
        let mut heart = Heartbeat::of(Path::new("store.db"));
        let (start, seconds) = (Instant::now(), Duration::from_secs);
        let beat = |second: u64| Some(SystemTime::UNIX_EPOCH + seconds(second));
        // Seconds of the follower, the lock file's time, seconds of silence.
        for (now, modified, silent) in [
            (0, beat(5_000), 0),
            (1, beat(5_000), 1),
            (2, beat(5_002), 0),
            (16, beat(5_002), 14),
            (17, beat(4_000), 0),
            (25, None, 0),
            (33, None, 8),
            (34, beat(9_000), 0),
        ] {
            assert_eq!(heart.note(modified, start + seconds(now)), seconds(silent), "at {now} s");
        }
    }
}
