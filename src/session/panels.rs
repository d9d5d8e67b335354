//! The data of the panels beside the list: the last films of a model, the shift, the senders of films, the results on
//! their way. They are read from the store only while they are shown, and again only when something came, at most every
//! few seconds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, Zoned};

use crate::{
    session::protocol::{ShiftWatch, Update},
    store::{Sender, Store, StoreError},
};

/// Films with which one is compared, at most.
const LAST_FILMS: u32 = 1_000;
/// How often the last films are read anew, at most: one film more moves nothing that could be seen.
const SPREAD_EVERY: Duration = Duration::from_secs(30);
/// How often the senders are read anew.
const SENDERS_EVERY: Duration = Duration::from_secs(2);
/// How often the results on their way are read anew, at most.
const SENDINGS_EVERY: Duration = Duration::from_secs(2);
/// How often the shift is counted anew, at most, and at least: hours and days pass by themselves.
const SHIFT_EVERY: Duration = Duration::from_secs(2);
const SHIFT_AT_LEAST: Duration = Duration::from_secs(30);

/// Results on their way that are shown, at most.
const MOST_SENDINGS: u32 = 200;

/// The panels that are open.
#[derive(Debug, Default)]
pub(super) struct Panels {
    spread: Option<Model>,
    shift: Option<Open>,
    /// The results on their way; none: nobody looks at them.
    sendings: Option<Sendings>,
    senders: Option<Shown>,
}

#[derive(Debug, Clone)]
struct Model {
    name: String,
    sha256: String,
    read_at: Instant,
    /// When the last film was finished that was read; none before the first reading.
    last: Option<Timestamp>,
}

#[derive(Debug)]
struct Open {
    watch: ShiftWatch,
    counted_at: Instant,
    /// None until it could be counted.
    counted: Option<Moment>,
}

/// When the results on their way were read.
#[derive(Debug)]
struct Sendings {
    read_at: Instant,
    /// The store's revision then; none until they could be read.
    revision: Option<i64>,
}

/// The senders as they are shown, and when they were read.
#[derive(Debug)]
struct Shown {
    senders: Vec<Sender>,
    read_at: Instant,
}

/// Numbers of which one moves whenever anything does that is counted.
type Moment = (i64, usize, Option<Timestamp>);

fn moment(store: &Store) -> Result<Moment, StoreError> {
    Ok((store.revision()?, store.queued_count()?, store.last_arrival()?))
}

impl Panels {
    /// Reads the last films of another model.
    pub(super) fn compare(
        &mut self,
        store: &Store,
        name: String,
        sha256: String,
    ) -> Result<Update, StoreError> {
        // First of all: what fails now is tried again later.
        let model = self.spread.insert(Model { name, sha256, read_at: Instant::now(), last: None });
        let last = store.last_finished()?;
        let spread = store.spread(&model.name, &model.sha256, LAST_FILMS)?;
        model.last = last;
        Ok(Update::Spread(Arc::new(spread)))
    }

    /// Counts the shift, and goes on doing so; or stops.
    pub(super) fn watch(
        &mut self,
        store: &Store,
        watch: Option<ShiftWatch>,
        now: Timestamp,
    ) -> Result<Option<Update>, StoreError> {
        self.shift = watch.map(|watch| Open { watch, counted_at: Instant::now(), counted: None });
        let Some(open) = &mut self.shift else { return Ok(None) };
        let counted = moment(store)?;
        let shift = store.shift(&open.watch.question(now))?;
        open.counted = Some(counted);
        Ok(Some(Update::Shift(open.watch.period, Box::new(shift))))
    }

    /// Reads the results on their way, and goes on doing so; or stops.
    pub(super) fn watch_sendings(
        &mut self,
        store: &Store,
        is_watched: bool,
    ) -> Result<Option<Update>, StoreError> {
        self.sendings = is_watched.then(|| Sendings { read_at: Instant::now(), revision: None });
        let Some(watched) = &mut self.sendings else { return Ok(None) };
        // Before they are read: what changes meanwhile is read again.
        let revision = store.revision()?;
        let sendings = store.sendings(MOST_SENDINGS)?;
        watched.revision = Some(revision);
        Ok(Some(Update::Sendings(sendings)))
    }

    /// Reads who sends films, and goes on doing so; or stops.
    pub(super) fn watch_senders(
        &mut self,
        store: &Store,
        is_open: bool,
    ) -> Result<Option<Update>, StoreError> {
        self.senders = None;
        if !is_open {
            return Ok(None);
        }
        let senders = store.senders(Zoned::now().date())?;
        self.senders = Some(Shown { senders: senders.clone(), read_at: Instant::now() });
        Ok(Some(Update::Senders(senders)))
    }

    /// Reads again what has changed and is due.
    pub(super) fn refresh(&mut self, store: &Store, now: Timestamp) -> Result<Vec<Update>, StoreError> {
        let mut updates = Vec::new();
        if let Some(model) = self.spread.as_mut().filter(|model| model.read_at.elapsed() >= SPREAD_EVERY) {
            model.read_at = Instant::now();
            if model.last.is_none() || store.last_finished()? != model.last {
                let Model { name, sha256, .. } = model.clone();
                updates.push(self.compare(store, name, sha256)?);
            }
        }
        if let Some(watched) = &self.sendings
            && watched.read_at.elapsed() >= SENDINGS_EVERY
            && Some(store.revision()?) != watched.revision
        {
            updates.extend(self.watch_sendings(store, true)?);
        }
        if let Some(shown) = self.senders.as_mut().filter(|shown| shown.read_at.elapsed() >= SENDERS_EVERY) {
            shown.read_at = Instant::now();
            let senders = store.senders(Zoned::now().date())?;
            if senders != shown.senders {
                shown.senders.clone_from(&senders);
                updates.push(Update::Senders(senders));
            }
        }
        let Some(open) = &self.shift else { return Ok(updates) };
        let passed = open.counted_at.elapsed();
        if passed >= SHIFT_AT_LEAST || (passed >= SHIFT_EVERY && Some(moment(store)?) != open.counted) {
            let watch = open.watch.clone();
            updates.extend(self.watch(store, Some(watch), now)?);
        }
        Ok(updates)
    }
}
