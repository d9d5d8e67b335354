//! The workers of a store that several hosts share: as facts, and what is wrong with them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Unit};
use serde::Serialize;

use crate::{
    store::{DutyRow, WorkerRow},
    text::long_time,
};

/// Clocks that differ by more seconds than that are not in step.
const CLOCKS_DIFFER: i64 = 30;

/// A worker, as `health` tells of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WorkerFacts {
    /// Its number in the store.
    pub id: i64,
    /// Its host.
    pub host: String,
    /// Its process number there.
    pub process: u32,
    /// Its roles: "watch", "work".
    pub roles: String,
    /// The named inboxes that it has.
    pub inboxes: Vec<String>,
    /// The name of its model.
    pub model: String,
    /// SHA-256 of the weights, hex.
    pub model_sha256: String,
    /// The digest of the rules that it judges by.
    pub rules: String,
    /// The program's version.
    pub version: String,
    /// The device that the model runs on.
    pub device: String,
    /// Whether it has been heard of within its lease, and has not ended.
    pub alive: bool,
    /// Whether it ended in order.
    pub ended: bool,
    /// Seconds since it was last heard of, by the database server's clock.
    pub silent_seconds: i64,
    /// Films that it has finished.
    pub films: u64,
    /// Films a second over the last minute of work.
    pub films_per_second: Option<f64>,
    /// Seconds by which its host's clock is ahead of the database server's.
    pub clock_ahead_seconds: i64,
    /// The duties that it has.
    pub duties: Vec<String>,
}

impl WorkerFacts {
    /// The worker as a line: host, model, version, speed, when it was last heard of, and its duties.
    #[must_use]
    pub fn in_words(&self) -> String {
        let speed = self.films_per_second.map(|speed| format!(", {speed:.1} films/s")).unwrap_or_default();
        let heard = long_time(self.silent_seconds);
        let duties = if self.duties.is_empty() {
            String::new()
        } else {
            format!("; duties: {}", self.duties.join(", "))
        };
        format!(
            "{}: {} {}, {}{speed}, {} films, last heard of {heard} ago{duties}",
            self.host, self.model, self.version, self.device, self.films
        )
    }
}

/// Facts of a shared store; empty for a store that has one owner.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HostsFacts {
    /// The workers, by host.
    pub workers: Vec<WorkerFacts>,
    /// Duties that nobody has just now.
    pub duties_free: Vec<String>,
    /// Films that no worker at work can reach, by the inbox's name; under the empty name those that no host could open.
    pub out_of_reach: Vec<(String, u64)>,
}

impl HostsFacts {
    /// The facts of what the store says.
    #[must_use]
    pub fn new(workers: &[WorkerRow], duties: &[DutyRow], out_of_reach: Vec<(String, u64)>) -> Self {
        let facts = |worker: &WorkerRow| WorkerFacts {
            id: worker.id,
            host: worker.host.clone(),
            process: worker.pid,
            roles: worker.roles.clone(),
            inboxes: worker.inboxes.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            model: worker.model.clone(),
            model_sha256: worker.sha256.clone(),
            rules: worker.rules.clone(),
            version: worker.version.clone(),
            device: worker.device.clone(),
            alive: worker.is_alive(),
            ended: worker.has_ended,
            silent_seconds: i64::try_from(worker.silent.as_secs()).unwrap_or(i64::MAX),
            films: worker.films,
            films_per_second: worker.per_second,
            clock_ahead_seconds: seconds_apart(worker.clock_ahead),
            duties: duties
                .iter()
                .filter(|duty| duty.is_held && duty.holder == worker.id)
                .map(|duty| duty.name.clone())
                .collect(),
        };
        Self {
            workers: workers.iter().filter(|worker| !is_replaced(worker, workers)).map(facts).collect(),
            duties_free: duties.iter().filter(|duty| !duty.is_held).map(|duty| duty.name.clone()).collect(),
            out_of_reach,
        }
    }

    /// The workers that people are shown: those that have not ended in order, the lost ones first.
    pub fn shown(&self) -> impl Iterator<Item = &WorkerFacts> {
        let lost = |is_lost: bool| self.workers.iter().filter(move |it| !it.ended && it.alive != is_lost);
        lost(true).chain(lost(false))
    }

    /// Films a second of all workers at work together; none while none of them works.
    #[must_use]
    pub fn films_per_second(&self) -> Option<f64> {
        let speeds =
            self.workers.iter().filter(|worker| worker.alive).filter_map(|worker| worker.films_per_second);
        speeds.reduce(|sum, one| sum + one)
    }

    /// Returns the faults of the workers, a sentence each.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let lost = self.workers.iter().filter(|worker| !worker.alive && !worker.ended).map(|worker| {
            format!(
                "the worker on {} (process {}) has not been heard of for {}: others have its films; start it again",
                worker.host,
                worker.process,
                long_time(worker.silent_seconds)
            )
        });
        let free =
            (!self.duties_free.is_empty() && self.workers.iter().any(|worker| worker.alive)).then(|| {
                format!("nobody runs: {}; start `cxr-triage watch` on a host", self.duties_free.join(", "))
            });
        lost.chain(free).chain(disagreement(&self.workers)).collect()
    }

    /// Returns the faults of the clocks of hosts at work, a sentence a host.
    #[must_use]
    pub fn faults_of_clocks(&self) -> Vec<String> {
        // The processes of one host have one clock, read at different moments.
        let alive = self.workers.iter().filter(|worker| worker.alive);
        let hosts: BTreeMap<&str, i64> =
            alive.map(|worker| (worker.host.as_str(), worker.clock_ahead_seconds)).collect();
        hosts.into_iter().filter_map(|(host, ahead)| wrong_clock(host, ahead)).collect()
    }

    /// Returns the faults of the queue, a sentence each.
    #[must_use]
    pub fn faults_of_queue(&self) -> Vec<String> {
        let sentence = |(inbox, films): &(String, u64)| {
            let films = if *films == 1 { "1 film waits".to_owned() } else { format!("{films} films wait") };
            match inbox.as_str() {
                "" => format!(
                    "{films} that no worker at work can open: is their disk mounted, and may the account read it?"
                ),
                inbox => format!("{films} in the inbox {inbox}, which no worker at work has mounted"),
            }
        };
        self.out_of_reach.iter().map(sentence).collect()
    }
}

/// Whether a worker that is not heard of is of no interest: another one was started in its place.
fn is_replaced(worker: &WorkerRow, all: &[WorkerRow]) -> bool {
    let took_over = |other: &WorkerRow| {
        other.id > worker.id
            && other.is_alive()
            && (&other.host, &other.roles) == (&worker.host, &worker.roles)
    };
    !worker.is_alive() && all.iter().any(took_over)
}

/// Whole seconds between two clocks, which are never read at once.
#[must_use]
pub fn seconds_apart(ahead: SignedDuration) -> i64 {
    ahead.round(Unit::Second).unwrap_or(ahead).as_secs()
}

/// A sentence where a host's clock differs from the database server's by more than is of no account.
#[must_use]
pub fn wrong_clock(host: &str, ahead_seconds: i64) -> Option<String> {
    let ahead_or_behind = if ahead_seconds > 0 { "ahead of" } else { "behind" };
    (ahead_seconds.abs() > CLOCKS_DIFFER).then(|| {
        format!(
            "the clock of {host} is {} {ahead_or_behind} the database server's: the times of what people do there are wrong \
             by as much, and what waits seems to wait for another time; keep the clocks in step (NTP)",
            long_time(ahead_seconds.abs())
        )
    })
}

/// A sentence where workers that are at work would score one film differently: their results are not to be compared.
#[must_use]
pub fn disagreement(workers: &[WorkerFacts]) -> Option<String> {
    let alive = || workers.iter().filter(|worker| worker.alive);
    let differ = |of: fn(&WorkerFacts) -> &str| alive().map(of).collect::<BTreeSet<_>>().len() > 1;
    let what = if differ(|worker| &worker.model_sha256) || differ(|worker| &worker.model) {
        "models"
    } else if differ(|worker| &worker.version) {
        "versions of the program"
    } else if differ(|worker| &worker.rules) {
        "thresholds"
    } else {
        return None;
    };
    let one = |worker: &WorkerFacts| {
        let weights = worker.model_sha256.get(..8).unwrap_or(&worker.model_sha256);
        format!("{} {} {} ({weights})", worker.host, worker.version, worker.model)
    };
    let each: BTreeSet<String> = alive().map(one).collect();
    let each: Vec<String> = each.into_iter().collect();
    Some(format!("workers score by different {what}, so that results differ by host: {}", each.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(host: &str) -> WorkerFacts {
        WorkerFacts {
            host: host.to_owned(),
            model: "starter".to_owned(),
            model_sha256: "ab".repeat(32),
            version: "1.0".to_owned(),
            device: "cpu fp32".to_owned(),
            alive: true,
            ..WorkerFacts::default()
        }
    }

    #[test]
    fn workers_that_would_score_differently_are_told_of_while_they_are_at_work() {
        let (one, other) = (worker("er1"), worker("er2"));
        assert_eq!(disagreement(&[one.clone(), other.clone()]), None);
        for (changed, what) in [
            (WorkerFacts { model: "xrv-all".to_owned(), ..other.clone() }, "models"),
            (WorkerFacts { model_sha256: "cd".repeat(32), ..other.clone() }, "models"),
            (WorkerFacts { version: "1.1".to_owned(), ..other.clone() }, "versions"),
            (WorkerFacts { rules: "other".to_owned(), ..other.clone() }, "thresholds"),
        ] {
            let told = disagreement(&[one.clone(), changed.clone()]).unwrap();
            assert!(told.contains(what) && told.contains("er1") && told.contains("er2"), "{told}");
            assert_eq!(disagreement(&[one.clone(), WorkerFacts { alive: false, ..changed }]), None);
        }
    }

    #[test]
    fn what_is_out_of_reach_and_who_is_lost_is_said() {
        let facts = HostsFacts {
            workers: vec![worker("er1"), WorkerFacts { alive: false, silent_seconds: 90, ..worker("er2") }],
            duties_free: vec!["plugins".to_owned()],
            out_of_reach: vec![(String::new(), 1), ("icu".to_owned(), 12)],
        };
        let faults = facts.faults();
        assert!(faults[0].contains("er2") && faults[1].contains("plugins"), "{faults:?}");
        let queue = facts.faults_of_queue();
        assert!(
            queue[0].contains("1 film waits") && queue[1].contains("12 films wait in the inbox icu"),
            "{queue:?}"
        );
        assert_eq!(HostsFacts::default().faults(), Vec::<String>::new());
    }

    #[test]
    fn people_are_shown_the_workers_that_are_lost_first_and_none_that_ended() {
        let ended = WorkerFacts { alive: false, ended: true, ..worker("er0") };
        let lost = WorkerFacts {
            alive: false,
            silent_seconds: 95,
            duties: vec!["studies".to_owned(), "plugins".to_owned()],
            ..worker("er2")
        };
        let facts = HostsFacts { workers: vec![ended, worker("er1"), lost], ..HostsFacts::default() };
        let shown: Vec<String> = facts.shown().map(WorkerFacts::in_words).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert_eq!(
            shown[0],
            "er2: starter 1.0, cpu fp32, 0 films, last heard of 1 min 35 s ago; duties: studies, plugins"
        );
        assert!(shown[1].starts_with("er1: "), "{shown:?}");
    }

    #[test]
    fn a_host_whose_clock_is_not_in_step_is_told_of_once() {
        let with_clock = |host, clock_ahead_seconds| WorkerFacts { clock_ahead_seconds, ..worker(host) };
        let gone = WorkerFacts { alive: false, ..with_clock("er4", 900) };
        let workers = [("er1", 30), ("er1", -30), ("er2", 422), ("er2", 423), ("er3", -61)];
        let workers =
            workers.map(|(host, ahead)| with_clock(host, ahead)).into_iter().chain([gone]).collect();
        assert_eq!(
            [599_999, 600_001, -419_999].map(SignedDuration::from_millis).map(seconds_apart),
            [600, 600, -420]
        );
        let told = HostsFacts { workers, ..HostsFacts::default() }.faults_of_clocks();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("er2 is 7 min 3 s ahead of the database server's"), "{told:?}");
        assert!(told[1].contains("er3 is 1 min 1 s behind the database server's"), "{told:?}");
    }
}
