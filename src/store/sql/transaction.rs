//! Transactions: all of it is kept, or nothing.
//!
//! On a server all writers of one store take turns, by an advisory lock that ends with the transaction, as they do on a
//! file: the rules of the store see no other writer's half-done work, and numbers that grow with each change (of events,
//! of revisions) are seen by followers in their order: the lock goes when the change can be seen. What must not wait for
//! other writers changes no such number.

use std::ops::Deref;

use super::{Connection, Engine, Result};

/// Only one writer of a schema has this lock.
const WRITERS: &str =
    "SELECT pg_advisory_xact_lock(hashtext('cxr-triage writers'), hashtext(current_schema()))";

/// For a transaction that may take hours.
const NO_HURRY: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// A transaction. It is rolled back unless it is [committed](Self::commit).
pub(in crate::store) struct Transaction<'c> {
    connection: &'c Connection,
}

impl Connection {
    /// Begins a transaction that is the only one that writes, waiting for another one to end.
    pub(in crate::store) fn write(&self) -> Result<Transaction<'_>> {
        match &self.0 {
            Engine::Sqlite(connection) => connection.execute_batch("BEGIN IMMEDIATE")?,
            Engine::Server(session) => session.begin(&format!("BEGIN; {WRITERS}"))?,
        }
        Ok(Transaction { connection: self })
    }

    /// [`write`](Self::write) for work that may take hours.
    pub(in crate::store) fn write_for_long(&self) -> Result<Transaction<'_>> {
        match &self.0 {
            Engine::Sqlite(_) => self.write(),
            Engine::Server(session) => {
                session.begin(&format!("BEGIN; {WRITERS}; {NO_HURRY}"))?;
                session.set_long(true);
                Ok(Transaction { connection: self })
            }
        }
    }

    /// Begins a transaction on a server that does not wait for other writers until it [takes its
    /// turn](Self::take_turn), with a setting of its own. On a file it is one that writes.
    pub(in crate::store) fn beside_others(&self, setting: &str) -> Result<Transaction<'_>> {
        match &self.0 {
            Engine::Sqlite(_) => self.write(),
            Engine::Server(session) => {
                session.begin(&format!("BEGIN; {setting}"))?;
                Ok(Transaction { connection: self })
            }
        }
    }

    /// Waits until no other writer has a transaction open; then this one is the only writer until it ends.
    pub(in crate::store) fn take_turn(&self) -> Result<()> {
        match &self.0 {
            Engine::Sqlite(_) => Ok(()),
            Engine::Server(session) => session.batch(WRITERS),
        }
    }

    /// Begins a transaction that reads one unchanging view.
    pub(in crate::store) fn view(&self) -> Result<Transaction<'_>> {
        match &self.0 {
            Engine::Sqlite(connection) => connection.execute_batch("BEGIN DEFERRED")?,
            Engine::Server(session) => session.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?,
        }
        Ok(Transaction { connection: self })
    }

    /// [`view`](Self::view) for work that may take hours.
    pub(in crate::store) fn view_for_long(&self) -> Result<Transaction<'_>> {
        let view = self.view()?;
        if let Engine::Server(session) = &self.0 {
            session.batch(NO_HURRY)?;
            session.set_long(true);
        }
        Ok(view)
    }
}

impl Transaction<'_> {
    /// Keeps what was done.
    pub(in crate::store) fn commit(self) -> Result<()> {
        match &self.connection.0 {
            Engine::Sqlite(connection) => Ok(connection.execute_batch("COMMIT")?),
            Engine::Server(session) => session.commit(),
        }
    }

    /// Keeps nothing of it.
    pub(in crate::store) fn rollback(self) -> Result<()> {
        match &self.connection.0 {
            Engine::Sqlite(connection) => Ok(connection.execute_batch("ROLLBACK")?),
            Engine::Server(session) => session.roll_back(),
        }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // Some errors have ended it already, and so has its end.
        match &self.connection.0 {
            Engine::Sqlite(connection) => {
                if !connection.is_autocommit() {
                    let _ = connection.execute_batch("ROLLBACK");
                }
            }
            Engine::Server(session) => {
                if session.is_in_transaction() {
                    let _ = session.roll_back();
                }
                session.set_long(false);
            }
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
