//! A file that is due to be finished, and its closing.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{
    Claim, FileId, FilmId,
    convert::{Columns, Place},
    shared::still_has,
    sql::{self, Connection},
};

/// A file as it stands before its end.
pub(super) struct Due {
    pub(super) id: FileId,
    pub(super) path: PathBuf,
    pub(super) received_at: Timestamp,
    pub(super) state: String,
    /// The film that it was closed with; of a queued file, its entry from when it had gone.
    pub(super) film: Option<FilmId>,
}

impl Due {
    pub(super) fn is_queued(&self) -> bool {
        self.state == "queued"
    }
}

/// Reads a file as it stands; a claim of it must last.
pub(super) fn due(connection: &Connection, claim: Claim) -> sql::Result<Due> {
    if !still_has(connection, claim)? {
        return Err(sql::Error::Late);
    }
    connection
        .prepare_cached("SELECT id, path, received_at, state, film FROM files WHERE id = ?1")?
        .query_row([claim.file], |row| {
            let mut columns = Columns::of(row);
            Ok(Due {
                id: columns.next()?,
                path: columns.next::<Place>()?.0,
                received_at: columns.next_time()?,
                state: columns.next()?,
                film: columns.next()?,
            })
        })
}

/// Closes a file with the film that it came to.
pub(super) fn close(connection: &Connection, file: FileId, state: &str, film: FilmId) -> sql::Result<()> {
    connection
        .prepare_cached(
            "UPDATE files SET state = ?2, film = ?3, again_at = NULL, claimed_by = NULL, lease_until = NULL
             WHERE id = ?1",
        )?
        .execute((file, state, film))?;
    Ok(())
}
