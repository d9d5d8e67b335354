//! Faults are told once for each cause, and their end once, when the last is over.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// A cause that keeps films from being seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The inbox itself is away.
    Inbox,
    /// The system gives no events: the inbox is polled instead.
    Events,
    /// A folder inside the inbox, or something in it, cannot be read.
    Folder(PathBuf),
}

/// The faults of the moment.
#[derive(Debug, Default)]
pub(super) struct Faults {
    present: BTreeSet<Cause>,
    told: bool,
}

impl Faults {
    /// True when this cause is new and so must be told.
    pub(super) fn raise(&mut self, cause: Cause) -> bool {
        let new = self.present.insert(cause);
        self.told |= new;
        new
    }

    pub(super) fn clear(&mut self, cause: &Cause) {
        self.present.remove(cause);
    }

    /// A folder went away, and those beneath it.
    pub(super) fn forget(&mut self, path: &Path) {
        self.present.retain(|cause| !matches!(cause, Cause::Folder(folder) if folder.starts_with(path)));
    }

    /// Drops folders that went away without a word.
    pub(super) fn forget_missing(&mut self) {
        self.present.retain(|cause| {
            let Cause::Folder(folder) = cause else { return true };
            !matches!(fs::symlink_metadata(folder), Err(error) if error.kind() == io::ErrorKind::NotFound)
        });
    }

    /// True once, when faults were told and none is left.
    pub(super) fn recovered(&mut self) -> bool {
        self.present.is_empty() && std::mem::take(&mut self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_once_and_its_end_once() {
        let mut faults = Faults::default();
        assert!(!faults.recovered(), "nothing was wrong");
        assert!(faults.raise(Cause::Inbox));
        assert!(!faults.raise(Cause::Inbox), "told already");
        assert!(faults.raise(Cause::Folder("/in/a/b".into())));
        faults.clear(&Cause::Inbox);
        assert!(!faults.recovered(), "the folder is still unreadable");
        faults.forget(Path::new("/in/a"));
        assert!(faults.recovered());
        assert!(!faults.recovered());
        assert!(faults.raise(Cause::Inbox), "a new fault of the old cause is told again");
    }
}
