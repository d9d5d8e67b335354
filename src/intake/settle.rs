//! When is a file complete? Sightings in, complete files out; no clock, no disk.
//!
//! Times are durations since any fixed moment of a monotonic clock. A file's own modification time is
//! only ever compared with itself, so a time in the future or a clock that jumps stalls nothing.
//!
//! The same size and the same modification time mean the same file, as they do to rsync.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    path::{Path, PathBuf},
    time::Duration,
};

/// A file that was closed or renamed into place is looked at once more after this long: longer than
/// the tick of a file system's clock (4 to 10 ms on Linux), so that later writes show.
const QUICK: Duration = Duration::from_millis(30);

/// Some senders create the file first and write much later.
const EMPTY: Duration = Duration::from_secs(5);

/// The size and modification time, which tell two states of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Bytes.
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified_ns: i64,
}

/// How a file came to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// By the first scan, this long after its modification time (zero when that is in the future).
    Found { age: Duration },
    /// By looking: a walk, a look that was due, or an event that says nothing of its data.
    Looked,
    /// By an event: somebody is writing.
    Written,
    /// By an event: its writer closed it, or it was renamed into place.
    Whole,
}

impl Stamp {
    /// Of something whose state does not matter.
    pub(super) const NONE: Self = Self { size: 0, modified_ns: 0 };
}

#[derive(Debug)]
struct File {
    stamp: Stamp,
    /// The last walk before or in which it was seen.
    walk: u32,
    /// `None` once complete.
    waiting: Option<Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    look_at: Duration,
    /// Found by the first scan and not complete since.
    first: bool,
}

/// Every file of the inbox: about 150 bytes for each, so 15 MB for 100,000.
#[derive(Debug)]
pub(super) struct Settle {
    settle: Duration,
    /// Ordered, so that what is beneath a folder lies together.
    files: BTreeMap<PathBuf, File>,
    /// Exactly the waiting files.
    agenda: BTreeSet<(Duration, PathBuf)>,
    first_waiting: usize,
    walk: u32,
}

impl Settle {
    pub(super) fn new(settle: Duration) -> Self {
        Self {
            settle: settle.max(QUICK),
            files: BTreeMap::new(),
            agenda: BTreeSet::new(),
            first_waiting: 0,
            walk: 0,
        }
    }

    /// Takes a sighting; true when the file is complete now, which is said once for each state of it.
    pub(super) fn seen(&mut self, path: &Path, stamp: Stamp, sighting: Sighting, now: Duration) -> bool {
        self.seen_at_rest(path, stamp, sighting, now, Duration::ZERO)
    }

    /// The same of a file whose name may only be for the time being: it is complete when it has not changed for
    /// `rest`, whether or not its writer closed it.
    pub(super) fn seen_at_rest(
        &mut self,
        path: &Path,
        stamp: Stamp,
        sighting: Sighting,
        now: Duration,
        rest: Duration,
    ) -> bool {
        let calm = if stamp.size == 0 { self.settle.max(EMPTY) } else { self.settle }.max(rest);
        let is_whole = sighting == Sighting::Whole && stamp.size > 0 && rest.is_zero();
        let before = self.files.get(path).map(|file| (file.stamp, file.waiting));
        let look_at = match before {
            Some((known, None)) if known == stamp => {
                self.put(path, stamp, None);
                return false;
            }
            Some((known, Some(waiting))) if known == stamp => match sighting {
                Sighting::Looked | Sighting::Found { .. } if now >= waiting.look_at => None,
                Sighting::Looked | Sighting::Found { .. } => Some(waiting.look_at),
                Sighting::Whole if is_whole => Some(waiting.look_at.min(now + QUICK)),
                Sighting::Whole | Sighting::Written => Some(now + calm),
            },
            _ => match sighting {
                Sighting::Found { age } if age >= calm => None,
                Sighting::Whole if is_whole => Some(now + QUICK),
                _ => Some(now + calm),
            },
        };
        let first = match before {
            Some((_, waiting)) => waiting.is_some_and(|waiting| waiting.first),
            None => matches!(sighting, Sighting::Found { .. }),
        };
        self.put(path, stamp, look_at.map(|look_at| Waiting { look_at, first }));
        look_at.is_none()
    }

    /// The path is not there any more, nor is anything beneath it.
    pub(super) fn gone(&mut self, path: &Path) {
        for path in beneath(&self.files, path) {
            self.forget(&path);
        }
    }

    /// The path is there, but no file any more.
    pub(super) fn not_a_file(&mut self, path: &Path) {
        self.forget(path);
    }

    /// A file that it is time to look at, to be answered by [`Self::seen`] or [`Self::gone`].
    pub(super) fn due(&self, now: Duration) -> Option<PathBuf> {
        self.agenda.first().filter(|(look_at, _)| *look_at <= now).map(|(_, path)| path.clone())
    }

    /// When the next file is due.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.agenda.first().map(|(look_at, _)| *look_at)
    }

    /// Whether this file has been reported complete in the state last seen.
    pub(super) fn is_complete(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|file| file.waiting.is_none())
    }

    /// Files of the first scan that are not complete yet.
    pub(super) fn first_waiting(&self) -> usize {
        self.first_waiting
    }

    /// Forgets the files that were reported complete: each is reported once more when it is seen again.
    pub(super) fn forget_complete(&mut self) {
        self.files.retain(|_, file| file.waiting.is_some());
    }

    /// A walk through the whole inbox begins.
    pub(super) fn begin_walk(&mut self) {
        self.walk = self.walk.wrapping_add(1);
    }

    /// The walk has seen all there is: what it has not seen is gone.
    pub(super) fn end_walk(&mut self) {
        let walk = self.walk;
        let missed: Vec<PathBuf> =
            self.files.iter().filter(|(_, file)| file.walk != walk).map(|(path, _)| path.clone()).collect();
        for path in missed {
            self.forget(&path);
        }
    }

    fn put(&mut self, path: &Path, stamp: Stamp, waiting: Option<Waiting>) {
        let file = File { stamp, walk: self.walk, waiting };
        let before = match self.files.get_mut(path) {
            Some(known) => std::mem::replace(known, file).waiting,
            None => {
                self.files.insert(path.to_path_buf(), file);
                None
            }
        };
        self.reschedule(path, before, waiting);
    }

    fn forget(&mut self, path: &Path) {
        if let Some(file) = self.files.remove(path) {
            self.reschedule(path, file.waiting, None);
        }
    }

    /// Keeps the agenda and the count in step with a file's change.
    fn reschedule(&mut self, path: &Path, before: Option<Waiting>, after: Option<Waiting>) {
        if before.map(|waiting| waiting.look_at) != after.map(|waiting| waiting.look_at) {
            if let Some(waiting) = before {
                self.agenda.remove(&(waiting.look_at, path.to_path_buf()));
            }
            if let Some(waiting) = after {
                self.agenda.insert((waiting.look_at, path.to_path_buf()));
            }
        }
        let first = |waiting: Option<Waiting>| usize::from(waiting.is_some_and(|waiting| waiting.first));
        self.first_waiting = self.first_waiting + first(after) - first(before);
    }
}

/// The paths of a register that are this one or lie beneath it.
pub(super) fn beneath<V>(register: &BTreeMap<PathBuf, V>, path: &Path) -> Vec<PathBuf> {
    register
        .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
        .map(|(found, _)| found)
        .take_while(|found| found.starts_with(path))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
