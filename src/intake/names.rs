//! What names tell: files that are no films, or not yet, and priority sidecars.

use std::{
    ffi::{OsStr, OsString},
    path::{Component, Path, PathBuf},
};

use crate::{
    files::{Expected, readers},
    text,
};

/// Endings that senders, browsers and copy tools give to files that are not finished.
pub const DEFAULT_IGNORE: [&str; 6] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload"];

/// Endings of what travels with films and is none: lists, notes, an editor's copies.
const NOTES: [&str; 6] = [".csv", ".txt", ".json", ".xml", ".md", "~"];

const SIDECAR: &str = "priority";

/// A sidecar says one word; whatever is longer is not one.
const SIDECAR_BYTES: usize = 64;
/// What is longer than this is no sidecar at all.
const SIDECAR_FILE: Expected = Expected::new("a sidecar", 1 << 20);

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something to look at.
    Film,
    /// `FILM.priority`.
    Sidecar,
    /// Never a film: a list, a note, or `DICOMDIR`, the index of a DICOM medium (PS3.10 section 8.6).
    Note,
}

/// What a file is by its name, given that nothing on its way is ignored.
pub(super) fn kind(path: &Path) -> Kind {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let is_note = NOTES.iter().any(|ending| ends_with(name, ending.as_bytes()));
    if is_note || name.eq_ignore_ascii_case(b"DICOMDIR") {
        Kind::Note
    } else if ends_with(name, b".priority") {
        Kind::Sidecar
    } else {
        Kind::Film
    }
}

/// Which files and folders are left alone.
#[derive(Debug)]
pub(super) struct Ignored {
    endings: Vec<String>,
}

impl Ignored {
    pub(super) fn new(endings: Vec<String>) -> Self {
        // An empty ending would end every name, and hide every film without a word.
        Self { endings: endings.into_iter().filter(|ending| !ending.is_empty()).collect() }
    }

    /// One file's or folder's own name: hidden, or not finished.
    pub(super) fn has(&self, name: &OsStr) -> bool {
        let name = name.as_encoded_bytes();
        name.starts_with(b".") || self.endings.iter().any(|ending| ends_with(name, ending.as_bytes()))
    }

    /// A path relative to the inbox: any folder on the way counts.
    pub(super) fn has_within(&self, relative: &Path) -> bool {
        relative.components().any(|component| match component {
            Component::Normal(name) => self.has(name),
            _ => true,
        })
    }
}

/// Whether a file or folder of this name is one that films may be in: not hidden, none of `ignore`'s
/// endings, no sidecar and no index.
#[must_use]
pub fn may_hold_films(path: &Path, ignore: &[String]) -> bool {
    let name = path.file_name().unwrap_or_default();
    !Ignored::new(ignore.to_vec()).has(name) && kind(path) == Kind::Film
}

fn ends_with(name: &[u8], ending: &[u8]) -> bool {
    name.len().checked_sub(ending.len()).is_some_and(|start| name[start..].eq_ignore_ascii_case(ending))
}

/// The film that a sidecar stands beside.
pub(super) fn film_of(sidecar: &Path) -> PathBuf {
    sidecar.with_extension("")
}

/// The priority that a sidecar asks for: the first word of `FILM.priority`, in capitals.
///
/// The words are the defined terms of Requested Procedure Priority (0040,1003), DICOM PS3.3 section
/// C.4.11: STAT, HIGH, ROUTINE, MEDIUM, LOW; any other word is passed on as it is. At most 64 bytes are
/// read, cleaned of control characters. `None` when there is no sidecar, or nothing in it, or it cannot
/// be read: a priority from outside can only raise, so its absence is no error.
#[must_use]
pub fn sidecar_priority(film: &Path) -> Option<String> {
    let mut name = OsString::from(film);
    name.push(".");
    name.push(SIDECAR);
    let bytes = readers().read(Path::new(&name), SIDECAR_FILE, &|| false).ok()?;
    let cleaned = text::clean(&String::from_utf8_lossy(&bytes[..bytes.len().min(SIDECAR_BYTES)]));
    cleaned.split_whitespace().next().map(str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn hidden_and_unfinished_names_are_left_alone() {
        let ignored = Ignored::new(DEFAULT_IGNORE.map(str::to_owned).to_vec());
        for (path, expected) in [
            ("film.dcm", false),
            ("1.2.840.113619.2", false),
            ("no extension", false),
            ("ward 7/film.png", false),
            ("tmp", false),
            ("film.tmp.dcm", false),
            (".film.dcm.Xa3f9", true),
            (".snapshot/film.dcm", true),
            ("film.dcm.TMP", true),
            ("study.part/film.dcm", true),
            ("film.dcm.crdownload", true),
            ("../elsewhere.dcm", true),
        ] {
            assert_eq!(ignored.has_within(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn an_empty_ending_in_the_configuration_hides_nothing() {
        assert!(!Ignored::new(vec![String::new()]).has(OsStr::new("film.dcm")));
    }

    #[test]
    fn sidecars_and_indexes_are_no_films() {
        for (path, expected) in [
            ("/in/film.dcm", Kind::Film),
            ("/in/film.dcm.priority", Kind::Sidecar),
            ("/in/film.dcm.PRIORITY", Kind::Sidecar),
            ("/in/priority", Kind::Film),
            ("/in/cd/DICOMDIR", Kind::Note),
            ("/in/dicomdir", Kind::Note),
            ("/in/dicomdir.dcm", Kind::Film),
            ("/in/labels.CSV", Kind::Note),
            ("/in/film.png~", Kind::Note),
            ("/in/json", Kind::Film),
        ] {
            assert_eq!(kind(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_sidecar_is_one_clean_word() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.dcm");
        assert_eq!(sidecar_priority(&film), None, "no sidecar");
        for (text, priority) in [
            (&b"STAT"[..], Some("STAT")),
            (b"stat\n", Some("STAT")),
            (b"\xef\xbb\xbfHIGH please, it is urgent\r\n", Some("HIGH")),
            (b"\x1b[31mHIGH", Some("[31MHIGH")),
            (b" \n\t", None),
            (b"", None),
        ] {
            fs::write(folder.path().join("film.dcm.priority"), text).unwrap();
            assert_eq!(sidecar_priority(&film).as_deref(), priority, "{text:?}");
        }
        fs::write(folder.path().join("film.dcm.priority"), vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(sidecar_priority(&film).map(|word| word.len()), Some(64));
        fs::remove_file(folder.path().join("film.dcm.priority")).unwrap();
        fs::create_dir(folder.path().join("film.dcm.priority")).unwrap();
        assert_eq!(sidecar_priority(&film), None, "a folder");
    }

    #[test]
    fn a_sidecar_names_its_film() {
        assert_eq!(film_of(Path::new("/in/a.b.dcm.priority")), Path::new("/in/a.b.dcm"));
        assert_eq!(film_of(Path::new("/in/1.2.3.priority")), Path::new("/in/1.2.3"));
    }
}
