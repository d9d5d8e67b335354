//! Studies as plugins look at them: what ten of them look at is read from the store once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use crate::{
    lock::lock,
    store::{FilmId, Store, StoreError, StudyDetail, StudyId},
};

/// Studies that are kept: those of a burst, a few hundred kilobytes.
const MOST: usize = 256;

/// Films of a study that plugins look at; those that they are told of are always among them.
const FILMS: u32 = 64;

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
    /// A study as it is now, if it is there, with `wanted` among its films (of a study of very many only some are
    /// looked at: the one that decides, and the newest). Each change gives it another revision, so that what is kept is known to
    /// be of today by one number.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn of(
        &self,
        store: &Store,
        study: StudyId,
        wanted: &[FilmId],
    ) -> Result<Option<Arc<StudyDetail>>, StoreError> {
        let Some(revision) = store.study_revision(study)? else { return Ok(None) };
        let known = lock(&self.known).by_study.get(&study).cloned();
        let holds = |detail: &StudyDetail| {
            let is_here = |film: &FilmId| detail.films.iter().any(|known| known.id == *film);
            detail.study.revision == revision && wanted.iter().all(is_here)
        };
        if let Some(known) = known.filter(|known| holds(known)) {
            return Ok(Some(known));
        }
        let detail = store.detail_with(study, wanted, FILMS)?.map(Arc::new);
        if let Some(detail) = &detail {
            self.keep(detail);
        }
        Ok(detail)
    }

    fn keep(&self, detail: &Arc<StudyDetail>) {
        let mut known = lock(&self.known);
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
