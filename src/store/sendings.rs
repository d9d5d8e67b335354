//! Results on their way, as people see them, and what people have done about them.

use jiff::Timestamp;

use super::{
    Delivery, Store, StoreError, StudyId,
    convert::Columns,
    outbox::waiting,
    sends::{SendContent, Wish, ask, last},
    sql::{self, Connection, Row},
    unreadable::rows,
};
use crate::study::{Sending, SendingState};

impl Store {
    /// Puts a study's result into the outbox because a person wants it: once more, where the destination has it. `false`:
    /// there is nothing to send any more, for the store does not know the study, or its patient's data were removed.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn ask_to_send(
        &mut self,
        study: StudyId,
        target: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(|transaction| ask(transaction, study, target, actor, Wish::Again, now))
    }

    /// A delivery that waits, for whoever delivers it by hand.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn waiting_send(&self, study: StudyId, target: &str) -> Result<Option<Delivery>, StoreError> {
        self.read(|view| {
            let Some(last) = last(view, study, target)?.filter(|last| last.state == "waiting") else {
                return Ok(None);
            };
            waiting(view, last.id)
        })
    }

    /// One version of a result on its way, by the number of its delivery.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn sending(&self, id: i64) -> Result<Option<Sending>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM outbox WHERE kind = 'send' AND study IS NOT NULL AND id = ?1");
        self.read(|view| Ok(rows(view, "outbox", &sql, [id], sending)?.pop()))
    }

    /// The last results on their way, those first that have not arrived; at most so many.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn sendings(&self, most: u32) -> Result<Vec<Sending>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE kind = 'send' AND study IS NOT NULL
             ORDER BY state = 'done', id DESC LIMIT ?1"
        );
        self.read(|view| rows(view, "outbox", &sql, [most], sending))
    }
}

const COLUMNS: &str = "id, study, target, content, state, attempts, due, fault";

/// The last version of a study's result for each destination.
pub(super) fn sendings_of(view: &Connection, study: StudyId) -> sql::Result<Vec<Sending>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox AS sent WHERE kind = 'send' AND study = ?1
         AND id = (SELECT max(id) FROM outbox WHERE kind = 'send' AND study = ?1 AND target = sent.target)
         ORDER BY target"
    );
    rows(view, "outbox", &sql, [study], sending)
}

fn sending(row: &Row<'_>) -> sql::Result<Sending> {
    let mut columns = Columns::of(row);
    let (id, study, destination) = (columns.next()?, columns.next()?, columns.next()?);
    let content = SendContent::read(&columns.next::<String>()?);
    let (state, attempts): (String, u32) = (columns.next()?, columns.next()?);
    let (at, said): (Timestamp, String) = (columns.next_time()?, columns.next()?);
    let state = match state.as_str() {
        "done" => SendingState::Sent { at, remark: said },
        "failed" => SendingState::GivenUp { at, why: said },
        // Without a try where this waits for a film that another host has.
        _ if attempts > 0 || !said.is_empty() => SendingState::Failing { why: said, next: at },
        _ => SendingState::Waiting,
    };
    Ok(Sending { id, study, destination, version: content.map_or(1, |content| content.version), state })
}
