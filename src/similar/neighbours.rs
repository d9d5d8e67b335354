//! The nearest films of other patients: the file says how near, the store says whose.

use std::{collections::HashSet, io};

use super::{FeatureReader, FilmKey, distance};
use crate::{
    store::{Store, StoreError, StudyId},
    study::{Patient, SimilarFilm},
};

/// The film asked about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// Its pooled features.
    pub features: Vec<f32>,
    /// Its study, if it is in the store.
    pub study: Option<StudyId>,
    /// The patient of the film.
    pub patient: Patient,
}

/// Why similar films cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum SimilarError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file of features.
    #[error("the features of films beside the store cannot be read: {0}")]
    File(#[from] io::Error),
}

/// The nearest film of each study, the nearest study first, `most` studies at most. Left out are the film's own study and
/// those of its patient.
///
/// # Errors
/// See [`SimilarError`].
pub fn nearest(
    store: &Store,
    reader: &FeatureReader,
    asked: &Asked,
    most: usize,
) -> Result<Vec<SimilarFilm>, SimilarError> {
    let mut ranked = reader.rank(&asked.features)?;
    let mut studies: HashSet<StudyId> = asked.study.into_iter().collect();
    let mut found = Vec::new();
    while found.len() < most
        && let Some(next) = ranked.pop()
    {
        let Some(film) = store.compared_film(next.key.film)? else { continue };
        let is_that_film = FilmKey::new(next.key.film, &film.sha256) == Some(next.key);
        if !is_that_film || studies.contains(&film.study) || film.patient.is(&asked.patient) {
            continue;
        }
        if !reader.is_whole(&next)? {
            continue;
        }
        studies.insert(film.study);
        found.extend(store.similar_film(next.key.film, distance(next.cosine))?);
    }
    Ok(found)
}
