//! All of a store copied into another one, from any place to any place: table by table, as they are, in one transaction.

use super::{
    Store, StoreError, StoreErrorKind,
    convert::Place,
    sql::{self, Connection, Value, ValueRef, params_from_iter, places},
};
use crate::store_place::StorePlace;

/// Values of one statement, at most: both databases take more.
const VALUES: usize = 20_000;
/// Rows of one statement, at most.
const ROWS: usize = 500;
/// Tables that say what a database is and who works for it, and not what is in the store.
const OWN: [&str; 4] = ["store_format", "backup", "workers", "duties"];
/// The columns that triggers count up while films come.
const COUNTED: [&str; 3] = ["parts_scored", "parts_beside", "parts_amiss"];

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress<'a> {
    /// The table.
    pub table: &'a str,
    /// Its rows that have been copied.
    pub done: u64,
    /// Its rows.
    pub of: u64,
}

/// A table to be copied.
struct Table {
    name: String,
    columns: Vec<String>,
    rows: u64,
}

impl Store {
    /// Copies everything in another store into this one, in which there must be nothing yet; returns how many rows that
    /// were. The other one is read as it is at one moment, and stays as it is.
    ///
    /// # Errors
    /// See [`StoreErrorKind`]; then nothing is kept of it.
    pub fn copy_from(
        &mut self,
        from: &Self,
        mut progress: impl FnMut(CopyProgress<'_>),
    ) -> Result<u64, StoreError> {
        let of_source = |error: sql::Error| StoreError::from_sql(&from.place, error);
        let of_target = |error: sql::Error| StoreError::from_sql(&self.place, error);
        let refused = |why: String| StoreError::new(StoreErrorKind::NotEmpty, &self.place, &why);
        let view = from.connection.view_for_long().map_err(of_source)?;
        let target = self.connection.write_for_long().map_err(of_target)?;
        let tables = tables(&view).map_err(of_source)?;
        let own = self::tables(&target).map_err(of_target)?;
        if let Some(full) = own.iter().find(|table| table.rows > 0) {
            return Err(refused(format!("its table {} has {} rows", full.name, full.rows)));
        }
        let names = |tables: &[Table]| tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>();
        if names(&tables) != names(&own) {
            return Err(refused("its tables are others than those that are to be copied".to_owned()));
        }
        let defer = match target.sqlite() {
            Some(_) => "PRAGMA defer_foreign_keys = ON",
            None => "SET CONSTRAINTS ALL DEFERRED",
        };
        target.execute_batch(defer).map_err(of_target)?;
        let mut all = 0;
        for table in &tables {
            copy_table(&view, &target, table, &mut progress)
                .map_err(|failed| failed.into_error(from, &self.place))?;
            let copied = count(&target, &table.name).map_err(of_target)?;
            if copied != table.rows {
                let why = format!("of {} rows of the table {} {copied} arrived", table.rows, table.name);
                return Err(StoreError::new(StoreErrorKind::Other, &self.place, &why));
            }
            all += copied;
        }
        if target.sqlite().is_none() {
            set_numbers(&target, &tables).map_err(of_target)?;
        }
        target.commit().map_err(of_target)?;
        Ok(all)
    }
}

/// Which side of a copy failed.
enum Failed {
    Source(sql::Error),
    Target(sql::Error),
}

impl Failed {
    fn into_error(self, from: &Store, to: &StorePlace) -> StoreError {
        match self {
            Self::Source(error) => StoreError::from_sql(&from.place, error),
            Self::Target(error) => StoreError::from_sql(to, error),
        }
    }
}

/// The tables of a store, studies before films, with the columns that are written.
fn tables(connection: &Connection) -> sql::Result<Vec<Table>> {
    let sql = match connection.sqlite() {
        Some(_) => {
            "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%' ORDER BY tables.name, columns.name"
        }
        None => {
            "SELECT CAST(table_name AS TEXT) COLLATE \"C\", CAST(column_name AS TEXT) COLLATE \"C\"
             FROM information_schema.columns
             WHERE table_schema = current_schema() AND is_generated = 'NEVER' ORDER BY 1, 2"
        }
    };
    let pairs: Vec<(String, String)> = connection
        .prepare_cached(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<sql::Result<_>>()?;
    let mut tables: Vec<Table> = Vec::new();
    for (name, column) in pairs {
        if OWN.contains(&name.as_str()) || (name == "studies" && COUNTED.contains(&column.as_str())) {
            continue;
        }
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => {
                let rows = count(connection, &name)?;
                tables.push(Table { name, columns: vec![column], rows });
            }
        }
    }
    tables.sort_by_key(|table| table.name != "studies");
    Ok(tables)
}

fn count(connection: &Connection, table: &str) -> sql::Result<u64> {
    let rows: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM {table}"))?
        .query_row([], |row| row.get(0))?;
    Ok(rows.unsigned_abs())
}

fn copy_table(
    view: &Connection,
    target: &Connection,
    table: &Table,
    progress: &mut impl FnMut(CopyProgress<'_>),
) -> Result<(), Failed> {
    let columns = table.columns.join(", ");
    let at_once = ROWS.min(VALUES / table.columns.len().max(1)).max(1);
    let select = format!("SELECT {columns} FROM {}", table.name);
    let mut waiting: Vec<Value> = Vec::new();
    let mut done = 0;
    let mut put = |values: &mut Vec<Value>, least: usize| -> Result<(), Failed> {
        let rows = values.len() / table.columns.len();
        if rows < least {
            return Ok(());
        }
        insert(target, table, std::mem::take(values)).map_err(Failed::Target)?;
        done += rows as u64;
        progress(CopyProgress { table: &table.name, done, of: table.rows });
        Ok(())
    };
    let read = |waiting: &mut Vec<Value>, row: &sql::Row<'_>| -> sql::Result<()> {
        for (at, column) in table.columns.iter().enumerate() {
            let value = owned(row.get_ref(at)?)?;
            let is_path = table.name == "files" && column == "path" && target.sqlite().is_some();
            waiting.push(if is_path { as_file_has_it(value) } else { value });
        }
        Ok(())
    };
    if view.sqlite().is_some() {
        let mut query = view.prepare_cached(&select).map_err(Failed::Source)?;
        let mut rows = query.query([]).map_err(Failed::Source)?;
        while let Some(row) = rows.next().map_err(Failed::Source)? {
            read(&mut waiting, &row).map_err(Failed::Source)?;
            put(&mut waiting, at_once)?;
        }
        return put(&mut waiting, 1);
    }
    // A server sends all rows of an answer at once: it is asked for a few at a time.
    let cursor = format!("copied_{}", table.name);
    view.execute_batch(&format!("DECLARE {cursor} NO SCROLL CURSOR FOR {select}")).map_err(Failed::Source)?;
    loop {
        let mut fetch =
            view.prepare_cached(&format!("FETCH {at_once} FROM {cursor}")).map_err(Failed::Source)?;
        let mut rows = fetch.query([]).map_err(Failed::Source)?;
        while let Some(row) = rows.next().map_err(Failed::Source)? {
            read(&mut waiting, &row).map_err(Failed::Source)?;
        }
        if waiting.is_empty() {
            return view.execute_batch(&format!("CLOSE {cursor}")).map_err(Failed::Source);
        }
        put(&mut waiting, 1)?;
    }
}

fn insert(target: &Connection, table: &Table, values: Vec<Value>) -> sql::Result<()> {
    let width = table.columns.len();
    let rows = places(values.len() / width, width);
    let sql = format!("INSERT INTO {} ({}) VALUES {}", table.name, table.columns.join(", "), rows);
    target.execute(&sql, params_from_iter(values))?;
    Ok(())
}

fn owned(value: ValueRef<'_>) -> sql::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // Text of a file whose bytes are none is text all the same.
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// A path of a server's, which are bytes, as a file's rows have it: text where it is text.
fn as_file_has_it(value: Value) -> Value {
    match value {
        Value::Blob(bytes) => Place::to_value(&Place::of_bytes(&bytes)),
        other => other,
    }
}

/// Lets the next row of each table have the number after the last one.
fn set_numbers(target: &Connection, tables: &[Table]) -> sql::Result<()> {
    for Table { name, .. } in tables {
        let sequence: Option<String> = target
            .prepare_cached(
                "SELECT pg_get_serial_sequence(format('%I.%I', current_schema(), CAST(?1 AS TEXT)), column_name)
                 FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = ?1 AND is_identity = 'YES'",
            )?
            .query_map([name], |row| row.get(0))?
            .next()
            .transpose()?
            .flatten();
        if let Some(sequence) = sequence {
            let sql = format!(
                "SELECT setval(CAST(CAST(?1 AS TEXT) AS regclass), max(id)) FROM {name} HAVING max(id) IS NOT NULL"
            );
            target.prepare_cached(&sql)?.exists([sequence])?;
        }
    }
    Ok(())
}
