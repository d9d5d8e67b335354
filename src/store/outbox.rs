//! What plugins want done outside the store: kept until it is done, or until it is given up.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use super::{
    Delivery, DeliveryKind, Lane, Store, StoreError,
    audit::{NewEvent, log},
    convert::{Columns, Micros},
    unreadable::{is_about_a_row, name, rows},
};
use crate::{study::AuditKind, text::clean};

/// Nothing is put off for so long (five minutes at most, between two tries): what is due later was put off before the clock
/// was set back, and is due now.
const FARTHEST: SignedDuration = SignedDuration::from_mins(6);

/// What a try of a delivery came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried {
    /// It is done; with what is worth proving.
    Done(Value),
    /// It failed and is tried again at that time.
    Again(String, Timestamp),
    /// It failed for good.
    GivenUp(String),
}

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
    /// Whose.
    pub plugin: String,
    /// The line.
    pub text: String,
}

impl Store {
    /// Up to `limit` deliveries of a lane that are due.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn due_deliveries(&self, lane: Lane, now: Timestamp, limit: u32) -> Result<Vec<Due>, StoreError> {
        let [one, other] = lane.kinds().map(DeliveryKind::word);
        let farthest = now.checked_add(FARTHEST).unwrap_or(Timestamp::MAX);
        self.read(|view| {
            view.prepare_cached(
                "SELECT id, plugin, study, kind, target, content, key, attempts, time, plan FROM outbox
                 WHERE state = 'waiting' AND (due <= ?1 OR due > ?5) AND kind IN (?2, ?3)
                 ORDER BY due, id LIMIT ?4",
            )?
            .query_map((Micros(now), one, other, limit, Micros(farthest)), |row| due(view, row))?
            .collect()
        })
    }

    /// Deliveries of a lane that were begun before the last end of the program, however that came: their plan is
    /// noted down. They go before all others, which may write to the same place.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn begun_deliveries(&self, lane: Lane) -> Result<Vec<Due>, StoreError> {
        let kinds = lane.kinds().map(DeliveryKind::word);
        self.read(|view| {
            view.prepare_cached(
                "SELECT id, plugin, study, kind, target, content, key, attempts, time, plan FROM outbox
                 WHERE state = 'waiting' AND plan <> '' AND kind IN (?1, ?2) ORDER BY id",
            )?
            .query_map(kinds, |row| due(view, row))?
            .collect()
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

    /// When the next delivery of a lane is due, if one waits.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn next_delivery(&self, lane: Lane) -> Result<Option<Timestamp>, StoreError> {
        let kinds = lane.kinds().map(DeliveryKind::word);
        self.read(|view| {
            view.prepare_cached("SELECT min(due) FROM outbox WHERE state = 'waiting' AND kind IN (?1, ?2)")?
                .query_row(kinds, |row| row.get::<_, Option<i64>>(0))
                .map(|due| due.and_then(|due| Timestamp::from_microsecond(due).ok()))
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

    /// Notes down what a try came to, in the audit too where that is its end. What waits for the same
    /// target waits as long.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn tried_delivery(
        &mut self,
        delivery: &Delivery,
        tried: &Tried,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let word = delivery.kind.word();
        self.write(|transaction| {
            let (state, fault, due) = match tried {
                Tried::Done(_) => ("done", String::new(), now),
                Tried::Again(why, due) => ("waiting", clean(why), *due),
                Tried::GivenUp(why) => ("failed", clean(why), now),
            };
            let noted = transaction
                .prepare_cached(
                    "UPDATE outbox SET state = ?2, fault = ?3, due = ?4, attempts = attempts + 1,
                            content = CASE WHEN ?2 = 'done' THEN '' ELSE content END
                     WHERE id = ?1 AND state = 'waiting'",
                )?
                .execute((delivery.id, state, &fault, Micros(due)))?;
            if noted == 0 {
                // It has come to its end already, and is in the audit.
                return Ok(());
            }
            if let (Tried::Again(..), DeliveryKind::Webhook) = (tried, delivery.kind) {
                transaction
                    .prepare_cached(
                        "UPDATE outbox SET due = ?2
                         WHERE state = 'waiting' AND kind = 'webhook' AND target = ?1 AND due < ?2",
                    )?
                    .execute((&delivery.target, Micros(due)))?;
            }
            let (kind, detail) = match tried {
                Tried::Done(detail) => (delivery.kind.done(), detail.clone()),
                Tried::GivenUp(why) => (AuditKind::GivenUp, json!({ "effect": word, "why": clean(why) })),
                Tried::Again(..) => return Ok(()),
            };
            let mut detail = detail;
            if let Value::Object(detail) = &mut detail {
                detail.insert("target".to_owned(), delivery.target.as_str().into());
                detail.insert("key".to_owned(), delivery.key.as_str().into());
                detail.insert("attempts".to_owned(), (delivery.attempts + 1).into());
            }
            let event =
                NewEvent { study: delivery.study, actor: &delivery.plugin, detail, ..NewEvent::of(kind) };
            log(transaction, &event, now)
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

/// A delivery, or why its row cannot be read.
fn due(view: &Connection, row: &Row<'_>) -> rusqlite::Result<Due> {
    match delivery(row) {
        Err(error) if is_about_a_row(&error) => {
            let id: i64 = row.get(0)?;
            name(view, "outbox", id, &error);
            Ok(Due::Unreadable { id, why: clean(&error.to_string()) })
        }
        read => read.map(|delivery| Due::Delivery(Box::new(delivery))),
    }
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let mut columns = Columns::of(row);
    Ok(Delivery {
        id: columns.next()?,
        plugin: columns.next()?,
        study: columns.next()?,
        kind: {
            let word: String = columns.next()?;
            // The table checks the word.
            let known = DeliveryKind::ALL.into_iter().find(|kind| kind.word() == word);
            known.ok_or(rusqlite::Error::InvalidQuery)?
        },
        target: columns.next()?,
        content: columns.next()?,
        key: columns.next()?,
        attempts: columns.next()?,
        time: columns.next_time()?,
        plan: columns.next()?,
    })
}
