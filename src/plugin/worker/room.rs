//! The room that a plugin's outbox has: while it has none, the plugin is told of nothing and misses nothing.

use super::Worker;
use crate::store::StoreError;

/// The fault of a plugin that waits until what it sends is taken away.
const FULL: &str = "its outbox is full: it goes on when what it sent is taken away";

impl Worker {
    /// Whether what its hooks bring about finds room in the outbox; its record says where it does not.
    pub(super) fn has_room(&mut self) -> Result<bool, StoreError> {
        let has_room = self.store.outbox_has_room(&self.name)?;
        self.note_room(has_room);
        Ok(has_room)
    }

    /// Notes in the record whether its outbox has room, beside what else went wrong.
    pub(super) fn note_room(&mut self, has_room: bool) {
        let fault = &mut self.record.fault;
        let other =
            fault.strip_suffix(FULL).map(|other| other.strip_suffix("; ").unwrap_or(other).to_owned());
        match (has_room, other) {
            (true, Some(other)) => *fault = other,
            (false, None) if fault.is_empty() => FULL.clone_into(fault),
            (false, None) => *fault = format!("{fault}; {FULL}"),
            (true, None) | (false, Some(_)) => {}
        }
    }
}
