//! Statements and their rows: the one way in which the store speaks to a database.
//!
//! A statement is written once, in what every database here understands, with its parameters as `?1`, `?2`. Values are
//! null, whole numbers, floats, text and bytes ([`ValueRef`]); [`ToSql`] and [`FromSql`] turn ours into them and back.

mod error;
mod fault;
mod hint;
mod numbered;
mod params;
mod rows;
mod server;
mod transaction;

pub(in crate::store) use rusqlite::types::{
    FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef,
};

pub(in crate::store) use error::{Error, OptionalExtension, Result, ValueError, ValueResult};
pub(in crate::store) use fault::Trouble;
pub use hint::Hint;
pub(in crate::store) use params::{Params, params, params_from_iter, places};
pub(in crate::store) use rows::{MappedRows, Row, Rows};
pub(in crate::store) use server::{Listener, Session};
pub(in crate::store) use transaction::Transaction;

/// An open connection to a database. It can be sent to another thread, not shared.
#[derive(Debug)]
pub(in crate::store) struct Connection(Engine);

#[derive(Debug)]
enum Engine {
    Sqlite(Box<rusqlite::Connection>),
    Server(Box<Session>),
}

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        Self(Engine::Sqlite(Box::new(connection)))
    }
}

impl From<Session> for Connection {
    fn from(session: Session) -> Self {
        Self(Engine::Server(Box::new(session)))
    }
}

impl Connection {
    /// The connection to a file, for what only SQLite has.
    pub(in crate::store) fn sqlite(&self) -> Option<&rusqlite::Connection> {
        match &self.0 {
            Engine::Sqlite(connection) => Some(connection),
            Engine::Server(_) => None,
        }
    }

    /// A name of the database, for telling one store of this process from another.
    pub(in crate::store) fn name(&self) -> Option<String> {
        match &self.0 {
            Engine::Sqlite(connection) => connection.path().map(str::to_owned),
            Engine::Server(session) => Some(session.place().to_string()),
        }
    }

    /// Tells whoever listens that something changed, when the transaction is kept. A file has no listeners: its followers
    /// ask it.
    pub(in crate::store) fn hint(&self, hint: Hint) {
        if let Engine::Server(session) = &self.0 {
            session.hint(hint);
        }
    }

    /// Prepares a statement, or takes it from those that this connection keeps.
    pub(in crate::store) fn prepare_cached(&self, sql: &str) -> Result<CachedStatement<'_>> {
        match &self.0 {
            Engine::Sqlite(connection) => Ok(CachedStatement::Sqlite(connection.prepare_cached(sql)?)),
            Engine::Server(session) => Ok(CachedStatement::Server(session, sql.to_owned())),
        }
    }

    /// Carries out one statement that is not worth keeping; returns how many rows it changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        match &self.0 {
            Engine::Sqlite(connection) => params.bind(|params| Ok(connection.execute(sql, params)?)),
            Engine::Server(session) => params.bind(|params| session.execute(sql, params)),
        }
    }

    /// Carries out several statements without parameters.
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<()> {
        match &self.0 {
            Engine::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Engine::Server(session) => session.batch(sql),
        }
    }
}

/// A prepared statement.
pub(in crate::store) enum CachedStatement<'c> {
    /// Of a file.
    Sqlite(rusqlite::CachedStatement<'c>),
    /// Of a server, which is told it at its first use.
    Server(&'c Session, String),
}

impl CachedStatement<'_> {
    /// Carries it out; returns how many rows it changed.
    pub(in crate::store) fn execute(&mut self, params: impl Params) -> Result<usize> {
        match self {
            Self::Sqlite(statement) => params.bind(|params| Ok(statement.execute(params)?)),
            Self::Server(session, sql) => params.bind(|params| session.execute(sql, params)),
        }
    }

    /// Reads its rows one after the other.
    pub(in crate::store) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        match self {
            Self::Sqlite(statement) => Ok(Rows::Sqlite(params.bind(move |params| statement.query(params))?)),
            Self::Server(session, sql) => {
                Ok(Rows::of_server(params.bind(|params| session.query(sql, params))?))
            }
        }
    }

    /// Reads its rows, each as what `read` makes of it.
    pub(in crate::store) fn query_map<T, F>(
        &mut self,
        params: impl Params,
        read: F,
    ) -> Result<MappedRows<'_, F>>
    where
        F: FnMut(&Row<'_>) -> Result<T>,
    {
        Ok(MappedRows::new(self.query(params)?, read))
    }

    /// Reads its first row; it is an error of its own that there is none.
    pub(in crate::store) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.query(params)?;
        match rows.next()? {
            Some(row) => read(&row),
            None => Err(ValueError::QueryReturnedNoRows.into()),
        }
    }

    /// Whether it has any row.
    pub(in crate::store) fn exists(&mut self, params: impl Params) -> Result<bool> {
        match self {
            Self::Sqlite(_) => Ok(self.query(params)?.next()?.is_some()),
            // All rows of an answer come at once.
            Self::Server(session, sql) => {
                let first = format!("SELECT 1 FROM ({sql}) AS found LIMIT 1");
                Ok(!params.bind(|params| session.query(&first, params))?.is_empty())
            }
        }
    }
}
