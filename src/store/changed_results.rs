//! Results that may have become others: the audit, followed for each destination, and what it leads to put into the outbox.

use jiff::Timestamp;

use super::{
    Store, StoreError, StudyId,
    sends::{Wish, want},
    sql::{self, Connection, OptionalExtension},
};

/// Kinds of events after which a study's result may be another one.
const CHANGES: &str = "('complete', 'scored', 'held', 'superseded', 'set-aside', 'reassessed')";

/// So many events without a result are noted down as looked at.
const WORTH_NOTING: i64 = 1_000;

/// The studies whose results may have changed, for one destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedResults {
    /// The last event that was looked at.
    pub until: i64,
    /// Complete studies; true: nothing but the thresholds changed.
    pub studies: Vec<(StudyId, bool)>,
    /// Whether it is worth noting down how far that was.
    pub is_new: bool,
    /// Whether there may be more.
    pub is_part: bool,
}

impl Store {
    /// Follows the audit for these destinations and no others: for one that was not there before, from now on. Those of a
    /// store that several hosts share are followed for good: another host may know a destination that this one does not.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn follow_results_for<'a>(
        &mut self,
        targets: impl Iterator<Item = &'a String>,
    ) -> Result<(), StoreError> {
        let targets: Vec<&String> = targets.collect();
        let is_shared = self.is_shared();
        self.write(|transaction| {
            let known: Vec<String> = transaction
                .prepare_cached("SELECT target FROM send_cursors")?
                .query_map([], |row| row.get(0))?
                .collect::<sql::Result<_>>()?;
            let mut leave = transaction.prepare_cached("DELETE FROM send_cursors WHERE target = ?1")?;
            for target in known.iter().filter(|known| !is_shared && !targets.contains(known)) {
                leave.execute([target])?;
            }
            let mut follow = transaction.prepare_cached(
                "INSERT INTO send_cursors (target, event)
                 VALUES (?1, (SELECT coalesce(max(id), 0) FROM events)) ON CONFLICT DO NOTHING",
            )?;
            targets.iter().try_for_each(|target| follow.execute([target]).map(|_| ()))
        })
    }

    /// The studies whose results may have changed since they were looked at for a destination, those of `limit` events at
    /// most; for a destination that is not followed, none.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn changed_results(&self, target: &str, limit: u32) -> Result<ChangedResults, StoreError> {
        self.read(|view| {
            let cursor: Option<i64> = view
                .prepare_cached("SELECT event FROM send_cursors WHERE target = ?1")?
                .query_row([target], |row| row.get(0))
                .optional()?;
            let changed = cursor.map(|cursor| changed_since(view, cursor, limit)).transpose()?;
            Ok(changed.unwrap_or_default())
        })
    }

    /// Puts results with their digests into the outbox, and notes down how far the audit was followed, in one
    /// transaction. What a destination has, or is about to get, is not put there again.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn put_results(
        &mut self,
        target: &str,
        until: i64,
        results: &[(StudyId, String)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            for (study, digest) in results {
                want(transaction, *study, target, Wish::Result(digest), now)?;
            }
            transaction
                .prepare_cached("UPDATE send_cursors SET event = ?2 WHERE target = ?1 AND event < ?2")?
                .execute((target, until))?;
            Ok(())
        })
    }
}

fn changed_since(view: &Connection, cursor: i64, limit: u32) -> sql::Result<ChangedResults> {
    let newest: i64 =
        view.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))?;
    let mut changed = ChangedResults { until: newest, ..ChangedResults::default() };
    if newest <= cursor {
        return Ok(changed);
    }
    let sql = format!(
        "SELECT events.id, study, events.kind = 'reassessed' FROM events
         JOIN studies ON studies.id = events.study AND studies.complete = 1
         WHERE events.id > ?1 AND events.kind IN {CHANGES} ORDER BY events.id LIMIT ?2"
    );
    let found: Vec<(i64, StudyId, bool)> = view
        .prepare_cached(&sql)?
        .query_map((cursor, limit), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<sql::Result<_>>()?;
    if let Some((last, ..)) = found.last().filter(|_| found.len() >= limit as usize) {
        (changed.until, changed.is_part) = (*last, true);
    }
    changed.is_new = !found.is_empty() || changed.until - cursor >= WORTH_NOTING;
    for (_, study, by_rules) in found {
        match changed.studies.iter_mut().find(|(known, _)| *known == study) {
            Some((_, before)) => *before &= by_rules,
            None => changed.studies.push((study, by_rules)),
        }
    }
    Ok(changed)
}
