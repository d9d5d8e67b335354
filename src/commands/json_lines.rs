//! Files of JSON, a line a film, appended as films are done: whatever ends a run, what is done is there for the next one.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    files::{self, Expected},
    hash::sha256,
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
                let (mut file, mut line) = (BufReader::new(file), Vec::new());
                while file.read_until(b'\n', &mut line)? > 0 {
                    let record = serde_json::from_slice::<R>(&line);
                    // One that lacks nothing but its end of line is one, and the next must not go on where it ends.
                    whole = record.is_ok() && line.ends_with(b"\n");
                    record.into_iter().for_each(&mut take);
                    line.clear();
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
    let mut said = Vec::new();
    // The manifest's whole text: preprocessing and outputs are in it.
    for part in [form, crate::VERSION, model.sha256(), &model.manifest().text, model.precision().word()] {
        said.extend((part.len() as u64).to_le_bytes());
        said.extend(part.as_bytes());
    }
    said.extend(format!("{gates:?}").as_bytes());
    sha256(said)[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_nothing_goes_on_where_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        for (cut, known) in [("", "1 2"), ("{\"n\":3", "1 2"), ("{\"n\":3}", "1 2 3"), ("{", "1 2")] {
            fs::write(&path, format!("{{\"n\":1}}\nno record\n{{\"n\":2}}\n{cut}")).unwrap();
            let read = || {
                let mut read: Vec<String> = Vec::new();
                let lines =
                    JsonLines::open(&path, |record: Value| read.push(record["n"].to_string())).unwrap();
                (lines, read.join(" "))
            };
            let (mut lines, found) = read();
            assert_eq!(found, known, "{cut}");
            lines.append(&json!({ "n": 4 })).unwrap();
            assert_eq!(read().1, format!("{known} 4"), "{cut}");
        }
    }
}
