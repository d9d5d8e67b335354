//! The processes that work for a shared store: who they are, with which model, and when they were last heard of.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{
        FileId, Store, StoreError, WorkerId,
        convert::{Columns, Micros},
        sql::{self, OptionalExtension, Row},
    },
    LEASE,
    member::{Member, NewWorker, Said},
    micros, server_clock,
};
use crate::text::clean;

/// The variable that names this host, where the system's name says nothing, as in a container.
pub const HOST_VARIABLE: &str = "CXR_TRIAGE_HOST";

/// Workers that ended, or were last heard of, so long ago are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(86_400);

/// The name of this host in lists of workers: letters, digits, `.`, `-` and `_`.
#[must_use]
pub fn host_name() -> String {
    let system =
        || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let name = std::env::var(HOST_VARIABLE).ok().filter(|name| !name.is_empty()).unwrap_or_else(system);
    let fits = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    name.chars().take(64).map(fits).collect()
}

/// A worker, as people see it. What another host wrote is clean text.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerRow {
    /// Its number.
    pub id: WorkerId,
    /// Its host.
    pub host: String,
    /// Its process number there.
    pub pid: u32,
    /// Its roles.
    pub roles: String,
    /// The named inboxes that it has, with commas between.
    pub inboxes: String,
    /// The name of its model.
    pub model: String,
    /// SHA-256 of the weights, hex.
    pub sha256: String,
    /// The digest of the rules that it judges by.
    pub rules: String,
    /// The program's version.
    pub version: String,
    /// The device that the model runs on.
    pub device: String,
    /// When it began, by the server's clock.
    pub started: Timestamp,
    /// For how long it has not been heard of, by the server's clock.
    pub silent: Duration,
    /// Whether it ended in order.
    pub has_ended: bool,
    /// Films that it has finished.
    pub films: u64,
    /// Films a second over the last minute of work.
    pub per_second: Option<f64>,
    /// How far its host's clock is ahead of the server's.
    pub clock_ahead: SignedDuration,
    /// Its health in its own words, as JSON.
    pub state: String,
}

impl WorkerRow {
    /// Whether it is at work, as far as anybody can know.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.has_ended && self.silent <= LEASE
    }
}

impl Store {
    /// Enters this process among the workers. Films that its host could not open are tried there again.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn join(&mut self, new: NewWorker) -> Result<Member, StoreError> {
        let id = self.enter(&new, None)?;
        let member = Member::new(id, new);
        self.try_again(&member)?;
        Ok(member)
    }

    /// Has the films tried again on a worker's host that could not be opened there: a share may be mounted by now.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn try_again(&mut self, member: &Member) -> Result<(), StoreError> {
        let forget = || -> sql::Result<()> {
            self.connection
                .prepare_cached(
                    "UPDATE files SET not_on = array_to_string(array_remove(string_to_array(not_on, ','), ?1), ',')
                     WHERE state = 'queued' AND ?1 = ANY (string_to_array(not_on, ','))",
                )?
                .execute([member.host()])?;
            Ok(())
        };
        forget().map_err(|error| self.failed(error))
    }

    fn enter(&self, new: &NewWorker, id: Option<WorkerId>) -> Result<WorkerId, StoreError> {
        const COLUMNS: &str =
            "host, pid, roles, inboxes, model, sha256, rules, version, device, started, heartbeat";
        let values = concat!("?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ", server_clock!(), ", ", server_clock!());
        let sql = match id {
            None => format!("INSERT INTO workers ({COLUMNS}) VALUES ({values}) RETURNING id"),
            Some(id) => format!("INSERT INTO workers (id, {COLUMNS}) VALUES ({id}, {values}) RETURNING id"),
        };
        let NewWorker { host, roles, inboxes, model, sha256, rules, device } = new;
        let (pid, version) = (i64::from(std::process::id()), env!("CARGO_PKG_VERSION"));
        let enter = || -> sql::Result<WorkerId> {
            self.connection.prepare_cached(&sql)?.query_row(
                sql::params![host, pid, roles, inboxes, model, sha256, rules, version, device],
                |row| row.get(0),
            )
        };
        enter().map_err(|error| self.failed(error))
    }

    /// Says that a worker goes on, and renews the claims that it knows of: one whose answer never came back ends. Returns
    /// how far this host's clock is ahead of the server's.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); its claims end when that lasts. Where a
    /// newer version has made the store its own, this one has to end.
    pub fn beat(&mut self, member: &Member) -> Result<SignedDuration, StoreError> {
        // First: the tables may be others.
        self.refuse_newer_version()?;
        let renew = concat!(
            "UPDATE files SET lease_until = CAST(?2 AS BIGINT) + ",
            server_clock!(),
            " WHERE claimed_by = ?1 AND state = 'queued' AND id = ANY (CAST(string_to_array(?3, ',') AS BIGINT[]))
              RETURNING id"
        );
        let say = concat!(
            "UPDATE workers SET ended = NULL, films = ?2, per_second = ?3, state = ?4, rules = ?5, heartbeat = ",
            server_clock!(),
            ", clock_ahead = CAST(?6 AS BIGINT) - ",
            server_clock!(),
            " WHERE id = ?1 RETURNING clock_ahead"
        );
        let Said { films, per_second, words, new } = member.said();
        let films = i64::try_from(films).unwrap_or(i64::MAX);
        let claims = member.claims();
        let list = claims.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let beat = || -> sql::Result<Option<i64>> {
            let renewed: BTreeSet<FileId> = self
                .connection
                .prepare_cached(renew)?
                .query_map((member.id(), micros(LEASE), &list), |row| row.get(0))?
                .collect::<sql::Result<_>>()?;
            member.no_longer_has(&claims.difference(&renewed).copied().collect());
            let (words, rules, now) = (words.as_str(), new.rules.as_str(), Micros(Timestamp::now()));
            self.connection
                .prepare_cached(say)?
                .query_row((member.id(), films, per_second, words, rules, now), |row| row.get(0))
                .optional()
        };
        let ahead = beat().map_err(|error| self.failed(error))?;
        if ahead.is_none() {
            // It was not heard of for so long that it was forgotten.
            self.enter(&new, Some(member.id()))?;
        }
        let ahead = SignedDuration::from_micros(ahead.unwrap_or_default());
        member.is_ahead_by(ahead);
        Ok(ahead)
    }

    /// Ends a worker in order: its claims are free at once, and its duties.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind); then they end with their lease.
    pub fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        let end = concat!("UPDATE workers SET ended = ", server_clock!(), " WHERE id = ?1");
        let leave = || -> sql::Result<()> {
            for sql in [
                "UPDATE files SET claimed_by = NULL, lease_until = NULL WHERE claimed_by = ?1",
                "UPDATE duties SET lease_until = 0 WHERE holder = ?1",
                end,
            ] {
                self.connection.prepare_cached(sql)?.execute([member.id()])?;
            }
            Ok(())
        };
        leave().map_err(|error| self.failed(error))
    }

    /// Forgets the workers of which nobody has heard for a day.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn forget_workers(&mut self) -> Result<(), StoreError> {
        let sql = concat!("DELETE FROM workers WHERE heartbeat < ", server_clock!(), " - CAST(?1 AS BIGINT)");
        let forget = || self.connection.prepare_cached(sql)?.execute([micros(FORGOTTEN)]);
        forget().map(|_| ()).map_err(|error: sql::Error| self.failed(error))
    }

    /// The workers of a shared store, by host and then by age; none of a store that has one owner.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn workers(&self) -> Result<Vec<WorkerRow>, StoreError> {
        if !self.is_shared() {
            return Ok(Vec::new());
        }
        let sql = concat!(
            "SELECT id, host, pid, roles, inboxes, model, sha256, rules, version, device, started, ",
            server_clock!(),
            " - heartbeat, ended IS NOT NULL, films, per_second, clock_ahead, state FROM workers ORDER BY host, id"
        );
        self.read(|view| view.prepare_cached(sql)?.query_map([], worker)?.collect())
    }

    /// How many films wait in inboxes that no worker at work has, by the inbox's name; and, under the empty name, how many
    /// no host could open.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::super::StoreErrorKind).
    pub fn out_of_reach(&self) -> Result<Vec<(String, u64)>, StoreError> {
        if !self.is_shared() {
            return Ok(Vec::new());
        }
        // Films of one inbox that the same hosts cannot open are one row: of a backlog there are hundreds of thousands.
        let sql = concat!(
            "SELECT inbox, CAST(sum(films) AS BIGINT) FROM (
                 SELECT inbox, not_on, count(*) AS films FROM files WHERE state = 'queued' GROUP BY inbox, not_on
             ) AS waiting WHERE NOT EXISTS (
                 SELECT 1 FROM workers WHERE ended IS NULL AND heartbeat >= ",
            server_clock!(),
            " - CAST(?1 AS BIGINT)
                 AND (waiting.inbox = '' OR waiting.inbox = ANY (string_to_array(workers.inboxes, ',')))
                 AND NOT (workers.host = ANY (string_to_array(waiting.not_on, ','))))
             GROUP BY inbox ORDER BY inbox"
        );
        self.read(|view| {
            view.prepare_cached(sql)?
                .query_map([micros(LEASE)], |row| {
                    Ok((clean(&row.get::<_, String>(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
                })?
                .collect()
        })
    }
}

fn worker(row: &Row<'_>) -> sql::Result<WorkerRow> {
    let mut columns = Columns::of(row);
    let text = |columns: &mut Columns<'_, '_>| columns.next::<String>().map(|text| clean(&text));
    Ok(WorkerRow {
        id: columns.next()?,
        host: text(&mut columns)?,
        pid: u32::try_from(columns.next::<i64>()?).unwrap_or_default(),
        roles: text(&mut columns)?,
        inboxes: text(&mut columns)?,
        model: text(&mut columns)?,
        sha256: text(&mut columns)?,
        rules: text(&mut columns)?,
        version: text(&mut columns)?,
        device: text(&mut columns)?,
        started: columns.next_time()?,
        silent: Duration::from_micros(u64::try_from(columns.next::<i64>()?).unwrap_or_default()),
        has_ended: columns.next()?,
        films: columns.next::<i64>()?.unsigned_abs(),
        per_second: columns.next()?,
        clock_ahead: SignedDuration::from_micros(columns.next()?),
        state: columns.next()?,
    })
}
