//! The meaning of file names: files that are no films, or not yet, and priority sidecars.

use std::{
    ffi::{OsStr, OsString},
    path::{Component, Path, PathBuf},
};

use super::{disk, left_out::Why};
use crate::{
    files::{Expected, readers},
    text,
};

/// Endings that senders, browsers and copy tools give to files that are not finished.
pub const DEFAULT_IGNORE: [&str; 6] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload"];

/// Endings of what travels with films and is none: lists, notes, an editor's copies.
const NOTES: [&str; 6] = [".csv", ".txt", ".json", ".xml", ".md", "~"];

/// Files that systems and media put beside films. `DICOMDIR` is the index of a DICOM medium (PS3.10 section 8.6);
/// `LOCKFILE` and `VERSION` stand on it too.
const SYSTEM_FILES: [&str; 10] = [
    "DICOMDIR",
    "LOCKFILE",
    "VERSION",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "AUTORUN.INF",
    ".DS_Store",
    ".directory",
    "Icon\r",
];

/// The beginnings of names of companion files that macOS keeps where the file system cannot, and of deleted files that a
/// program still has open, on NFS, SMB and FUSE.
const SYSTEM_BEGINNINGS: [&str; 4] = ["._", ".nfs0", ".smbdelete", ".fuse_hidden"];

/// Folders of file systems and desktops: what was deleted, snapshots of what is there anyway, indexes.
const SYSTEM_FOLDERS: [&str; 18] = [
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "@eaDir",
    "#recycle",
    "#snapshot",
    ".snapshot",
    ".snapshots",
    "~snapshot",
    ".zfs",
    ".Trash",
    ".Trashes",
    ".Spotlight-V100",
    ".fseventsd",
    ".TemporaryItems",
    ".DocumentRevisions-V100",
    ".AppleDouble",
    ".git",
];

/// Folders in which transfer tools keep files that are not in their place yet, by the beginnings of their names: rsync's
/// `--delay-updates` and `--partial-dir` as its manual has it; and our own receiver.
const PASSING_FOLDERS: [&str; 4] =
    [".~tmp~", ".rsync-partial", ".rsync-tmp", crate::dicom::receive::PASSING_FOLDER];

const SIDECAR: &str = "priority";

/// A sidecar says one word; whatever is longer is not one.
const SIDECAR_BYTES: usize = 64;
/// The longest sidecar, in bytes; a longer file is none.
const SIDECAR_FILE: Expected = Expected::new("a sidecar", 1 << 20);

/// The kind of a file by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something to look at.
    Film,
    /// Something whose name, or whose folder's, begins with a dot: a film where its content is DICOM, else left out.
    Hidden,
    /// `FILM.priority`.
    Sidecar,
    /// Never a film, or not yet.
    LeftOut(Why),
}

/// Which files and folders are left alone.
#[derive(Debug)]
pub struct Names {
    unfinished: Vec<String>,
}

impl Names {
    /// Leaves alone what ends in one of `unfinished`, in either case, besides what is always left alone.
    #[must_use]
    pub fn new(unfinished: Vec<String>) -> Self {
        // An empty ending would end every name, and hide every film without a word.
        Self { unfinished: unfinished.into_iter().filter(|ending| !ending.is_empty()).collect() }
    }

    /// Why a folder of this name is left alone with all that is in it, if it is.
    #[must_use]
    pub fn folder(&self, name: &OsStr) -> Option<Why> {
        let bytes = name.as_encoded_bytes();
        let is = |known: &&str| bytes.eq_ignore_ascii_case(known.as_bytes());
        // `.Trash-1000` is that of a user.
        if SYSTEM_FOLDERS.iter().any(is) || starts_with(bytes, b".Trash-") {
            Some(Why::System)
        } else if PASSING_FOLDERS.iter().any(|passing| starts_with(bytes, passing.as_bytes()))
            || self.is_unfinished(bytes)
        {
            Some(Why::Unfinished)
        } else {
            None
        }
    }

    /// Tells the kind of the file at a path relative to the inbox, by its name and by the folders on the way to it.
    #[must_use]
    pub fn kind(&self, relative: &Path) -> Kind {
        for component in relative.parent().into_iter().flat_map(Path::components) {
            let Component::Normal(folder) = component else { return Kind::LeftOut(Why::System) };
            if let Some(why) = self.folder(folder) {
                return Kind::LeftOut(why);
            }
        }
        let Some(Component::Normal(name)) = relative.components().next_back() else {
            return Kind::LeftOut(Why::System);
        };
        let name = name.as_encoded_bytes();
        if SYSTEM_FILES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            || SYSTEM_BEGINNINGS.iter().any(|known| starts_with(name, known.as_bytes()))
        {
            Kind::LeftOut(Why::System)
        } else if self.is_unfinished(name) {
            Kind::LeftOut(Why::Unfinished)
        } else if NOTES.iter().any(|ending| ends_with(name, ending.as_bytes())) {
            Kind::LeftOut(Why::Text)
        } else if ends_with(name, b".priority") {
            Kind::Sidecar
        } else if is_hidden(relative) {
            Kind::Hidden
        } else {
            Kind::Film
        }
    }

    /// Tells the kind of the file at `path` in the folder `top` that nobody is writing to: a hidden one is looked into.
    #[must_use]
    pub fn kind_at_rest(&self, top: &Path, path: &Path) -> Kind {
        match self.kind(path.strip_prefix(top).unwrap_or(path)) {
            Kind::Hidden if disk::is_dicom(path) => Kind::Film,
            Kind::Hidden => Kind::LeftOut(Why::Hidden),
            kind => kind,
        }
    }

    /// Why something is left out that is neither a file nor a folder.
    #[must_use]
    pub fn special(&self, relative: &Path) -> Why {
        match self.kind(relative) {
            Kind::LeftOut(why) => why,
            Kind::Film | Kind::Hidden | Kind::Sidecar => Why::Special,
        }
    }

    fn is_unfinished(&self, name: &[u8]) -> bool {
        self.unfinished.iter().any(|ending| ends_with(name, ending.as_bytes()))
    }
}

/// Whether a folder is the one in which our own receiver writes films: it always lies there, and nothing waits in it.
#[must_use]
pub fn is_receivers(folder: &OsStr) -> bool {
    folder == crate::dicom::receive::PASSING_FOLDER
}

/// Whether a name on the way to a file, given from the inbox on, begins with a dot.
#[must_use]
pub fn is_hidden(relative: &Path) -> bool {
    relative.iter().any(|name| starts_with(name.as_encoded_bytes(), b"."))
}

fn starts_with(name: &[u8], beginning: &[u8]) -> bool {
    name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
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
    fn names_tell_what_is_left_out_and_why() {
        use Kind::{Film, Hidden, LeftOut, Sidecar};
        use Why::{System, Text, Unfinished};
        let names = Names::new(DEFAULT_IGNORE.map(str::to_owned).to_vec());
        for (path, expected) in [
            ("film.dcm", Film),
            ("1.2.840.113619.2", Film),
            ("no extension", Film),
            ("ward 7/film.png", Film),
            ("tmp", Film),
            ("film.tmp.dcm", Film),
            ("json", Film),
            ("dicomdir.dcm", Film),
            ("priority", Film),
            // A leading dot says nothing of what is in it.
            (".CR..0003.0001.35115570.IMA", Hidden),
            (".THORAX PA/IM001", Hidden),
            ("ward/.a/.b/IM001", Hidden),
            (".film.dcm.Xa3f9Q", Hidden),
            (".unknown-folder/film.png", Hidden),
            // Not finished.
            ("film.dcm.TMP", LeftOut(Unfinished)),
            ("study.part/film.dcm", LeftOut(Unfinished)),
            ("film.dcm.crdownload", LeftOut(Unfinished)),
            (".film.dcm.part", LeftOut(Unfinished)),
            (".~tmp~/film.dcm", LeftOut(Unfinished)),
            (".rsync-partial/film.dcm", LeftOut(Unfinished)),
            (".cxr-receiving/7-0.part", LeftOut(Unfinished)),
            // Lists, notes, copies.
            ("labels.CSV", LeftOut(Text)),
            ("film.png~", LeftOut(Text)),
            (".notes.txt", LeftOut(Text)),
            // The system's.
            ("cd/DICOMDIR", LeftOut(System)),
            ("dicomdir", LeftOut(System)),
            ("LOCKFILE", LeftOut(System)),
            ("thumbs.db", LeftOut(System)),
            ("Desktop.ini", LeftOut(System)),
            ("autorun.inf", LeftOut(System)),
            (".DS_Store", LeftOut(System)),
            ("._film.dcm", LeftOut(System)),
            (".nfs000000000001f4a200000001", LeftOut(System)),
            (".snapshot/film.dcm", LeftOut(System)),
            (".Trash-1000/files/film.dcm", LeftOut(System)),
            ("$Recycle.Bin/film.dcm", LeftOut(System)),
            ("../elsewhere.dcm", LeftOut(System)),
            // Beside a film.
            ("film.dcm.priority", Sidecar),
            ("film.dcm.PRIORITY", Sidecar),
            (".film.dcm.priority", Sidecar),
        ] {
            assert_eq!(names.kind(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn an_empty_ending_in_the_configuration_hides_nothing() {
        assert_eq!(Names::new(vec![String::new()]).kind(Path::new("film.dcm")), Kind::Film);
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
