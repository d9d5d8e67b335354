//! Finds the films that are like another one. Owner and follower alike read the file beside the store: the owner need not
//! be asked, and one that hangs keeps nobody waiting.

use crossbeam_channel::{Receiver, Sender};

use super::{
    actor::Actor,
    hidden::without_names,
    protocol::{NoSimilarError, Similar as Answer, Update},
};
use crate::{
    guard::guarded,
    pipeline::BROKE_DOWN,
    similar::{Asked, FeatureReader, FeaturesId, FilmKey, SimilarError, nearest},
    store::{FilmId, Store},
    study::SimilarFilm,
    supervise::checkpoint,
};

/// Studies that are shown.
const MOST: usize = 5;
const NOT_COMPARED: &str = "Only a scored film whose file is there can be compared with others.";
const NOT_THERE: &str = "The features of this film are not there yet: they are filled in while nothing waits to be scored, \
     unless [similar] keep is false.";
const NOT_HERE: &str = "This host has no features of this film. Of a store that several hosts share, each host that runs \
     `cxr-triage watch` keeps its own, and fills in those of films that others scored while nothing waits to be scored.";

/// Finds similar films.
pub(super) struct Similar {
    pub(super) store: Store,
    pub(super) features: FeaturesId,
    /// The person to whom they are shown.
    pub(super) viewer: Actor,
    pub(super) updates: Sender<Update>,
}

impl Similar {
    /// Answers requests until the dashboard has gone.
    pub(super) fn answer(&self, requests: &Receiver<FilmId>) {
        while let Ok(first) = requests.recv() {
            checkpoint("similar");
            let film = requests.try_iter().last().unwrap_or(first);
            let found = guarded(|| self.find(film)).unwrap_or_else(|| Ok(Err(BROKE_DOWN)));
            let neighbours = match found {
                Ok(found) => found.map_err(|why| NoSimilarError(why.to_owned())),
                Err(error) => Err(NoSimilarError(error.to_string())),
            };
            let update = Update::Similar(Answer { film, neighbours });
            let update = if self.viewer.sees_names() { update } else { without_names(update) };
            if self.updates.send(update).is_err() {
                return;
            }
        }
    }

    /// The nearest films, or why there are none.
    fn find(&self, film: FilmId) -> Result<Result<Vec<SimilarFilm>, &'static str>, SimilarError> {
        let Some(known) = self.store.compared_film(film)? else { return Ok(Err(NOT_COMPARED)) };
        let reader = FeatureReader::open(self.store.place(), &self.features)?;
        let not_there = if self.store.is_shared() { NOT_HERE } else { NOT_THERE };
        let Some((reader, key)) = reader.zip(FilmKey::new(film, &known.sha256)) else {
            return Ok(Err(not_there));
        };
        let Some(features) = reader.features(key)? else { return Ok(Err(not_there)) };
        let asked = Asked { features, study: Some(known.study), patient: known.patient };
        nearest(&self.store, &reader, &asked, MOST).map(Ok)
    }
}
