//! A film's way from its file to a report, whichever process examines it.

use std::{
    fs, io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::{
    ask_last_gate, broke_down, failed,
    reach::Reach,
    read_until,
    report::{Identity, Report, ReportKind, ScoredReport},
};
use crate::{
    files::{NoAnswerError, Readers, RefusedError, is_filled},
    guard::guarded,
    intake::{Arrival, Lack, Mount, Mounts},
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
    /// Whether this host reads what others saw.
    pub(super) reach: Arc<Reach>,
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
            let lack = Lack::of(&error);
            if self.may_be_elsewhere(due, lack) {
                if lack == Lack::Unread {
                    self.reach.has_failed(Instant::now());
                }
                return report(ReportKind::Elsewhere);
            }
            report(ReportKind::Unread { reason: why_unread(&error), again: is_passing(&error) })
        })?;
        if due.seen_elsewhere {
            self.reach.has_come();
            if self.may_be_elsewhere(due, Lack::Another) && is_another(&due.arrival) {
                tracing::warn!(file = unnamed(&due.arrival.path), "another file lies there on this host");
                return Err(report(ReportKind::Elsewhere));
            }
        }
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

    /// Whether another host may have the file of a film that this one does not get. Of what a host received itself it judges
    /// itself.
    fn may_be_elsewhere(&self, due: &Queued, lack: Lack) -> bool {
        let is_filled = |mount: &Mount| is_filled(&mount.folder);
        due.seen_elsewhere && self.mounts.may_be_elsewhere(&due.arrival.path, false, lack, is_filled)
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

fn why_unread(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "The file was taken out of the inbox before it could be read: send it again.".into()
        }
        io::ErrorKind::PermissionDenied => {
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

/// Whether this host has another file at the place at which another host saw one.
fn is_another(seen: &Arrival) -> bool {
    fs::metadata(&seen.path).is_ok_and(|metadata| !seen.may_be(&metadata))
}

/// Whether a file that could not be read may be readable later, as it is: a share that is down comes back.
fn is_passing(error: &io::Error) -> bool {
    Lack::of(error) == Lack::Unread && error.kind() != io::ErrorKind::PermissionDenied
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::Deadline;

    /// A judge on a host whose share answers each read with this error of the system; none: it answers.
    fn judge(folder: &Path, share: Option<i32>) -> Judge {
        let read = move |path: &Path, expected, _: &crate::files::Progress| match share {
            Some(error) => Err(io::Error::from_raw_os_error(error)),
            None => crate::files::read(path, expected),
        };
        Judge {
            known: Arc::new(Mutex::new(Store::open(folder.join("store.db")).unwrap())),
            rules: Arc::new(ArcSwap::from_pointee(Rules { model: String::new(), labels: Vec::new() })),
            gates: Arc::default(),
            mounts: Arc::default(),
            readers: Arc::new(Readers::new(Deadline::default(), read)),
            reach: Arc::default(),
            stop: Arc::default(),
        }
    }

    fn due(path: &Path, seen_elsewhere: bool) -> Queued {
        let arrival = crate::intake::arrival(path).unwrap().unwrap();
        Queued { file: 1, claim: 1.into(), arrival, request: None, alone: false, tries: 0, seen_elsewhere }
    }

    fn kind(opened: Result<Opened, Report>) -> &'static str {
        match opened.map_err(|report| report.kind) {
            Ok(_) => "opened",
            Err(ReportKind::Elsewhere) => "elsewhere",
            Err(ReportKind::Unread { again: true, .. }) => "again",
            Err(_) => "else",
        }
    }

    #[test]
    fn a_host_whose_share_fails_leaves_what_others_saw_to_them_and_stops_taking_films() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a");
        fs::write(&film, "a film").unwrap();
        // EIO, ESTALE; and EACCES, for what one account may not read another host's may.
        for (error, of_its_own) in [(5, "again"), (116, "again"), (13, "else")] {
            let mut judge = judge(folder.path(), Some(error));
            let inbox = format!("er={}", folder.path().display());
            judge.mounts = Arc::new(Mounts::new([inbox.parse().unwrap()]).unwrap());
            assert_eq!(kind(judge.open(&due(&film, false))), of_its_own);
            assert!(judge.reach.pause(Instant::now()).is_none());
            for _ in 0..8 {
                assert_eq!(kind(judge.open(&due(&film, true))), "elsewhere");
            }
            assert!(judge.reach.pause(Instant::now()).is_some());
        }
    }

    #[test]
    fn another_file_at_the_place_of_one_that_another_host_saw_is_not_that_one() {
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("a");
        fs::write(&film, "a film").unwrap();
        let mut judge = judge(folder.path(), None);
        let seen = |change: fn(&mut Arrival)| {
            let mut due = due(&film, true);
            change(&mut due.arrival);
            due
        };
        let longer = seen(|arrival| arrival.size += 1);
        let later = seen(|arrival| arrival.modified_ns += 2_000_000_000);
        assert_eq!(kind(judge.open(&seen(|_| ()))), "opened");
        assert_eq!(kind(judge.open(&seen(|arrival| arrival.modified_ns += 1_900_000_000))), "opened");
        assert_eq!(kind(judge.open(&longer)), "elsewhere");
        assert_eq!(kind(judge.open(&later)), "elsewhere");
        // Nor is a folder of that name.
        let mut a_folder = seen(|_| ());
        a_folder.arrival.path = folder.path().join("b");
        fs::create_dir(&a_folder.arrival.path).unwrap();
        assert_eq!(kind(judge.open(&a_folder)), "elsewhere");
        // Its own host reads what is there now; so does every host that has the inbox by name.
        assert_eq!(kind(judge.open(&Queued { seen_elsewhere: false, ..longer.clone() })), "opened");
        let inbox = format!("er={}", folder.path().display());
        judge.mounts = Arc::new(Mounts::new([inbox.parse().unwrap()]).unwrap());
        assert_eq!(kind(judge.open(&longer)), "opened");
        assert_eq!(kind(judge.open(&a_folder)), "else");
    }
}
