//! Connections that nobody uses at the moment: a process with dozens of threads on a store has as many connections as
//! threads that ask at the same time, and a few.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::live::Live;
use crate::{lock::lock, store_place::ServerPlace};

/// So many wait for their next use, of one place, and of all together.
const MOST: usize = 6;
const MOST_OF_ALL: usize = 24;
/// One that nobody has used for so long ends, at the next use of another one.
const UNUSED: Duration = Duration::from_secs(60);

static WAITING: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());

/// The place and the timeout of a connection: it can be used again for the same ones.
type Key = (ServerPlace, Duration);

struct Waiting {
    key: Key,
    live: Live,
    since: Instant,
}

/// The connection to a place that was used last, if one waits.
pub(super) fn take(key: &Key) -> Option<Live> {
    let mut waiting = lock(&WAITING);
    let at = waiting.iter().rposition(|waiting| waiting.key == *key)?;
    let found = waiting.remove(at).live;
    drop(waiting);
    if found.is_closed() { None } else { Some(found) }
}

/// Lets a connection wait for its next use.
pub(super) fn give_back(key: &Key, live: Live) {
    let mut waiting = lock(&WAITING);
    waiting.push(Waiting { key: key.clone(), live, since: Instant::now() });
    let mut ended: Vec<Waiting> =
        waiting.extract_if(.., |waiting| waiting.since.elapsed() > UNUSED).collect();
    let of_place = |waiting: &[Waiting]| waiting.iter().filter(|waiting| waiting.key == *key).count();
    while of_place(&waiting[..]) > MOST {
        let oldest = waiting.iter().position(|waiting| waiting.key == *key);
        ended.extend(oldest.map(|at| waiting.remove(at)));
    }
    let too_many = waiting.len().saturating_sub(MOST_OF_ALL);
    ended.extend(waiting.drain(..too_many));
    drop(waiting);
    // Each end takes a word to the server.
    drop(ended);
}

/// Ends all that wait for a place: one of them was found broken.
pub(super) fn forget(key: &Key) {
    let ended: Vec<Waiting> = lock(&WAITING).extract_if(.., |waiting| waiting.key == *key).collect();
    drop(ended);
}
