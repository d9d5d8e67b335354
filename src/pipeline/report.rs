//! The reports of workers on queued files, and their way to the recorder.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{SendTimeoutError, Sender};
use jiff::Timestamp;

use crate::{
    quality::Held,
    store::{Claim, FilmId},
    study::{Finding, Rules},
};
use cxr_film::Header;

/// How long a worker waits before it sees whether it should stop.
pub(super) const POLL: Duration = Duration::from_millis(100);

/// The report of a worker on one queued file.
pub(super) struct Report {
    pub(super) claim: Claim,
    pub(super) path: PathBuf,
    pub(super) kind: ReportKind,
}

/// The film in a file.
pub(super) struct Identity {
    pub(super) sha256: String,
    pub(super) header: Header,
    /// When work on it began.
    pub(super) started: Timestamp,
}

/// The outcome of one file.
pub(super) enum ReportKind {
    /// The model scored it.
    Scored(Box<ScoredReport>),
    /// A gate refused it.
    Held { film: Box<Identity>, decoded: bool, held: Held },
    /// Its bytes are in the store already, as this film.
    Seen { of: FilmId },
    /// The file could not be read at all, or not now.
    Unread { reason: String, again: bool },
    /// The pipeline was told to stop before the file came: it stays queued, and nobody is told.
    Left,
    /// The file is not to be had on this host, and another one saw it: it stays queued for the others.
    Elsewhere,
    /// It ended the process that it was tried in, each time.
    Stopped { sha256: String, reason: String },
}

/// A scored film.
pub(super) struct ScoredReport {
    pub(super) film: Identity,
    pub(super) findings: Vec<Finding>,
    /// In its stored form.
    pub(super) heatmap: Vec<u8>,
    /// As in [`crate::model::Findings`].
    pub(super) features: Vec<f32>,
    /// Sentences to be told beside them.
    pub(super) warnings: Vec<String>,
    /// The rules that judged the findings.
    pub(super) rules: Arc<Rules>,
}

impl ReportKind {
    /// The film, where its file could be read.
    pub(super) fn film(&self) -> Option<&Identity> {
        match self {
            Self::Scored(scored) => Some(&scored.film),
            Self::Held { film, .. } => Some(film),
            Self::Seen { .. } | Self::Unread { .. } | Self::Left | Self::Elsewhere | Self::Stopped { .. } => {
                None
            }
        }
    }
}

/// Waits for room, but not for ever: false once the pipeline stops.
pub(super) fn send<T>(channel: &Sender<T>, mut message: T, stop: &AtomicBool) -> bool {
    loop {
        match channel.send_timeout(message, POLL) {
            Ok(()) => return true,
            Err(SendTimeoutError::Timeout(back)) if !stop.load(Ordering::Relaxed) => message = back,
            Err(_) => return false,
        }
    }
}
