//! From the store's queue to the lines: one feeder.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender};

use crate::store::{FileId, Queued, RequestId, Store};

/// Rows taken from the store's queue at a time: more than can be in flight between feeder and recorder,
/// so that a page always has something new while there is anything new.
const PAGE: u32 = 128;
/// How long a worker waits before it looks whether it should stop.
const GLANCE: Duration = Duration::from_millis(100);
/// Without a wake-up the feeder looks into the queue this often.
const LOOK_ANYWAY: Duration = Duration::from_secs(2);

/// Hands the store's queue to the lines, oldest first, until told to stop.
pub(super) fn feed(store: &Store, wake: &Receiver<()>, files: &Sender<Queued>, stop: &AtomicBool) {
    // What has been handed out and is not done yet.
    let mut in_flight: HashSet<Turn> = HashSet::new();
    while !stop.load(Ordering::Relaxed) {
        let page = store.queued(PAGE).unwrap_or_else(|error| {
            tracing::error!(%error, "cannot read the queue");
            Vec::new()
        });
        let queued: HashSet<Turn> = page.iter().map(turn).collect();
        in_flight.retain(|turn| queued.contains(turn));
        let before = in_flight.len();
        for due in page {
            if in_flight.insert(turn(&due)) && !send(files, due, stop) {
                return;
            }
        }
        if in_flight.len() == before {
            let _ = wake.recv_timeout(LOOK_ANYWAY);
        }
    }
}

/// A file's turn: a request queues it once more, while its first turn may only just have ended.
type Turn = (FileId, Option<RequestId>);

fn turn(due: &Queued) -> Turn {
    (due.file, due.request.as_ref().map(|(request, _)| *request))
}

/// Waits for room, but not for ever: false once the line stops.
pub(super) fn send<T>(channel: &Sender<T>, mut message: T, stop: &AtomicBool) -> bool {
    loop {
        match channel.send_timeout(message, GLANCE) {
            Ok(()) => return true,
            Err(SendTimeoutError::Timeout(back)) if !stop.load(Ordering::Relaxed) => message = back,
            Err(_) => return false,
        }
    }
}
