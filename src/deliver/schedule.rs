//! Which destination of a lane is served next, so that none that hangs holds up another.
//!
//! - A destination is served by one thread at a time, so that its order is kept.
//! - What has just failed comes after what works, and never has all threads.
//! - No plugin has more than half of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::store::{DeliveryKind, Destination, Waiting};

/// Threads of a lane.
pub const THREADS: usize = 4;
/// Threads that one plugin's destinations have at most.
const OF_ONE_PLUGIN: usize = THREADS / 2;
/// Threads that destinations have at most whose last delivery failed.
const FAILING: usize = THREADS - 1;

/// The destinations that the threads of a lane serve, and how that went of late.
#[derive(Debug, Default)]
pub struct Schedule {
    held: BTreeSet<Destination>,
    /// Destinations whose last deliveries failed, and how many of them in a row.
    failures: BTreeMap<Destination, u32>,
    counted: Option<Instant>,
}

impl Schedule {
    /// Takes the destination that comes next.
    fn take(&mut self, waiting: &[Waiting], now: Timestamp) -> Option<Destination> {
        let Self { held, failures, .. } = self;
        let known: BTreeSet<&Destination> = waiting.iter().map(|waiting| &waiting.destination).collect();
        failures.retain(|destination, _| known.contains(destination) || held.contains(destination));
        let due = waiting.iter().filter(|waiting| waiting.due <= now && self.is_free(&waiting.destination));
        let next = due.min_by_key(|waiting| (self.is_failing(&waiting.destination), waiting.due))?;
        self.held.insert(next.destination.clone());
        Some(next.destination.clone())
    }

    fn is_free(&self, destination: &Destination) -> bool {
        // All files lie in one folder, whose disk they hang on together.
        let is_file = destination.kind == DeliveryKind::Write;
        let has = |held: &&Destination| *held == destination || is_file && held.kind == DeliveryKind::Write;
        let is_of_plugin = |held: &&Destination| held.plugin == destination.plugin && !held.plugin.is_empty();
        let of_plugin = self.held.iter().filter(is_of_plugin).count();
        let failing = self.held.iter().filter(|held| self.is_failing(held)).count();
        self.held.iter().find(has).is_none()
            && of_plugin < OF_ONE_PLUGIN
            && (failing < FAILING || !self.is_failing(destination))
    }

    fn is_failing(&self, destination: &Destination) -> bool {
        self.failures.contains_key(destination)
    }

    /// Notes how a delivery went; how many have failed in a row.
    fn note(&mut self, destination: &Destination, went_well: bool) -> u32 {
        if went_well {
            self.failures.remove(destination);
            return 0;
        }
        let failures = self.failures.entry(destination.clone()).or_default();
        *failures = failures.saturating_add(1);
        *failures
    }

    /// The time since this was last asked, if that is `every` or more: no more than twice that, for a process that was
    /// stopped tried nothing meanwhile.
    pub(super) fn count(&mut self, now: Instant, every: Duration) -> Option<Duration> {
        let since = now.saturating_duration_since(*self.counted.get_or_insert(now));
        (since >= every && !since.is_zero()).then(|| {
            self.counted = Some(now);
            since.min(every * 2)
        })
    }
}

/// A thread's turn at a destination, which is free again when it is dropped.
pub(super) struct Turn {
    schedule: Arc<Mutex<Schedule>>,
    destination: Destination,
}

impl Turn {
    /// Takes the turn that comes next, if there is one for this thread.
    pub(super) fn take(schedule: &Arc<Mutex<Schedule>>, waiting: &[Waiting], now: Timestamp) -> Option<Self> {
        let destination = locked(schedule).take(waiting, now)?;
        Some(Self { schedule: Arc::clone(schedule), destination })
    }

    pub(super) fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Notes how a delivery went; how many have failed in a row.
    pub(super) fn came_to(&self, went_well: bool) -> u32 {
        locked(&self.schedule).note(&self.destination, went_well)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        locked(&self.schedule).held.remove(&self.destination);
    }
}

fn locked(schedule: &Mutex<Schedule>) -> MutexGuard<'_, Schedule> {
    schedule.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn waiting(kind: DeliveryKind, plugin: &str, target: &str, due: i64) -> Waiting {
        let (plugin, target) = (plugin.to_owned(), target.to_owned());
        let due = Timestamp::from_second(due).unwrap();
        Waiting { destination: Destination { plugin, kind, target }, due }
    }

    /// Runs `plugin/target` due at so many seconds.
    fn runs(of: &[(&str, i64)]) -> Vec<Waiting> {
        let run = |(place, due): &(&str, i64)| {
            let (plugin, target) = place.split_once('/').unwrap();
            waiting(DeliveryKind::Run, plugin, target, *due)
        };
        of.iter().map(run).collect()
    }

    fn taken(schedule: &Arc<Mutex<Schedule>>, waiting: &[Waiting]) -> (Vec<String>, Vec<Turn>) {
        let turns: Vec<Turn> = std::iter::from_fn(|| Turn::take(schedule, waiting, NOW)).collect();
        let names =
            turns.iter().map(|turn| format!("{}/{}", turn.destination.plugin, turn.destination.target));
        (names.collect(), turns)
    }

    #[test]
    fn what_failed_comes_last_and_a_plugin_has_half_of_the_threads() {
        let schedule = Arc::default();
        let all = runs(&[("a/1", -5), ("a/2", -4), ("a/3", -3), ("b/1", -2), ("c/1", -1), ("d/1", 1)]);
        let (names, turns) = taken(&schedule, &all);
        assert_eq!(names, ["a/1", "a/2", "b/1", "c/1"], "the longest due first; d is not due");
        turns.iter().take(2).for_each(|turn| assert_eq!(turn.came_to(false), 1));
        drop(turns);
        let (names, turns) = taken(&schedule, &all);
        assert_eq!(names, ["a/3", "b/1", "c/1", "a/1"]);
        assert_eq!((turns[3].came_to(false), turns[3].came_to(true)), (2, 0));
    }

    #[test]
    fn what_fails_leaves_a_thread_to_what_works() {
        let schedule = Arc::default();
        let all = runs(&[("a/1", -4), ("b/1", -3), ("c/1", -2), ("d/1", -1)]);
        let (_, turns) = taken(&schedule, &all);
        turns.iter().for_each(|turn| _ = turn.came_to(false));
        drop(turns);
        let (names, _turns) = taken(&schedule, &all);
        assert_eq!(names.len(), FAILING);
        let more = runs(&[("a/1", -4), ("b/1", -3), ("c/1", -2), ("d/1", -1), ("e/1", 0)]);
        assert_eq!(taken(&schedule, &more).0, ["e/1"]);
    }

    #[test]
    fn files_are_written_one_after_the_other_and_copies_beside_them() {
        let schedule = Arc::default();
        let all = [
            waiting(DeliveryKind::Write, "", "a.csv", -3),
            waiting(DeliveryKind::Write, "", "b.csv", -2),
            waiting(DeliveryKind::Copy, "a", "ct", -1),
        ];
        assert_eq!(taken(&schedule, &all).0, ["/a.csv", "a/ct"]);
    }

    #[test]
    fn time_in_which_the_process_was_stopped_does_not_count_as_trying() {
        let (mut schedule, start) = (Schedule::default(), Instant::now());
        let minute = Duration::from_secs(60);
        assert_eq!(schedule.count(start, minute), None);
        assert_eq!(schedule.count(start + minute / 2, minute), None);
        assert_eq!(schedule.count(start + minute, minute), Some(minute));
        assert_eq!(schedule.count(start + minute * 1_440, minute), Some(minute * 2));
        assert_eq!(schedule.count(start + minute * 1_441, minute), Some(minute));
    }
}
