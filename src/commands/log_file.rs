//! The log's file: put aside when it is large, so that a log of years has a bounded size. Several processes may write
//! into one; who finds that another put it aside goes on in the new one.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use crate::{files, lock::lock, private_file};

/// Bytes of a log, at most.
pub(super) const MOST: u64 = 16 << 20;
/// Logs that were put aside: `.1` is the last one.
const OLD: u32 = 4;

/// A log's file, shared by all threads.
#[derive(Clone)]
pub(super) struct LogFile(Arc<Mutex<Inner>>);

struct Inner {
    path: PathBuf,
    most: u64,
    file: File,
}

impl LogFile {
    /// Opens the file, or makes it, its owner's alone.
    ///
    /// # Errors
    /// Those of the operating system.
    pub(super) fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = open(path)?;
        Ok(Self(Arc::new(Mutex::new(Inner { path: path.to_owned(), most, file }))))
    }
}

fn open(path: &Path) -> io::Result<File> {
    private_file::options().create(true).append(true).custom_flags(files::unwaiting()).open(path)
}

impl Write for LogFile {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        let mut inner = lock(&self.0);
        // A log that cannot be put aside is still written.
        let _ = inner.make_room(entry.len());
        inner.file.write_all(entry)?;
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        lock(&self.0).file.flush()
    }
}

impl Inner {
    /// Puts the file aside if it is full, and opens the one that has its name now.
    fn make_room(&mut self, bytes: usize) -> io::Result<()> {
        let own = self.file.metadata()?;
        if !own.is_file() {
            return Ok(());
        }
        let is_own = |named: &fs::Metadata| (named.dev(), named.ino()) == (own.dev(), own.ino());
        if fs::metadata(&self.path).is_ok_and(|named| is_own(&named)) {
            if own.len() == 0 || own.len().saturating_add(bytes as u64) <= self.most {
                return Ok(());
            }
            for number in (1..OLD).rev() {
                let _ = fs::rename(self.old(number), self.old(number + 1));
            }
            fs::rename(&self.path, self.old(1))?;
        }
        self.file = open(&self.path)?;
        Ok(())
    }

    fn old(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_size_whoever_writes_it_and_loses_the_oldest_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut writers = [LogFile::open(&path, 100).unwrap(), LogFile::open(&path, 100).unwrap()];
        for number in 0..100 {
            let line = format!("2026 {number:04}\n");
            writers[number % 2].write_all(line.as_bytes()).unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["log", "log.1", "log.2", "log.3", "log.4"]);
        let of = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let all: String = names.iter().rev().map(|name| of(name)).collect();
        assert!(names.iter().all(|name| of(name).len() <= 100), "{all}");
        let numbers: Vec<u32> = all.lines().map(|line| line["2026 ".len()..].parse().unwrap()).collect();
        let (first, last) = (numbers[0], *numbers.last().unwrap());
        assert_eq!(last, 99);
        assert_eq!(numbers, (first..=last).collect::<Vec<_>>(), "nothing between is lost");
    }

    #[test]
    fn a_device_is_never_put_aside() {
        let mut null = LogFile::open(Path::new("/dev/null"), 4).unwrap();
        null.write_all(b"2026 a line\n").unwrap();
        null.write_all(b"2026 another\n").unwrap();
        assert!(!Path::new("/dev/null.1").exists());
    }
}
