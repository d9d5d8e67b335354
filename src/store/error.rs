//! What can be wrong with a store, in words for the person who has to put it right.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::ErrorCode;

use super::unreadable::is_about_a_row;
use crate::text::shown;

/// The kinds that a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The folder or the file cannot be written, or not be opened at all, by this user.
    ReadOnly,
    /// No space is left.
    DiskFull,
    /// Another process held it for longer than the busy time.
    Locked,
    /// The file is damaged.
    Corrupt,
    /// A newer version of cxr-triage made it.
    NewerVersion,
    /// The file is something else: no database, or another program's.
    NotADatabase,
    /// It is a store by another name than its own.
    SecondName,
    /// One row of it holds what this version cannot read.
    Row,
    /// Anything else.
    Other,
}

impl StoreErrorKind {
    fn what(self) -> &'static str {
        match self {
            Self::ReadOnly => "cannot be written",
            Self::DiskFull => "cannot grow: the disk is full",
            Self::Locked => "is locked by another program",
            Self::Corrupt => "is damaged",
            Self::NewerVersion => "was made by a newer version of cxr-triage",
            Self::NotADatabase => "is not a store of cxr-triage",
            Self::SecondName => "is named by a hard link",
            Self::Row => "holds a row that cannot be read",
            Self::Other => "cannot be used",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::ReadOnly => {
                "give this user write permission on the file and its folder, or choose another place with --store"
            }
            Self::DiskFull => "make room on that disk; films wait in the inbox and are taken up again",
            Self::Locked => "close the program that holds it (a backup, a database browser), then try again",
            Self::Corrupt => {
                "put back the last backup, or move the file (with its -wal and -shm) away: a new store scores the inbox again"
            }
            Self::NewerVersion => "upgrade this cxr-triage, or choose another store with --store",
            Self::NotADatabase => "choose another file with --store; this one was left as it is",
            Self::SecondName => {
                "name the store as it was made, or make a symbolic link to it: a part of it lies in files beside its own name"
            }
            Self::Row => {
                "the rest goes on without it; restore the store from a backup, or report this message"
            }
            Self::Other => "see the reason; if it stays, report it with this message",
        }
    }
}

/// A failure of the store: what failed, why, what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the store {} {} ({why}): {}", shown(path), kind.what(), kind.advice())]
pub struct StoreError {
    /// The kind, which a caller can act on.
    pub kind: StoreErrorKind,
    /// The store's file.
    pub path: PathBuf,
    /// The reason, as the system, SQLite or the store gave it.
    pub why: String,
    /// What the system or SQLite gave, for the log.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    pub(super) fn new(kind: StoreErrorKind, path: &Path, why: &impl ToString) -> Self {
        Self { kind, path: path.to_owned(), why: why.to_string(), source: None }
    }

    pub(super) fn from_io(path: &Path, error: io::Error) -> Self {
        let why = error.to_string();
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => StoreErrorKind::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::DiskFull,
            _ => StoreErrorKind::Other,
        };
        Self { source: Some(Arc::new(error)), ..Self::new(kind, path, &why) }
    }

    pub(super) fn from_sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let why = error.to_string();
        let kind = match (error.sqlite_error_code(), &error) {
            (Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied), _) => {
                StoreErrorKind::ReadOnly
            }
            (Some(ErrorCode::DiskFull), _) => StoreErrorKind::DiskFull,
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => StoreErrorKind::Locked,
            (Some(ErrorCode::NotADatabase), _) => StoreErrorKind::NotADatabase,
            (Some(ErrorCode::DatabaseCorrupt), _) => StoreErrorKind::Corrupt,
            (_, error) if is_about_a_row(error) => StoreErrorKind::Row,
            _ => StoreErrorKind::Other,
        };
        Self { source: Some(Arc::new(error)), ..Self::new(kind, path, &why) }
    }
}
