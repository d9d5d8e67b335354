//! Plugins as the store knows them: their records, requests, effects and deliveries, as plain data. No SQL here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StudyId;
use crate::study::{AuditKind, Severity};

/// The state of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginState {
    /// Its hooks are called.
    Running,
    /// Its hooks are called, in the form that they had before the last change of its file, which is
    /// broken.
    Old,
    /// It failed too often and is switched off until somebody tries it again.
    Off,
    /// Its file cannot be used.
    Broken,
    /// The configuration does not enable it, or its file has gone.
    Stopped,
}

impl PluginState {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Old => "running, old version",
            Self::Off => "switched off",
            Self::Broken => "broken",
            Self::Stopped => "not enabled",
        }
    }
}

/// The record of a plugin: health for those who look after it, and what it adds to the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginRecord {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: PluginState,
    /// Its version.
    pub version: String,
    /// Its purpose, in a sentence.
    pub description: String,
    /// The last thing that went wrong, with file and line; or empty.
    pub fault: String,
    /// Permissions that it asks for and the site has not granted.
    pub missing: Vec<String>,
    /// Calls of its functions since it was first enabled.
    pub calls: u64,
    /// Microseconds that they took.
    pub micros: u64,
    /// Microseconds that the longest took.
    pub slowest: u64,
    /// Bytes that its VM held after the last call.
    pub memory: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Effects that were refused, for want of a grant or because the outbox is full.
    pub refused: u64,
    /// Effects that wait to be done.
    pub waiting: u64,
    /// Effects that were given up.
    pub given_up: u64,
    /// Columns that it adds to the worklist.
    pub columns: Vec<PluginColumn>,
    /// The titles of its filters.
    pub filters: Vec<String>,
    /// Its commands.
    pub commands: Vec<PluginCommand>,
}

impl Default for PluginRecord {
    fn default() -> Self {
        Self {
            name: String::new(),
            state: PluginState::Stopped,
            version: String::new(),
            description: String::new(),
            fault: String::new(),
            missing: Vec::new(),
            calls: 0,
            micros: 0,
            slowest: 0,
            memory: 0,
            failures: 0,
            refused: 0,
            waiting: 0,
            given_up: 0,
            columns: Vec::new(),
            filters: Vec::new(),
            commands: Vec::new(),
        }
    }
}

/// A column that a plugin adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginColumn {
    /// Its heading.
    pub title: String,
    /// Cells that it would like to have.
    pub width: u16,
}

/// A command that a plugin adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginCommand {
    /// Its title.
    pub title: String,
    /// The key that it would like to have; or empty.
    pub key: String,
}

/// Something that a person asks of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRequest {
    /// The plugin.
    pub plugin: String,
    /// The action.
    pub action: PluginAction,
}

/// An action that a person can ask of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginAction {
    /// Try it again, after it was switched off.
    Enable,
    /// Run a command of that title for a study.
    Run {
        /// The command's title.
        command: String,
        /// The study.
        study: StudyId,
    },
}

/// One thing that a plugin's hook brought about, for the store to keep.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginEffect {
    /// Raise a study to a floor; none: one band above where it stands, once a plugin.
    Raise {
        /// The study.
        study: StudyId,
        /// The floor.
        floor: Option<Severity>,
    },
    /// Put a tag beside it.
    Tag {
        /// The study.
        study: StudyId,
        /// The tag.
        text: String,
    },
    /// Put a note with it, in the place of the plugin's last one.
    Note {
        /// The study.
        study: StudyId,
        /// The note.
        text: String,
    },
    /// Set a cell; empty text clears it.
    Cell {
        /// The study.
        study: StudyId,
        /// The column's title.
        title: String,
        /// The text.
        text: String,
    },
    /// The plugin's filters that match it, all of them.
    Filters {
        /// The study.
        study: StudyId,
        /// Their titles.
        titles: Vec<String>,
    },
    /// Do something outside the store.
    Send(NewDelivery),
    /// It wanted what the site has not granted.
    Refused {
        /// The study, if it was about one.
        study: Option<StudyId>,
        /// The reason of a refusal.
        why: String,
    },
}

/// The kinds of what is done outside the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryKind {
    /// A line for whoever sits at a dashboard. Done when it is in the store.
    Notify,
    /// An HTTP request.
    Webhook,
    /// Text into a file.
    Write,
    /// Films into a folder.
    Copy,
    /// A study's result to a destination, by DICOM.
    Send,
    /// A program.
    Run,
}

impl DeliveryKind {
    pub(super) const ALL: [Self; 6] =
        [Self::Notify, Self::Webhook, Self::Write, Self::Copy, Self::Send, Self::Run];

    /// The word that the store and the audit know it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Webhook => "webhook",
            Self::Write => "write",
            Self::Copy => "copy",
            Self::Send => "send",
            Self::Run => "run",
        }
    }

    /// The audit's kind for one that is done.
    pub(super) fn done(self) -> AuditKind {
        match self {
            Self::Notify => AuditKind::Notify,
            Self::Webhook => AuditKind::Webhook,
            Self::Write => AuditKind::Write,
            Self::Copy => AuditKind::Copy,
            Self::Send => AuditKind::Sent,
            Self::Run => AuditKind::Run,
        }
    }
}

/// Deliveries that share a few threads, so that what hangs holds up no other lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Files and copies.
    Files,
    /// HTTP.
    Webhooks,
    /// Results by DICOM.
    Results,
    /// Programs.
    Programs,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Files, Self::Webhooks, Self::Results, Self::Programs];

    /// A name for its threads.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Webhooks => "webhooks",
            Self::Results => "results",
            Self::Programs => "programs",
        }
    }

    pub(super) fn kinds(self) -> &'static [DeliveryKind] {
        match self {
            Self::Files => &[DeliveryKind::Write, DeliveryKind::Copy],
            Self::Webhooks => &[DeliveryKind::Webhook],
            Self::Results => &[DeliveryKind::Send],
            Self::Programs => &[DeliveryKind::Run],
        }
    }
}

/// Something to be done outside the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// The study that it is about, if one.
    pub study: Option<StudyId>,
    /// The kind.
    pub kind: DeliveryKind,
    /// Where to: a host, a file, a folder, a program.
    pub target: String,
    /// The content: the kind's own text.
    pub content: String,
    /// Once for the plugin, the kind and this key.
    pub once: Option<String>,
}

/// Something that waits to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// The plugin's name.
    pub plugin: String,
    /// The study, if it is about one.
    pub study: Option<StudyId>,
    /// The kind.
    pub kind: DeliveryKind,
    /// Where to.
    pub target: String,
    /// The content.
    pub content: String,
    /// Goes with it, so that a repeat can be told.
    pub key: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was asked for.
    pub time: jiff::Timestamp,
    /// How long the program has tried, up to now, since the first try.
    pub tried_for: Duration,
    /// The note from before the first byte was written; or empty.
    pub plan: String,
    /// Why the last try failed; or empty.
    pub fault: String,
}

/// The work of a plugin's thread, saved in one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PluginWork {
    /// The plugin.
    pub plugin: String,
    /// The last event of the audit whose hooks were called.
    pub cursor: i64,
    /// The event up to which the store is known to have come with this plugin: nothing is saved where it has come to
    /// another one. None: wherever it is.
    pub after: Option<i64>,
    /// The effects of its hooks.
    pub effects: Vec<PluginEffect>,
    /// Requests of people that are answered with it.
    pub answered: Vec<i64>,
}
