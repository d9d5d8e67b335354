//! Where a fetched file grows.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use crate::{
    files::{self, Expected},
    hash::hex,
};

/// A file that grows, and outlives a broken connection.
pub trait Part {
    /// Bytes that are there.
    ///
    /// # Errors
    /// Those of the file system.
    fn have(&self) -> io::Result<u64>;

    /// Opens it for writing from byte `from` on; what stands there and beyond is dropped.
    ///
    /// # Errors
    /// Those of the file system.
    fn open(&mut self, from: u64) -> io::Result<Box<dyn Write>>;

    /// SHA-256 of what is there, hex.
    ///
    /// # Errors
    /// Those of the file system.
    fn sha256(&self) -> io::Result<String>;
}

/// A part on disk. Its folder is made when it is first opened.
#[derive(Debug, Clone)]
pub struct PartFile {
    path: PathBuf,
}

impl PartFile {
    /// The part at that path; it need not be there yet.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Part for PartFile {
    fn have(&self) -> io::Result<u64> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn open(&mut self, from: u64) -> io::Result<Box<dyn Write>> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(&self.path)?;
        file.set_len(from)?;
        file.seek(SeekFrom::Start(from))?;
        Ok(Box::new(file))
    }

    fn sha256(&self) -> io::Result<String> {
        let mut file = files::open(&self.path, Expected::WEIGHTS)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
        Ok(hex(hash.finalize()))
    }
}
