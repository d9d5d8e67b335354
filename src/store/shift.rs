//! How the shift goes: what came, what waits, what people have seen, what is held. The numbers of the shift panel,
//! from the store alone, so that every dashboard on it shows the same.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Store, StoreError,
    condition::UNSEEN,
    convert::{Columns, Micros},
    receive::left_out,
    sql::{self, Connection, OptionalExtension},
    unreadable::rows,
};
use crate::{
    intake::LeftOut,
    quality::Gate,
    study::{AuditKind, Seen, Severity, ShiftQuestion, Status, Unseen, WaitChange, by_hour, waits},
};

/// How a shift goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// From when on is counted what is counted.
    pub since: Timestamp,
    /// For each hour its beginning, and how many films arrived in it: copies of films that were there do not count.
    pub hours: Vec<(Timestamp, u32)>,
    /// Films that arrived.
    pub arrived: u32,
    /// Films scored; of one exposure one image.
    pub scored: u32,
    /// Films that were held and are so still, by gate, the most frequent first. Those that are listed beside scored
    /// films are not held.
    pub held: Vec<(Gate, u32)>,
    /// The studies that nobody has seen, by band; a band without any is missing.
    pub unseen: BTreeMap<Severity, Unseen>,
    /// The waits that ended since then, by the band that the study has now.
    pub seen: BTreeMap<Severity, Seen>,
    /// The studies seen in all bands together.
    pub seen_all: Option<Seen>,
    /// Files waiting to be read.
    pub queued: u32,
    /// Since when the first of them waits.
    pub queued_since: Option<Timestamp>,
    /// Films scored or held within the last minute.
    pub last_minute: u32,
    /// The device that the last film was scored on: "cpu fp32"; empty if none was.
    pub device: String,
    /// The files that lie in the owner's inbox and are left out, whenever they came.
    pub left_out: LeftOut,
}

impl Store {
    /// Counts a shift. Each part reads the end of an index: what it takes depends on the length of the time asked
    /// about and on what waits, not on the size of the store.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn shift(&self, question: &ShiftQuestion) -> Result<Shift, StoreError> {
        self.read(|view| {
            let since = Micros(question.since);
            let arrivals = arrivals(view, question)?;
            let waits = waits(&wait_changes(view, question.since)?);
            let (queued, queued_since) = queue(view)?;
            let minute = question.now.checked_sub(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MIN);
            Ok(Shift {
                since: question.since,
                arrived: count(arrivals.iter().filter(|at| **at >= question.since).count()),
                hours: by_hour(&question.hours, &arrivals),
                scored: one(
                    view,
                    "SELECT count(*) FROM films WHERE finished_at >= ?1 AND state = 'scored'
                     AND exposure_of IS NULL",
                    since,
                )?,
                held: held(view, since)?,
                unseen: unseen(view)?,
                seen: Severity::ALL
                    .into_iter()
                    .filter_map(|band| Some((band, Seen::of(&waits, Some(band))?)))
                    .collect(),
                seen_all: Seen::of(&waits, None),
                queued,
                queued_since,
                // What was finished while the clock was ahead lies behind it.
                last_minute: view
                    .prepare_cached(
                        "SELECT count(*) FROM films WHERE finished_at > ?1 AND finished_at <= ?2",
                    )?
                    .query_row((Micros(minute), Micros(question.now)), |row| row.get(0))?,
                device: view
                    .prepare_cached(
                        "SELECT device FROM films WHERE state = 'scored' ORDER BY finished_at DESC LIMIT 1",
                    )?
                    .query_row([], |row| row.get::<_, Option<String>>(0))
                    .optional()?
                    .flatten()
                    .unwrap_or_default(),
                left_out: left_out(view)?,
            })
        })
    }

    /// When the last film was scored or held. Cheap.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn last_finished(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|view| {
            view.prepare_cached("SELECT max(finished_at) FROM films")?
                .query_row([], |row| row.get::<_, Option<Micros>>(0))
                .map(|time| time.map(|time| time.0))
        })
    }
}

fn one(view: &Connection, query: &str, time: Micros) -> sql::Result<u32> {
    view.prepare_cached(query)?.query_row([time], |row| row.get(0))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// When each film arrived, of those that the question is about.
fn arrivals(view: &Connection, question: &ShiftQuestion) -> sql::Result<Vec<Timestamp>> {
    let sql =
        "SELECT received_at FROM files WHERE received_at >= ?1 AND state <> 'duplicate' ORDER BY received_at";
    rows(view, "files", sql, [Micros(question.earliest())], |row| Ok(row.get::<_, Micros>(0)?.0))
}

fn held(view: &Connection, since: Micros) -> sql::Result<Vec<(Gate, u32)>> {
    let mut query = view.prepare_cached(
        "SELECT films.gate, studies.scored_films > 0, count(*) FROM films
         JOIN studies ON studies.id = films.study
         WHERE films.finished_at >= ?1 AND films.state = 'held' AND films.exposure_of IS NULL
         GROUP BY 1, 2",
    )?;
    let mut totals: Vec<(Gate, u32)> = Vec::new();
    let mut rows = query.query([since])?;
    while let Some(row) = rows.next()? {
        // A gate of another version refused the film all the same.
        let gate = row.get(0).unwrap_or(Gate::Unreadable);
        let (beside_scored, films): (bool, u32) = (row.get(1)?, row.get(2)?);
        if gate.lists_beside() && beside_scored {
            continue;
        }
        match totals.iter_mut().find(|(known, _)| *known == gate) {
            Some((_, total)) => *total += films,
            None => totals.push((gate, films)),
        }
    }
    totals.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.phrase().cmp(b.0.phrase())));
    Ok(totals)
}

fn unseen(view: &Connection) -> sql::Result<BTreeMap<Severity, Unseen>> {
    let sql = format!("SELECT severity, count(*) FROM studies WHERE {UNSEEN} GROUP BY severity");
    let counts: Vec<(Severity, u32)> = rows(view, "studies", &sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // More than one, should the first be unreadable.
    let oldest = format!(
        "SELECT id, first_arrival FROM studies WHERE {UNSEEN} AND severity = ?1
         ORDER BY first_arrival, id LIMIT 3"
    );
    let mut unseen = BTreeMap::new();
    for (band, studies) in counts {
        let first =
            rows(view, "studies", &oldest, [band], |row| Ok((row.get(0)?, row.get::<_, Micros>(1)?.0)))?;
        if let Some(&(oldest, since)) = first.first() {
            unseen.insert(band, Unseen { studies, oldest, since });
        }
    }
    Ok(unseen)
}

/// Reads the changes by which people ended and began waits. A wait begins with the first film's arrival, or with the film
/// that brought a study back which was done.
fn wait_changes(view: &Connection, since: Timestamp) -> sql::Result<Vec<WaitChange>> {
    let sql = format!(
        "SELECT events.id, events.study, events.time, events.detail, studies.severity,
                coalesce((SELECT max(back.time) FROM events AS back
                          WHERE back.study = events.study AND back.kind = '{reopened}' AND back.id < events.id),
                         studies.first_arrival)
         FROM events JOIN studies ON studies.id = events.study
         WHERE events.kind IN ('{status}', '{taken_back}') AND events.time >= ?1
         ORDER BY events.time, events.id",
        reopened = AuditKind::Reopened.word(),
        status = AuditKind::Status.word(),
        taken_back = AuditKind::TakenBack.word(),
    );
    let changes = rows(view, "events", &sql, [Micros(since)], |row| {
        let mut columns = Columns::of(row);
        columns.next::<i64>()?;
        let (study, at) = (columns.next()?, columns.next_time()?);
        let Some(is_new_again) = becomes_new(&columns.next::<String>()?) else { return Ok(None) };
        Ok(Some(WaitChange { study, at, is_new_again, band: columns.next()?, since: columns.next_time()? }))
    })?;
    Ok(changes.into_iter().flatten().collect())
}

/// Whether a change of status, by its detail, made a study new; none where it was new before and after, or neither.
fn becomes_new(detail: &str) -> Option<bool> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    let is_new = |field: &str| Some(detail.get(field)?.as_str()? == Status::New.word());
    let (before, after) = (is_new("before")?, is_new("status")?);
    (before != after).then_some(after)
}

pub(in crate::store) fn queue(view: &Connection) -> sql::Result<(u32, Option<Timestamp>)> {
    let queued = view
        .prepare_cached("SELECT count(*) FROM files WHERE state = 'queued'")?
        .query_row([], |row| row.get(0))?;
    // A film that somebody wants scored after all came long ago, and waits since just now.
    let since = view
        .prepare_cached(
            "SELECT received_at FROM files WHERE state = 'queued' AND film IS NULL ORDER BY id LIMIT 1",
        )?
        .query_row([], |row| Ok(row.get::<_, Micros>(0).ok()))
        .optional()?;
    Ok((queued, since.flatten().map(|time| time.0)))
}
