//! What takes a film from file to findings: as many lines as there are cores, each on one film at a time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender};
use jiff::Timestamp;

use super::{
    Admitted, Cores, Examined, Gauges, Step, examine, failed,
    feeder::send,
    file_name, read,
    recorder::{Identity, Report, ReportKind, ScoredReport},
    shared::Shared,
};
use crate::{
    model::{Findings, ModelError},
    quality::{self, Gates, Held, Warning},
    store::{FileId, Queued, Store},
    text::unnamed,
    triage::{self, Rules},
};

/// A film on its way to the model.
struct Prepared {
    file: FileId,
    path: PathBuf,
    film: Identity,
    warnings: Vec<Warning>,
    /// Whether a person wants it scored, whatever the gates say.
    requested: bool,
}

pub(super) struct Line {
    pub(super) store: Store,
    pub(super) cores: Arc<Cores>,
    pub(super) rules: Arc<Shared<Rules>>,
    pub(super) gates: Arc<Shared<Gates>>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) files: Receiver<Queued>,
    pub(super) results: Sender<Report>,
}

impl Line {
    /// Works until the feeder has gone or the stop is called.
    pub(super) fn run(&self) {
        while let Ok(first) = self.files.recv() {
            if self.stop.load(Ordering::Relaxed) || !self.turn(first) {
                return;
            }
        }
    }

    /// Takes what waits, a few films at most, to its findings. Whether the line still runs.
    fn turn(&self, first: Queued) -> bool {
        self.gauges.starts(file_name(&first.arrival.path));
        let mut first = Some(first);
        let next = || {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            first.take().or_else(|| self.files.try_recv().ok())
        };
        let scored = self.cores.turn(next, |due| self.read(due), |report| self.report(report));
        let Some(scored) = scored else { return false };
        self.gauges.ends(scored.len());
        let rules = self.rules.get();
        scored.into_iter().all(|(film, outcome)| self.report(self.judged(film, outcome, &rules)))
    }

    /// Reads, decodes and prepares one film.
    fn read(&self, due: Queued) -> Step<Prepared, Report> {
        let Queued { file, arrival, request } = due;
        let (path, requested) = (arrival.path, request.is_some());
        let started = Timestamp::now();
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(file = unnamed(&path), %error, "cannot read a file");
                let kind = ReportKind::Unread { reason: why_unread(&error) };
                return Step::Ended(Report { file, path, kind });
            }
        };
        if request.is_some_and(|(_, sha256)| sha256 != bytes.sha256) {
            let reason = "The file was replaced by another one since this film was held: look at that one.";
            let kind = ReportKind::Unread { reason: reason.to_owned() };
            return Step::Ended(Report { file, path, kind });
        }
        // Cheap for what is here already; the store decides again when the result is recorded.
        if !requested && let Ok(Some(of)) = self.store.film_by_sha256(&bytes.sha256) {
            return Step::Ended(Report { file, path, kind: ReportKind::Seen { of } });
        }
        let gates = self.gates.get();
        let gates = if requested { Arc::new(gates.warning_only()) } else { gates };
        let Examined { header, decoded, verdict } = examine(bytes.content, self.cores.model(), &gates);
        let film = Identity { sha256: bytes.sha256, header, started };
        match verdict {
            Ok(Admitted { input, warnings }) => {
                Step::Ready(Prepared { file, path, film, warnings, requested }, input)
            }
            Err(held) => {
                let kind = ReportKind::Held { film: Box::new(film), decoded, held };
                Step::Ended(Report { file, path, kind })
            }
        }
    }

    fn judged(&self, film: Prepared, outcome: Result<Findings, ModelError>, rules: &Arc<Rules>) -> Report {
        let Prepared { file, path, film, warnings, requested } = film;
        let kind = match self.judge(outcome, warnings, requested) {
            Ok((findings, warnings)) => ReportKind::Scored(Box::new(ScoredReport {
                film,
                findings: triage::assess(&findings.probabilities, rules).findings,
                heatmap: findings.heatmap.to_bytes(),
                warnings: warnings.into_iter().map(|warning| warning.sentence).collect(),
                rules: Arc::clone(rules),
            })),
            Err(held) => ReportKind::Held { film: Box::new(film), decoded: true, held },
        };
        Report { file, path, kind }
    }

    /// The last gate: what the model itself makes of the film.
    fn judge(
        &self,
        outcome: Result<Findings, ModelError>,
        mut warnings: Vec<Warning>,
        requested: bool,
    ) -> Result<(Findings, Vec<Warning>), Held> {
        let findings = outcome.map_err(|error| failed(&error))?;
        let warning = if requested {
            quality::inspect_distance(findings.distance, &warnings, &self.gates.get().warning_only())
        } else {
            quality::inspect_distance(findings.distance, &warnings, &self.gates.get())
        };
        warnings.extend(warning?);
        Ok((findings, warnings))
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
