//! Films that could not be read, for standard error: it may end in a journal, where no patient's name may be.

use std::path::{Path, PathBuf};

use super::{CommandError, output::is_watched};
use crate::text::{shown, unnamed};

/// A film's path for standard error: as it is where the person named it, or sees it on a terminal; else its hash.
pub(super) fn told(path: &Path, named: &[PathBuf]) -> String {
    told_where(is_watched(), path, named)
}

fn told_where(is_watched: bool, path: &Path, named: &[PathBuf]) -> String {
    if is_watched || named.iter().any(|known| known == path) { shown(path) } else { unnamed(path) }
}

/// The files that could not be read, told as they are met and counted at the end.
#[derive(Debug)]
pub(super) struct UnreadFiles<'a> {
    /// The paths that the person named.
    named: &'a [PathBuf],
    found: Vec<(PathBuf, String)>,
}

impl<'a> UnreadFiles<'a> {
    pub(super) fn new(named: &'a [PathBuf]) -> Self {
        Self { named, found: Vec::new() }
    }

    /// Notes one down.
    pub(super) fn push(&mut self, path: &Path, why: &impl ToString) {
        self.found.push((path.to_owned(), why.to_string()));
    }

    /// The failure that they are together; none if there is none.
    pub(super) fn end(&self) -> Result<(), CommandError> {
        let told: Vec<String> =
            self.found.iter().map(|(path, why)| format!("{}: {why}", told(path, self.named))).collect();
        if told.is_empty() { Ok(()) } else { Err(CommandError::unread(&told)) }
    }

    /// Path and reason of each, for people.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.found.iter().map(|(path, why)| (path.as_path(), why.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_that_nobody_named_is_a_hash_where_nobody_looks() {
        let (folder, film) = (PathBuf::from("/inbox"), Path::new("/inbox/DOE.dcm"));
        let named = [folder.clone()];
        assert_eq!(told_where(false, film, &named), unnamed(film));
        assert_eq!(told_where(true, film, &named), "/inbox/DOE.dcm");
        assert_eq!(told_where(false, &folder, &named), "/inbox");
        let mut faults = UnreadFiles::new(&named);
        assert!(faults.end().is_ok());
        faults.push(&folder, &"is locked");
        assert_eq!(faults.end().unwrap_err().to_string(), "could not be read:\n  /inbox: is locked");
    }
}
