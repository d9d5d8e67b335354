//! One connection to a server, from its beginning to its end.

use std::{collections::HashMap, time::Duration};

use tokio::{runtime::Runtime, task::JoinHandle, time::timeout};
use tokio_postgres::{Client, Connection as ClientConnection, Error as ClientError, Socket, Statement};

use super::{
    super::{
        fault::{ServerError, Trouble},
        numbered::for_postgres,
    },
    tls::{self, Secured},
};
use crate::store_place::ServerPlace;

/// The time that a statement may take on the server after it has waited for others.
pub(super) const STATEMENT: Duration = Duration::from_secs(15);
/// The time that signing in may take beside the time to reach the server.
const SIGN_IN: Duration = Duration::from_secs(10);
/// The time that a transaction may stay open while nothing is asked: one whose host has gone holds up nobody for long.
const IDLE: Duration = Duration::from_secs(5);
/// A network that is cut is found out after idle time, then so many tries.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_BETWEEN: Duration = Duration::from_secs(2);
const KEEPALIVE_TRIES: u32 = 3;
/// Bytes that nobody acknowledges for so long break the connection.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// More statements than the store has.
const MOST_STATEMENTS: usize = 512;

/// A connection that lasts.
pub(super) struct Live {
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

impl Live {
    /// Reaches the server and signs in; writers wait for others no longer than `busy`.
    pub(super) fn connect(place: &ServerPlace, busy: Duration) -> Result<Self, ServerError> {
        let ((client, driver), runtime) = begin(within(place, async {
            let (client, connection) = sign_in(place).await?;
            let driver = tokio::spawn(async move {
                // Whoever waits for an answer hears of it.
                let _ = connection.await;
            });
            client.batch_execute(&settings(busy)).await.map_err(|error| ServerError::of(&error))?;
            Ok((client, driver))
        }))?;
        Ok(Self { client: Some(client), driver, statements: HashMap::new(), runtime })
    }

    /// Carries something out, waiting so long for its end.
    pub(super) fn run<T>(
        &mut self,
        within: Duration,
        work: &impl AsyncFn(&Client, &mut HashMap<String, Statement>) -> Result<T, ClientError>,
    ) -> Result<T, ServerError> {
        let Some(client) = &self.client else { return Err(ServerError::lost()) };
        let statements = &mut self.statements;
        match self.runtime.block_on(async { timeout(within, work(client, statements)).await }) {
            Ok(answer) => answer.map_err(|error| ServerError::of(&error)),
            Err(_) => Err(ServerError::late(within)),
        }
    }

    /// Whether it has broken, as far as is known.
    pub(super) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(Client::is_closed)
    }
}

/// Begins a connection on a runtime of its own, on the thread that asks. Where it does not come about, what it began is left
/// behind: the system looks a host's name up for as long as it likes, and lets nobody call it off.
pub(super) fn begin<T>(
    connection: impl Future<Output = Result<T, ServerError>>,
) -> Result<(T, Runtime), ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ServerError::new(Trouble::Other, &error))?;
    match runtime.block_on(connection) {
        Ok(begun) => Ok((begun, runtime)),
        Err(error) => {
            runtime.shutdown_background();
            Err(error)
        }
    }
}

/// Reaches the server and signs in; the connection is to be driven by whoever asks.
pub(super) async fn sign_in(
    place: &ServerPlace,
) -> Result<(Client, ClientConnection<Socket, Secured>), ServerError> {
    let mut config = place.config().clone();
    match place.password() {
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
    let connector = tls::connector(place).map_err(|error| ServerError::new(Trouble::Secure, &error))?;
    config.connect(connector).await.map_err(|error| ServerError::of(&error))
}

/// Gives a beginning of a connection as long as its place's hosts may take to answer.
pub(super) async fn within<T>(
    place: &ServerPlace,
    begin: impl Future<Output = Result<T, ServerError>>,
) -> Result<T, ServerError> {
    let hosts = u32::try_from(place.hosts().len()).unwrap_or(1).max(1);
    let most = place.config().get_connect_timeout().copied().unwrap_or_default() * hosts + SIGN_IN;
    timeout(most, begin).await.map_err(|_| ServerError::late(most))?
}

/// The settings of a session. Times of the server alone: what the network does is told by keep-alives of both sides.
fn settings(busy: Duration) -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
         SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
         SET client_min_messages = 'warning'; SET standard_conforming_strings = on;
         SET default_transaction_isolation = 'read committed'",
        (busy + STATEMENT).as_millis(),
        busy.as_millis().max(1),
        IDLE.as_millis(),
    )
}

/// A statement that the server knows, told it once a connection.
pub(super) async fn prepared(
    client: &Client,
    statements: &mut HashMap<String, Statement>,
    sql: &str,
) -> Result<Statement, ClientError> {
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

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::*;

    #[test]
    fn a_name_that_is_looked_up_for_ever_holds_up_nobody() {
        let began = Instant::now();
        let lookup = || thread::sleep(Duration::from_secs(20));
        let begun = begin(async {
            let found = timeout(Duration::from_millis(50), tokio::task::spawn_blocking(lookup)).await;
            found.map(|_| ()).map_err(|_| ServerError::late(Duration::from_millis(50)))
        });
        assert!(begun.is_err());
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}
