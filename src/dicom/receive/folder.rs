//! The inbox, as the receiver writes to it: a film is there whole and on disk, or not at all.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use sha2::{Digest, Sha256};

use super::negotiate::Context;
use crate::{
    dicom::wire::{IMPLEMENTATION_CLASS, IMPLEMENTATION_NAME, padded},
    files::{Room, Space},
    hash::hex,
    lock::lock,
};

/// The folder in the inbox in which films lie that are not complete. Intake leaves it out.
pub const PASSING_FOLDER: &str = ".cxr-receiving";
/// Films can be read by their owner and its group.
pub(super) const MODE: u32 = 0o640;
/// Bytes that are written at once.
const BUFFER: usize = 256 << 10;
/// The free space is looked at again after so many bytes.
const LOOK_AGAIN: u64 = 4 << 20;
/// Bytes of a hash that name a film.
const NAME_BYTES: usize = 20;

/// Why a film cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    /// The disk has less room left than it must keep.
    #[error("the disk of the inbox has less than {0} free (`min_free` under [health])")]
    Low(Size),
    /// The inbox was another disk, which is not mounted any more.
    #[error("the disk of the inbox is not mounted any more")]
    Unmounted,
    /// The film is longer than is allowed.
    #[error("the film is longer than {0} ([receive] max_film)")]
    TooLong(Size),
    /// The file system does not allow it.
    #[error("the inbox cannot be written to ({0})")]
    Io(#[from] io::Error),
}

/// A number of bytes, for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 30 => write!(f, "{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
            bytes => write!(f, "{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        }
    }
}

/// The inbox.
#[derive(Debug)]
pub(super) struct Folder {
    inbox: PathBuf,
    passing: PathBuf,
    /// Whether a disk was mounted there in the beginning: what is written to the place beneath it is seen by nobody.
    is_mounted: bool,
    min_free: Mutex<Option<Space>>,
    max_film: u64,
    next: AtomicU64,
}

/// A film that is being written. What is not finished is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Passing<'f> {
    folder: &'f Folder,
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
    look_at: u64,
}

/// A film that is on disk.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    /// Bytes of the data set.
    pub(super) bytes: u64,
    /// Whether it lay there already.
    pub(super) again: bool,
}

impl Folder {
    /// Prepares the inbox, and removes what receivers that have died left in it.
    pub(super) fn open(inbox: &Path, min_free: Option<Space>, max_film: u64) -> io::Result<Self> {
        let folder = Self {
            inbox: inbox.to_owned(),
            passing: inbox.join(PASSING_FOLDER),
            is_mounted: is_mount_point(inbox)?,
            min_free: Mutex::new(min_free),
            max_film,
            next: AtomicU64::new(0),
        };
        folder.prepare()?;
        folder.remove_leftovers()?;
        Ok(folder)
    }

    fn prepare(&self) -> io::Result<()> {
        match fs::create_dir(&self.passing) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps so much of the disk free from now on; none: all may be filled.
    pub(super) fn keep_free(&self, min_free: Option<Space>) {
        *lock(&self.min_free) = min_free;
    }

    /// Removes unfinished films that no process holds a lock on.
    fn remove_leftovers(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.passing)? {
            let path = entry?.path();
            let Ok(file) = OpenOptions::new()
                .write(true)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
                .open(&path)
            else {
                continue;
            };
            if file.try_lock().is_ok() {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }

    /// Begins a film: the file's own header is written, and locked against another receiver's cleaning.
    pub(super) fn begin(&self, context: &Context, instance: &str) -> Result<Passing<'_>, FolderError> {
        self.check_disk()?;
        self.check_room()?;
        let (path, file) = self.new_file()?;
        match file.try_lock() {
            // A file system without locks has no cleaning either.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::from(io::ErrorKind::WouldBlock).into()),
        }
        let mut film = Passing {
            folder: self,
            path,
            file: BufWriter::with_capacity(BUFFER, file),
            hash: Sha256::new(),
            bytes: 0,
            look_at: LOOK_AGAIN,
        };
        film.put(&file_meta(context, instance))?;
        Ok(film)
    }

    fn new_file(&self) -> io::Result<(PathBuf, File)> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = self.passing.join(format!("{}-{number}.part", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path) {
                // That of a process with the same number, in a container perhaps.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // The inbox is another folder by now: a share that came back.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.prepare()?,
                file => return Ok((path, file?)),
            }
        }
    }

    fn check_disk(&self) -> Result<(), FolderError> {
        if self.is_mounted && !is_mount_point(&self.inbox)? { Err(FolderError::Unmounted) } else { Ok(()) }
    }

    fn check_room(&self) -> Result<(), FolderError> {
        let Some(min_free) = *lock(&self.min_free) else { return Ok(()) };
        let room = Room::of(&self.inbox)?;
        let least = min_free.of(room.total);
        if room.free < least { Err(FolderError::Low(Size(least))) } else { Ok(()) }
    }

    /// Makes sure that names in the inbox are on disk.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.inbox)?.sync_all()
    }
}

impl Passing<'_> {
    /// Writes a piece of the data set.
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), FolderError> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.folder.max_film {
            return Err(FolderError::TooLong(Size(self.folder.max_film)));
        }
        if self.bytes >= self.look_at {
            self.folder.check_room()?;
            self.look_at = self.bytes + LOOK_AGAIN;
        }
        Ok(self.put(piece)?)
    }

    /// Returns how many bytes of the data set were written.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }

    /// Puts the film into the inbox under a name made from its content. When this returns, it outlives a power cut.
    pub(super) fn finish(mut self) -> Result<Stored, FolderError> {
        self.file.flush()?;
        let length = {
            let file = self.file.get_ref();
            file.sync_all()?;
            file.metadata()?.len()
        };
        self.folder.check_disk()?;
        let place = self.folder.inbox.join(name(&self.hash.clone().finalize()));
        let lies_there =
            fs::symlink_metadata(&place).is_ok_and(|found| found.is_file() && found.len() == length);
        if !lies_there {
            fs::rename(&self.path, &place)?;
        }
        self.folder.sync()?;
        Ok(Stored { path: place, bytes: self.bytes, again: lies_there })
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns whether a folder is on another disk than the one that it lies in. A disk that is mounted below itself is not told.
fn is_mount_point(folder: &Path) -> io::Result<bool> {
    Ok(fs::metadata(folder)?.dev() != fs::metadata(folder.join(".."))?.dev())
}

fn name(hash: &[u8]) -> String {
    format!("received-{}.dcm", hex(&hash[..NAME_BYTES]))
}

/// The preamble and the file meta information that stand before a data set in a file (PS3.10 chapter 7). The sender is not
/// named, so that one film has the same bytes whoever sends it.
fn file_meta(context: &Context, instance: &str) -> Vec<u8> {
    let mut group = Vec::with_capacity(256);
    let mut put = |element: u16, vr: &[u8; 2], value: &[u8]| {
        group.extend([2, 0]);
        group.extend(element.to_le_bytes());
        group.extend(vr);
        if vr == b"OB" {
            group.extend([0, 0]);
            group.extend((value.len() as u32).to_le_bytes());
        } else {
            group.extend((value.len() as u16).to_le_bytes());
        }
        group.extend(value);
    };
    put(0x0001, b"OB", &[0, 1]);
    put(0x0002, b"UI", &padded(&context.class, 0));
    put(0x0003, b"UI", &padded(instance, 0));
    put(0x0010, b"UI", &padded(&context.syntax, 0));
    put(0x0012, b"UI", &padded(IMPLEMENTATION_CLASS, 0));
    put(0x0013, b"SH", &padded(IMPLEMENTATION_NAME, b' '));
    let mut meta = vec![0; 128];
    meta.extend(b"DICM");
    meta.extend([2, 0, 0, 0]);
    meta.extend(b"UL");
    meta.extend(4_u16.to_le_bytes());
    meta.extend((group.len() as u32).to_le_bytes());
    meta.extend(group);
    meta
}
