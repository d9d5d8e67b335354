//! A copy of a store that is in use.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, backup::Backup};

use super::{Store, StoreError, StoreErrorKind, convert::Micros, open::make, place::with_suffix};
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
        if self.connection.sqlite().is_none() {
            let why =
                "a store on a server is backed up there, with pg_dump or with what its people have for it";
            return Err(StoreError::new(StoreErrorKind::NotAFile, &self.place, &why));
        }
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
            let Some(sqlite) = self.connection.sqlite() else { return Ok(()) };
            Backup::new(sqlite, &mut target)?.run_to_completion(ALL_PAGES, PAUSE, None)?;
            // One file, with nothing beside it.
            target.pragma_update(None, "journal_mode", "DELETE")?;
            target.execute("INSERT OR REPLACE INTO backup (id, made_at) VALUES (1, ?1)", [Micros(now)])?;
            Ok(())
        };
        copy().map_err(|error| StoreError::from_sql(file, error))
    }
}

fn sync(file: &Path) -> io::Result<()> {
    fs::File::open(file)?.sync_all()
}

fn remove(file: &Path) -> io::Result<()> {
    let journal: PathBuf = with_suffix(file, "-journal");
    let _ = fs::remove_file(journal);
    fs::remove_file(file)
}
