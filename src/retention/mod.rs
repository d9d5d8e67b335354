//! Retention: which films of done studies are deleted, and why. [`decide`] is pure; [`delete`] looks at each file once more.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    config::Retention,
    health::Disk,
    store::DoneFilm,
    text::{long_time, size},
};

/// A film that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// The film.
    pub film: DoneFilm,
    /// Why: a sentence without names.
    pub why: String,
}

/// The fate of a film that was to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, or was already.
    Gone,
    /// It stays: why.
    Stays(String),
}

/// The films that are to go, in the order in which they come: `films` are those of done studies, those that were done
/// first first. By age go those that were done long enough ago; for want of room further ones, until the disk that they
/// lie on has what the site wants.
#[must_use]
pub fn decide(films: Vec<DoneFilm>, policy: &Retention, disk: &Disk, now: Timestamp) -> Vec<Doomed> {
    let wanted = policy.min_free.map_or(0, |space| space.of(disk.total_bytes));
    let mut free = disk.free_bytes.unwrap_or(u64::MAX);
    let mut doomed = Vec::new();
    for film in films {
        let Some(why) = reason(&film, policy, free, wanted, now) else { continue };
        free = free.saturating_add(film.size);
        doomed.push(Doomed { film, why });
    }
    doomed
}

fn reason(film: &DoneFilm, policy: &Retention, free: u64, wanted: u64, now: Timestamp) -> Option<String> {
    let age = now.duration_since(film.done_at);
    if policy.films.is_some_and(|limit| age >= limit) {
        return Some(format!("its study was done {} ago", long_time(age.as_secs())));
    }
    (free < wanted && age >= SignedDuration::ZERO)
        .then(|| format!("the disk has {} left, {} are wanted", size(free), size(wanted)))
}

/// Deletes a film's file, and the priority beside it, if the file lies below one of the folders (as they really are) and
/// is the one that was read. `knows`: whether a file that is not there is gone, and does not lie on another host.
///
/// # Errors
/// Those of the operating system.
pub fn delete(
    film: &DoneFilm,
    folders: &[PathBuf],
    knows: impl Fn(&DoneFilm) -> bool,
) -> io::Result<Deletion> {
    let stays = |why: &str| Ok(Deletion::Stays(why.to_owned()));
    let not_there = || {
        if knows(film) {
            return Ok(Deletion::Gone);
        }
        stays("it is not there, and this host cannot know whether another one has it")
    };
    let Some(place) = real_place(&film.path)? else { return not_there() };
    if !is_owned(&place, folders) {
        return stays("it lies in no folder of [retention]");
    }
    let metadata = match fs::symlink_metadata(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return not_there(),
        found => found?,
    };
    if !metadata.is_file() {
        return stays("it is a link, or no plain file");
    }
    let modified_ns = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
    if metadata.len() != film.size || modified_ns != film.modified_ns {
        return stays("it has changed since it was read");
    }
    fs::remove_file(&place)?;
    let mut sidecar = place.into_os_string();
    sidecar.push(".priority");
    match fs::remove_file(sidecar) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(Deletion::Gone),
    }
}

/// Says whether a file lies below one of the folders, which are named as they really are.
#[must_use]
pub fn is_owned(place: &Path, folders: &[PathBuf]) -> bool {
    place.parent().is_some_and(|folder| folders.iter().any(|owned| folder.starts_with(owned)))
}

/// A file's name in its folder as that really is, links followed; none where the folder is gone.
fn real_place(path: &Path) -> io::Result<Option<PathBuf>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    match fs::canonicalize(folder) {
        Ok(folder) => Ok(Some(folder.join(name))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
