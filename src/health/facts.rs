//! The facts that health is judged by. No patient's name and no path below the inbox is in them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClockStep, workers::HostsFacts};

/// All that is known at one moment. A part that is none could not be asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Facts {
    /// Why the configuration cannot be used.
    pub configuration_fault: Option<String>,
    /// Why the store cannot be opened, read or written.
    pub store_fault: Option<String>,
    /// The store's own numbers.
    pub store: Option<StoreFacts>,
    /// The process that runs the pipeline.
    pub owner: Owner,
    /// Why no film can be received over the network, as the receiver of the inbox says, in whatever process it runs.
    pub receiver_fault: Option<String>,
    /// The disks of store and inbox.
    pub disks: Vec<Disk>,
    /// Who works for a store that several hosts share.
    pub hosts: HostsFacts,
}

/// The numbers of a store that health is judged by.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StoreFacts {
    /// Bytes of its files.
    pub bytes: u64,
    /// Films that wait to be read.
    pub queued: u32,
    /// Seconds for which the first of them has waited.
    pub oldest_queued_seconds: Option<i64>,
    /// Seconds since the last film came.
    pub last_arrival_seconds: Option<i64>,
    /// Seconds without a film in working hours, where that is longer than the site allows.
    pub silence_seconds: Option<i64>,
    /// Critical studies that nobody has acknowledged.
    pub unacknowledged: u32,
    /// The deliveries that are not done, by kind.
    pub outbox: Vec<OutboxFacts>,
    /// The plugins that the site enables, by name.
    pub plugins: Vec<PluginFacts>,
}

/// The outbox's deliveries of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OutboxFacts {
    /// The kind: "webhook".
    pub kind: String,
    /// Deliveries that wait.
    pub waiting: u32,
    /// Of these, those that have failed at least twice.
    pub failing: u32,
    /// Deliveries that were given up.
    pub given_up: u32,
}

/// A plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PluginFacts {
    /// Its name.
    pub name: String,
    /// Whether its hooks are called in their present form.
    pub runs: bool,
    /// Its state in a word, and its last fault.
    pub state: String,
}

/// The process that runs the pipeline of a store.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Owner {
    /// There is none.
    #[default]
    Missing,
    /// There is one, and it has not said anything of itself yet.
    Starting {
        /// Its process number.
        pid: Option<u32>,
    },
    /// It could not be asked who there is.
    Unknown,
    /// It speaks, or has spoken before.
    Known {
        /// Milliseconds since then.
        silent_ms: u64,
        /// Its own words.
        #[serde(flatten)]
        own: Box<OwnerState>,
    },
}

/// The state of an owner, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnerState {
    /// Its process number.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it began.
    pub started: Option<Timestamp>,
    /// Milliseconds between the start of the machine and the writing of this.
    pub uptime_ms: u64,
    /// The name of the model that scores.
    pub model: String,
    /// The device that the model runs on: "cpu fp32".
    pub device: String,
    /// SHA-256 of the weights, hex.
    pub model_sha256: String,
    /// Why the model could not be loaded again.
    pub model_fault: Option<String>,
    /// The inbox.
    pub inbox: String,
    /// Why the inbox cannot be read.
    pub inbox_fault: Option<String>,
    /// Why the last try to write the store failed.
    pub store_fault: Option<String>,
    /// Why the changed configuration cannot be used.
    pub configuration_fault: Option<String>,
    /// Milliseconds since the recorder's last sign of life.
    pub recorder_silent_ms: u64,
    /// The workers.
    pub workers: Vec<WorkerState>,
    /// Films a second over the last minute of work.
    pub films_per_second: Option<f64>,
    /// The last failure of a thread, for a minute.
    pub failure: Option<String>,
    /// The last change of the clock, for a minute.
    pub clock_step: Option<ClockStep>,
    /// Why the program is not ready, as it last judged itself: for the dashboards.
    pub reasons: Vec<String>,
    /// The duties of a shared store that its configuration asks for.
    pub takes: Vec<String>,
}

/// A worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerState {
    /// Milliseconds for which it has been at one step of its work; none: it waits for work.
    pub busy_ms: Option<u64>,
}

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// The folder that lies on it: "store", "inbox".
    pub of: String,
    /// Bytes that are free for this user; none: it did not answer.
    pub free_bytes: Option<u64>,
    /// Bytes in all.
    pub total_bytes: u64,
}
