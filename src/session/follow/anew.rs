//! A store that is another one than before: a copy that lags took the place of its server, or a backup that of its file.
//! Changes that were read are not in it, and its next ones have numbers that were seen already.

use std::sync::Arc;

use super::{Follower, Gone};
use crate::session::protocol::Update;

impl Follower {
    /// Looks whether the store is another one than before, where it was away or has come to an earlier change; then all of
    /// it is sent anew.
    pub(super) fn look_whether_another(&mut self) -> Result<(), Gone> {
        let newest = match self.store.revision() {
            Ok(newest) => newest,
            Err(error) => return self.fault(&error),
        };
        let mut is_another = newest < self.revision;
        if self.was_away
            && let Ok(lineage) = self.store.lineage()
        {
            is_another |= self.lineage.is_some() && self.lineage != lineage;
            (self.lineage, self.was_away) = (lineage, false);
        }
        if is_another { self.begin_anew() } else { Ok(()) }
    }

    fn begin_anew(&mut self) -> Result<(), Gone> {
        let there = match self.store.study_ids() {
            Ok(there) => there,
            Err(error) => return self.fault(&error),
        };
        tracing::warn!(studies = there.len(), "the store is another one than before: its list is read anew");
        self.tell(Update::Anew(Arc::new(there)))?;
        (self.revision, self.notice, self.is_stale) = (i64::MIN, None, true);
        self.plugins.clear();
        Ok(())
    }
}
