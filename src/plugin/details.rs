//! Studies as plugins look at them: what ten of them look at is read from the store once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use crate::store::{Store, StoreError, StudyDetail, StudyId};

/// Studies that are kept: those of a burst, a few hundred kilobytes.
const MOST: usize = 256;

/// The studies that were looked at last, shared by all plugins.
#[derive(Debug, Default)]
pub(super) struct Details {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_study: HashMap<StudyId, Arc<StudyDetail>>,
    /// In the order in which they came.
    order: VecDeque<StudyId>,
}

impl Details {
    /// A study as it is now, if it is there: each change gives it another revision, so that what is kept is known to
    /// be of today by one number.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn of(&self, store: &Store, study: StudyId) -> Result<Option<Arc<StudyDetail>>, StoreError> {
        let Some(revision) = store.study_revision(study)? else { return Ok(None) };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).by_study.get(&study).cloned();
        if let Some(known) = known.filter(|known| known.study.revision == revision) {
            return Ok(Some(known));
        }
        let detail = store.detail(study)?.map(Arc::new);
        if let Some(detail) = &detail {
            self.keep(detail);
        }
        Ok(detail)
    }

    fn keep(&self, detail: &Arc<StudyDetail>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let study = detail.study.id;
        if known.by_study.insert(study, Arc::clone(detail)).is_none() {
            known.order.push_back(study);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_study.remove(&oldest);
        }
    }
}
