//! Duties: what one process alone does at a time, held for a while and renewed.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use super::{
    super::{
        Store, StoreError, WorkerId,
        convert::Columns,
        sql::{self, Connection, OptionalExtension},
    },
    LEASE, Member, micros, server_clock,
};
use crate::lock::lock;

/// A duty's name is a word of the store and of `health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DutyKind {
    /// Studies that fall quiet, or have waited too long; other thresholds; what is tried again.
    Studies,
    /// The plugins, and what they send out.
    Plugins,
    /// The results that are sent by DICOM.
    Sending,
    /// The deletion of old films and of patients' data.
    Retention,
}

impl DutyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Studies, Self::Plugins, Self::Sending, Self::Retention];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Studies => "studies",
            Self::Plugins => "plugins",
            Self::Sending => "sending",
            Self::Retention => "retention",
        }
    }
}

/// Whether this process has a duty, as far as it knows. Each clone knows the same.
#[derive(Debug, Clone)]
pub struct Duty {
    kind: DutyKind,
    /// None: the owner of a store that has one, who has every duty.
    held: Option<Arc<Mutex<Option<Held>>>>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    holder: WorkerId,
    token: i64,
    /// By this host's steady clock, which began to count before the server's did.
    until: Instant,
}

impl Duty {
    /// The duty of a store's owner.
    #[must_use]
    pub fn of_owner(kind: DutyKind) -> Self {
        Self { kind, held: None }
    }

    /// A duty that is held by nobody here yet.
    #[must_use]
    pub fn shared(kind: DutyKind) -> Self {
        Self { kind, held: Some(Arc::default()) }
    }

    /// Which duty.
    #[must_use]
    pub fn kind(&self) -> DutyKind {
        self.kind
    }

    /// Whether this process has it now. It ends by itself when it is not renewed in time.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.as_ref().is_none_or(|held| lock(held).is_some_and(|held| Instant::now() < held.until))
    }

    fn now_held(&self) -> Option<Held> {
        self.held.as_ref().and_then(|held| *lock(held))
    }

    fn set(&self, now: Option<Held>) {
        if let Some(held) = &self.held {
            *lock(held) = now;
        }
    }
}

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

/// Whether a duty is still this process's; its row belongs to this transaction until its end, so that nobody takes it
/// meanwhile.
pub(in crate::store) fn still_holds(connection: &Connection, duty: &Duty) -> sql::Result<bool> {
    if duty.held.is_none() {
        return Ok(true);
    }
    let Some(Held { holder, token, .. }) = duty.now_held() else { return Ok(false) };
    connection
        .prepare_cached("SELECT 1 FROM duties WHERE name = ?1 AND holder = ?2 AND token = ?3 FOR SHARE")?
        .query_row((duty.kind.word(), holder, token), |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

impl Store {
    /// Takes a duty that nobody has, or renews it; returns whether this process has it now.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); one that was held ends with its lease.
    pub fn take_duty(&mut self, member: &Member, duty: &Duty) -> Result<bool, StoreError> {
        let sql = concat!(
            "INSERT INTO duties (name, holder, token, lease_until) VALUES (?1, ?2, 1, CAST(?3 AS BIGINT) + ",
            server_clock!(),
            ") ON CONFLICT (name) DO UPDATE SET
                   token = CASE WHEN duties.holder = excluded.holder AND duties.lease_until >= ",
            server_clock!(),
            " THEN duties.token ELSE duties.token + 1 END,
                   holder = excluded.holder, lease_until = excluded.lease_until
               WHERE duties.holder = excluded.holder OR duties.lease_until < ",
            server_clock!(),
            " RETURNING token"
        );
        // Before the server's clock is read, so that this one ends first.
        let until = Instant::now() + LEASE;
        let holder = member.id();
        let take = || -> sql::Result<Option<i64>> {
            self.connection
                .prepare_cached(sql)?
                .query_row((duty.kind.word(), holder, micros(LEASE)), |row| row.get(0))
                .optional()
        };
        let token = take().map_err(|error| self.failed(error))?;
        duty.set(token.map(|token| Held { holder, token, until }));
        Ok(token.is_some())
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
                .execute((duty.kind.word(), member.id()))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_ends_by_itself_and_an_owner_has_every_one() {
        assert!(Duty::of_owner(DutyKind::Plugins).is_held());
        let duty = Duty::shared(DutyKind::Studies);
        let other = duty.clone();
        assert!(!duty.is_held());
        let ends = |until| Some(Held { holder: 1, token: 1, until });
        other.set(ends(Instant::now() + LEASE));
        assert!(duty.is_held());
        other.set(ends(Instant::now()));
        assert!(!duty.is_held());
    }
}
