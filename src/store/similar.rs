//! The questions of the search for similar films: which films there are to compare, and what is known of one.

use super::{
    FilmId, Store, StoreError, StudyId,
    convert::Columns,
    findings::findings,
    people::notes,
    row::study_or_remains,
    sql::{self, Connection, OptionalExtension},
};
use crate::study::{Patient, SimilarFilm};

/// A film counts in its study, its file is there as far as is known, and its patient was not forgotten.
const COMPARED: &str = "films.part = 'scored' AND films.sha256 IS NOT NULL
    AND EXISTS (SELECT 1 FROM files WHERE files.film = films.id AND files.removed_at IS NULL)
    AND EXISTS (SELECT 1 FROM studies WHERE studies.id = films.study AND studies.forgotten_at IS NULL)";

/// A film that may be compared with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedFilm {
    /// SHA-256 of its file, hex.
    pub sha256: String,
    /// Its study.
    pub study: StudyId,
    /// The patient of the film.
    pub patient: Patient,
}

impl Store {
    /// The films that may be compared, with the SHA-256 of their files, and the newest film of all.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn films_to_compare(&self) -> Result<(Vec<(FilmId, String)>, FilmId), StoreError> {
        self.read(|view| {
            let newest = view
                .prepare_cached("SELECT coalesce(max(id), 0) FROM films")?
                .query_row([], |row| row.get(0))?;
            let films = view
                .prepare_cached(&format!("SELECT films.id, films.sha256 FROM films WHERE {COMPARED}"))?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<sql::Result<_>>()?;
            Ok((films, newest))
        })
    }

    /// A film, if it is there and may be compared.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn compared_film(&self, film: FilmId) -> Result<Option<ComparedFilm>, StoreError> {
        self.read(|view| {
            let query = format!(
                "SELECT films.sha256, films.study, named.patient_id, named.patient_name,
                        coalesce(uids.birth_date, '')
                 FROM films JOIN studies AS named ON named.id = films.study
                 LEFT JOIN study_patients AS uids ON uids.study = films.study
                 WHERE films.id = ?1 AND {COMPARED}"
            );
            view.prepare_cached(&query)?
                .query_row([film], |row| {
                    let mut columns = Columns::of(row);
                    let (sha256, study) = (columns.next()?, columns.next()?);
                    let [id, name, date]: [String; 3] = [columns.next()?, columns.next()?, columns.next()?];
                    Ok(ComparedFilm { sha256, study, patient: Patient::new(&id, &name, &date) })
                })
                .optional()
        })
    }

    /// Returns the facts about a film that is so far from another one; none if it is gone.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn similar_film(&self, film: FilmId, distance: f32) -> Result<Option<SimilarFilm>, StoreError> {
        self.read(|view| {
            let Some(study) = study_of(view, film)? else { return Ok(None) };
            let Some(study) = study_or_remains(view, study)? else { return Ok(None) };
            let notes = notes(view, study.id)?;
            Ok(Some(SimilarFilm { film, study, findings: findings(view, film)?, notes, distance }))
        })
    }
}

fn study_of(view: &Connection, film: FilmId) -> sql::Result<Option<StudyId>> {
    view.prepare_cached("SELECT study FROM films WHERE id = ?1")?
        .query_row([film], |row| row.get(0))
        .optional()
}
