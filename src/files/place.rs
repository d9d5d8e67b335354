//! Places that the program writes to. What lies there already may have been named by mistake: only a regular file
//! that begins as ours do is written over.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use super::{kind_of, unwaiting};
use crate::private_file;

/// The most bytes that a file of ours is known by.
const BEGINNING: u64 = 64;

/// Why nothing is written at a place.
#[derive(Debug, thiserror::Error)]
enum OccupiedError {
    #[error("there is {0} of that name already: it stays as it is")]
    Kind(&'static str),
    #[error(
        "there is another file of that name already, which this program did not write: it stays as it is"
    )]
    Other,
}

/// Checks that nothing lies at a place, an empty file, or a regular file that begins with one of `ours`.
///
/// # Errors
/// What lies there is something else, or cannot be looked at.
pub(crate) fn check_place(path: &Path, ours: &[&[u8]]) -> io::Result<()> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let occupied = |why| io::Error::new(io::ErrorKind::AlreadyExists, why);
    if !metadata.is_file() {
        return Err(occupied(OccupiedError::Kind(kind_of(metadata.file_type()))));
    }
    let file = OpenOptions::new().read(true).custom_flags(unwaiting()).open(path)?;
    let mut beginning = Vec::new();
    file.take(BEGINNING).read_to_end(&mut beginning)?;
    let is_ours = beginning.is_empty() || ours.iter().any(|own| beginning.starts_with(own));
    if is_ours { Ok(()) } else { Err(occupied(OccupiedError::Other)) }
}

/// Writes a file whole or not at all, over what [`check_place`] allows: beside its place first, then in it. A new file
/// is its owner's alone, one that was there keeps its permissions and its owner; a link stays a link.
///
/// # Errors
/// Those of [`check_place`] and of the file system; then what was there is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8], ours: &[&[u8]]) -> io::Result<()> {
    put(path, bytes, ours, |old| old.map_or(Permissions::from_mode(0o600), fs::Metadata::permissions))
}

/// Writes like [`replace`] a file that holds nothing of patients and that other programs are to read.
///
/// # Errors
/// Those of [`replace`].
pub(crate) fn publish(path: &Path, bytes: &[u8], ours: &[&[u8]]) -> io::Result<()> {
    put(path, bytes, ours, |old| old.map_or(Permissions::from_mode(0o644), fs::Metadata::permissions))
}

/// Writes like [`replace`] a file that can name patients: it is its owner's alone, also where it was not before.
///
/// # Errors
/// Those of [`replace`].
pub(crate) fn export(path: &Path, bytes: &[u8], ours: &[&[u8]]) -> io::Result<()> {
    put(path, bytes, ours, |old| {
        Permissions::from_mode(old.map_or(0o600, |old| old.permissions().mode()) & 0o600)
    })
}

fn put(
    path: &Path,
    bytes: &[u8],
    ours: &[&[u8]],
    permissions: impl Fn(Option<&fs::Metadata>) -> Permissions,
) -> io::Result<()> {
    check_place(path, ours)?;
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&path);
    let write = || {
        let mut file = private_file::options().create_new(true).write(true).open(&beside)?;
        match fs::metadata(&path) {
            Ok(old) => {
                keep_owner(&file, &old)?;
                file.set_permissions(permissions(Some(&old)))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                file.set_permissions(permissions(None))?;
            }
            Err(error) => return Err(error),
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    write().inspect_err(|_| {
        // The half-written one is of no use to anybody.
        let _ = fs::remove_file(&beside);
    })
}

/// A name of our own in the same folder.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

fn keep_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    #[test]
    fn only_our_own_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let png = [PNG, b"new"].concat();
        fs::write(at("old.png"), [PNG, b"old, and longer"].concat()).unwrap();
        fs::set_permissions(at("old.png"), fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(at("old.png"), at("link.png")).unwrap();
        fs::write(at("empty"), "").unwrap();
        for name in ["new.png", "old.png", "link.png", "empty"] {
            replace(&at(name), &png, &[PNG]).unwrap();
            assert_eq!(fs::read(at(name)).unwrap(), png, "{name}");
        }
        assert!(fs::symlink_metadata(at("link.png")).unwrap().is_symlink());
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("old.png"), 0o640);
        export(&at("old.png"), &png, &[PNG]).unwrap();
        assert_eq!(mode("old.png"), 0o600);

        fs::write(at("film.dcm"), "a film").unwrap();
        fs::create_dir(at("folder")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        for (path, message) in [
            (at("film.dcm"), "another file of that name"),
            (at("folder"), "there is a folder of that name"),
            (at("pipe"), "there is a named pipe of that name"),
            ("/dev/null".into(), "there is a device of that name"),
        ] {
            let error = replace(&path, &png, &[PNG]).unwrap_err();
            assert!(error.to_string().contains(message), "{}: {error}", path.display());
        }
        assert_eq!(fs::read(at("film.dcm")).unwrap(), b"a film");
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 7, "nothing is left lying about: {left:?}");
    }
}
