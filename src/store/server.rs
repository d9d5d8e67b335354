//! A store on a PostgreSQL server: opening, and what only it needs.

use std::time::Duration;

use super::{
    Store, StoreError, StoreErrorKind,
    migrations::{MIGRATIONS, is_table, migrate, refuse_newer, version},
    sql::{self, Connection, Session},
};
use crate::store_place::{ServerPlace, StorePlace};

/// The oldest server that has all that the tables need, as the server numbers itself.
const OLDEST: i64 = 130_000;

/// Connects, refuses what is no store of ours, and brings it up to this version.
pub(super) fn open_server(
    server: &ServerPlace,
    place: &StorePlace,
    busy: Duration,
) -> Result<Connection, StoreError> {
    let failed = |error: sql::Error| StoreError::from_sql(place, error);
    let connection = Connection::from(Session::open(server, busy).map_err(failed)?);
    refuse_strangers(&connection, place)?;
    migrate(&connection, MIGRATIONS).map_err(failed)?;
    Ok(connection)
}

/// Refuses a server that cannot hold a store, a database of another program, and a store of a newer version.
fn refuse_strangers(connection: &Connection, place: &StorePlace) -> Result<(), StoreError> {
    let failed = |error: sql::Error| StoreError::from_sql(place, error);
    let (number, encoding, schema): (i64, String, Option<String>) = connection
        .prepare_cached(
            "SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('server_encoding'),
                    current_schema()",
        )
        .and_then(|mut ask| ask.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
        .map_err(failed)?;
    let refuse = |kind, why: &str| Err(StoreError::new(kind, place, &why));
    if number < OLDEST {
        let why =
            format!("it is PostgreSQL {}, the store needs {} or newer", number / 10_000, OLDEST / 10_000);
        return refuse(StoreErrorKind::NotADatabase, &why);
    }
    if encoding != "UTF8" {
        let why = format!("its texts are {encoding}: make a database with the encoding UTF8");
        return refuse(StoreErrorKind::NotADatabase, &why);
    }
    if schema.is_none() {
        return refuse(StoreErrorKind::NoDatabase, "there is no schema of the name that its search_path has");
    }
    if is_table(connection, "store_format").map_err(failed)? {
        return refuse_newer(version(connection).map_err(failed)?, place);
    }
    if has_tables(connection).map_err(failed)? {
        return refuse(StoreErrorKind::NotADatabase, "the schema holds tables of another program");
    }
    Ok(())
}

impl Store {
    /// A word for the server that holds the store, which is another one once a replica has taken its place, or a backup of the
    /// server was restored to some moment; none where there is no such word.
    ///
    /// # Errors
    /// The server does not answer, or does not tell.
    pub fn lineage(&self) -> Result<Option<String>, StoreError> {
        if !self.is_shared() {
            return Ok(None);
        }
        // The timeline. One that takes no changes has none of its own.
        let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL
                          ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";
        self.read(|view| view.prepare_cached(sql)?.query_row([], |row| row.get(0)))
    }
}

/// Whether anything lies in the schema that no extension put there. A store that is just being made shows all at once.
fn has_tables(connection: &Connection) -> sql::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM pg_catalog.pg_class AS found
             WHERE found.relkind IN ('r', 'p', 'v', 'm', 'f')
               AND found.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
               AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS owned
                               WHERE owned.objid = found.oid AND owned.deptype = 'e')
               AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS ours
                               WHERE ours.relname = 'store_format' AND ours.relnamespace = found.relnamespace)",
        )?
        .exists([])
}

/// Takes the right to write and gives it back, waiting so long for another writer.
pub(super) fn try_to_write(connection: &Connection, busy: Duration) -> sql::Result<()> {
    let patience = format!("SET LOCAL lock_timeout = {}", busy.as_millis().max(1));
    let view = connection.beside_others(&patience)?;
    view.take_turn()?;
    // A server that takes no changes says so here.
    view.prepare_cached("SELECT version FROM store_format FOR UPDATE")?
        .query_row([], |row| row.get::<_, i64>(0))?;
    view.rollback()
}
