//! A film that is like another one.

use super::{FilmId, Finding, Note, StudyRow};

/// A film that is like another one, with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarFilm {
    /// The film.
    pub film: FilmId,
    /// Its study.
    pub study: StudyRow,
    /// In its model's label order.
    pub findings: Vec<Finding>,
    /// The notes of people on the study, the oldest first.
    pub notes: Vec<Note>,
    /// How far it is from the other one: 0 is the same to the model, 1 has nothing in common with it.
    pub distance: f32,
}
