//! Claims: which worker has which queued film, until when.

use super::{
    super::{
        Claim, FileId, Queued, Store, StoreError,
        convert::{Columns, Place},
        sql::{self, Connection, OptionalExtension},
    },
    LEASE,
    member::Member,
    micros, server_clock,
};
use crate::intake::Arrival;

/// Whether a turn lasts, or has closed its file already: the answer to that may have been lost on its way, and no later
/// turn has its number. The file's row then belongs to this transaction until its end, so that nobody claims it meanwhile.
pub(in crate::store) fn still_has(connection: &Connection, claim: Claim) -> sql::Result<bool> {
    let Some((worker, turn)) = claim.turn else { return Ok(true) };
    connection
        .prepare_cached(
            "SELECT 1 FROM files WHERE id = ?1 AND claim = ?3 AND (claimed_by = ?2 OR state <> 'queued') FOR UPDATE",
        )?
        .query_row((claim.file, worker, turn), |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// A file that is queued and within the reach of a worker: parameters 1 its inboxes, 2 its host.
macro_rules! within_reach {
    () => {
        "state = 'queued' AND (inbox = '' OR inbox = ANY (string_to_array(?1, ',')))
         AND NOT (?2 = ANY (string_to_array(not_on, ',')))"
    };
}

impl Store {
    /// Claims up to `limit` queued films for a worker, in the order in which they came, with those that are to be tried
    /// alone or without.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); what was claimed all the same is free again after its lease.
    pub fn claim(
        &mut self,
        member: &Member,
        limit: u32,
        with_those_alone: bool,
    ) -> Result<Vec<Queued>, StoreError> {
        self.claim_of(member, limit, with_those_alone, false)
    }

    /// [`Store::claim`] for the films alone that the worker's own host received.
    ///
    /// # Errors
    /// As there.
    pub fn claim_own(
        &mut self,
        member: &Member,
        limit: u32,
        with_those_alone: bool,
    ) -> Result<Vec<Queued>, StoreError> {
        self.claim_of(member, limit, with_those_alone, true)
    }

    fn claim_of(
        &mut self,
        member: &Member,
        limit: u32,
        with_those_alone: bool,
        own_alone: bool,
    ) -> Result<Vec<Queued>, StoreError> {
        // What is due is found once: a plan that looked again for each row would find, and claim, others each time.
        let sql = concat!(
            "WITH due AS MATERIALIZED (SELECT id AS file FROM files WHERE ",
            within_reach!(),
            " AND claimed_by IS NULL AND (CAST(?5 AS BIGINT) = 1 OR behind IS NULL)
                    AND (CAST(?7 AS BIGINT) = 0 OR seen_by = ?2)
                    ORDER BY coalesce(behind, id), behind NULLS FIRST, id LIMIT ?6 FOR UPDATE SKIP LOCKED),
             claimed AS (
                UPDATE files SET claimed_by = ?3, claim = claim + 1, lease_until = CAST(?4 AS BIGINT) + ",
            server_clock!(),
            " FROM due WHERE files.id = due.file
                RETURNING files.id, claim, path, size, modified_ns, film, behind, tries, seen_by)
             SELECT claimed.id, claim, path, size, modified_ns, requests.id, films.sha256, behind IS NOT NULL, tries,
                    seen_by
             FROM claimed LEFT JOIN requests ON requests.film = claimed.film AND requests.state = 'open'
             LEFT JOIN films ON films.id = requests.film
             ORDER BY coalesce(behind, claimed.id), behind NULLS FIRST, claimed.id"
        );
        let Self { connection, mounts, .. } = self;
        let claim = || -> sql::Result<Vec<Queued>> {
            let lease = micros(LEASE);
            let (alone, own) = (i64::from(with_those_alone), i64::from(own_alone));
            let (inboxes, host, worker) = (member.inboxes(), member.host(), member.id());
            connection
                .prepare_cached(sql)?
                .query_map((inboxes, host, worker, lease, alone, limit, own), |row| {
                    let mut columns = Columns::of(row);
                    let (file, turn) = (columns.next::<FileId>()?, columns.next::<i64>()?);
                    let path = mounts.path(&columns.next::<Place>()?.0);
                    let size = columns.next::<i64>()?.unsigned_abs();
                    let arrival = Arrival { path, size, modified_ns: columns.next()? };
                    let (request, sha256) = (columns.next::<Option<_>>()?, columns.next::<Option<_>>()?);
                    Ok(Queued {
                        file,
                        claim: Claim { file, turn: Some((worker, turn)) },
                        arrival,
                        request: request.zip(sha256),
                        alone: columns.next()?,
                        tries: columns.next()?,
                        seen_elsewhere: columns.next::<String>()? != host,
                    })
                })?
                .collect()
        };
        let claimed = claim().map_err(|error| self.failed(error))?;
        member.has_claimed(claimed.iter().map(|due| due.file));
        Ok(claimed)
    }

    /// How many films a worker has claimed.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn claims_of(&self, member: &Member) -> Result<u64, StoreError> {
        let count = || -> sql::Result<i64> {
            self.connection
                .prepare_cached("SELECT count(*) FROM files WHERE claimed_by = ?1")?
                .query_row([member.id()], |row| row.get(0))
        };
        count().map(i64::unsigned_abs).map_err(|error| self.failed(error))
    }

    /// Whether any film is queued that a worker could reach, claimed ones included: another worker's may come back.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn has_left(&self, member: &Member) -> Result<bool, StoreError> {
        let sql = concat!("SELECT 1 FROM files WHERE ", within_reach!(), " LIMIT 1");
        let look = || self.connection.prepare_cached(sql)?.exists((member.inboxes(), member.host()));
        look().map_err(|error: sql::Error| self.failed(error))
    }

    /// Gives all claims of a worker back: it ends, or does nothing more.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); then they end with their lease.
    pub fn release_all(&mut self, member: &Member) -> Result<(), StoreError> {
        let release = || {
            self.connection
                .prepare_cached(
                    "UPDATE files SET claimed_by = NULL, lease_until = NULL WHERE claimed_by = ?1",
                )?
                .execute([member.id()])
        };
        release().map(|_| ()).map_err(|error: sql::Error| self.failed(error))
    }

    /// Gives a claim back. With `host`, that host cannot open the file, and its workers do not claim it again before
    /// [`Store::try_again`].
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); then it ends with its lease.
    pub fn release(&mut self, claim: Claim, host: Option<&str>) -> Result<(), StoreError> {
        let Some((worker, turn)) = claim.turn else { return Ok(()) };
        let release = || -> sql::Result<()> {
            self.connection
                .prepare_cached(
                    "UPDATE files SET claimed_by = NULL, lease_until = NULL,
                            not_on = CASE WHEN ?4 = '' THEN not_on WHEN not_on = '' THEN ?4
                                          ELSE not_on || ',' || ?4 END
                     WHERE id = ?1 AND claimed_by = ?2 AND claim = ?3",
                )?
                .execute((claim.file, worker, turn, host.unwrap_or_default()))?;
            Ok(())
        };
        release().map_err(|error| self.failed(error))
    }

    /// Takes films back from workers whose claims have ended; returns how many. One that is lost the second time may have
    /// ended its workers: it is to be tried alone, behind what is queued now.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn take_back_claims(&mut self) -> Result<usize, StoreError> {
        let sql = concat!(
            "UPDATE files SET claimed_by = NULL, lease_until = NULL, lost = lost + 1,
                    behind = CASE WHEN lost > 0 THEN (SELECT max(id) FROM files) ELSE behind END
             WHERE id IN (SELECT id FROM files WHERE claimed_by IS NOT NULL AND state = 'queued' AND lease_until < ",
            server_clock!(),
            " FOR UPDATE SKIP LOCKED)"
        );
        let take = || self.connection.prepare_cached(sql)?.execute([]);
        take().map_err(|error: sql::Error| self.failed(error))
    }
}
