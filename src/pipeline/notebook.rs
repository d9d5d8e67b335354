//! The receiver's news on their way into the store. A store that cannot be opened or written is tried again, and
//! what was to be written meanwhile is kept, as far as there is room. What was tried is said again as it was, so that it
//! counts once, also where only the answer was lost.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

use super::Peer;
use crate::{
    store::{NewEvent, SenderNews, Store, StoreError, StoreErrorKind},
    store_place::StorePlace,
    study::AuditKind,
};

/// Other writers are waited for so long: senders are served meanwhile.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// A store that failed is tried again after so long.
const AGAIN: Duration = Duration::from_secs(5);
/// Events, and senders without a film, that wait behind those that are being written, at most.
const MOST: usize = 2_000;

/// Notes that are to be written into the store, and the way there.
pub(super) struct Notebook {
    /// None: nothing is written.
    place: Option<StorePlace>,
    store: Option<Store>,
    /// The notes that were tried and of which nobody knows that they are in the store.
    batch: Option<Batch>,
    news: BTreeMap<Peer, SenderNews>,
    events: Vec<NewEvent<'static>>,
    /// Events for which there was no room.
    left_out: u64,
    /// When the store failed last, and how, since it was last written.
    failed: Option<(Instant, StoreErrorKind)>,
}

/// Notes that are written together.
struct Batch {
    /// When they were first to be written, by which they are known again.
    heard: Zoned,
    news: Vec<SenderNews>,
    events: Vec<NewEvent<'static>>,
}

impl Notebook {
    pub(super) fn of(place: Option<&StorePlace>) -> Self {
        Self {
            place: place.cloned(),
            store: None,
            batch: None,
            news: BTreeMap::new(),
            events: Vec::new(),
            left_out: 0,
            failed: None,
        }
    }

    /// The news of a sender.
    pub(super) fn sender(&mut self, sender: &Peer) -> &mut SenderNews {
        self.news.entry(sender.clone()).or_insert_with(|| SenderNews {
            title: sender.title.clone(),
            address: sender.address.clone(),
            ..SenderNews::default()
        })
    }

    /// Adds an event of the audit.
    pub(super) fn add(&mut self, event: NewEvent<'static>) {
        self.events.push(event);
    }

    /// How long until it is to be written again; none where nothing waits.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let failed = self.failed.filter(|_| self.batch.is_some() || self.has_more());
        failed.map(|(failed, _)| AGAIN.saturating_sub(failed.elapsed()))
    }

    /// Whether anything waits that has not been tried.
    fn has_more(&self) -> bool {
        !self.news.is_empty() || !self.events.is_empty()
    }

    /// Writes down what waits, unless the store has failed just now. Returns a sentence where it fails for the first time
    /// since it was last written, and where a newer version has taken it over.
    pub(super) fn write(&mut self) -> Option<String> {
        if self.place.is_none() {
            self.news.clear();
            self.events.clear();
            return None;
        }
        self.make_room();
        let is_too_soon = self.due_in().is_some_and(|wait| !wait.is_zero());
        if is_too_soon || (self.batch.is_none() && !self.has_more()) {
            return None;
        }
        let now = Zoned::now();
        match self.try_to_write(&now) {
            Ok(()) => {
                if self.failed.take().is_some() {
                    tracing::info!("receptions are written into the audit again");
                }
                None
            }
            Err(error) => {
                self.date(now.timestamp());
                tracing::warn!(%error, "receptions are not in the audit");
                let before = self.failed.replace((Instant::now(), error.kind)).map(|(_, kind)| kind);
                match (error.kind, before) {
                    (kind @ StoreErrorKind::NewerVersion, before) if before != Some(kind) => Some(format!(
                        "Who sends films, and who was turned away, is not written down by this program any more; films come \
                         in all the same: {error}"
                    )),
                    (_, None) => Some(format!(
                        "Who sends films, and who was turned away, cannot be written down now; it is kept for later: {error}"
                    )),
                    _ => None,
                }
            }
        }
    }

    /// Tries for the last time.
    pub(super) fn end(&mut self) {
        self.failed = None;
        if self.write().is_some() {
            tracing::error!("receptions that waited for the store are not in the audit");
        }
    }

    fn try_to_write(&mut self, now: &Zoned) -> Result<(), StoreError> {
        let Some(place) = &self.place else { return Ok(()) };
        // One that failed is opened anew.
        let mut store = match self.store.take() {
            Some(store) => store,
            None => Store::open_within(place, STORE_TIMEOUT)?,
        };
        store.refuse_newer_version()?;
        while let Some(Batch { heard, news, events }) = self.next_batch(now) {
            store.note_senders(news, events, (heard.date(), heard.timestamp()), now.timestamp())?;
            self.batch = None;
        }
        self.store = Some(store);
        Ok(())
    }

    /// The notes to be written next: those that were tried last, else all that wait.
    fn next_batch(&mut self, now: &Zoned) -> Option<&Batch> {
        if self.batch.is_none() && self.has_more() {
            let news = std::mem::take(&mut self.news).into_values().collect();
            let mut events = std::mem::take(&mut self.events);
            let left_out = std::mem::take(&mut self.left_out);
            if left_out > 0 {
                let reason = "there was no room for earlier ones while the store could not be written";
                let detail = json!({ "sender": "", "address": "", "reason": reason, "times": left_out });
                events.push(NewEvent { detail, ..NewEvent::of(AuditKind::TurnedAway) });
            }
            self.batch = Some(Batch { heard: now.clone(), news, events });
        }
        self.batch.as_ref()
    }

    /// Notes in the events when they were to be written: they get the time at which they are.
    fn date(&mut self, now: Timestamp) {
        let tried = self.batch.iter_mut().flat_map(|batch| &mut batch.events);
        for event in tried.chain(&mut self.events) {
            if let Value::Object(detail) = &mut event.detail {
                detail.entry("at").or_insert_with(|| now.to_string().into());
            }
        }
    }

    /// Leaves out the oldest refusals, and what else is too much; how many is kept.
    fn make_room(&mut self) {
        let mut surplus = self.events.len().saturating_sub(MOST);
        self.left_out += surplus as u64;
        self.events.retain(|event| {
            let goes = surplus > 0 && event.kind == AuditKind::TurnedAway;
            surplus -= usize::from(goes);
            !goes
        });
        self.events.drain(..surplus);
        if self.news.len() > MOST {
            self.news.retain(|_, news| news.films > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> Peer {
        Peer { title: "CR-1".to_owned(), address: "10.0.0.7".to_owned() }
    }

    fn turn_away(notebook: &mut Notebook, times: usize) {
        notebook.sender(&sender()).refusals += times as u64;
        for number in 0..times {
            let detail = json!({ "reason": number });
            notebook.add(NewEvent { detail, ..NewEvent::of(AuditKind::TurnedAway) });
        }
    }

    /// As if the time until the next try had passed.
    fn wait(notebook: &mut Notebook) {
        notebook.failed = notebook.failed.and_then(|(failed, kind)| Some((failed.checked_sub(AGAIN)?, kind)));
    }

    #[test]
    fn what_a_store_that_is_away_misses_is_written_when_it_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let away = folder.path().join("away");
        std::fs::write(&away, "no folder").unwrap();
        let path = away.join("store.db");
        let mut notebook = Notebook::of(Some(&StorePlace::from(&path)));
        turn_away(&mut notebook, 1);
        notebook.sender(&sender()).films += 2;
        assert!(notebook.write().unwrap().contains("kept for later"));
        turn_away(&mut notebook, 1);
        assert_eq!(notebook.write(), None, "it is not tried again at once");
        assert!(notebook.due_in().is_some());
        wait(&mut notebook);
        assert_eq!(notebook.write(), None, "it is told once");
        std::fs::remove_file(&away).unwrap();
        wait(&mut notebook);
        assert_eq!((notebook.write(), notebook.due_in()), (None, None));
        let store = Store::open(&path).unwrap();
        let events = store.events(0, 10).unwrap();
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event.detail["at"].is_string()), "{events:?}");
        let known = store.senders(Zoned::now().date()).unwrap();
        assert_eq!((known[0].films, known[0].refusals), (2, 2));
        // A store that comes to be busy later is tried again, too.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        turn_away(&mut notebook, 1);
        assert!(notebook.write().is_some());
        other.execute_batch("ROLLBACK").unwrap();
        wait(&mut notebook);
        assert_eq!(notebook.write(), None);
        assert_eq!(store.events(0, 10).unwrap().len(), 3);
    }

    #[test]
    fn what_the_store_has_although_its_answer_was_lost_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = Store::open(&path).unwrap();
        let mut notebook = Notebook::of(Some(&StorePlace::from(&path)));
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        turn_away(&mut notebook, 1);
        notebook.sender(&sender()).films += 2;
        assert!(notebook.write().is_some());
        other.execute_batch("ROLLBACK").unwrap();
        // As if it had been written, and the word of that had not come back.
        let Batch { heard, news, events } = notebook.batch.as_ref().unwrap();
        let now = Timestamp::now();
        store.note_senders(news, events, (heard.date(), heard.timestamp()), now).unwrap();
        turn_away(&mut notebook, 1);
        notebook.sender(&sender()).films += 3;
        wait(&mut notebook);
        assert_eq!((notebook.write(), notebook.due_in()), (None, None));
        let known = store.senders(Zoned::now().date()).unwrap();
        assert_eq!((known[0].films, known[0].refusals), (5, 2));
        assert_eq!(store.events(0, 10).unwrap().len(), 2);
    }

    #[test]
    fn nothing_is_written_into_a_store_that_a_newer_version_has_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut notebook = Notebook::of(Some(&StorePlace::from(&path)));
        turn_away(&mut notebook, 1);
        assert_eq!(notebook.write(), None);
        let other = rusqlite::Connection::open(&path).unwrap();
        let is_of = |version: u32| other.pragma_update(None, "user_version", version).unwrap();
        let version: u32 = other.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        is_of(version + 1);
        turn_away(&mut notebook, 1);
        let said = notebook.write().unwrap();
        assert!(said.contains("not written down") && said.contains("newer version"), "{said}");
        wait(&mut notebook);
        assert_eq!(notebook.write(), None, "it is told once");
        is_of(version);
        assert_eq!(Store::open(&path).unwrap().events(0, 10).unwrap().len(), 1);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept_and_the_rest_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("away"), "no folder").unwrap();
        let mut notebook = Notebook::of(Some(&folder.path().join("away/store.db").into()));
        notebook.add(NewEvent { detail: json!({}), ..NewEvent::of(AuditKind::Delivered) });
        turn_away(&mut notebook, MOST + 6);
        notebook.write();
        assert_eq!((notebook.events.len(), notebook.left_out), (MOST, 7));
        assert_eq!(notebook.events[0].kind, AuditKind::Delivered, "refusals go first");
        assert_eq!(notebook.events[1].detail["reason"], 7);
    }
}
