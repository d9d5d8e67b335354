//! The place of a store: which file a name means, and whether it is one of ours. Nothing here changes anything.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{StoreError, StoreErrorKind};
use crate::{files::kind_of, store_place::StorePlace};

/// Marks the file as ours ("cxrt"), so that nobody's other database is ever migrated.
pub(super) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"cxrt");

/// Links that are followed one after the other, at most.
const LINKS: u32 = 16;

/// The kind of file at a store's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file in which there is no database yet. It may have been made by another process that is about to make a
    /// store of it, so that it is taken for ours.
    Blank,
    /// A store of ours.
    Store,
}

/// The file that a name means, links followed, also where it is not there yet: two names of one store have one lock.
pub(super) fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => return done,
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let place = fs::canonicalize(folder)?.join(name);
        match fs::read_link(&place) {
            Ok(target) => path = place.with_file_name("").join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("too many links lead to one another"))
}

/// The place of a file beside a store: the store's own, with `suffix` after its very end; for a store on a server, in a
/// folder of this host.
///
/// # Errors
/// Those of the operating system.
pub fn place_beside(store: impl Into<StorePlace>, suffix: &str) -> io::Result<PathBuf> {
    base(&store.into()).map(|path| with_suffix(&path, suffix))
}

/// The beginning of the names of all files beside a store: its own name; of one on a server, a name in a folder of this
/// host that is this user's alone, and is made here.
pub(super) fn base(store: &StorePlace) -> io::Result<PathBuf> {
    let server = match store {
        StorePlace::File(path) => return real_path(path),
        StorePlace::Server(server) => server,
    };
    let folders = etcetera::choose_base_strategy().map_err(|_| {
        io::Error::other("this user has no home folder for what belongs to a store on a server")
    })?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    let folder = state.join("cxr-triage").join(server.folder_name());
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder.join("store"))
}

/// The path with something put after its very end, extension and all.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The lock file of a store: beside the database, not the database itself, whose locks are SQLite's.
pub(super) fn lock_of(real_path: &Path) -> PathBuf {
    with_suffix(real_path, ".lock")
}

/// Refuses what is no store of ours, by its kind, before anything is made, changed or locked.
pub(super) fn check(path: &Path) -> Result<Found, StoreError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(StoreError::from_io(path, error)),
    };
    if !metadata.is_file() {
        let why = format!("it is {}", kind_of(metadata.file_type()));
        return Err(StoreError::new(StoreErrorKind::NotADatabase, path, &why));
    }
    let real = real_path(path).map_err(|error| StoreError::from_io(path, error))?;
    // A name of a store under which the pipeline has run has a lock.
    if metadata.nlink() > 1 && !lock_of(&real).exists() {
        let why = "it is a second name of a file that has several (hard links)";
        return Err(StoreError::new(StoreErrorKind::SecondName, path, &why));
    }
    if metadata.len() == 0 { Ok(Found::Blank) } else { whose(path, &real) }
}

/// Reads the marks in the file itself. SQLite is told that nothing changes it, so that it takes no lock and puts no
/// file beside it; and it is SQLite that opens it, for closing the file by other means would drop the locks of this
/// process's other connections (sqlite.org/howtocorrupt.html, section 2.2).
fn whose(path: &Path, real: &Path) -> Result<Found, StoreError> {
    let read = || -> rusqlite::Result<(i32, u32)> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(unchanging(real), flags)?;
        let id = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((id, tables))
    };
    let stranger = |why: &str| Err(StoreError::new(StoreErrorKind::NotADatabase, path, &why));
    match read() {
        Ok((APPLICATION_ID, _)) => Ok(Found::Store),
        Ok((0, 0)) => Ok(Found::Blank),
        Ok(_) => stranger("it is the database of another program"),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            stranger("it is no database")
        }
        // Read while another process wrote, it may look damaged: the real opening says whether it is.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => Ok(Found::Blank),
        Err(error) => Err(StoreError::from_sql(path, error)),
    }
}

/// The URI of a file that nobody changes (sqlite.org/uri.html).
fn unchanging(path: &Path) -> PathBuf {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut uri = b"file:".to_vec();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte) {
            uri.push(byte);
        } else {
            uri.extend(format!("%{byte:02x}").bytes());
        }
    }
    uri.extend(b"?immutable=1");
    OsString::from_vec(uri).into()
}
