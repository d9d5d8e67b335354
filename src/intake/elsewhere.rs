//! Films that this host does not get and that another host may have: one rule for what is scored, sent and deleted.
//!
//! In a named inbox lies one share on all hosts: what its disk refuses to this host, another one may read, and where the whole
//! inbox is empty the share is away here. In no named inbox a path is only by chance the place of the same disk: such a file
//! the host that received it has, and perhaps no other.

use std::{io, path::Path};

use super::{Mount, Mounts, split};
use crate::files::RefusedError;

/// A host's reason for not getting a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Nothing is there.
    Missing,
    /// Something else is there.
    Another,
    /// Its disk or share does not give it: it fails, does not answer, or does not let this host's account in.
    Unread,
}

impl Lack {
    /// The reason in an error of reading the file.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ if RefusedError::of(error).is_some() => Self::Another,
            _ => Self::Unread,
        }
    }
}

impl Mounts {
    /// Whether another host may have a file that this one does not get. `was_seen_here`: whether this host received it;
    /// `is_filled`: whether an inbox has anything in it here, as the place of a share that is away has not.
    pub fn may_be_elsewhere(
        &self,
        path: &Path,
        was_seen_here: bool,
        lack: Lack,
        is_filled: impl FnOnce(&Mount) -> bool,
    ) -> bool {
        if split(path).is_some() {
            return true;
        }
        let Some(mount) = self.inbox_of(path) else { return !was_seen_here };
        match lack {
            Lack::Missing => !is_filled(mount),
            Lack::Another => false,
            Lack::Unread => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{self, Expected};

    #[test]
    fn a_file_may_be_elsewhere_where_this_host_cannot_know_better() {
        let mounts = Mounts::new(["er=/mnt/er".parse().unwrap()]).unwrap();
        let all = [Lack::Missing, Lack::Another, Lack::Unread];
        // Place, whether the inbox has anything in it, whether this host received it, lacks for which another may have it.
        for (path, is_filled, was_seen_here, expected) in [
            ("/mnt/er/a.dcm", true, true, &all[2..]),
            ("/mnt/er/a.dcm", true, false, &all[2..]),
            ("/mnt/er/a.dcm", false, true, &[Lack::Missing, Lack::Unread]),
            ("/mnt/er/a.dcm", false, false, &[Lack::Missing, Lack::Unread]),
            ("icu:a.dcm", true, true, &all),
            ("icu:a.dcm", true, false, &all),
            ("/data/a.dcm", true, true, &[]),
            ("/data/a.dcm", true, false, &all),
        ] {
            let may =
                |lack: &&Lack| mounts.may_be_elsewhere(Path::new(path), was_seen_here, **lack, |_| is_filled);
            let found: Vec<Lack> = all.iter().filter(may).copied().collect();
            assert_eq!(found, expected, "{path}, filled: {is_filled}, seen here: {was_seen_here}");
        }
    }

    #[test]
    fn a_share_that_fails_or_keeps_this_account_out_is_told_from_what_is_not_there() {
        // EIO, EACCES, ESTALE, ETIMEDOUT.
        for error in [5, 13, 116, 110] {
            assert_eq!(Lack::of(&io::Error::from_raw_os_error(error)), Lack::Unread, "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let lack = |path: &Path| Lack::of(&files::open(path, Expected::FILM).unwrap_err());
        assert_eq!(lack(&folder.path().join("a.dcm")), Lack::Missing);
        assert_eq!(lack(folder.path()), Lack::Another, "a folder of that name");
    }
}
