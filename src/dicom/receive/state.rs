//! The state of a receiver in its own words, in a file in the inbox: who looks after the inbox learns of it, whatever
//! process the receiver runs in.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::folder::{MODE, PASSING_FOLDER};
use crate::{
    files::{self, Expected},
    text::{clean, shown},
};

/// The file, beside the films that are not complete.
const NAME: &str = "receiver";
/// Bytes of the file: it never grows, so that a change of it needs no room on a full disk.
const PAGE: usize = 1_024;
const STATE: Expected = Expected::new("the state of a receiver", PAGE as u64);
/// Somebody who asks for the state holds the file for a moment: it is tried again so often.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// The file in which a receiver says how it is, locked while it lives and gone when it has ended as it should.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Makes the file in an inbox that is prepared; nothing is wrong as yet.
    ///
    /// # Errors
    /// Those of the file system; another receiver has the file.
    pub fn open(inbox: &Path) -> io::Result<Self> {
        let path = place(inbox);
        for _ in 0..TRIES {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(MODE);
            let file = options.custom_flags(files::unwaiting() | files::unlinked()).open(&path)?;
            if !file.metadata()?.is_file() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(BETWEEN_TRIES);
                    continue;
                }
                // On a file system without locks its content counts.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // A receiver that ends takes its file away: the lock may be on one that nobody finds any more.
            let state = Self { path: path.clone(), file };
            if state.lies_there() {
                state.write(None)?;
                return Ok(state);
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Says what is wrong, a sentence, or that nothing is.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, fault: Option<&str>) -> io::Result<()> {
        let mut text = fault.unwrap_or_default();
        while text.len() > PAGE - 1 {
            text = text.char_indices().next_back().map_or("", |(at, _)| &text[..at]);
        }
        let mut page = vec![b' '; PAGE];
        page[..text.len()].copy_from_slice(text.as_bytes());
        page[PAGE - 1] = b'\n';
        self.file.write_all_at(&page, 0)
    }
}

impl StateFile {
    /// Returns whether the file is the one that lies at its place.
    fn lies_there(&self) -> bool {
        match (self.file.metadata(), fs::symlink_metadata(&self.path)) {
            (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // Another receiver's stays.
        if self.lies_there() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn place(inbox: &Path) -> PathBuf {
    inbox.join(PASSING_FOLDER).join(NAME)
}

/// Returns why no film can be received into an inbox; none: nothing is wrong, or nobody wants to receive any.
#[must_use]
pub fn fault_of(inbox: &Path) -> Option<String> {
    let path = place(inbox);
    let file = files::open(&path, STATE).ok()?;
    if file.try_lock_shared().is_ok() {
        return Some(format!(
            "the receiver of the inbox has ended without being told to: start it again, or, where none is wanted, remove {}",
            shown(&path)
        ));
    }
    let mut page = Vec::new();
    file.take(PAGE as u64).read_to_end(&mut page).ok()?;
    Some(clean(&String::from_utf8_lossy(&page))).filter(|fault| !fault.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_heard_of_while_it_lives_and_missed_when_it_has_died() {
        let inbox = tempfile::tempdir().unwrap();
        fs::create_dir(inbox.path().join(PASSING_FOLDER)).unwrap();
        let fault = || fault_of(inbox.path());
        assert_eq!(fault(), None, "nobody wants to receive");
        let state = StateFile::open(inbox.path()).unwrap();
        assert_eq!(fault(), None);
        state.write(Some("the port is taken\u{1b}[31m")).unwrap();
        assert!(
            fault().is_some_and(|fault| fault.starts_with("the port is taken") && !fault.contains('\u{1b}'))
        );
        state.write(Some(&"ä".repeat(PAGE))).unwrap();
        assert!(fault().is_some_and(|fault| fault.starts_with("ää") && fault.ends_with('ä')));
        assert_eq!(StateFile::open(inbox.path()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        state.write(None).unwrap();
        assert_eq!(fault(), None);
        // As a kill leaves it.
        let path = place(inbox.path());
        let left = fs::read(&path).unwrap();
        drop(state);
        assert_eq!(fault(), None, "it ended as it should");
        fs::write(&path, left).unwrap();
        assert!(fault().unwrap().contains("has ended without being told to"));
        drop(StateFile::open(inbox.path()).unwrap());
        assert_eq!(fault(), None);
    }

    #[test]
    fn a_receiver_that_starts_while_another_one_ends_is_heard_of() {
        let inbox = tempfile::tempdir().unwrap();
        fs::create_dir(inbox.path().join(PASSING_FOLDER)).unwrap();
        for _ in 0..5 {
            let ends = StateFile::open(inbox.path()).unwrap();
            let folder = inbox.path().to_owned();
            let starts = thread::spawn(move || StateFile::open(&folder).unwrap());
            thread::sleep(BETWEEN_TRIES / 2);
            drop(ends);
            let state = starts.join().unwrap();
            state.write(Some("the port is taken")).unwrap();
            assert_eq!(fault_of(inbox.path()).as_deref(), Some("the port is taken"));
            assert_eq!(StateFile::open(inbox.path()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }
}
