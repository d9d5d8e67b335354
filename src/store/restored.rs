//! The first start on a store that was put back from a backup.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::{
    StoreError, StoreErrorKind,
    audit::{NewEvent, log},
    sql::{self, Connection, OptionalExtension},
};
use crate::study::AuditKind;

/// Looks whether this is the first start on a copy, and if so, whether the copy is sound.
pub(super) fn check_restored(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: sql::Error| StoreError::from_sql(path, error);
    let made: Option<i64> = connection
        .prepare_cached("SELECT made_at FROM backup")
        .and_then(|mut made| made.query_row([], |row| row.get(0)).optional())
        .map_err(failed)?;
    let Some(made) = made else { return Ok(()) };
    let found: String = connection
        .prepare_cached("PRAGMA integrity_check(1)")
        .and_then(|mut check| check.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    if found != "ok" {
        let why = format!("the backup that was put back is not whole: {found}");
        return Err(StoreError::new(StoreErrorKind::Corrupt, path, &why));
    }
    let note = || {
        let transaction = connection.write()?;
        // Of two processes that start at once one writes it down.
        if transaction.execute("DELETE FROM backup", [])? > 0 {
            let detail = json!({ "made_at": Timestamp::from_microsecond(made).ok() });
            log(&transaction, &NewEvent { detail, ..NewEvent::of(AuditKind::Restored) }, Timestamp::now())?;
        }
        transaction.commit()
    };
    note().map_err(failed)
}
