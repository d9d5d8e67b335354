//! The knowledge that one host can have of a film's file: where it finds none, another host may have it.

use std::{cell::RefCell, collections::BTreeMap, path::Path, sync::Arc};

use super::{Store, StoreError, convert::Place, shared::host_name, sql::OptionalExtension};
use crate::intake::{InboxName, Mount, Mounts, split};

impl Store {
    /// Whether this host can know that a file is gone where it finds none; `seen_by`: the host that received it.
    #[must_use]
    pub fn knows_of(&self, path: &Path, seen_by: &str) -> bool {
        self.host().knows_of(path, seen_by)
    }

    /// Whether a file that this host does not have may lie on another one.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn may_be_elsewhere(&self, path: &Path) -> Result<bool, StoreError> {
        if !self.is_shared() {
            return Ok(false);
        }
        let seen_by: Option<String> = self.read(|view| {
            view.prepare_cached("SELECT seen_by FROM files WHERE path = ?1 ORDER BY id DESC LIMIT 1")?
                .query_row([Place::to_value(&self.mounts.place(path))], |row| row.get(0))
                .optional()
        })?;
        Ok(!self.host().knows_of(path, seen_by.as_deref().unwrap_or_default()))
    }

    pub(super) fn host(&self) -> OfHost {
        let name = self.is_shared().then(host_name);
        OfHost { mounts: Arc::clone(&self.mounts), name, filled: RefCell::default() }
    }
}

/// The knowledge that this host can have of files that are there: another one may have what this one has not.
pub(super) struct OfHost {
    pub(super) mounts: Arc<Mounts>,
    /// Its name among the hosts of a shared store; none: there is no other.
    name: Option<String>,
    /// The named inboxes that were looked at, and whether anything was in them.
    filled: RefCell<BTreeMap<InboxName, bool>>,
}

impl OfHost {
    /// Whether this host can know that a file is gone where it finds none: its inbox is mounted here and not empty, as the
    /// place of a share is that is away; or it lies in none, and this host received it.
    pub(super) fn knows_of(&self, path: &Path, seen_by: &str) -> bool {
        if split(path).is_some() {
            return false;
        }
        match self.mounts.inbox_of(path) {
            Some(Mount { name, folder }) => {
                let look = || folder.read_dir().is_ok_and(|mut files| files.next().is_some());
                *self.filled.borrow_mut().entry(name.clone()).or_insert_with(look)
            }
            None => self.name.as_ref().is_none_or(|name| name == seen_by),
        }
    }

    /// Whether a file is there, or is known to be gone.
    pub(super) fn may_have(&self, path: &Path, seen_by: &str) -> bool {
        self.knows_of(path, seen_by) || path.symlink_metadata().is_ok()
    }
}
