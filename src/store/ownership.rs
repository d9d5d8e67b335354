//! One process owns the pipeline: it reads the inbox and scores. Others follow what it writes.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Seek, Write},
    path::{Path, PathBuf},
};

use super::{StoreError, open::owner_only};
use crate::text::shown;

/// The right to run the pipeline on one store, for as long as the value lives.
///
/// It is an advisory lock on `<store>.lock`, which the system releases with the process, however that
/// ends: no stale lock is ever left behind by a crash.
#[derive(Debug)]
pub struct Ownership {
    _lock: File,
}

impl Ownership {
    /// Takes the pipeline of the store at `store_path`; `None` if another process has it.
    ///
    /// # Errors
    /// If the lock file cannot be made, or the file system has no locks (some network shares).
    pub fn acquire(store_path: &Path) -> Result<Option<Self>, StoreError> {
        let path = lock_path(store_path);
        let failed = |error: &std::io::Error| StoreError::from_io(&path, error);
        super::open::make_folder(&path)?;
        let mut lock = owner_only(OpenOptions::new().create(true).truncate(false).read(true).write(true))
            .open(&path)
            .map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let write_pid = || -> std::io::Result<()> {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "{}", std::process::id())
        };
        // The number is for people only: a full disk must not keep the pipeline from starting.
        if let Err(error) = { write_pid }() {
            tracing::warn!(%error, path = shown(&path), "the owner's process number could not be noted");
        }
        Ok(Some(Self { _lock: lock }))
    }

    /// The process number that the last owner left in the lock file, for a message to people.
    #[must_use]
    pub fn holder(store_path: &Path) -> Option<u32> {
        std::fs::read_to_string(lock_path(store_path)).ok()?.trim().parse().ok()
    }
}

/// `<store>.lock`: beside the database, not the database itself, whose locks are SQLite's.
pub(super) fn lock_path(store_path: &Path) -> PathBuf {
    super::open::with_suffix(store_path, ".lock")
}
