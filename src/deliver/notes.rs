//! Words of external programs on their standard error: a file beside the store, bounded, its owner's alone. It is not
//! the log, for a program is given the study and may name its patient.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::{private_file, store::place_beside, store_place::StorePlace, text::Writer};

/// From this size on the file is put aside, in place of the one before.
const LARGEST: u64 = 1 << 20;

/// The file.
#[derive(Debug, Clone)]
pub struct Notes(PathBuf);

impl Notes {
    /// Beside a store, under its name: `store.db` has `store.programs.log`.
    ///
    /// # Errors
    /// Those of the operating system, where the folder for what belongs to a store on a server cannot be made.
    pub fn beside(store: &StorePlace) -> io::Result<Self> {
        match store {
            StorePlace::File(path) => Ok(Self(path.with_extension("programs.log"))),
            StorePlace::Server(_) => place_beside(store, ".programs.log").map(Self),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Adds what one run said, each line clean; false if that was nothing.
    pub(super) fn add(&self, heading: &str, said: &[u8]) -> io::Result<bool> {
        if said.is_empty() {
            return Ok(false);
        }
        if fs::metadata(&self.0).is_ok_and(|found| found.len() >= LARGEST) {
            fs::rename(&self.0, self.0.with_extension("log.1"))?;
        }
        let mut entry = Writer::new(Vec::new());
        writeln!(entry, "{} {heading}", Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"))?;
        entry.lines(&String::from_utf8_lossy(said))?;
        // In one piece: two programs may end at the same time.
        let mut file = private_file::options().append(true).create(true).open(&self.0)?;
        file.write_all(&entry.into_inner())?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_kept_clean_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::beside(&folder.path().join("store.db").into()).unwrap();
        assert!(!notes.add("/bin/page k1", b"").unwrap());
        assert!(notes.add("/bin/page k1", b"busy\x1b[2J\nDOE").unwrap());
        let text = fs::read_to_string(folder.path().join("store.programs.log")).unwrap();
        assert!(text.ends_with(" /bin/page k1\nbusy[2J\nDOE\n"), "{text}");
        let much = vec![b'x'; 400 << 10];
        for _ in 0..20 {
            notes.add("/bin/page k2", &much).unwrap();
        }
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
        let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
        assert!(files.len() == 2 && bytes < 3 * LARGEST, "{} files, {bytes} bytes", files.len());
    }
}
