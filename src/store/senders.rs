//! The senders of films by DICOM: when the last film came, how many came today, and why something was refused.

use jiff::{Timestamp, civil::Date};

use super::{
    NewEvent, Store, StoreError,
    audit::log,
    convert::{Columns, Micros},
    sql::params,
    unreadable::rows,
};

/// Senders that are remembered: whoever can connect can make up titles.
const MOST: u32 = 200;

/// A sender of films, by its AE title and its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Its AE title; empty where it never said one.
    pub title: String,
    /// Its address.
    pub address: String,
    /// When it was last heard of.
    pub seen: Timestamp,
    /// When its last film came.
    pub last_film: Option<Timestamp>,
    /// How many films have come from it.
    pub films: u64,
    /// How many came on the day that was asked for.
    pub films_today: u64,
    /// How often something of it was refused.
    pub refusals: u64,
    /// When something of it was last refused.
    pub last_refusal: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// News of a sender, to be added to what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SenderNews {
    /// Its AE title.
    pub title: String,
    /// Its address.
    pub address: String,
    /// Films that came.
    pub films: u64,
    /// Refusals.
    pub refusals: u64,
    /// The last refusal's reason.
    pub reason: Option<String>,
}

impl Store {
    /// Adds news of senders, with the events that tell of them, as one transaction. `heard`: the day at the receiver's
    /// place, and the moment, of which they are. News of one moment are added once: whoever does not know whether they
    /// were may say them again as they were.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn note_senders(
        &mut self,
        news: &[SenderNews],
        events: &[NewEvent<'_>],
        heard: (Date, Timestamp),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (today, seen) = (heard.0.to_string(), Micros(heard.1));
        self.write(|transaction| {
            let mut known = transaction
                .prepare_cached("SELECT 1 FROM senders WHERE title = ?1 AND address = ?2 AND seen = ?3")?;
            for SenderNews { title, address, .. } in news {
                if known.exists((title, address, seen))? {
                    return Ok(());
                }
            }
            let mut add = transaction.prepare_cached(
                "INSERT INTO senders
                     (title, address, seen, last_film, films, day, films_of_day, refusals, last_refusal, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9)
                 ON CONFLICT (title, address) DO UPDATE SET
                     seen = excluded.seen,
                     last_film = coalesce(excluded.last_film, senders.last_film),
                     films = senders.films + excluded.films,
                     films_of_day = excluded.films_of_day
                         + CASE WHEN senders.day = excluded.day THEN senders.films_of_day ELSE 0 END,
                     day = excluded.day,
                     refusals = senders.refusals + excluded.refusals,
                     last_refusal = coalesce(excluded.last_refusal, senders.last_refusal),
                     reason = coalesce(excluded.reason, senders.reason)",
            )?;
            for SenderNews { title, address, films, refusals, reason } in news {
                let (films, refusals) = (films.cast_signed(), refusals.cast_signed());
                let (film, refusal) = ((films > 0).then_some(seen), (refusals > 0).then_some(seen));
                add.execute(params![title, address, seen, film, films, today, refusals, refusal, reason])?;
            }
            // Those that brought films are forgotten last.
            transaction
                .prepare_cached(
                    "DELETE FROM senders WHERE (title, address) IN
                         (SELECT title, address FROM senders ORDER BY films > 0 DESC, seen DESC LIMIT ?2 OFFSET ?1)",
                )?
                .execute((MOST, i64::MAX))?;
            events.iter().try_for_each(|event| log(transaction, event, now))
        })
    }

    /// Returns the senders, the last one that was heard of first.
    ///
    /// # Errors
    /// See [`super::StoreErrorKind`].
    pub fn senders(&self, today: Date) -> Result<Vec<Sender>, StoreError> {
        let sql = "SELECT title, address, seen, last_film, films, CASE WHEN day = ?1 THEN films_of_day ELSE 0 END, refusals,
                          last_refusal, reason
                   FROM senders ORDER BY seen DESC, title, address";
        self.read(|view| {
            rows(view, "senders", sql, [today.to_string()], |row| {
                let mut columns = Columns::of(row);
                Ok(Sender {
                    title: columns.next()?,
                    address: columns.next()?,
                    seen: columns.next_time()?,
                    last_film: columns.next::<Option<Micros>>()?.map(|time| time.0),
                    films: columns.next::<i64>()?.unsigned_abs(),
                    films_today: columns.next::<i64>()?.unsigned_abs(),
                    refusals: columns.next::<i64>()?.unsigned_abs(),
                    last_refusal: columns.next::<Option<Micros>>()?.map(|time| time.0),
                    reason: columns.next()?,
                })
            })
        })
    }
}
