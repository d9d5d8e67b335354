//! The errors of a store, in words for the person who has to put it right.

use std::{error::Error, io, sync::Arc};

use rusqlite::ErrorCode;

use super::{
    sql,
    unreadable::{in_words, is_about_a_row},
};
use crate::store_place::StorePlace;

/// The kinds that a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The folder or the file cannot be written, or not be opened at all, by this user.
    ReadOnly,
    /// No space is left.
    DiskFull,
    /// The server cannot be reached, or the connection to it broke.
    Unreachable,
    /// The server does not let this user in.
    PasswordRefused,
    /// TLS to the server cannot be had as it is wanted.
    NotSecure,
    /// The server has no such database, or the database has no such schema.
    NoDatabase,
    /// All connections of the server are taken.
    TooManyConnections,
    /// The user of the server may not do what a store needs.
    Forbidden,
    /// Another process held it for longer than the busy time.
    Locked,
    /// The file is damaged.
    Corrupt,
    /// A newer version of cxr-triage made it.
    NewerVersion,
    /// The file is something else: no database, or another program's.
    NotADatabase,
    /// There is something in it already.
    NotEmpty,
    /// It is on a server, and what was wanted of it is for a file.
    NotAFile,
    /// It is a store by another name than its own.
    SecondName,
    /// One row of it holds what this version cannot read.
    Row,
    /// The film of a result is another worker's by now.
    Late,
    /// The duty to make a change is another process's by now.
    OffDuty,
    /// Anything else.
    Other,
}

impl StoreErrorKind {
    /// Whether it may be over in a while by itself, as when a server starts again.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Unreachable | Self::TooManyConnections | Self::Locked | Self::DiskFull)
    }

    fn what(self) -> &'static str {
        match self {
            Self::ReadOnly => "cannot be written",
            Self::DiskFull => "cannot grow: the disk is full",
            Self::Unreachable => "cannot be reached",
            Self::PasswordRefused => "lets nobody in by that name and password",
            Self::NotSecure => "cannot be reached by TLS as it is asked for",
            Self::NoDatabase => "is not there",
            Self::TooManyConnections => "has no connection left",
            Self::Forbidden => "may not be used like that by its user",
            Self::Locked => "is locked by another program",
            Self::Corrupt => "is damaged",
            Self::NewerVersion => "was made by a newer version of cxr-triage",
            Self::NotADatabase => "is not a store of cxr-triage",
            Self::NotEmpty => "is not empty",
            Self::NotAFile => "is on a server",
            Self::SecondName => "is named by a hard link",
            Self::Row => "holds a row that cannot be read",
            Self::Late => "has the film with another worker",
            Self::OffDuty => "has that done by another process",
            Self::Other => "cannot be used",
        }
    }

    fn advice(self, place: &StorePlace) -> &'static str {
        if let (StorePlace::Server(_), Some(advice)) = (place, self.advice_for_server()) {
            return advice;
        }
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
            Self::Late | Self::OffDuty => "nothing is to be done: what the other one does counts",
            Self::NotEmpty => "name a place where there is no store yet; this one was left as it is",
            Self::Unreachable
            | Self::PasswordRefused
            | Self::NotSecure
            | Self::NoDatabase
            | Self::TooManyConnections
            | Self::Forbidden
            | Self::NotAFile
            | Self::Other => "see the reason; if it stays, report it with this message",
        }
    }

    /// Advises on a store that is on a server, and says whose part it is.
    fn advice_for_server(self) -> Option<&'static str> {
        Some(match self {
            Self::ReadOnly => {
                "that server takes no changes, as a replica or by its settings: name the primary server; this program is all right"
            }
            Self::DiskFull => {
                "whoever looks after the database server must make room there; films wait and are taken up again"
            }
            Self::Unreachable => {
                "see that the server runs, and that the network and its firewalls let this host through; the services wait for it, and go on by themselves"
            }
            Self::PasswordRefused => {
                "see user and password (PGPASSWORD, ~/.pgpass, password_file), and that the server's pg_hba.conf lets this host in"
            }
            Self::NotSecure => "see sslmode and sslrootcert in the URL, and the server's certificate",
            Self::NoDatabase => {
                "whoever looks after the database server must make it (createdb), or the URL names another one"
            }
            Self::TooManyConnections => {
                "whoever looks after the database server must raise max_connections, or end what holds them; this program tries again"
            }
            Self::Forbidden => {
                "whoever looks after the database server must make this user the owner of the database"
            }
            Self::Locked => "another host or a long query there holds it; this program tries again",
            Self::Corrupt => "whoever looks after the database server must restore it from their backup",
            Self::NotADatabase => "name another database or schema with --store; this one was left as it is",
            Self::NotAFile => "docs/several-hosts.md says how",
            Self::NotEmpty
            | Self::NewerVersion
            | Self::SecondName
            | Self::Row
            | Self::Late
            | Self::OffDuty
            | Self::Other => return None,
        })
    }
}

fn kind_of(trouble: sql::Trouble) -> StoreErrorKind {
    match trouble {
        sql::Trouble::Unreachable | sql::Trouble::Lost => StoreErrorKind::Unreachable,
        sql::Trouble::Password => StoreErrorKind::PasswordRefused,
        sql::Trouble::Secure => StoreErrorKind::NotSecure,
        sql::Trouble::NoDatabase => StoreErrorKind::NoDatabase,
        sql::Trouble::TooMany => StoreErrorKind::TooManyConnections,
        sql::Trouble::DiskFull => StoreErrorKind::DiskFull,
        sql::Trouble::ReadOnly => StoreErrorKind::ReadOnly,
        sql::Trouble::Forbidden => StoreErrorKind::Forbidden,
        sql::Trouble::Busy => StoreErrorKind::Locked,
        sql::Trouble::Corrupt => StoreErrorKind::Corrupt,
        sql::Trouble::Other => StoreErrorKind::Other,
    }
}

/// A failure of the store: what failed, why, what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the store {place} {} ({why}): {}", kind.what(), kind.advice(place))]
pub struct StoreError {
    /// The kind, which a caller can act on.
    pub kind: StoreErrorKind,
    /// Where the store is, or the file beside it that it is about.
    pub place: StorePlace,
    /// The reason, as the system, the database or the store gave it.
    pub why: String,
    /// The error of the system or the database, for the log.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    pub(super) fn new(kind: StoreErrorKind, place: impl Into<StorePlace>, why: &impl ToString) -> Self {
        Self { kind, place: place.into(), why: why.to_string(), source: None }
    }

    pub(super) fn from_io(place: impl Into<StorePlace>, error: io::Error) -> Self {
        let why = error.to_string();
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => StoreErrorKind::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::DiskFull,
            _ => StoreErrorKind::Other,
        };
        Self { source: Some(Arc::new(error)), ..Self::new(kind, place, &why) }
    }

    pub(super) fn from_sql(place: impl Into<StorePlace>, error: impl Into<sql::Error>) -> Self {
        let error = error.into();
        let why = error.to_string();
        let kind = match (error.sqlite_code(), &error) {
            (Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied), _) => {
                StoreErrorKind::ReadOnly
            }
            (Some(ErrorCode::DiskFull), _) => StoreErrorKind::DiskFull,
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => StoreErrorKind::Locked,
            (Some(ErrorCode::NotADatabase), _) => StoreErrorKind::NotADatabase,
            (Some(ErrorCode::DatabaseCorrupt), _) => StoreErrorKind::Corrupt,
            (_, sql::Error::Server(error)) => kind_of(error.trouble),
            (_, sql::Error::Late) => StoreErrorKind::Late,
            (_, sql::Error::OffDuty) => StoreErrorKind::OffDuty,
            // What it quotes is the row's.
            (_, error) if is_about_a_row(error) => {
                return Self::new(StoreErrorKind::Row, place, &in_words(error));
            }
            _ => StoreErrorKind::Other,
        };
        Self { source: Some(Arc::new(error)), ..Self::new(kind, place, &why) }
    }
}
