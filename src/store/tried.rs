//! The fate of a delivery that was tried.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Delivery, DeliveryKind, Store, StoreError,
    audit::{NewEvent, log},
    convert::Micros,
    row::touch,
    sends::{self, SendContent, Wish},
    sql::{self, Connection, OptionalExtension},
};
use crate::{study::AuditKind, text::clean};

/// The result of a try of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried {
    /// It is done; with what is worth proving.
    Done(Value),
    /// It failed.
    Again {
        /// Why.
        why: String,
        /// When it is tried again.
        due: Timestamp,
        /// Until when what else goes to the same destination waits.
        others: Timestamp,
    },
    /// It could not be tried here, for want of a film or a setting that another host may have: that counts as no try.
    Elsewhere {
        /// Why.
        why: String,
        /// When it is looked at again.
        due: Timestamp,
    },
    /// It failed for good.
    GivenUp(String),
}

impl Store {
    /// Notes down what a try came to, in the audit too where that is its end.
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
                Tried::Elsewhere { why, due } => {
                    return wait_for_film(transaction, delivery, &clean(why), *due);
                }
                Tried::Done(detail) => ("done", clean(detail["remark"].as_str().unwrap_or_default()), now),
                Tried::Again { why, due, .. } => ("waiting", clean(why), *due),
                Tried::GivenUp(why) => ("failed", clean(why), now),
            };
            let content: Option<String> = transaction
                .prepare_cached("SELECT content FROM outbox WHERE id = ?1 AND state = 'waiting'")?
                .query_row([delivery.id], |row| row.get(0))
                .optional()?;
            let Some(content) = content else {
                // It has come to its end already, and is in the audit.
                return Ok(());
            };
            let (content, wanted) = match (tried, delivery.kind) {
                (Tried::Done(detail), DeliveryKind::Send) => {
                    let known = || SendContent::read(&delivery.content).map(|content| content.digest);
                    let sent = detail["digest"].as_str().map(str::to_owned).or_else(known);
                    sends::ended(content, sent)?
                }
                (Tried::GivenUp(_), DeliveryKind::Send) => sends::ended(content, None)?,
                (Tried::Done(_), _) => (String::new(), None),
                (Tried::Again { .. } | Tried::Elsewhere { .. } | Tried::GivenUp(_), _) => (content, None),
            };
            transaction
                .prepare_cached(
                    "UPDATE outbox SET state = ?2, fault = ?3, due = ?4, attempts = attempts + 1, content = ?5
                     WHERE id = ?1",
                )?
                .execute((delivery.id, state, &fault, Micros(due), content))?;
            if let (DeliveryKind::Send, Some(study)) = (delivery.kind, delivery.study) {
                touch(transaction, study)?;
            }
            let (kind, detail) = match tried {
                Tried::Done(detail) => (delivery.kind.done(), detail.clone()),
                Tried::GivenUp(why) => (AuditKind::GivenUp, json!({ "effect": word, "why": clean(why) })),
                Tried::Again { others, .. } => return put_off(transaction, delivery, *others),
                Tried::Elsewhere { .. } => return Ok(()),
            };
            let mut detail = detail;
            if let Value::Object(detail) = &mut detail {
                detail.insert("target".to_owned(), delivery.target.as_str().into());
                detail.insert("key".to_owned(), delivery.key.as_str().into());
                detail.insert("attempts".to_owned(), (delivery.attempts + 1).into());
            }
            let event =
                NewEvent { study: delivery.study, actor: &delivery.plugin, detail, ..NewEvent::of(kind) };
            log(transaction, &event, now)?;
            if let (Some(wanted), Some(study)) = (wanted, delivery.study) {
                sends::want(transaction, study, &delivery.target, Wish::Result(&wanted), now)?;
            }
            Ok(())
        })
    }
}

/// Lets what goes to the same destination as a delivery that failed wait too.
fn put_off(connection: &Connection, delivery: &Delivery, until: Timestamp) -> sql::Result<()> {
    // What goes into a file waits for the first of it anyway.
    if delivery.kind != DeliveryKind::Write {
        connection
            .prepare_cached(
                "UPDATE outbox SET due = ?4
                 WHERE state = 'waiting' AND kind = ?1 AND plugin = ?2 AND target = ?3 AND due < ?4",
            )?
            .execute((delivery.kind.word(), &delivery.plugin, &delivery.target, Micros(until)))?;
    }
    Ok(())
}

/// Notes why a delivery was not tried here, and when it is looked at again. That ends what was tried before: when its film is
/// back, its tries and their time begin anew.
fn wait_for_film(connection: &Connection, delivery: &Delivery, why: &str, due: Timestamp) -> sql::Result<()> {
    let is_new = connection
        .prepare_cached("SELECT 1 FROM outbox WHERE id = ?1 AND state = 'waiting' AND fault <> ?2")?
        .exists((delivery.id, why))?;
    connection
        .prepare_cached(
            "UPDATE outbox SET fault = ?2, due = ?3, attempts = 0, tried_for = 0
             WHERE id = ?1 AND state = 'waiting'",
        )?
        .execute((delivery.id, why, Micros(due)))?;
    match (delivery.kind, delivery.study) {
        (DeliveryKind::Send, Some(study)) if is_new => touch(connection, study),
        _ => Ok(()),
    }
}
