//! Deliveries to the outside, by plugins' wish or of the results of studies: each is kept until it is done, or until it is
//! given up.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Delivery, DeliveryKind, Lane, Store, StoreError,
    audit::{NewEvent, log},
    convert::{Columns, Micros},
    sql::{self, Connection, OptionalExtension, Row},
    unreadable::{in_words, is_about_a_row, name, rows},
};
use crate::study::AuditKind;

/// Nothing is put off for so long (five minutes at most, between two tries): what is due later was put off before the clock
/// was set back, and is due now.
const FARTHEST: SignedDuration = SignedDuration::from_mins(6);

/// Something that waits to be done and is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// It can be done.
    Delivery(Box<Delivery>),
    /// Its row cannot be read.
    Unreadable {
        /// Its number.
        id: i64,
        /// Why not.
        why: String,
    },
}

impl Due {
    /// The delivery, if its row can be read.
    #[must_use]
    pub fn delivery(self) -> Option<Delivery> {
        match self {
            Self::Delivery(delivery) => Some(*delivery),
            Self::Unreadable { .. } => None,
        }
    }
}

/// A line that a plugin has for whoever sits at a dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginNotice {
    /// Its number.
    pub id: i64,
    /// The plugin that wants it.
    pub plugin: String,
    /// The line.
    pub text: String,
}

/// Deliveries that are made one after the other: one plugin's to one host, folder or program; all plugins' to one file,
/// which several may add to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    /// The plugin; empty for a file.
    pub plugin: String,
    /// The kind.
    pub kind: DeliveryKind,
    /// The target.
    pub target: String,
}

/// A destination for which something waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The destination.
    pub destination: Destination,
    /// When its next delivery is due.
    pub due: Timestamp,
}

/// The columns of a delivery, in the order in which [`delivery`] takes them.
macro_rules! select_deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT id, plugin, study, kind, target, content, key, attempts, time, tried_for, plan, fault FROM outbox
             WHERE state = 'waiting' AND ",
            $rest
        )
    };
}

impl Store {
    /// The destinations of a lane for which something waits.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn waiting_deliveries(&self, lane: Lane, now: Timestamp) -> Result<Vec<Waiting>, StoreError> {
        self.read(|view| {
            let mut waiting = Vec::new();
            for kind in lane.kinds() {
                waiting.extend(waiting_of(view, *kind, now)?);
            }
            Ok(waiting)
        })
    }

    /// Up to `limit` deliveries for a destination, in the order in which they are to be made. Text goes into a file in
    /// the order in which it was wanted, what was begun before the last end of the program first, so that the first of
    /// it is waited for; of all else those that are due come, and what failed often comes last.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn due_deliveries(
        &self,
        destination: &Destination,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Due>, StoreError> {
        let Destination { plugin, kind, target } = destination;
        self.read(|view| {
            if *kind == DeliveryKind::Write {
                let sql = select_deliveries!("kind = ?1 AND target = ?2 ORDER BY plan = '', id LIMIT ?3");
                let mut query = view.prepare_cached(sql)?;
                query.query_map((kind.word(), target, limit), |row| due(view, row))?.collect()
            } else {
                let sql = select_deliveries!(
                    "kind = ?1 AND target = ?2 AND plugin = ?3 AND (due <= ?4 OR due > ?5)
                     ORDER BY attempts, id LIMIT ?6"
                );
                let (now, farthest) = (Micros(now), Micros(farthest(now)));
                let mut query = view.prepare_cached(sql)?;
                query
                    .query_map((kind.word(), target, plugin, now, farthest, limit), |row| due(view, row))?
                    .collect()
            }
        })
    }

    /// Notes that the program has tried for so long again what waits in a lane and has failed before.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn count_trying(&mut self, lane: Lane, time: Duration) -> Result<(), StoreError> {
        let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.write(|transaction| {
            for kind in lane.kinds() {
                transaction
                    .prepare_cached(
                        "UPDATE outbox SET tried_for = tried_for + ?2
                         WHERE state = 'waiting' AND kind = ?1 AND attempts > 0",
                    )?
                    .execute((kind.word(), time))?;
            }
            Ok(())
        })
    }

    /// Gives up a delivery whose row cannot be read, so that it holds up no other.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn give_up_unreadable(&mut self, id: i64, why: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'failed', fault = ?2 WHERE id = ?1 AND state = 'waiting'",
                )?
                .execute((id, why))?;
            let detail = json!({ "row": id, "why": why });
            log(transaction, &NewEvent { detail, ..NewEvent::of(AuditKind::GivenUp) }, now)
        })
    }

    /// Notes down how a delivery will be made, before its first byte is written.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn plan_delivery(&mut self, id: i64, plan: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE outbox SET plan = ?2 WHERE id = ?1 AND state = 'waiting'")?
                .execute((id, plan))?;
            Ok(())
        })
    }

    /// How many deliveries of a plugin wait, and how many were given up.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn outbox_of(&self, plugin: &str) -> Result<(u64, u64), StoreError> {
        self.read(|view| {
            let count = |state: &str| {
                view.prepare_cached("SELECT count(*) FROM outbox WHERE plugin = ?1 AND state = ?2")?
                    .query_row((plugin, state), |row| row.get::<_, i64>(0))
                    .map(i64::unsigned_abs)
            };
            Ok((count("waiting")?, count("failed")?))
        })
    }

    /// Plugins' notices after the one numbered `since`, oldest first.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn notices_since(&self, since: i64) -> Result<Vec<PluginNotice>, StoreError> {
        self.read(|view| {
            let sql =
                "SELECT id, plugin, content FROM outbox WHERE kind = 'notify' AND id > ?1 ORDER BY id LIMIT 100";
            rows(view, "outbox", sql, [since], |row| {
                Ok(PluginNotice { id: row.get(0)?, plugin: row.get(1)?, text: row.get(2)? })
            })
        })
    }

    /// The number of the last notice; 0 if there is none.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn last_notice(&self) -> Result<i64, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT id FROM outbox WHERE kind = 'notify' ORDER BY id DESC LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()
                .map(Option::unwrap_or_default)
        })
    }
}

/// The latest time until which something can have been put off by a clock that went on from `now`.
fn farthest(now: Timestamp) -> Timestamp {
    now.checked_add(FARTHEST).unwrap_or(Timestamp::MAX)
}

/// The destinations of one kind. What was put off before the clock was set back is due.
fn waiting_of(view: &Connection, kind: DeliveryKind, now: Timestamp) -> sql::Result<Vec<Waiting>> {
    let sql = match kind {
        // When the one is due that is made first.
        DeliveryKind::Write => {
            "SELECT '', target, CASE WHEN due > ?2 THEN 0 ELSE due END FROM (
                SELECT target, due, row_number() OVER (PARTITION BY target ORDER BY plan = '', id) AS place
                FROM outbox WHERE state = 'waiting' AND kind = ?1) AS waiting
             WHERE place = 1"
        }
        _ => {
            "SELECT plugin, target, min(CASE WHEN due > ?2 THEN 0 ELSE due END) FROM outbox
             WHERE state = 'waiting' AND kind = ?1 GROUP BY plugin, target"
        }
    };
    let mut query = view.prepare_cached(sql)?;
    let destinations = query.query_map((kind.word(), Micros(farthest(now))), |row| {
        let destination = Destination { plugin: row.get(0)?, kind, target: row.get(1)? };
        // A time that is none is no reason to wait.
        let due = Timestamp::from_microsecond(row.get(2)?).unwrap_or(Timestamp::MIN);
        Ok(Waiting { destination, due })
    })?;
    destinations.collect()
}

/// A delivery that waits, if that one does and can be read.
pub(super) fn waiting(view: &Connection, id: i64) -> sql::Result<Option<Delivery>> {
    let row = view.prepare_cached(select_deliveries!("id = ?1"))?.query_row([id], delivery).optional();
    match row {
        Err(error) if is_about_a_row(&error) => Ok(None),
        read => read,
    }
}

/// A delivery, or why its row cannot be read.
fn due(view: &Connection, row: &Row<'_>) -> sql::Result<Due> {
    match delivery(row) {
        Err(error) if is_about_a_row(&error) => {
            let id: i64 = row.get(0)?;
            name(view, "outbox", id, &error);
            Ok(Due::Unreadable { id, why: in_words(&error) })
        }
        read => read.map(|delivery| Due::Delivery(Box::new(delivery))),
    }
}

fn delivery(row: &Row<'_>) -> sql::Result<Delivery> {
    let mut columns = Columns::of(row);
    Ok(Delivery {
        id: columns.next()?,
        plugin: columns.next()?,
        study: columns.next()?,
        kind: {
            let word: String = columns.next()?;
            // The table checks the word.
            let known = DeliveryKind::ALL.into_iter().find(|kind| kind.word() == word);
            known.ok_or(sql::ValueError::InvalidQuery)?
        },
        target: columns.next()?,
        content: columns.next()?,
        key: columns.next()?,
        attempts: columns.next()?,
        time: columns.next_time()?,
        tried_for: Duration::from_millis(columns.next::<i64>()?.unsigned_abs()),
        plan: columns.next()?,
        fault: columns.next()?,
    })
}
