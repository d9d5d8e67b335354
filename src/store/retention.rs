//! The retention's questions to a store, and its notes in it.

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::json;

use super::{
    FileId, FilmId, Store, StoreError, StudyId,
    audit::{NewEvent, log},
    convert::{Columns, Micros, Place},
    sql::{self, Connection, Hint, Params, Row, Transaction, params_from_iter, places},
    unreadable::rows,
};
use crate::study::{Attribute, AuditKind};

/// Paths that are forgotten in one transaction, where there are many.
const PATHS: usize = 500;

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

/// Files of films whose paths are still kept: paths can name patients.
macro_rules! named_files {
    ($condition:literal) => {
        concat!(
            "SELECT files.id, files.path, files.seen_by, files.removed_at IS NOT NULL
             FROM files JOIN films ON films.id = files.film JOIN studies ON studies.id = films.study
             WHERE substr(files.path, 1, 10) <> 'forgotten:' AND ",
            $condition
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

    /// Writes down that files have been deleted, and why; of one that was written down before nothing.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn note_deleted(&mut self, films: &[DoneFilm], why: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            for film in films {
                let noted = transaction
                    .prepare_cached("UPDATE files SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL")?
                    .execute((film.file, Micros(now)))?;
                if noted == 0 {
                    continue;
                }
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
    /// films that are not there any more. Scores, bands, times, counts and the audit stay. A study of which that was done
    /// before stays as it is.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn forget_patients(&mut self, studies: &[StudyId], now: Timestamp) -> Result<(), StoreError> {
        if studies.is_empty() {
            return Ok(());
        }
        let sql = format!(named_files!("films.study IN ({})"), places(studies.len(), 1));
        let gone =
            self.known_gone(self.read(|view| self.named_files(view, &sql, params_from_iter(studies)))?);
        self.write(|transaction| {
            forget_paths(transaction, &gone)?;
            studies.iter().try_for_each(|study| forget(transaction, *study, now))
        })
    }

    /// Removes paths of films whose patients were forgotten before, and which were still there then or on a disk of which
    /// the host that did it could not know. It looks at the next `most` files after that one; returns the last of them, if
    /// there are more behind it.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn forget_more_paths(&mut self, after: FileId, most: u32) -> Result<Option<FileId>, StoreError> {
        let end =
            "SELECT max(id), count(*) FROM (SELECT id FROM files WHERE id > ?1 ORDER BY id LIMIT ?2) AS next";
        let sql = named_files!("files.id > ?1 AND files.id <= ?2 AND studies.forgotten_at IS NOT NULL");
        let (last, files) = self.read(|view| {
            let (last, count): (Option<FileId>, u32) =
                view.prepare_cached(end)?.query_row((after, most), |row| Ok((row.get(0)?, row.get(1)?)))?;
            let files = match last {
                Some(last) => self.named_files(view, sql, (after, last))?,
                None => Vec::new(),
            };
            Ok((last.filter(|_| count == most), files))
        })?;
        for page in self.known_gone(files).chunks(PATHS) {
            self.write(|transaction| forget_paths(transaction, page))?;
        }
        Ok(last)
    }

    /// Reads the files of a query that `named_files` made.
    fn named_files(&self, view: &Connection, sql: &str, params: impl Params) -> sql::Result<Vec<NamedFile>> {
        rows(view, "files", sql, params, |row| {
            let mut columns = Columns::of(row);
            Ok(NamedFile {
                file: columns.next()?,
                path: self.mounts.path(&columns.next::<Place>()?.0),
                seen_by: columns.next()?,
                was_removed: columns.next()?,
            })
        })
    }

    /// The files that are gone, as far as this host can know. It asks disks and shares, which may take their time: for that
    /// no other writer is to wait.
    fn known_gone(&self, files: Vec<NamedFile>) -> Vec<FileId> {
        let host = self.host();
        let is_gone = |file: &NamedFile| {
            (file.was_removed || host.knows_of(&file.path, &file.seen_by)) && is_missing(&file.path)
        };
        files.into_iter().filter(is_gone).map(|file| file.file).collect()
    }
}

/// A file whose path is still kept.
struct NamedFile {
    file: FileId,
    /// Where it is on this host.
    path: PathBuf,
    seen_by: String,
    /// Whether the retention has deleted it.
    was_removed: bool,
}

/// Whether there is nothing at that place. What cannot be looked at may be there.
fn is_missing(path: &Path) -> bool {
    let fault = path.symlink_metadata().err().map(|error| error.kind());
    matches!(fault, Some(io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
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

fn forget(transaction: &Transaction<'_>, study: StudyId, now: Timestamp) -> sql::Result<()> {
    let attributes: String =
        Attribute::ALL.iter().map(|attribute| format!("{} = '', ", attribute.name())).collect();
    let clear = format!(
        "UPDATE studies SET {attributes} key = 'forgotten:' || id, patient_id = '', patient_name = '',
                accession_number = '', description = '', file_name = '', study_time = NULL, marks = '',
                held_reason = CASE held_reason WHEN '' THEN '' ELSE '***' END,
                forgotten_at = ?2, revision = (SELECT max(revision) + 1 FROM studies)
         WHERE id = ?1 AND forgotten_at IS NULL"
    );
    if transaction.prepare_cached(&clear)?.execute((study, Micros(now)))? == 0 {
        return Ok(());
    }
    transaction.hint(Hint::List);
    let each = |sql: &str| transaction.prepare_cached(sql)?.execute([study]).map(|_| ());
    each("DELETE FROM study_patients WHERE study = ?1")?;
    each("UPDATE notes SET text = '***' WHERE study = ?1")?;
    each("UPDATE outbox SET content = '' WHERE study = ?1 AND state <> 'waiting'")?;
    each(
        "UPDATE films SET header = NULL, sop_instance_uid = NULL, warnings = NULL,
                reason = CASE WHEN reason IS NULL THEN NULL ELSE '***' END WHERE study = ?1",
    )?;
    log(transaction, &NewEvent { study: Some(study), ..NewEvent::of(AuditKind::Forgotten) }, now)
}

/// Forgets the paths of files that are gone. That of a film which is still there stays: without it the film would come in
/// again; and so does that of one which is queued.
fn forget_paths(connection: &Connection, gone: &[FileId]) -> sql::Result<()> {
    let mut forget =
        connection.prepare_cached("UPDATE files SET path = ?2 WHERE id = ?1 AND state <> 'queued'")?;
    for file in gone {
        forget.execute((*file, Place::to_value(Path::new(&format!("forgotten:{file}")))))?;
    }
    Ok(())
}
