//! A film's way from its file to a report, whichever process examines it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::{
    ask_last_gate, broke_down, failed, read_until,
    report::{Identity, Report, ReportKind, ScoredReport},
};
use crate::{
    files::{NoAnswerError, Readers, RefusedError},
    guard::guarded,
    intake::Mounts,
    lock::lock,
    model::{Findings, ModelError},
    quality::{Gates, Held, Warning},
    store::{Claim, Queued, Store},
    study::{self, Rules},
    text::unnamed,
};

/// Makes reports, by the rules and gates in force and the films that are known.
pub(super) struct Judge {
    /// Knows which films are known; of a store on a server one for all judges.
    pub(super) known: Arc<Mutex<Store>>,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) gates: Arc<ArcSwap<Gates>>,
    /// Where this host has the named inboxes.
    pub(super) mounts: Arc<Mounts>,
    /// Reads the files, until the pipeline is told to stop.
    pub(super) readers: Arc<Readers>,
    pub(super) stop: Arc<AtomicBool>,
}

/// A file that was read and is to be examined.
pub(super) struct Opened {
    pub(super) content: Vec<u8>,
    pub(super) sha256: String,
    pub(super) started: Timestamp,
}

/// A film on its way to the model.
pub(super) struct Prepared {
    pub(super) claim: Claim,
    pub(super) path: PathBuf,
    pub(super) film: Identity,
    pub(super) warnings: Vec<Warning>,
    /// Whether a person wants it scored, whatever the gates say.
    pub(super) requested: bool,
}

impl Judge {
    /// Reads a file.
    ///
    /// # Errors
    /// The report on a file that cannot be read, was replaced, or holds a film that is known.
    pub(super) fn open(&self, due: &Queued) -> Result<Opened, Report> {
        let report = |kind| Report { claim: due.claim, path: due.arrival.path.clone(), kind };
        let started = Timestamp::now();
        let is_over = || self.stop.load(Ordering::Relaxed);
        let bytes = read_until(&due.arrival.path, &self.readers, &is_over).map_err(|error| {
            if NoAnswerError::of(&error) == Some(NoAnswerError::Stopped) {
                return report(ReportKind::Left);
            }
            tracing::warn!(file = unnamed(&due.arrival.path), %error, "cannot read a file");
            if due.seen_elsewhere && self.is_out_of_reach(&due.arrival.path, &error) {
                return report(ReportKind::Elsewhere);
            }
            report(ReportKind::Unread { reason: why_unread(&error), again: is_passing(&error) })
        })?;
        if due.request.as_ref().is_some_and(|(_, sha256)| *sha256 != bytes.sha256) {
            let reason = "The file was replaced by another one since this film was held: look at that one.";
            return Err(report(ReportKind::Unread { reason: reason.to_owned(), again: false }));
        }
        // Cheap for what is here already; the store decides again when the result is recorded.
        if due.request.is_none()
            && let Ok(Some(of)) = lock(&self.known).film_by_sha256(&bytes.sha256)
        {
            return Err(report(ReportKind::Seen { of }));
        }
        Ok(Opened { content: bytes.content, sha256: bytes.sha256, started })
    }

    /// Whether it may be this host that lacks a file: its inbox has nothing in it here, or it lies in none, so that another
    /// host may have another disk at that place.
    fn is_out_of_reach(&self, path: &Path, error: &io::Error) -> bool {
        if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) {
            return false;
        }
        let is_empty = |folder: &Path| folder.read_dir().map_or(true, |mut files| files.next().is_none());
        self.mounts.inbox_of(path).is_none_or(|mount| is_empty(&mount.folder))
    }

    /// The gates in force for a film; those of one that a person wants scored only warn.
    pub(super) fn gates(&self, requested: bool) -> Arc<Gates> {
        let gates = self.gates.load_full();
        if requested { Arc::new(gates.warning_only()) } else { gates }
    }

    /// The report on a film that went through the model.
    pub(super) fn judged(&self, film: Prepared, outcome: Result<Findings, ModelError>) -> Report {
        let Prepared { claim, path, film, warnings, requested } = film;
        let judged = guarded(|| self.judge(outcome, warnings, requested));
        let kind = match judged.unwrap_or_else(|| Err(broke_down())) {
            Ok(Judged { findings, heatmap, features, warnings, rules }) => {
                let scored = ScoredReport { film, findings, heatmap, features, warnings, rules };
                ReportKind::Scored(Box::new(scored))
            }
            Err(held) => ReportKind::Held { film: Box::new(film), decoded: true, held },
        };
        Report { claim, path, kind }
    }

    /// The last gate: what the model itself makes of the film. Then the rules.
    fn judge(
        &self,
        outcome: Result<Findings, ModelError>,
        warnings: Vec<Warning>,
        requested: bool,
    ) -> Result<Judged, Held> {
        let findings = outcome.map_err(|error| failed(&error))?;
        let warnings = ask_last_gate(findings.distance, warnings, &self.gates(requested))?;
        let rules = self.rules.load_full();
        Ok(Judged {
            findings: study::assess(&findings.probabilities, &rules).findings,
            heatmap: findings.heatmap.to_bytes(),
            features: findings.features,
            warnings: warnings.into_iter().map(|warning| warning.sentence).collect(),
            rules,
        })
    }
}

/// The meaning of a film's findings.
struct Judged {
    findings: Vec<study::Finding>,
    heatmap: Vec<u8>,
    features: Vec<f32>,
    warnings: Vec<String>,
    rules: Arc<Rules>,
}

fn why_unread(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            "The file was taken out of the inbox before it could be read: send it again.".into()
        }
        std::io::ErrorKind::PermissionDenied => {
            "This program may not read the file: change its permissions, then copy it in again.".into()
        }
        _ if RefusedError::of(error).is_some() => format!("The file was not read: {error}."),
        _ if NoAnswerError::of(error).is_some() => {
            "The disk or share that the file lies on does not answer: the film is tried again by itself."
                .into()
        }
        _ => format!("The file could not be read ({error}): it is tried again by itself."),
    }
}

/// Whether a file that could not be read may be readable later, as it is: a share that is down comes back.
fn is_passing(error: &std::io::Error) -> bool {
    let stays = matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied);
    !stays && RefusedError::of(error).is_none()
}
