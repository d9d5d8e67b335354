//! From the store's queue to the model's door: one feeder, a few readers.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender};
use jiff::Timestamp;

use super::{
    Admitted, Examined, examine, read,
    recorder::{Identity, Report, ReportKind},
    shared::Shared,
    shown,
};
use crate::{
    model::{Input, Model},
    quality::{Gates, Warning},
    store::{FileId, Queued, RequestId, Store},
};

/// Rows taken from the store's queue at a time: more than can be in flight between feeder and recorder,
/// so that a page always has something new while there is anything new.
const PAGE: u32 = 128;
/// How long a worker waits before it looks whether it should stop.
const GLANCE: Duration = Duration::from_millis(100);
/// Without a wake-up the feeder looks into the queue this often.
const LOOK_ANYWAY: Duration = Duration::from_secs(2);

/// A film on its way to the model.
pub(super) struct Prepared {
    pub(super) file: FileId,
    pub(super) path: PathBuf,
    pub(super) film: Identity,
    pub(super) input: Input,
    pub(super) warnings: Vec<Warning>,
    /// Whether a person wants it scored, whatever the gates say.
    pub(super) requested: bool,
}

/// Hands the store's queue to the readers, oldest first, until told to stop.
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

/// Reads, decodes and prepares.
pub(super) struct Reader {
    pub(super) store: Store,
    pub(super) model: Arc<Model>,
    pub(super) gates: Arc<Shared<Gates>>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) files: Receiver<Queued>,
    pub(super) prepared: Sender<Prepared>,
    pub(super) results: Sender<Report>,
}

impl Reader {
    /// Works until the feeder has gone or the stop is called.
    pub(super) fn run(&self) {
        while let Ok(due) = self.files.recv() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            if !self.one(due) {
                return;
            }
        }
    }

    /// Whether the line still runs.
    fn one(&self, due: Queued) -> bool {
        let Queued { file, arrival, request } = due;
        let (path, requested) = (arrival.path, request.is_some());
        let started = Timestamp::now();
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(path = %shown(&path), %error, "cannot read a file");
                let kind = ReportKind::Unread { reason: why_unread(&error) };
                return self.report(Report { file, path, kind });
            }
        };
        if request.is_some_and(|(_, sha256)| sha256 != bytes.sha256) {
            let reason = "The file was replaced by another one since this film was held: look at that one.";
            let kind = ReportKind::Unread { reason: reason.to_owned() };
            return self.report(Report { file, path, kind });
        }
        // Cheap for what is here already; the store decides again when the result is recorded.
        if !requested && let Ok(Some(of)) = self.store.film_by_sha256(&bytes.sha256) {
            return self.report(Report { file, path, kind: ReportKind::Seen { of } });
        }
        let gates = self.gates.get();
        let gates = if requested { Arc::new(gates.warning_only()) } else { gates };
        let Examined { header, decoded, verdict } = examine(bytes.content, &self.model, &gates);
        let film = Identity { sha256: bytes.sha256, header, started };
        match verdict {
            Ok(Admitted { input, warnings }) => {
                send(&self.prepared, Prepared { file, path, film, input, warnings, requested }, &self.stop)
            }
            Err(held) => {
                let kind = ReportKind::Held { film: Box::new(film), decoded, held };
                self.report(Report { file, path, kind })
            }
        }
    }

    fn report(&self, report: Report) -> bool {
        send(&self.results, report, &self.stop)
    }
}

fn why_unread(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "The file was taken out of the inbox before it could be read: send it again.".into()
        }
        std::io::ErrorKind::PermissionDenied => {
            "This program may not read the file: change its permissions, then copy it in again.".into()
        }
        _ => format!("The file could not be read ({error}): copy it in again."),
    }
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
