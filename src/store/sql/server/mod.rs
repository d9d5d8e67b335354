//! A connection to a PostgreSQL server: made anew when it broke, with a deadline for every word that is waited for.
//!
//! The client is asynchronous; each connection has a runtime of its own for it, on the thread that asks. That panics
//! within another runtime, of which this program has none.

mod tls;
mod value;

use std::{
    cell::{Cell as Flag, RefCell},
    collections::HashMap,
    fmt,
    time::Duration,
};

use tokio::{runtime::Runtime, task::JoinHandle, time::timeout};
use tokio_postgres::{Client, Row, Statement, types::ToSql as ServerToSql};

pub(super) use value::Cell;

use self::value::Parameter;
use super::{
    Error, Result, ToSql,
    fault::{ServerError, Trouble},
    numbered::for_postgres,
};
use crate::store_place::ServerPlace;

/// What a statement may take on the server after it has waited for others.
const STATEMENT: Duration = Duration::from_secs(15);
/// How much longer the answer is waited for: a server that is stopped ends no statement of ours.
const GRACE: Duration = Duration::from_secs(5);
/// What signing in may take beside the time to reach the server.
const SIGN_IN: Duration = Duration::from_secs(10);
/// What a transaction may stay open for while nothing is asked: one whose host has gone holds up nobody for long.
const IDLE: Duration = Duration::from_secs(15);
/// For work that is long by its nature: migrations, copies.
const LONG: Duration = Duration::from_secs(6 * 3600);
/// A network that is cut is found out after idle time, then so many tries.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_BETWEEN: Duration = Duration::from_secs(2);
const KEEPALIVE_TRIES: u32 = 3;
/// Bytes that nobody acknowledges for so long break the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// More statements than the store has.
const MOST_STATEMENTS: usize = 512;

/// A connection to a server, as long as it lasts; the next use after a failure makes another one.
pub(in crate::store) struct Session {
    place: ServerPlace,
    busy: Duration,
    live: RefCell<Option<Live>>,
    is_in_transaction: Flag<bool>,
    /// A statement of the transaction failed: the server keeps nothing of it, and says so of no later word but the last.
    is_spoilt: Flag<bool>,
    is_long: Flag<bool>,
}

/// A connection that lasts.
struct Live {
    client: Option<Client>,
    driver: JoinHandle<()>,
    statements: HashMap<String, Statement>,
    runtime: Runtime,
}

/// Lets the server know that it is over.
impl Drop for Live {
    fn drop(&mut self) {
        self.statements.clear();
        self.client = None;
        let driver = &mut self.driver;
        let _ = self.runtime.block_on(async { timeout(Duration::from_millis(500), driver).await });
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.place)
    }
}

impl Session {
    /// Connects; a writer waits for others no longer than `busy`.
    pub(in crate::store) fn open(place: &ServerPlace, busy: Duration) -> Result<Self> {
        let session = Self {
            place: place.clone(),
            busy,
            live: RefCell::new(None),
            is_in_transaction: Flag::new(false),
            is_spoilt: Flag::new(false),
            is_long: Flag::new(false),
        };
        *session.live.borrow_mut() = Some(session.connect()?);
        Ok(session)
    }

    /// Where it leads to.
    pub(in crate::store) fn place(&self) -> &ServerPlace {
        &self.place
    }

    /// Whether transactions that begin from now on may take hours.
    pub(in crate::store) fn set_long(&self, is_long: bool) {
        self.is_long.set(is_long);
    }

    fn connect(&self) -> std::result::Result<Live, ServerError> {
        let mut config = self.place.config().clone();
        match self.place.password() {
            Ok(Some(password)) => _ = config.password(password.bytes()),
            Ok(None) => {}
            Err(error) => return Err(ServerError::new(Trouble::Password, &error)),
        }
        config
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_BETWEEN)
            .keepalives_retries(KEEPALIVE_TRIES)
            .tcp_user_timeout(UNACKNOWLEDGED);
        let connector =
            tls::connector(&self.place).map_err(|error| ServerError::new(Trouble::Secure, &error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ServerError::new(Trouble::Other, &error))?;
        let hosts = u32::try_from(self.place.hosts().len()).unwrap_or(1).max(1);
        let within = config.get_connect_timeout().copied().unwrap_or_default() * hosts + SIGN_IN;
        let (client, driver) = runtime.block_on(async {
            let signed_in = async {
                let (client, connection) = config.connect(connector).await?;
                let driver = tokio::spawn(async move {
                    // Whoever waits for an answer hears of it.
                    let _ = connection.await;
                });
                client.batch_execute(&self.settings()).await?;
                Ok::<_, tokio_postgres::Error>((client, driver))
            };
            timeout(within, signed_in).await.map_err(|_| ServerError::late(within))?.map_err(ServerError::of)
        })?;
        Ok(Live { client: Some(client), driver, statements: HashMap::new(), runtime })
    }

    /// The settings of a session. Times of the server alone: what the network does is told by keep-alives of both sides.
    fn settings(&self) -> String {
        format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
             SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
             SET client_min_messages = 'warning'; SET standard_conforming_strings = on;
             SET default_transaction_isolation = 'read committed'",
            (self.busy + STATEMENT).as_millis(),
            self.busy.as_millis().max(1),
            IDLE.as_millis(),
        )
    }

    fn deadline(&self) -> Duration {
        if self.is_long.get() { LONG } else { self.busy + STATEMENT + GRACE }
    }

    /// Carries something out on the connection, which is made anew before it if it broke and no transaction is open.
    fn with<T>(
        &self,
        work: impl AsyncFnOnce(
            &Client,
            &mut HashMap<String, Statement>,
        ) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let mut place = self.live.borrow_mut();
        if place.as_ref().is_some_and(Live::is_closed) {
            *place = None;
        }
        if place.is_none() {
            if self.is_in_transaction.get() {
                return Err(ServerError::lost().into());
            }
            *place = Some(self.connect()?);
        }
        let within = self.deadline();
        let Some(Live { client: Some(client), statements, runtime, .. }) = place.as_mut() else {
            return Err(ServerError::lost().into());
        };
        let client: &Client = client;
        let answer = runtime.block_on(async { timeout(within, work(client, statements)).await });
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => ServerError::of(error),
            Err(_) => ServerError::late(within),
        };
        self.is_spoilt.set(true);
        if error.ends_connection() || place.as_ref().is_none_or(Live::is_closed) {
            *place = None;
        }
        Err(error.into())
    }

    /// Carries out statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.with(async |client, _| client.batch_execute(sql).await)
    }

    /// Carries out a statement with parameters; returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: &[&dyn ToSql]) -> Result<usize> {
        let params = parameters(params)?;
        let changed = self.with(async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.execute(&statement, &borrowed(&params)).await
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Reads all rows of a query.
    pub(super) fn query(&self, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Row>> {
        let params = parameters(params)?;
        self.with(async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.query(&statement, &borrowed(&params)).await
        })
    }

    /// Begins a transaction. A connection that broke while nobody used it is nobody's failure: it is made anew.
    pub(super) fn begin(&self, sql: &str) -> Result<()> {
        let was_there = self.live.borrow().is_some();
        let begun = match self.batch(sql) {
            Err(Error::Server(error)) if was_there && error.ends_connection() => self.batch(sql),
            begun => begun,
        };
        self.is_in_transaction.set(begun.is_ok());
        self.is_spoilt.set(false);
        begun
    }

    /// Keeps what was done in the transaction.
    pub(super) fn commit(&self) -> Result<()> {
        if self.is_spoilt.get() {
            let _ = self.roll_back();
            return Err(ServerError::new(Trouble::Other, &"a part of the transaction failed before").into());
        }
        let ended = self.batch("COMMIT");
        self.is_in_transaction.set(false);
        ended
    }

    /// Keeps nothing of it. Where the connection broke, the server sees to that.
    pub(super) fn roll_back(&self) -> Result<()> {
        let is_there = self.live.borrow().is_some();
        let ended = if is_there { self.batch("ROLLBACK") } else { Ok(()) };
        self.is_in_transaction.set(false);
        ended
    }

    /// Whether a transaction is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction.get()
    }
}

impl Live {
    fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(Client::is_closed)
    }
}

/// A statement that the server knows, told it once a connection.
async fn prepared(
    client: &Client,
    statements: &mut HashMap<String, Statement>,
    sql: &str,
) -> std::result::Result<Statement, tokio_postgres::Error> {
    if let Some(known) = statements.get(sql) {
        return Ok(known.clone());
    }
    let statement = client.prepare(&for_postgres(sql)).await?;
    if statements.len() >= MOST_STATEMENTS {
        statements.clear();
    }
    statements.insert(sql.to_owned(), statement.clone());
    Ok(statement)
}

fn parameters<'p>(params: &'p [&'p dyn ToSql]) -> Result<Vec<Parameter<'p>>> {
    params.iter().map(|value| Ok(Parameter(value.to_sql()?))).collect()
}

fn borrowed<'p>(params: &'p [Parameter<'p>]) -> Vec<&'p (dyn ServerToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ServerToSql + Sync)).collect()
}
