//! What everybody may ask: the owner's own screens, and followers in other processes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    FilmId, FilmRow, FilmState, PriorFilm, Store, StoreError, StudyDetail, StudyId, StudyRow,
    condition::{LISTED, OPEN},
    convert::{Columns, Micros, Place},
    films::film_if_any,
    findings::findings,
    identity::studies_of_others,
    people::notes,
    rollup::{deciding, top_film},
    row::{newest_revision, select_studies, study_or_remains, study_row_or_remains},
    sendings::sendings_of,
    sql::{self, Connection, OptionalExtension},
};
use crate::study::{Finding, Severity};

/// Of a patient who comes every day a reader wants the last few films.
const MOST_PRIORS: u32 = 8;

/// How much of everything there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files waiting to be read.
    pub queued: usize,
    /// Studies on the list, by reported severity; a band without any is missing.
    pub open: BTreeMap<Severity, usize>,
    /// Studies that are done.
    pub done: usize,
    /// Films scored.
    pub scored_films: usize,
    /// Films held, but for those that are listed beside scored ones.
    pub held_films: usize,
    /// Films listed beside scored ones: laterals, second images of an exposure.
    pub listed_films: usize,
}

/// A heatmap as it is stored, with the label of each of its maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHeatmap {
    /// For [`crate::model::Heatmap::from_bytes`].
    pub bytes: Vec<u8>,
    /// The label names, in the order of the maps.
    pub labels: Vec<String>,
}

impl Store {
    /// The newest revision of any study; 0 in an empty store. Cheap: ask as often as you like.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn revision(&self) -> Result<i64, StoreError> {
        self.read(newest_revision)
    }

    /// The numbers of all studies.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn study_ids(&self) -> Result<BTreeSet<StudyId>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT id FROM studies")?.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// A number that is another one once another connection has written to the store, of this process or
    /// of another one: [`revision`](Self::revision) and all else need only be asked for then. Far cheaper
    /// than they are.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn version(&self) -> Result<i64, StoreError> {
        // On a server the transactions that run and the next one's number: all writers of the server change it.
        let sql = match self.connection.sqlite() {
            Some(_) => "PRAGMA data_version",
            None => "SELECT hashtextextended(CAST(pg_current_snapshot() AS TEXT), 0)",
        };
        let ask = || self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0));
        ask().map_err(|error| StoreError::from_sql(&self.place, error))
    }

    /// Gives memory back that this connection keeps pages of the store in.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn free_memory(&self) -> Result<(), StoreError> {
        let Some(sqlite) = self.connection.sqlite() else { return Ok(()) };
        let free = sqlite.execute_batch("PRAGMA shrink_memory");
        free.map_err(|error| StoreError::from_sql(&self.place, error))
    }

    /// The studies that changed after `revision` (0: all), in the order of their change: the last one
    /// has the revision to ask after next time. A row that [is gone](StudyRow::is_gone) has left the
    /// list.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn studies_since(&self, revision: i64) -> Result<Vec<StudyRow>, StoreError> {
        self.read(|view| {
            view.prepare_cached(&select_studies("WHERE revision > ?1 ORDER BY revision"))?
                .query_map([revision], |row| study_row_or_remains(view, row))?
                .collect()
        })
    }

    /// The first `most` of [those studies](Self::studies_since), so that a hundred thousand of them need
    /// not be in memory at once. An empty page is the last one.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn studies_page(&self, revision: i64, most: u32) -> Result<Vec<StudyRow>, StoreError> {
        self.read(|view| {
            view.prepare_cached(&select_studies("WHERE revision > ?1 ORDER BY revision LIMIT ?2"))?
                .query_map([revision, i64::from(most)], |row| study_row_or_remains(view, row))?
                .collect()
        })
    }

    /// The revision of a study, if it is there: it grows with every change of the study or its films.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn study_revision(&self, study: StudyId) -> Result<Option<i64>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT revision FROM studies WHERE id = ?1")?
                .query_row([study], |row| row.get(0))
                .optional()
        })
    }

    /// A study with its films, if it is there.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn detail(&self, study: StudyId) -> Result<Option<StudyDetail>, StoreError> {
        self.read(|view| {
            let Some(study) = study_or_remains(view, study)? else {
                return Ok(None);
            };
            let ids: Vec<FilmId> = view
                .prepare_cached(
                    "SELECT id FROM films WHERE study = ?1 AND state <> 'superseded' ORDER BY id",
                )?
                .query_map([study.id], |row| row.get(0))?
                .collect::<sql::Result<_>>()?;
            detail(view, study, &ids).map(|found| Some(self.as_on_this_host(found)))
        })
    }

    /// A study with a part of its films, if it is there: `wanted` of them, the one that decides for the study, and the
    /// newest, `most` in all unless more are wanted. A study of thousands costs no more than one with so many.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn detail_with(
        &self,
        study: StudyId,
        wanted: &[FilmId],
        most: u32,
    ) -> Result<Option<StudyDetail>, StoreError> {
        self.read(|view| {
            let Some(study) = study_or_remains(view, study)? else {
                return Ok(None);
            };
            let newest: Vec<FilmId> = view
                .prepare_cached(
                    "SELECT id FROM films WHERE study = ?1 AND state <> 'superseded' ORDER BY id DESC LIMIT ?2",
                )?
                .query_map((study.id, most), |row| row.get(0))?
                .collect::<sql::Result<_>>()?;
            let mut belongs = view.prepare_cached(
                "SELECT 1 FROM films WHERE id = ?1 AND study = ?2 AND state <> 'superseded'",
            )?;
            let mut ids: Vec<FilmId> = deciding(view, study.id)?.map(|(film, _)| film).into_iter().collect();
            for &film in wanted {
                if belongs.exists((film, study.id))? {
                    ids.push(film);
                }
            }
            ids.sort_unstable();
            ids.dedup();
            let room = (most as usize).saturating_sub(ids.len());
            let others: Vec<FilmId> = newest.into_iter().filter(|film| !ids.contains(film)).take(room).collect();
            ids.extend(others);
            ids.sort_unstable();
            detail(view, study, &ids).map(|found| Some(self.as_on_this_host(found)))
        })
    }

    /// The study with that key.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn study_by_key(&self, key: &str) -> Result<Option<StudyId>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT id FROM studies WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()
        })
    }

    /// A film, if it is there; one that was superseded reads as held.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn film(&self, film: FilmId) -> Result<Option<FilmRow>, StoreError> {
        let found = self.read(|view| film_if_any(view, film))?;
        Ok(found.map(|row| FilmRow { path: self.mounts.path(&row.path), ..row }))
    }

    /// A study's films with their paths as this host has them.
    fn as_on_this_host(&self, mut detail: StudyDetail) -> StudyDetail {
        detail.films.iter_mut().for_each(|film| film.path = self.mounts.path(&film.path));
        detail
    }

    /// Where copies of a film came in, the last ones first; a few.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn copies(&self, film: FilmId) -> Result<Vec<PathBuf>, StoreError> {
        self.read(|view| {
            view.prepare_cached(
                "SELECT path FROM files WHERE film = ?1 AND state = 'duplicate' ORDER BY id DESC LIMIT 8",
            )?
            .query_map([film], |row| row.get::<_, Place>(0).map(|place| self.mounts.path(&place.0)))?
            .collect()
        })
    }

    /// The study of the film that a file brought, if the file is done.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn study_of(&self, path: &Path) -> Result<Option<StudyId>, StoreError> {
        self.read(|view| {
            view.prepare_cached(
                "SELECT films.study FROM files JOIN films ON films.id = files.film
                 WHERE files.path = ?1 ORDER BY files.id DESC LIMIT 1",
            )?
            .query_row([Place::to_value(&self.mounts.place(path))], |row| row.get(0))
            .optional()
        })
    }

    /// Frontal films of the same patient in other studies, the latest first, at most `MOST_PRIORS`: the
    /// first film of each study that was scored. Films without a Patient ID have none, and a study that is
    /// known to be later than this one is no prior.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn priors(&self, study: StudyId) -> Result<Vec<PriorFilm>, StoreError> {
        self.read(|view| {
            let mut query = view.prepare_cached(
                "SELECT min(films.id), other.study_time FROM studies AS this
                 JOIN studies AS other ON other.patient_id = this.patient_id AND other.id <> this.id
                 JOIN films ON films.study = other.id AND films.state = 'scored'
                 WHERE this.id = ?1 AND this.patient_id <> '' AND other.patient_id <> ''
                   AND coalesce(other.study_time <= this.study_time, other.first_arrival <= this.first_arrival)
                 GROUP BY other.id ORDER BY other.study_time DESC NULLS LAST, other.first_arrival DESC LIMIT ?2",
            )?;
            query
                .query_map((study, MOST_PRIORS), |row| {
                    let mut columns = Columns::of(row);
                    let film = columns.next()?;
                    let study_time: Option<String> = columns.next()?;
                    Ok(PriorFilm { film, study_time: study_time.and_then(|time| time.parse().ok()) })
                })?
                .collect()
        })
    }

    /// A film's heatmap, if it was scored.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn heatmap(&self, film: FilmId) -> Result<Option<StoredHeatmap>, StoreError> {
        self.read(|view| {
            let bytes: Option<Vec<u8>> = view
                .prepare_cached("SELECT bytes FROM heatmaps WHERE film = ?1")?
                .query_row([film], |row| row.get(0))
                .optional()?;
            let Some(bytes) = bytes else {
                return Ok(None);
            };
            let labels = findings(view, film)?.into_iter().map(|finding| finding.label).collect();
            Ok(Some(StoredHeatmap { bytes, labels }))
        })
    }

    /// Files that still have to be read. Cheap: the index holds no others.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn queued_count(&self) -> Result<usize, StoreError> {
        self.read(count_queued)
    }

    /// How much of everything there is.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|view| {
            let mut counts = Counts { queued: count_queued(view)?, ..Counts::default() };
            let mut groups = view.prepare_cached(&format!(
                "SELECT NOT ({OPEN}), severity, count(*), sum(scored_films), sum(held_films), sum(listed_films)
                 FROM studies WHERE {LISTED} GROUP BY status, severity",
            ))?;
            let mut rows = groups.query([])?;
            while let Some(row) = rows.next()? {
                let studies = row.get::<_, u32>(2)? as usize;
                if row.get(0)? {
                    counts.done += studies;
                } else {
                    // A band of another version is shown as held, and counted so.
                    *counts.open.entry(row.get(1).unwrap_or(Severity::Held)).or_default() += studies;
                }
                counts.scored_films += usize::try_from(row.get::<_, i64>(3)?).unwrap_or_default();
                counts.held_films += usize::try_from(row.get::<_, i64>(4)?).unwrap_or_default();
                counts.listed_films += usize::try_from(row.get::<_, i64>(5)?).unwrap_or_default();
            }
            Ok(counts)
        })
    }

    /// When the last file arrived, whatever became of it.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn last_arrival(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT received_at FROM files ORDER BY id DESC LIMIT 1")?
                .query_row([], |row| Ok(row.get::<_, Micros>(0).ok()))
                .optional()
                .map(|time| time.flatten().map(|time| time.0))
        })
    }
}

fn detail(view: &Connection, study: StudyRow, films: &[FilmId]) -> sql::Result<StudyDetail> {
    let ids = films;
    let mut films = Vec::with_capacity(ids.len());
    for &id in ids {
        films.extend(film_if_any(view, id)?);
    }
    sort_films(&mut films, &study);
    let notes = notes(view, study.id)?;
    let clashes = studies_of_others(view, study.id)?;
    let sendings = sendings_of(view, study.id)?;
    Ok(StudyDetail { study, films, notes, clashes, sendings })
}

fn count_queued(view: &Connection) -> sql::Result<usize> {
    let queued: u32 = view
        .prepare_cached("SELECT count(*) FROM files WHERE state = 'queued'")?
        .query_row([], |row| row.get(0))?;
    Ok(queued as usize)
}

/// Scored films first, the one with the top finding foremost; then held ones; else as they came.
fn sort_films(films: &mut [FilmRow], study: &StudyRow) {
    let scored: Vec<(FilmId, Vec<Finding>)> = films
        .iter()
        .filter_map(|film| match &film.state {
            FilmState::Scored { findings, .. } => Some((film.id, findings.clone())),
            FilmState::Held(_) => None,
        })
        .collect();
    let top = top_film(&scored, study);
    films.sort_by_key(|film| (matches!(film.state, FilmState::Held(_)), Some(film.id) != top, film.id));
}
