//! The versions of a store's tables, on SQLite and on PostgreSQL, and the way from each to the next.

use super::{
    StoreError, StoreErrorKind,
    place::APPLICATION_ID,
    sql::{self, Connection},
};
use crate::store_place::StorePlace;

/// A step from one version to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration<'a> {
    /// For a file.
    pub(super) sqlite: &'a str,
    /// For a server.
    pub(super) postgres: Step<'a>,
}

/// A step of a server's store.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// No store on a server was ever so old.
    Never,
    /// Makes all tables as they are after this step; what came before is not needed.
    Whole(&'a str),
    /// Changes what the step before left.
    #[allow(dead_code, reason = "the step after the first one on a server makes one")]
    Next(&'a str),
}

/// One line a step. One that is for both needs both files, or nothing compiles.
macro_rules! migrations {
    ($($kind:ident $file:literal),+ $(,)?) => {
        &[$(Migration {
            sqlite: include_str!(concat!("migrations/", $file)),
            postgres: migrations!(@$kind $file),
        }),+]
    };
    (@sqlite $file:literal) => { Step::Never };
    (@whole $file:literal) => { Step::Whole(include_str!(concat!("migrations/postgres/", $file))) };
    (@both $file:literal) => { Step::Next(include_str!(concat!("migrations/postgres/", $file))) };
}

/// Counted from 1; the store says how many it has had. Released ones are never edited.
pub(super) const MIGRATIONS: &[Migration<'static>] = migrations![
    sqlite "001_first.sql",
    sqlite "002_warnings.sql",
    sqlite "003_requests.sql",
    sqlite "004_people.sql",
    sqlite "005_plugins.sql",
    sqlite "007_exposure.sql",
    sqlite "008_shift.sql",
    sqlite "009_in_work.sql",
    sqlite "010_again.sql",
    sqlite "011_large_studies.sql",
    sqlite "012_identity.sql",
    sqlite "013_trying.sql",
    sqlite "014_attributes.sql",
    sqlite "015_senders.sql",
    sqlite "016_operations.sql",
    whole "017_send.sql",
    both "018_hosts.sql",
];

/// Brings a store to `migrations.len()`, on a file each step in a transaction of its own, on a server all in one. Two
/// processes may start at once: the version is read again inside the transaction.
pub(super) fn migrate(connection: &Connection, migrations: &[Migration<'_>]) -> sql::Result<()> {
    loop {
        // A store that is up to date is only read: a dashboard does not wait for a busy owner.
        if version(connection)? >= migrations.len() {
            return Ok(());
        }
        let transaction = connection.write_for_long()?;
        let version = version(&transaction)?;
        let Some(migration) = migrations.get(version) else { return Ok(()) };
        match transaction.sqlite() {
            Some(sqlite) => {
                transaction.execute_batch(migration.sqlite)?;
                sqlite.pragma_update(None, "application_id", APPLICATION_ID)?;
                sqlite.pragma_update(None, "user_version", u32::try_from(version + 1).unwrap_or(u32::MAX))?;
            }
            None => take_steps(&transaction, version, migrations)?,
        }
        transaction.commit()?;
    }
}

/// How many steps a store has had.
pub(super) fn version(connection: &Connection) -> sql::Result<usize> {
    let version: u32 = match connection.sqlite() {
        Some(sqlite) => sqlite.pragma_query_value(None, "user_version", |row| row.get(0))?,
        None if is_table(connection, "store_format")? => connection
            .prepare_cached("SELECT coalesce(max(version), 0) FROM store_format")?
            .query_row([], |row| row.get(0))?,
        None => 0,
    };
    Ok(version as usize)
}

/// Refuses a store of a newer version.
pub(super) fn refuse_newer(version: usize, place: impl Into<StorePlace>) -> Result<(), StoreError> {
    if version <= MIGRATIONS.len() {
        return Ok(());
    }
    let why = format!("its format is {version}, this version knows {} at most", MIGRATIONS.len());
    Err(StoreError::new(StoreErrorKind::NewerVersion, place, &why))
}

/// Whether the schema of a server's store has that table.
pub(super) fn is_table(connection: &Connection, name: &str) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM pg_catalog.pg_class
             WHERE relname = ?1 AND relkind = 'r'
               AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())",
        )?
        .exists([name])
}

fn take_steps(connection: &Connection, version: usize, migrations: &[Migration<'_>]) -> sql::Result<()> {
    let whole = migrations.iter().rposition(|step| matches!(step.postgres, Step::Whole(_)));
    let first = if version == 0 { whole.unwrap_or(migrations.len()) } else { version };
    for migration in migrations.iter().skip(first) {
        if let Step::Whole(statements) | Step::Next(statements) = migration.postgres {
            connection.execute_batch(statements)?;
        }
    }
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS store_format (version BIGINT NOT NULL); DELETE FROM store_format",
    )?;
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    connection.execute("INSERT INTO store_format (version) VALUES (?1)", [known])?;
    Ok(())
}
