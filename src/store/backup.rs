//! A copy of a store that is in use, and the first start on a copy.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, backup::Backup};
use serde_json::json;

use super::{
    Store, StoreError, StoreErrorKind,
    audit::{NewEvent, log},
    convert::Micros,
    open::{make, with_suffix},
};
use crate::study::AuditKind;

/// All pages in one step: one view of the store, which writers meanwhile neither wait for nor spoil.
const ALL_PAGES: i32 = i32::MAX;
/// A store that is just being opened by its first user is tried again after so long.
const PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Copies the store as it is now into a new file, which is its owner's alone. Others go on reading and writing.
    ///
    /// # Errors
    /// There is something at that place, or it cannot be written; then nothing is left there.
    pub fn back_up(&self, to: &Path, now: Timestamp) -> Result<(), StoreError> {
        if to.symlink_metadata().is_ok() {
            let why = "there is something of that name already: it stays as it is";
            return Err(StoreError::new(StoreErrorKind::ReadOnly, to, &why));
        }
        // Under its name is a whole copy or nothing.
        let unfinished = with_suffix(to, ".part");
        let _ = remove(&unfinished);
        make(&unfinished)?;
        let finish = || {
            self.copy_into(&unfinished, now)?;
            sync(&unfinished)
                .and_then(|()| fs::rename(&unfinished, to))
                .map_err(|error| StoreError::from_io(to, error))
        };
        finish().inspect_err(|_| {
            let _ = remove(&unfinished);
        })
    }

    fn copy_into(&self, file: &Path, now: Timestamp) -> Result<(), StoreError> {
        let copy = || -> rusqlite::Result<()> {
            let mut target = Connection::open(file)?;
            Backup::new(&self.connection, &mut target)?.run_to_completion(ALL_PAGES, PAUSE, None)?;
            // One file, with nothing beside it.
            target.pragma_update(None, "journal_mode", "DELETE")?;
            target.execute("INSERT OR REPLACE INTO backup (id, made_at) VALUES (1, ?1)", [Micros(now)])?;
            Ok(())
        };
        copy().map_err(|error| StoreError::from_sqlite(file, error))
    }
}

/// Looks whether this is the first start on a copy, and if so, whether the copy is sound.
pub(super) fn check_restored(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::from_sqlite(path, error);
    let made: Option<i64> = connection
        .query_row("SELECT made_at FROM backup", [], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let Some(made) = made else { return Ok(()) };
    let found: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if found != "ok" {
        let why = format!("the backup that was put back is not whole: {found}");
        return Err(StoreError::new(StoreErrorKind::Corrupt, path, &why));
    }
    let note = || {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Of two processes that start at once one writes it down.
        if transaction.execute("DELETE FROM backup", [])? > 0 {
            let detail = json!({ "made_at": Timestamp::from_microsecond(made).ok() });
            log(&transaction, &NewEvent { detail, ..NewEvent::of(AuditKind::Restored) }, Timestamp::now())?;
        }
        transaction.commit()
    };
    {
        note
    }
    ().map_err(failed)
}

fn sync(file: &Path) -> io::Result<()> {
    fs::File::open(file)?.sync_all()
}

fn remove(file: &Path) -> io::Result<()> {
    let journal: PathBuf = with_suffix(file, "-journal");
    let _ = fs::remove_file(journal);
    fs::remove_file(file)
}
