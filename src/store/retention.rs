//! The retention's questions to a store, and its notes in it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::json;

use super::{
    FileId, FilmId, Store, StoreError, StudyId,
    audit::{NewEvent, log},
    convert::{Columns, Micros, Place},
    shared::host_name,
    sql::{self, Connection, Hint, Row, Transaction},
    unreadable::rows,
};
use crate::{
    intake::{Mounts, split},
    study::{Attribute, AuditKind},
};

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
}

impl Store {
    /// The files of studies that were done until then whose paths are wanted, those first that were done first, at most so
    /// many. Copies of a film are files of their own.
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
            "SELECT files.id, films.id, studies.id, studies.status_at, files.path, files.size, files.modified_ns
             FROM studies JOIN films ON films.study = studies.id
             JOIN files ON files.film = films.id AND files.removed_at IS NULL",
            "AND NOT EXISTS (SELECT 1 FROM files AS newer WHERE newer.path = files.path AND newer.id > files.id)
             ORDER BY studies.status_at, studies.id, files.id"
        );
        self.read(|view| {
            let mut query = view.prepare_cached(sql)?;
            let mut found = query.query([Micros(until)])?;
            let mut films = Vec::new();
            while let Some(row) = found.next()?.filter(|_| films.len() < most) {
                // A row that cannot be read stays, and so does its file.
                let film = done_film(&row).ok();
                let film = film.map(|film| DoneFilm { path: self.mounts.path(&film.path), ..film });
                let film = film.filter(|film| is_wanted(&film.path));
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
        let mounts = Arc::clone(&self.mounts);
        let host = if self.is_shared() { Some(host_name()) } else { None };
        let of_host = OfHost { mounts: &mounts, name: host.as_deref() };
        self.write(|transaction| {
            studies.iter().try_for_each(|study| forget(transaction, *study, &of_host, now))
        })
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
    })
}

/// The view of one host, which knows some of the files.
struct OfHost<'a> {
    mounts: &'a Mounts,
    /// Its name among the hosts of a shared store; none: there is no other.
    name: Option<&'a str>,
}

impl OfHost<'_> {
    /// Whether a file is gone, as far as this host can know: another one may have it where this one has not.
    fn is_gone(&self, place: &Path, seen_by: &str) -> bool {
        let path = self.mounts.path(place);
        let is_known = match split(&path) {
            Some(_) => false,
            None => self.mounts.inbox_of(&path).is_some() || self.name.is_none_or(|name| name == seen_by),
        };
        is_known && path.symlink_metadata().is_err()
    }
}

fn forget(
    transaction: &Transaction<'_>,
    study: StudyId,
    host: &OfHost<'_>,
    now: Timestamp,
) -> sql::Result<()> {
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
fn forget_paths(view: &Connection, study: StudyId, host: &OfHost<'_>) -> sql::Result<()> {
    let sql = "SELECT files.id, files.path, files.seen_by FROM files JOIN films ON films.id = files.film WHERE films.study = ?1";
    let files = rows(view, "files", sql, [study], |row| {
        Ok((row.get(0)?, row.get::<_, Place>(1)?.0, row.get::<_, String>(2)?))
    })?;
    let mut forget = view.prepare_cached("UPDATE files SET path = ?2 WHERE id = ?1")?;
    for (file, path, seen_by) in files {
        let file: FileId = file;
        if host.is_gone(&path, &seen_by) {
            forget.execute((file, Place::to_value(Path::new(&format!("forgotten:{file}")))))?;
        }
    }
    Ok(())
}
