//! What stands at a path. Everything here only reads.

use std::{
    fs::{self, Metadata},
    io::{self, Read},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::settle::Stamp;
use crate::files::{self, Expected};

/// A file system that keeps times worst keeps every other second.
const SAME_TIME: Duration = Duration::from_secs(2);

/// The kind of file at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A file, or a symbolic link to one: sites link films into an inbox, and whoever may put links
    /// there may put films there.
    File(Stamp),
    /// A folder, and no link to one: such a link can lead in a circle, or out into a whole archive.
    Folder,
    /// A pipe, a socket, a device, a link to a folder, nowhere or itself.
    Other,
}

/// Looks at a path without opening it.
pub(super) fn find(path: &Path) -> io::Result<Found> {
    let own = fs::symlink_metadata(path)?;
    if own.is_dir() {
        return Ok(Found::Folder);
    }
    let metadata = if own.is_symlink() {
        match fs::metadata(path) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Ok(Found::Other),
            followed => followed?,
        }
    } else {
        own
    };
    if metadata.is_file() { Ok(Found::File(stamp(&metadata))) } else { Ok(Found::Other) }
}

fn stamp(metadata: &Metadata) -> Stamp {
    // A file system without modification times leaves the size alone to tell.
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    Stamp { size: metadata.len(), modified_ns: nanoseconds(modified) }
}

/// Whether a file may be the one that was seen in that size and with that time, perhaps by another host: file systems keep
/// times with more or less of a second.
pub(super) fn is_like(metadata: &Metadata, seen: Stamp) -> bool {
    let now = stamp(metadata);
    let apart = Duration::from_nanos(now.modified_ns.abs_diff(seen.modified_ns));
    now.size == seen.size && apart < SAME_TIME
}

fn nanoseconds(time: SystemTime) -> i64 {
    let clamp = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => clamp(after),
        Err(before) => -clamp(before.duration()),
    }
}

/// Bytes by which DICOM is told from all else.
const HEAD: u64 = 4096;

/// Whether a file's content is DICOM; not if it cannot be read.
pub(super) fn is_dicom(path: &Path) -> bool {
    let mut head = Vec::new();
    let file = files::open(path, Expected::FILM);
    let read = file.and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && cxr_film::is_dicom(&head)
}

/// How long ago a file was changed, by the wall clock; zero when that lies in the future.
pub(super) fn age(stamp: Stamp) -> Duration {
    let age = nanoseconds(SystemTime::now()).saturating_sub(stamp.modified_ns);
    Duration::from_nanos(u64::try_from(age).unwrap_or_default())
}

/// Which folder it is, so that another one in its place is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    /// The file system.
    pub(super) device: u64,
    inode: u64,
}

/// The folder at this path, if it may be listed.
pub(super) fn identity(folder: &Path) -> io::Result<Identity> {
    fs::read_dir(folder)?;
    let metadata = fs::metadata(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok(Identity { device: metadata.dev(), inode: metadata.ino() })
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Ok(Identity { device: 0, inode: 0 })
    }
}

/// Whether a folder holds nothing at all.
pub(super) fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
