//! Files of JSON, a line a film, appended as films are done: whatever ends a run, what is done is there for the next one.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{
    files::{self, Expected},
    hash::hex,
    model::Model,
    private_file,
    quality::Gates,
};

/// A file that lines are appended to.
#[derive(Debug)]
pub(super) struct JsonLines {
    file: File,
    path: PathBuf,
}

impl JsonLines {
    /// Opens a file, or makes one, and hands over what it holds. A line that was cut off is left out.
    pub(super) fn open<R: DeserializeOwned>(path: &Path, mut take: impl FnMut(R)) -> io::Result<Self> {
        let mut whole = true;
        match files::open(path, Expected::TABLE) {
            Ok(file) => {
                for line in BufReader::new(file).split(b'\n') {
                    let record = serde_json::from_slice::<R>(&line?);
                    whole = record.is_ok();
                    record.into_iter().for_each(&mut take);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        files::check_place(path, &[b"{", b"\n"])?;
        let mut file = private_file::options().create(true).append(true).open(path)?;
        if !whole {
            // So that the next line does not go on where the cut one ends.
            file.write_all(b"\n")?;
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Writes a line.
    pub(super) fn append(&mut self, record: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// All that a model says of a film depends on beside the film, and the form in which it is written, as 16 hex digits.
pub(super) fn circumstances(form: &str, model: &Model, gates: &Gates) -> String {
    let mut hash = Sha256::new();
    // The manifest's whole text: preprocessing and outputs are in it.
    for part in [form, crate::VERSION, model.sha256(), &model.manifest().text, model.precision().word()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(format!("{gates:?}"));
    hex(&hash.finalize()[..8])
}
