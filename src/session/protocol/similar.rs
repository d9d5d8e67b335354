//! Similar films: the answer to the question for them.

use crate::{store::FilmId, study::SimilarFilm};

/// The most similar films of other patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The film that was asked about.
    pub film: FilmId,
    /// The nearest film of each study, the nearest study first; or why there is none.
    pub neighbours: Result<Vec<SimilarFilm>, NoSimilarError>,
}

/// Why no similar films can be told: a sentence for the place where they would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSimilarError(pub String);
