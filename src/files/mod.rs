//! Files that somebody else put there. They are opened without waiting for anybody, looked at before a byte is
//! read, read with a deadline, and nothing is written over what is not ours.

mod place;
mod readers;
mod room;

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::Path,
};

use rustix::fs::OFlags;

pub(crate) use place::{check_place, export, publish, replace};
pub use readers::{Deadline, NoAnswerError, Progress, Readers, readers};
pub use room::{Room, Space};

/// Bytes that are read in one go.
const CHUNK: u64 = 1 << 20;

/// The expectations of a file: how messages call it, and the longest that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    what: &'static str,
    most: u64,
}

impl Expected {
    /// A film.
    pub const FILM: Self = Self { what: "a film", most: 1 << 30 };
    /// A table of labels or boxes.
    pub(crate) const TABLE: Self = Self { what: "a table", most: 1 << 30 };
    /// A configuration, a theme, a manifest, a study as JSON.
    pub(crate) const TEXT: Self = Self { what: "a text file", most: 4 << 20 };
    /// The weights of a network; no network that fits into this program has more.
    pub(crate) const WEIGHTS: Self = Self { what: "a file of weights", most: 4 << 30 };

    /// Something with another name in messages, of at most so many bytes.
    #[must_use]
    pub const fn new(what: &'static str, most: u64) -> Self {
        Self { what, most }
    }

    fn check(self, metadata: &Metadata) -> io::Result<()> {
        if !metadata.is_file() {
            let refused = RefusedError::Kind { is: kind_of(metadata.file_type()), what: self.what };
            return Err(io::Error::new(io::ErrorKind::InvalidInput, refused));
        }
        if metadata.len() > self.most { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(self) -> io::Error {
        let refused = RefusedError::TooLarge { what: self.what, most: self.most };
        io::Error::new(io::ErrorKind::FileTooLarge, refused)
    }
}

/// Why a file is not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedError {
    /// It is no regular file.
    #[error("it is {is}, not {what}")]
    Kind {
        /// "a named pipe".
        is: &'static str,
        /// "a film".
        what: &'static str,
    },
    /// It is longer than any of its kind.
    #[error("it is larger than {}, and no such file is {what}", size(*most))]
    TooLarge {
        /// "a film".
        what: &'static str,
        /// Bytes.
        most: u64,
    },
}

impl RefusedError {
    /// The refusal in an error of [`open`] or [`read`], if it is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// The kind of a file that is no regular one, in words.
pub(crate) fn kind_of(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "a link"
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

/// Opens a regular file for reading, without waiting: what would wait for its other end (a named pipe), or act on
/// being opened (a device), is refused by its kind, and so is what is too long.
///
/// # Errors
/// What the operating system says, or a [`RefusedError`].
pub fn open(path: &Path, expected: Expected) -> io::Result<File> {
    // Before it is opened, for a device may act on that alone; and of the open file, for what lies at a path may
    // have been replaced in between.
    expected.check(&fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(unwaiting()).open(path)?;
    expected.check(&file.metadata()?)?;
    Ok(file)
}

/// The flags of an opening that neither waits nor takes a terminal for the process's own.
pub(crate) fn unwaiting() -> i32 {
    i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default()
}

/// The flag of an opening that follows no link at the end of the path.
pub(crate) fn unlinked() -> i32 {
    i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// Whether a folder has anything in it: the place of a share that is away has not.
#[must_use]
pub fn is_filled(folder: &Path) -> bool {
    folder.read_dir().is_ok_and(|mut files| files.next().is_some())
}

/// Reads a regular file whole; one that grows meanwhile beyond what is expected is refused.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, expected: Expected) -> io::Result<Vec<u8>> {
    read_noting(path, expected, &Progress::default())
}

/// Reads a file of text.
///
/// # Errors
/// As [`open`], and [`io::ErrorKind::InvalidData`] where it is not UTF-8.
pub fn read_text(path: &Path, expected: Expected) -> io::Result<String> {
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path, expected)?).map_err(not_text)
}

/// Reads a regular file whole, and notes how far it has come.
fn read_noting(path: &Path, expected: Expected, progress: &Progress) -> io::Result<Vec<u8>> {
    let mut file = open(path, expected)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut content = Vec::new();
    content.try_reserve_exact(length).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    loop {
        if Read::by_ref(&mut file).take(CHUNK).read_to_end(&mut content)? == 0 {
            return Ok(content);
        }
        if content.len() as u64 > expected.most {
            return Err(expected.too_large());
        }
        progress.is_at(content.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::net::UnixListener};

    use super::*;

    const NOTE: Expected = Expected::new("a note", 2048);

    #[test]
    fn what_is_no_file_is_refused_by_its_kind_before_a_byte_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(made.success());
        let _socket = UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
        fs::write(at("long"), vec![b'x'; 2049]).unwrap();
        // As large as two disks, and nowhere on one.
        File::create(at("sparse")).unwrap().set_len(10 << 30).unwrap();
        for (path, message) in [
            (at("pipe"), "it is a named pipe, not a note"),
            (at("link"), "it is a named pipe, not a note"),
            (at("socket"), "it is a socket, not a note"),
            (folder.path().to_owned(), "it is a folder, not a note"),
            ("/dev/null".into(), "it is a device, not a note"),
            ("/dev/zero".into(), "it is a device, not a note"),
            (at("long"), "it is larger than 2 KiB, and no such file is a note"),
            (at("sparse"), "it is larger than 2 KiB, and no such file is a note"),
        ] {
            let error = read(&path, NOTE).unwrap_err();
            assert_eq!(error.to_string(), message, "{}", path.display());
            assert!(RefusedError::of(&error).is_some());
        }
        let missing = read(&at("missing"), NOTE).unwrap_err();
        assert_eq!((missing.kind(), RefusedError::of(&missing)), (io::ErrorKind::NotFound, None));
    }

    #[test]
    fn files_up_to_the_limit_are_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        for length in [0, 1, 2048] {
            fs::write(&path, vec![b'x'; length]).unwrap();
            assert_eq!(read(&path, NOTE).unwrap().len(), length);
        }
        let large = vec![7; (CHUNK as usize) * 2 + 3];
        fs::write(&path, &large).unwrap();
        assert_eq!(read(&path, Expected::FILM).unwrap(), large, "in several goes");
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path, NOTE).unwrap_err().to_string(), "it is not UTF-8 text");
    }

    #[test]
    fn a_file_that_grows_while_it_is_read_is_cut_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        fs::write(&path, "short").unwrap();
        let mut file = open(&path, NOTE).unwrap();
        expect_growth(&path);
        // The length that was seen at the opening says nothing any more.
        let mut content = Vec::new();
        Read::by_ref(&mut file).take(CHUNK).read_to_end(&mut content).unwrap();
        assert!(content.len() as u64 > NOTE.most);
        assert!(read(&path, NOTE).is_err());
    }

    fn expect_growth(path: &Path) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(&[b'x'; 4096]).unwrap();
    }
}
