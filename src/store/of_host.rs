//! The knowledge that one host can have of a film's file: where it finds none, another host may have it.

use std::{cell::RefCell, collections::BTreeMap, path::Path, sync::Arc};

use super::{FilmId, Store, StoreError, convert::Place, shared::host_name, sql::OptionalExtension};
use crate::{
    files::is_filled,
    intake::{InboxName, Lack, Mount, Mounts},
};

impl Store {
    /// Whether this host can know that a file is gone where it finds none; `seen_by`: the host that received it.
    #[must_use]
    pub fn knows_of(&self, path: &Path, seen_by: &str) -> bool {
        self.host().knows_of(path, seen_by)
    }

    /// Whether another host may have a film's file that this one does not get: never one that the retention has deleted.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn may_be_elsewhere(&self, film: FilmId, path: &Path, lack: Lack) -> Result<bool, StoreError> {
        if !self.is_shared() {
            return Ok(false);
        }
        let known: Option<(String, bool)> = self.read(|view| {
            view.prepare_cached(
                "SELECT seen_by, removed_at IS NOT NULL FROM files WHERE path = ?1 AND film = ?2
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row((Place::to_value(&self.mounts.place(path)), film), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
        })?;
        let (seen_by, was_removed) = known.unwrap_or_default();
        Ok(!was_removed && self.host().may_be_elsewhere(path, &seen_by, lack))
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
    /// Whether another host may have a file that this one does not get.
    fn may_be_elsewhere(&self, path: &Path, seen_by: &str, lack: Lack) -> bool {
        let was_seen_here = self.name.as_ref().is_none_or(|name| name == seen_by);
        self.mounts.may_be_elsewhere(path, was_seen_here, lack, |Mount { name, folder }| {
            *self.filled.borrow_mut().entry(name.clone()).or_insert_with(|| is_filled(folder))
        })
    }

    /// Whether this host can know that a file is gone where it finds none.
    pub(super) fn knows_of(&self, path: &Path, seen_by: &str) -> bool {
        !self.may_be_elsewhere(path, seen_by, Lack::Missing)
    }

    /// Whether a file is there, or is known to be gone.
    pub(super) fn may_have(&self, path: &Path, seen_by: &str) -> bool {
        self.knows_of(path, seen_by) || path.symlink_metadata().is_ok()
    }
}
