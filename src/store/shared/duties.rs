//! Duties: what one process alone does at a time, held for a while and renewed.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{
        Store, StoreError, WorkerId,
        convert::{Columns, Micros},
        sql::{self, Connection, OptionalExtension},
    },
    LEASE,
    duty::{Duty, DutyKind, Held},
    member::Member,
    micros, server_clock,
};

/// A duty, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DutyRow {
    /// Its word.
    pub name: String,
    /// The worker that has it, or had it last.
    pub holder: WorkerId,
    /// How often it has changed hands.
    pub token: i64,
    /// Whether that one still has it.
    pub is_held: bool,
}

/// Whether a duty is still this process's; its row belongs to this transaction until its end, so that nobody else takes it
/// meanwhile. What locks a key alone lets its holder renew it, however many changes go on.
pub(in crate::store) fn still_holds(connection: &Connection, duty: &Duty) -> sql::Result<bool> {
    if duty.is_of_owner() {
        return Ok(true);
    }
    let Some(Held { holder, token, .. }) = duty.now_held() else { return Ok(false) };
    connection
        .prepare_cached("SELECT 1 FROM duties WHERE name = ?1 AND holder = ?2 AND token = ?3 FOR KEY SHARE")?
        .query_row((duty.kind().word(), holder, token), |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// The answer to the wish for a duty.
enum Taken {
    /// This process has it, by that number.
    Now(i64),
    /// This process has it, and another renewal holds it at this moment.
    Locked,
    /// Another one has it.
    ByAnother,
}

/// Renews a duty that this worker had last and that nobody has taken since, also where it had lapsed; its number. Changes
/// under it do not stand in the way.
fn renew(connection: &Connection, word: &str, holder: WorkerId, lease: i64) -> sql::Result<Option<i64>> {
    let sql = concat!(
        "WITH own AS MATERIALIZED (
             SELECT name AS duty FROM duties WHERE name = ?1 AND holder = ?2 FOR NO KEY UPDATE SKIP LOCKED)
         UPDATE duties SET lease_until = CAST(?3 AS BIGINT) + ",
        server_clock!(),
        " FROM own WHERE duties.name = own.duty RETURNING token"
    );
    connection.prepare_cached(sql)?.query_row((word, holder, lease), |row| row.get(0)).optional()
}

/// Takes a duty that another worker had, unless a change under it goes on at this moment; its number.
fn take_free(connection: &Connection, word: &str, holder: WorkerId, lease: i64) -> sql::Result<Option<i64>> {
    // A lock of the whole row is not to be had beside those of its key.
    let sql = concat!(
        "WITH free AS MATERIALIZED (
             SELECT name AS duty FROM duties WHERE name = ?1 AND lease_until < ",
        server_clock!(),
        " FOR UPDATE SKIP LOCKED)
         UPDATE duties SET token = token + 1, holder = ?2, lease_until = CAST(?3 AS BIGINT) + ",
        server_clock!(),
        " FROM free WHERE duties.name = free.duty RETURNING token"
    );
    connection.prepare_cached(sql)?.query_row((word, holder, lease), |row| row.get(0)).optional()
}

/// Takes a duty that nobody ever had.
fn take_first(connection: &Connection, word: &str, holder: WorkerId, lease: i64) -> sql::Result<Taken> {
    let sql = concat!(
        "INSERT INTO duties (name, holder, token, lease_until) VALUES (?1, ?2, 1, CAST(?3 AS BIGINT) + ",
        server_clock!(),
        ") ON CONFLICT (name) DO NOTHING RETURNING token"
    );
    let taken = connection.prepare_cached(sql)?.query_row((word, holder, lease), |row| row.get(0));
    Ok(taken.optional()?.map_or(Taken::ByAnother, Taken::Now))
}

impl Store {
    /// Takes a duty that nobody has, or renews it; returns whether this process has it now. Nothing is waited for: changes
    /// under a duty keep others from taking it, and not its holder from renewing it.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); one that was held ends with its lease.
    pub fn take_duty(&mut self, member: &Member, duty: &Duty) -> Result<bool, StoreError> {
        // Before the server's clock is read, so that this one ends first.
        let until = Instant::now() + LEASE;
        let holder = member.id();
        let known =
            concat!("SELECT holder = ?2, lease_until < ", server_clock!(), " FROM duties WHERE name = ?1");
        let take = || -> sql::Result<Taken> {
            let (word, lease) = (duty.kind().word(), micros(LEASE));
            let known: Option<(bool, bool)> = self
                .connection
                .prepare_cached(known)?
                .query_row((word, holder), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            Ok(match known {
                None => take_first(&self.connection, word, holder, lease)?,
                Some((true, _)) => {
                    renew(&self.connection, word, holder, lease)?.map_or(Taken::Locked, Taken::Now)
                }
                Some((false, true)) => {
                    take_free(&self.connection, word, holder, lease)?.map_or(Taken::ByAnother, Taken::Now)
                }
                Some((false, false)) => Taken::ByAnother,
            })
        };
        match take().map_err(|error| self.failed(error))? {
            Taken::Now(token) => duty.set(Some(Held { holder, token, until })),
            Taken::Locked => {}
            Taken::ByAnother => duty.set(None),
        }
        Ok(duty.is_held())
    }

    /// Renews the duty that this connection's changes belong to, between two parts of a long one.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); that it is another's by now is known at the next change.
    pub(in crate::store) fn renew_duty(&self) -> Result<(), StoreError> {
        let Some(duty) = self.duty.as_ref() else { return Ok(()) };
        let Some(Held { holder, token, .. }) = duty.now_held() else { return Ok(()) };
        let until = Instant::now() + LEASE;
        let sql = concat!(
            "UPDATE duties SET lease_until = CAST(?4 AS BIGINT) + ",
            server_clock!(),
            " WHERE name = ?1 AND holder = ?2 AND token = ?3"
        );
        let renew = || -> sql::Result<usize> {
            self.connection.prepare_cached(sql)?.execute((duty.kind().word(), holder, token, micros(LEASE)))
        };
        if renew().map_err(|error| self.failed(error))? > 0 {
            duty.set(Some(Held { holder, token, until }));
        }
        Ok(())
    }

    /// The time by which this connection judges what is due: the server's, where its changes belong to a duty.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.duty.as_ref().map_or_else(Timestamp::now, Duty::now)
    }

    /// A duty for somebody who does by hand what belongs to it, whoever has it: by the server's clock, which is read now.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn duty_by_hand(&self, kind: DutyKind) -> Result<Duty, StoreError> {
        let duty = Duty::of_owner(kind);
        if self.is_shared() {
            let sql = concat!("SELECT CAST(?1 AS BIGINT) - ", server_clock!());
            let ahead = || -> sql::Result<i64> {
                self.connection.prepare_cached(sql)?.query_row([Micros(Timestamp::now())], |row| row.get(0))
            };
            duty.is_ahead_by(SignedDuration::from_micros(ahead().map_err(|error| self.failed(error))?));
        }
        Ok(duty)
    }

    /// Gives a duty up, so that another process need not wait for it.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); then it ends with its lease.
    pub fn give_up_duty(&mut self, member: &Member, duty: &Duty) -> Result<(), StoreError> {
        duty.set(None);
        let give_up = || -> sql::Result<()> {
            self.connection
                .prepare_cached("UPDATE duties SET lease_until = 0 WHERE name = ?1 AND holder = ?2")?
                .execute((duty.kind().word(), member.id()))?;
            Ok(())
        };
        give_up().map_err(|error| self.failed(error))
    }

    /// The duties, by name, as the server sees them.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn duties(&self) -> Result<Vec<DutyRow>, StoreError> {
        if !self.is_shared() {
            return Ok(Vec::new());
        }
        let sql = concat!(
            "SELECT name, holder, token, lease_until >= ",
            server_clock!(),
            " FROM duties ORDER BY name"
        );
        self.read(|view| {
            view.prepare_cached(sql)?
                .query_map([], |row| {
                    let mut columns = Columns::of(row);
                    Ok(DutyRow {
                        name: columns.next()?,
                        holder: columns.next()?,
                        token: columns.next()?,
                        is_held: columns.next()?,
                    })
                })?
                .collect()
        })
    }

    /// Does what belongs to a duty: its changes count only while this process has that. One that comes later fails with
    /// [`StoreErrorKind::OffDuty`](super::super::StoreErrorKind::OffDuty), and nothing of it is kept.
    pub fn under<T>(&mut self, duty: &Duty, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.duty.replace(duty.clone());
        let changed = change(self);
        self.duty = before;
        changed
    }

    /// [`Store::under`] for every change that this connection makes from now on.
    pub fn serve(&mut self, duty: &Duty) {
        self.duty = Some(duty.clone());
    }
}
