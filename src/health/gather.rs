//! The facts, from the store, its owner and the disks.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{Timestamp, Zoned};

use super::{
    Disk, Facts, HostsFacts, OutboxFacts, Owner, OwnerState, PluginFacts, StoreFacts,
    clock::{millis, uptime},
    duties::{WorkerKind, duties_of},
    judge::OWNER_SILENT,
};
use crate::{
    config::Config,
    dicom::receive::fault_of,
    files::Room,
    store::{OwnerFile, Ownership, PluginState, Store, StoreError, WorkerRow, host_name},
    store_place::StorePlace,
};

/// Another writer is waited for so long: the longest changes of ours take less.
const BUSY: Duration = Duration::from_secs(5);
/// A page that is just being written is read again so often.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// A question for the facts of a moment.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The site's configuration.
    pub config: &'a Config,
    /// The time, where the site is.
    pub now: &'a Zoned,
}

/// The facts about a store that is open.
#[must_use]
pub fn gather(store: &mut Store, question: Question<'_>) -> Facts {
    let place = store.place().clone();
    let Work { mut hosts, owner, is_here } = whose(store);
    let wanted = duties_of(question.config, WorkerKind::Watch);
    hosts.duties_free.retain(|duty| wanted.iter().any(|wanted| wanted.word() == duty));
    let write_fault = store.try_to_write(BUSY).err();
    let asked = ask(store, &owner, question);
    let (said, read_fault) = match asked {
        Ok(said) => (Some(said), None),
        Err(error) => (None, Some(error)),
    };
    Facts {
        store_fault: write_fault.or(read_fault).map(|error| error.to_string()),
        store: said,
        hosts,
        ..around(&place, owner, is_here, question.config)
    }
}

/// The processes that work for a store.
struct Work {
    hosts: HostsFacts,
    /// The process that says how it goes.
    owner: Owner,
    /// Whether that one is on this host.
    is_here: bool,
}

fn whose(store: &Store) -> Work {
    if !store.is_shared() {
        return Work { hosts: HostsFacts::default(), owner: owner(store.place()), is_here: true };
    }
    let here = host_name();
    let Ok((hosts, workers)) = ask_hosts(store) else {
        return Work { hosts: HostsFacts::default(), owner: Owner::Unknown, is_here: false };
    };
    let first = spokesman(&workers, &here);
    let is_here = first.is_some_and(|first| first.host == here);
    let owner = match first.map(in_own_words) {
        Some(Some(own)) => Owner::Known { silent_ms: 0, own: Box::new(own) },
        Some(None) => Owner::Starting { pid: None },
        None => Owner::Missing,
    };
    Work { hosts, owner, is_here }
}

/// Returns the workers of a store that several hosts share, and the state of the worker that says most in its own words.
///
/// # Errors
/// See [`crate::store::StoreErrorKind`].
pub fn hosts(store: &Store) -> Result<(HostsFacts, Option<OwnerState>), StoreError> {
    let (facts, workers) = ask_hosts(store)?;
    Ok((facts, spokesman(&workers, &host_name()).and_then(in_own_words)))
}

fn ask_hosts(store: &Store) -> Result<(HostsFacts, Vec<WorkerRow>), StoreError> {
    let workers = store.workers()?;
    Ok((HostsFacts::new(&workers, &store.duties()?, store.out_of_reach()?), workers))
}

/// The worker at work that says most: one of `host` before others, one with an inbox before others.
fn spokesman<'a>(workers: &'a [WorkerRow], host: &str) -> Option<&'a WorkerRow> {
    let rank =
        |worker: &&WorkerRow| (worker.host == host, worker.roles == WorkerKind::Watch.word(), worker.id);
    workers.iter().filter(|worker| worker.is_alive()).max_by_key(rank)
}

/// The state of a process in its own words; none before it has said any.
fn in_own_words(worker: &WorkerRow) -> Option<OwnerState> {
    serde_json::from_str(&worker.state).ok()
}

/// The facts about a store that is not open yet. Nothing is made where there is none.
#[must_use]
pub fn gather_closed(place: &StorePlace, question: Question<'_>) -> Facts {
    let fault = if place.exists() {
        match Store::open_within(place, BUSY) {
            Ok(mut store) => return gather(&mut store, question),
            Err(error) => error.to_string(),
        }
    } else {
        place.absence()
    };
    // Only a server that answers knows who works for it.
    let owner = if place.is_shared() { Owner::Unknown } else { owner(place) };
    Facts { store_fault: Some(fault), ..around(place, owner, true, question.config) }
}

fn ask(store: &Store, owner: &Owner, question: Question<'_>) -> Result<StoreFacts, StoreError> {
    let now = question.now.timestamp();
    let operations = store.operations()?;
    let last_arrival = store.last_arrival()?;
    let seconds_since = |time: Timestamp| now.duration_since(time).as_secs().max(0);
    let outbox = operations.outbox.iter().map(|count| OutboxFacts {
        kind: count.kind.word().to_owned(),
        waiting: count.waiting,
        failing: count.failing,
        given_up: count.given_up,
    });
    Ok(StoreFacts {
        bytes: operations.bytes,
        queued: operations.queued,
        oldest_queued_seconds: operations.queued_since.map(seconds_since),
        last_arrival_seconds: last_arrival.map(seconds_since),
        silence_seconds: silence(last_arrival, owner, question),
        unacknowledged: operations.unacknowledged,
        outbox: outbox.collect(),
        plugins: plugins(store, question.config)?,
    })
}

/// The silence of the feed, where it is an alarm. Before the owner began nothing could come.
fn silence(last_arrival: Option<Timestamp>, owner: &Owner, question: Question<'_>) -> Option<i64> {
    let Owner::Known { own, .. } = owner else { return None };
    let last = last_arrival.max(own.started)?;
    question.config.feed_alarm.silence(last, question.now).map(|silence| silence.as_secs())
}

fn plugins(store: &Store, config: &Config) -> Result<Vec<PluginFacts>, StoreError> {
    let enabled = &config.plugins.enabled;
    let records = store.plugins()?;
    let facts = records.into_iter().filter(|record| enabled.contains(&record.name)).map(|record| {
        let state = [record.state.word(), &record.fault].map(str::to_owned);
        PluginFacts {
            name: record.name,
            runs: matches!(record.state, PluginState::Running),
            state: state.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": "),
        }
    });
    Ok(facts.collect())
}

/// Why the owner of a store is not ready, as it judged itself of late; nothing where there is none that speaks. Cheap.
#[must_use]
pub fn owners_reasons(store: &StorePlace) -> Vec<String> {
    match owner(store) {
        Owner::Known { silent_ms, own } if Duration::from_millis(silent_ms) <= OWNER_SILENT => own.reasons,
        _ => Vec::new(),
    }
}

/// The process that owns a store's pipeline, by the lock, which ends with it, and by its own words.
fn owner(store: &StorePlace) -> Owner {
    if Ownership::is_free(store) {
        return Owner::Missing;
    }
    let pid = Ownership::holder(store);
    for _ in 0..TRIES {
        let state = OwnerFile::read(store).map(|text| serde_json::from_str::<OwnerState>(&text));
        match state {
            None => break,
            Some(Err(_)) => std::thread::sleep(BETWEEN_TRIES),
            // The words of the owner before this one.
            Some(Ok(own)) if pid.is_some_and(|pid| pid != own.pid) => break,
            Some(Ok(own)) => {
                let silent_ms = millis(uptime()).saturating_sub(own.uptime_ms);
                return Owner::Known { silent_ms, own: Box::new(own) };
            }
        }
    }
    Owner::Starting { pid }
}

/// The facts of what is around a store: its owner, which may be on another host, and of this host the receiver of the inbox
/// and the disks.
fn around(store: &StorePlace, owner: Owner, is_here: bool, config: &Config) -> Facts {
    let inbox = match &owner {
        Owner::Known { own, .. } if is_here && !own.inbox.is_empty() => PathBuf::from(&own.inbox),
        _ => config.inbox.path.clone(),
    };
    Facts { receiver_fault: fault_of(&inbox), disks: disks(store, &inbox), owner, ..Facts::default() }
}

fn disks(store: &StorePlace, inbox: &Path) -> Vec<Disk> {
    // The disk of a server is its own people's.
    let folder = |file: &Path| match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => disk("store", folder),
        None => disk("store", Path::new(".")),
    };
    let mut disks: Vec<Disk> = store.file().map(folder).into_iter().collect();
    // An inbox that is away is told of by its owner.
    disks.extend(Some(disk("inbox", inbox)).filter(|disk| disk.free_bytes.is_some()));
    disks
}

/// The room on the disk of a folder.
#[must_use]
pub(crate) fn disk(of: &str, folder: &Path) -> Disk {
    match Room::of(folder) {
        Ok(room) => Disk { of: of.to_owned(), free_bytes: Some(room.free), total_bytes: room.total },
        Err(_) => Disk { of: of.to_owned(), ..Disk::default() },
    }
}
