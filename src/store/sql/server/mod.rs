//! A connection to a PostgreSQL server: made anew when it broke, with a deadline for every word that is waited for.
//!
//! The client is asynchronous; each connection has a runtime of its own for it, on the thread that asks. That panics
//! within another runtime, of which this program has none.

mod listen;
mod live;
mod pool;
mod tls;
mod value;

use std::{
    cell::{Cell as Flag, RefCell},
    collections::HashMap,
    fmt,
    time::Duration,
};

use tokio_postgres::{Client, Row, Statement, types::ToSql as ServerToSql};

pub(in crate::store) use listen::Listener;
pub(super) use value::Cell;

use self::{
    live::{Live, STATEMENT, prepared},
    value::Parameter,
};
use super::{
    Result, ToSql,
    fault::{ServerError, Trouble},
    hint::Hint,
};
use crate::store_place::ServerPlace;

/// How much longer an answer is waited for than the server may take for it: one that is stopped ends no statement of ours.
const GRACE: Duration = Duration::from_secs(5);
/// For work that is long by its nature: migrations, copies.
const LONG: Duration = Duration::from_secs(6 * 3600);

/// A way to a server. It has a connection while something is asked and while a transaction is open; one that broke in
/// between is made anew.
pub(in crate::store) struct Session {
    key: (ServerPlace, Duration),
    live: RefCell<Option<Live>>,
    is_in_transaction: Flag<bool>,
    /// A statement of the transaction failed: the server keeps nothing of it, and says so of no later word but the last.
    is_spoilt: Flag<bool>,
    is_long: Flag<bool>,
    /// The hints that are sent with the end of the transaction, a bit each.
    hints: Flag<u8>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.place())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What it had begun ends with it.
        if !self.is_in_transaction.get() {
            self.rest();
        }
    }
}

impl Session {
    /// Connects; a writer waits for others no longer than `busy`.
    pub(in crate::store) fn open(place: &ServerPlace, busy: Duration) -> Result<Self> {
        let session = Self {
            key: (place.clone(), busy),
            live: RefCell::new(None),
            is_in_transaction: Flag::new(false),
            is_spoilt: Flag::new(false),
            is_long: Flag::new(false),
            hints: Flag::new(0),
        };
        session.batch("SELECT 1")?;
        Ok(session)
    }

    /// Where it leads to.
    pub(in crate::store) fn place(&self) -> &ServerPlace {
        &self.key.0
    }

    /// Whether what is asked from now on may take hours.
    pub(in crate::store) fn set_long(&self, is_long: bool) {
        self.is_long.set(is_long);
    }

    fn deadline(&self) -> Duration {
        if self.is_long.get() { LONG } else { self.key.1 + STATEMENT + GRACE }
    }

    /// Carries something out: in a transaction on its connection, else on any. A connection that broke while nobody used
    /// it is nobody's failure: then it is carried out on a new one.
    fn with<T>(
        &self,
        work: &impl AsyncFn(
            &Client,
            &mut HashMap<String, Statement>,
        ) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let mut place = self.live.borrow_mut();
        if self.is_in_transaction.get() {
            let Some(live) = place.as_mut() else { return Err(ServerError::lost().into()) };
            let answer = live.run(self.deadline(), work);
            if let Err(error) = &answer {
                self.is_spoilt.set(true);
                if error.ends_connection() || live.is_closed() {
                    *place = None;
                }
            }
            return Ok(answer?);
        }
        if let Some(mut waited) = place.take().or_else(|| pool::take(&self.key)) {
            match waited.run(self.deadline(), work) {
                Err(error) if error.breaks_off() => pool::forget(&self.key),
                Err(error) if error.ends_connection() => return Err(error.into()),
                answer => {
                    *place = Some(waited);
                    return Ok(answer?);
                }
            }
        }
        let live = place.insert(Live::connect(&self.key.0, self.key.1)?);
        let answer = live.run(self.deadline(), work);
        if answer.as_ref().is_err_and(ServerError::ends_connection) {
            *place = None;
        }
        Ok(answer?)
    }

    /// Lets others use the connection.
    fn rest(&self) {
        if let Some(live) = self.live.borrow_mut().take() {
            pool::give_back(&self.key, live);
        }
    }

    /// [`with`](Self::with), and lets others use the connection afterwards where no transaction is open.
    fn ask<T>(
        &self,
        work: &impl AsyncFn(
            &Client,
            &mut HashMap<String, Statement>,
        ) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let answer = self.with(work);
        if !self.is_in_transaction.get() {
            self.rest();
        }
        answer
    }

    /// Carries out statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.ask(&async |client, _| client.batch_execute(sql).await)
    }

    /// Carries out a statement with parameters; returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: &[&dyn ToSql]) -> Result<usize> {
        let params = parameters(params)?;
        let changed = self.ask(&async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.execute(&statement, &borrowed(&params)).await
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Reads all rows of a query.
    pub(super) fn query(&self, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Row>> {
        let params = parameters(params)?;
        self.ask(&async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.query(&statement, &borrowed(&params)).await
        })
    }

    /// Begins a transaction.
    pub(super) fn begin(&self, sql: &str) -> Result<()> {
        let begun = self.with(&async |client, _| client.batch_execute(sql).await);
        self.is_in_transaction.set(begun.is_ok());
        self.is_spoilt.set(false);
        self.hints.set(0);
        if begun.is_err() {
            // The server may have begun it all the same.
            drop(self.live.borrow_mut().take());
        }
        begun
    }

    /// Keeps what was done in the transaction.
    pub(super) fn commit(&self) -> Result<()> {
        if self.is_spoilt.get() {
            let _ = self.roll_back();
            return Err(ServerError::new(Trouble::Other, &"a part of the transaction failed before").into());
        }
        let hints = self.hints.get();
        let told = Hint::ALL.into_iter().filter(|hint| hints & hint.bit() != 0);
        let told: String = told.map(|hint| format!("NOTIFY {}; ", hint.channel())).collect();
        self.end(&format!("{told}COMMIT"))
    }

    /// Tells of a change when the transaction is kept.
    pub(super) fn hint(&self, hint: Hint) {
        self.hints.set(self.hints.get() | hint.bit());
    }

    /// Keeps nothing of it. Where the connection broke, the server sees to that.
    pub(super) fn roll_back(&self) -> Result<()> {
        if self.live.borrow().is_none() {
            self.is_in_transaction.set(false);
            return Ok(());
        }
        self.end("ROLLBACK")
    }

    fn end(&self, sql: &str) -> Result<()> {
        let ended = self.with(&async |client, _| client.batch_execute(sql).await);
        self.is_in_transaction.set(false);
        if ended.is_ok() {
            self.rest();
        } else {
            drop(self.live.borrow_mut().take());
        }
        ended
    }

    /// Whether a transaction is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction.get()
    }
}

fn parameters<'p>(params: &'p [&'p dyn ToSql]) -> Result<Vec<Parameter<'p>>> {
    params.iter().map(|value| Ok(Parameter(value.to_sql()?))).collect()
}

fn borrowed<'p>(params: &'p [Parameter<'p>]) -> Vec<&'p (dyn ServerToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ServerToSql + Sync)).collect()
}
