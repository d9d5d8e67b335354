//! Everything that the plugins of a process are run with.

use std::path::PathBuf;

use super::{Limits, Pace, process::this_program};
use crate::{
    config,
    deliver::{Listener, Retries},
    store::{Duty, DutyKind, Lane, Ownership, StoreError},
    store_place::StorePlace,
    supervise::Supervisor,
};

/// Which part of the plugins and deliveries of a store a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serves {
    /// All: it owns the store.
    All,
    /// Plugins, and what they ask for.
    Plugins,
    /// The results that are sent by DICOM.
    Results,
}

impl Serves {
    /// Whether plugins run.
    #[must_use]
    pub fn plugins(self) -> bool {
        self != Self::Results
    }

    /// Whether what waits in a lane is delivered.
    #[must_use]
    pub fn lane(self, lane: Lane) -> bool {
        match self {
            Self::All => true,
            Self::Plugins => lane != Lane::Results,
            Self::Results => lane == Lane::Results,
        }
    }
}

/// The settings that plugins are run with.
#[derive(Debug, Clone)]
pub struct HostParts {
    /// Where the store is.
    pub store: StorePlace,
    /// Where the site's own plugins lie.
    pub folder: PathBuf,
    /// The site's decisions about them.
    pub config: config::Plugins,
    /// Where results are sent.
    pub destinations: config::Destinations,
    /// Hears what became of results.
    pub listener: Listener,
    /// The limits of each.
    pub limits: Limits,
    /// How often things are looked at.
    pub pace: Pace,
    /// When a delivery is tried again.
    pub retries: Retries,
    /// Starts the threads, and again when they die.
    pub supervisor: Supervisor,
    /// The right to run plugins on that store: every thread keeps it until it has ended.
    pub ownership: Option<Ownership>,
    /// Which part of them is run.
    pub serves: Serves,
    /// The duty to: what is changed in the store counts only while this process has it.
    pub duty: Duty,
    /// This program, of which plugins' processes are started.
    pub program: PathBuf,
}

/// The settings that may change while they run.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSettings {
    /// Where the site's own plugins lie.
    pub plugins_folder: PathBuf,
    /// The site's decisions about plugins.
    pub plugins: config::Plugins,
    /// Where results are sent.
    pub destinations: config::Destinations,
}

impl HostParts {
    /// The usual limits.
    #[must_use]
    pub fn new(store: impl Into<StorePlace>, folder: PathBuf, config: config::Plugins) -> Self {
        Self {
            store: store.into(),
            folder,
            config,
            destinations: config::Destinations::new(),
            listener: Listener::default(),
            limits: Limits::default(),
            pace: Pace::default(),
            retries: Retries::default(),
            supervisor: Supervisor::default(),
            ownership: None,
            serves: Serves::All,
            duty: Duty::of_owner(DutyKind::Plugins),
            program: this_program(),
        }
    }
}

/// Why plugins cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no thread.
    #[error("cannot start a thread for the plugins: {0}")]
    Thread(#[from] std::io::Error),
    /// There is no place for what programs say.
    #[error("what programs say cannot be kept: {0}")]
    Notes(std::io::Error),
}
