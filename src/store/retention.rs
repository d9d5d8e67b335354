//! The retention's questions to a store, and its notes in it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::{
    FileId, FilmId, Store, StoreError, StudyId,
    audit::{NewEvent, log},
    convert::{Columns, Micros, Place},
    of_host::OfHost,
    sql::{self, Connection, Hint, Row, Transaction},
    unreadable::rows,
};
use crate::study::{Attribute, AuditKind};

/// A study's work is over: it is done, nothing of it is queued, and if it is critical, somebody knows of it.
macro_rules! studies_over {
    ($select:literal, $rest:literal) => {
        concat!(
            $select,
            " WHERE studies.status = 'done' AND studies.status_at <= ?1
               AND NOT (studies.severity = 'critical' AND studies.acknowledged_at IS NULL)
               AND NOT EXISTS (SELECT 1 FROM films AS queued JOIN files AS waiting ON waiting.film = queued.id
                               WHERE queued.study = studies.id AND waiting.state = 'queued') ",
            $rest
        )
    };
}

/// A film's file that may be deleted, as far as the store can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneFilm {
    /// The file.
    pub file: FileId,
    /// The film in it.
    pub film: FilmId,
    /// Its study.
    pub study: StudyId,
    /// When the study was done.
    pub done_at: Timestamp,
    /// Where it was when it was read.
    pub path: PathBuf,
    /// Its size then.
    pub size: u64,
    /// Its time then, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// The host that received it; empty where there is no other.
    pub seen_by: String,
}

impl Store {
    /// The files of studies that were done until then whose paths are wanted, those first that were done first, at most so
    /// many. Copies of a film are files of their own. What is not there, and may lie on another host, is left out.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn done_films(
        &self,
        until: Timestamp,
        most: usize,
        is_wanted: impl Fn(&Path) -> bool,
    ) -> Result<Vec<DoneFilm>, StoreError> {
        let sql = studies_over!(
            "SELECT files.id, films.id, studies.id, studies.status_at, files.path, files.size, files.modified_ns,
                    files.seen_by
             FROM studies JOIN films ON films.study = studies.id
             JOIN files ON files.film = films.id AND files.removed_at IS NULL",
            "AND NOT EXISTS (SELECT 1 FROM files AS newer WHERE newer.path = files.path AND newer.id > files.id)
             ORDER BY studies.status_at, studies.id, files.id"
        );
        let host = self.host();
        self.read(|view| {
            let mut query = view.prepare_cached(sql)?;
            let mut found = query.query([Micros(until)])?;
            let mut films = Vec::new();
            while let Some(row) = found.next()?.filter(|_| films.len() < most) {
                // A row that cannot be read stays, and so does its file.
                let film = done_film(&row).ok();
                let film = film.map(|film| DoneFilm { path: self.mounts.path(&film.path), ..film });
                let film =
                    film.filter(|film| is_wanted(&film.path) && host.may_have(&film.path, &film.seen_by));
                films.extend(film);
            }
            Ok(films)
        })
    }

    /// Writes down that files have been deleted, and why.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn note_deleted(&mut self, films: &[DoneFilm], why: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            for film in films {
                transaction
                    .prepare_cached("UPDATE files SET removed_at = ?2 WHERE id = ?1")?
                    .execute((film.file, Micros(now)))?;
                let event = NewEvent {
                    study: Some(film.study),
                    film: Some(film.film),
                    file: Some(film.file),
                    detail: json!({ "why": why }),
                    ..NewEvent::of(AuditKind::Deleted)
                };
                log(transaction, &event, now)?;
            }
            Ok(())
        })
    }

    /// Studies that were done until then and still hold patients' data, at most so many.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn studies_to_forget(&self, until: Timestamp, most: u32) -> Result<Vec<StudyId>, StoreError> {
        let sql = studies_over!(
            "SELECT studies.id FROM studies",
            "AND studies.forgotten_at IS NULL ORDER BY studies.status_at, studies.id LIMIT ?2"
        );
        self.read(|view| rows(view, "studies", sql, (Micros(until), most), |row| row.get(0)))
    }

    /// Removes the patients' data of studies: names, numbers, headers, notes, what plugins put beside them, and the paths of
    /// films that are not there any more. Scores, bands, times, counts and the audit stay.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn forget_patients(&mut self, studies: &[StudyId], now: Timestamp) -> Result<(), StoreError> {
        let host = self.host();
        self.write(|transaction| studies.iter().try_for_each(|study| forget(transaction, *study, &host, now)))
    }
}

fn done_film(row: &Row<'_>) -> sql::Result<DoneFilm> {
    let mut columns = Columns::of(row);
    Ok(DoneFilm {
        file: columns.next()?,
        film: columns.next()?,
        study: columns.next()?,
        done_at: columns.next_time()?,
        path: columns.next::<Place>()?.0,
        size: columns.next::<i64>()?.unsigned_abs(),
        modified_ns: columns.next()?,
        seen_by: columns.next()?,
    })
}

fn forget(transaction: &Transaction<'_>, study: StudyId, host: &OfHost, now: Timestamp) -> sql::Result<()> {
    let each = |sql: &str| transaction.prepare_cached(sql)?.execute([study]).map(|_| ());
    forget_paths(transaction, study, host)?;
    each("DELETE FROM study_patients WHERE study = ?1")?;
    each("UPDATE notes SET text = '***' WHERE study = ?1")?;
    each("UPDATE outbox SET content = '' WHERE study = ?1 AND state <> 'waiting'")?;
    each(
        "UPDATE films SET header = NULL, sop_instance_uid = NULL, warnings = NULL,
                reason = CASE WHEN reason IS NULL THEN NULL ELSE '***' END WHERE study = ?1",
    )?;
    let attributes: String =
        Attribute::ALL.iter().map(|attribute| format!("{} = '', ", attribute.name())).collect();
    let clear = format!(
        "UPDATE studies SET {attributes} key = 'forgotten:' || id, patient_id = '', patient_name = '',
                accession_number = '', description = '', file_name = '', study_time = NULL, marks = '',
                held_reason = CASE held_reason WHEN '' THEN '' ELSE '***' END,
                forgotten_at = ?2, revision = (SELECT max(revision) + 1 FROM studies) WHERE id = ?1"
    );
    transaction.hint(Hint::List);
    transaction.prepare_cached(&clear)?.execute((study, Micros(now)))?;
    log(transaction, &NewEvent { study: Some(study), ..NewEvent::of(AuditKind::Forgotten) }, now)
}

/// Paths can name patients. That of a film which is still there stays: without it the film would come in again.
fn forget_paths(view: &Connection, study: StudyId, host: &OfHost) -> sql::Result<()> {
    let sql = "SELECT files.id, files.path, files.seen_by, files.removed_at IS NOT NULL
               FROM files JOIN films ON films.id = files.film WHERE films.study = ?1";
    let files = rows(view, "files", sql, [study], |row| {
        Ok((row.get(0)?, row.get::<_, Place>(1)?.0, row.get::<_, String>(2)?, row.get::<_, bool>(3)?))
    })?;
    let mut forget = view.prepare_cached("UPDATE files SET path = ?2 WHERE id = ?1")?;
    for (file, place, seen_by, was_removed) in files {
        let (file, path): (FileId, PathBuf) = (file, host.mounts.path(&place));
        let is_known = was_removed || host.knows_of(&path, &seen_by);
        if is_known && path.symlink_metadata().is_err() {
            forget.execute((file, Place::to_value(Path::new(&format!("forgotten:{file}")))))?;
        }
    }
    Ok(())
}
