//! From facts to reasons. Pure.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use super::{Disk, Facts, Owner, OwnerState, StoreFacts};
use crate::{
    config::Health,
    files::Space,
    text::{long_time, size},
};

/// An owner that has said nothing for longer has stalled: it speaks every other second.
pub(super) const OWNER_SILENT: Duration = Duration::from_secs(8);
/// The recorder looks at the clock every other second, and may take a few over a change of thresholds.
const RECORDER_SILENT: Duration = Duration::from_secs(10);
/// A step of a worker is to read one film, or to take four through the model: seconds on a slow machine.
const WORKER_BUSY: Duration = Duration::from_secs(10);

/// A check. Its word is part of the JSON and of the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// The configuration can be used.
    Configuration,
    /// The store can be read and written.
    Store,
    /// The disks of store and inbox have room.
    Disk,
    /// A process runs the pipeline.
    Owner,
    /// The thread that writes results gives signs of life.
    Recorder,
    /// So do the workers.
    Workers,
    /// The inbox can be read.
    Inbox,
    /// Films can be received over the network, where that is wanted.
    Receiver,
    /// The model is loaded, and could be again.
    Model,
    /// No film waits too long to be scored.
    Queue,
    /// Films come when they should.
    Feed,
    /// Deliveries do not fail again and again.
    Outbox,
    /// The enabled plugins run.
    Plugins,
    /// Nobody has set the clock.
    Clock,
}

impl Check {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Configuration,
        Self::Store,
        Self::Disk,
        Self::Owner,
        Self::Recorder,
        Self::Workers,
        Self::Inbox,
        Self::Receiver,
        Self::Model,
        Self::Queue,
        Self::Feed,
        Self::Outbox,
        Self::Plugins,
        Self::Clock,
    ];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Store => "store",
            Self::Disk => "disk",
            Self::Owner => "owner",
            Self::Recorder => "recorder",
            Self::Workers => "workers",
            Self::Inbox => "inbox",
            Self::Receiver => "receiver",
            Self::Model => "model",
            Self::Queue => "queue",
            Self::Feed => "feed",
            Self::Outbox => "outbox",
            Self::Plugins => "plugins",
            Self::Clock => "clock",
        }
    }
}

/// A reason why the program is not ready: what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The check that found it.
    pub check: Check,
    /// A sentence.
    pub text: String,
}

/// The limits that the site sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The longest that a film may wait to be scored; none: for ever.
    pub longest_queue: Option<Duration>,
    /// Room that must be left on the disks; none: none.
    pub min_free: Option<Space>,
}

impl Limits {
    /// The limits of a configuration.
    #[must_use]
    pub fn of(health: &Health) -> Self {
        Self {
            longest_queue: health.longest_queue.map(SignedDuration::unsigned_abs),
            min_free: health.min_free,
        }
    }
}

/// All reasons why the program is not ready, in the order of [`Check::ALL`]; none: it is.
#[must_use]
pub fn judge(facts: &Facts, limits: &Limits) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let mut add = |check, text: String| reasons.push(Reason { check, text });
    if let Some(fault) = &facts.configuration_fault {
        add(Check::Configuration, format!("the configuration cannot be used: {fault}"));
    }
    if let Some(fault) = &facts.store_fault {
        add(Check::Store, fault.clone());
    }
    for disk in &facts.disks {
        if let Some(text) = full(disk, limits) {
            add(Check::Disk, text);
        }
    }
    if let Some(fault) = &facts.receiver_fault {
        add(Check::Receiver, fault.clone());
    }
    match &facts.owner {
        Owner::Missing => add(
            Check::Owner,
            "no process runs the pipeline of this store: start `cxr-triage watch`, or the service".to_owned(),
        ),
        // The store's fault is told.
        Owner::Unknown => {}
        Owner::Starting { pid } => {
            add(Check::Owner, format!("the process that owns the store{} is starting", numbered(*pid)));
        }
        Owner::Known { silent_ms, own } => of_owner(*silent_ms, own, facts, &mut add),
    }
    facts.hosts.faults().into_iter().for_each(|text| add(Check::Workers, text));
    facts.hosts.faults_of_clocks().into_iter().for_each(|text| add(Check::Clock, text));
    facts.hosts.faults_of_queue().into_iter().for_each(|text| add(Check::Queue, text));
    if let Some(store) = &facts.store {
        of_store(store, limits, &mut add);
    }
    reasons.sort_by_key(|reason| reason.check);
    reasons
}

fn of_owner(silent_ms: u64, own: &OwnerState, facts: &Facts, add: &mut impl FnMut(Check, String)) {
    if Duration::from_millis(silent_ms) > OWNER_SILENT {
        let text = format!(
            "the process that owns the store{} has given no sign of life for {}: start it again",
            numbered(Some(own.pid)),
            seconds(silent_ms)
        );
        // The rest of what it said is of then.
        return add(Check::Owner, text);
    }
    for (check, fault) in [(Check::Inbox, &own.inbox_fault), (Check::Model, &own.model_fault)] {
        if let Some(fault) = fault {
            add(check, fault.clone());
        }
    }
    if let (Some(fault), None) = (&own.configuration_fault, &facts.configuration_fault) {
        add(
            Check::Configuration,
            format!("the changed configuration cannot be used, the old one stays: {fault}"),
        );
    }
    if let (Some(fault), None) = (&own.store_fault, &facts.store_fault) {
        add(Check::Store, fault.clone());
    }
    if Duration::from_millis(own.recorder_silent_ms) > RECORDER_SILENT {
        let time = seconds(own.recorder_silent_ms);
        add(
            Check::Recorder,
            format!("no result has been written for {time}, and none was tried: is the store locked?"),
        );
    }
    if own.workers.is_empty() {
        add(Check::Workers, "no worker runs: start the program again".to_owned());
    }
    for (number, worker) in own.workers.iter().enumerate() {
        if let Some(busy) = worker.busy_ms.filter(|busy| Duration::from_millis(*busy) > WORKER_BUSY) {
            let text = format!(
                "worker {} of {} has been at one film for {}: if it does not end, start the program again, and the film is \
                 tried alone",
                number + 1,
                own.workers.len(),
                seconds(busy)
            );
            add(Check::Workers, text);
        }
    }
    if let Some(failure) = &own.failure {
        add(Check::Workers, format!("within the last minute: {failure}"));
    }
    if let Some(step) = own.clock_step {
        let (way, by) = if step.seconds < 0 { ("back", -step.seconds) } else { ("ahead", step.seconds) };
        let by = long_time(by);
        add(
            Check::Clock,
            format!("the clock was set {way} by {by}, {} ago: see that it is right", seconds(step.ago_ms)),
        );
    }
}

fn of_store(store: &StoreFacts, limits: &Limits, add: &mut impl FnMut(Check, String)) {
    if let (Some(waits), Some(limit)) = (store.oldest_queued_seconds, limits.longest_queue)
        && u64::try_from(waits).is_ok_and(|waits| waits > limit.as_secs())
    {
        let (films, waits) = (films_in_words(store.queued), long_time(waits));
        add(Check::Queue, format!("{films} to be scored, the first for {waits}"));
    }
    if let Some(silence) = store.silence_seconds {
        let silence = long_time(silence);
        add(Check::Feed, format!("no film has come for {silence}: is the feed in order?"));
    }
    for kind in store.outbox.iter().filter(|kind| kind.failing > 0) {
        // A result that is sent is no plugin's.
        let says_why = match kind.kind.as_str() {
            "send" => "the key `R` of the dashboard",
            _ => "`cxr-triage plugins list`",
        };
        let text = format!(
            "{} of {} waiting deliveries ({}) failed and are tried again: {says_why} says why",
            kind.failing, kind.waiting, kind.kind
        );
        add(Check::Outbox, text);
    }
    for plugin in store.plugins.iter().filter(|plugin| !plugin.runs) {
        add(Check::Plugins, format!("the plugin {} does not run: {}", plugin.name, plugin.state));
    }
}

/// Why a disk has too little room.
fn full(disk: &Disk, limits: &Limits) -> Option<String> {
    let Some(free) = disk.free_bytes else {
        return Some(format!("the disk of the {} does not answer: is it mounted?", disk.of));
    };
    let least = limits.min_free?.of(disk.total_bytes);
    (free < least).then(|| {
        format!(
            "the disk of the {} has {} left, {} are wanted (`min_free` under [health]): make room",
            disk.of,
            size(free),
            size(least)
        )
    })
}

fn numbered(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn seconds(ms: u64) -> String {
    long_time(i64::try_from(ms / 1_000).unwrap_or(i64::MAX))
}

fn films_in_words(films: u32) -> String {
    if films == 1 { "1 film waits".to_owned() } else { format!("{films} films wait") }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
