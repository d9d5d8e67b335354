//! Results: each report of a worker becomes one transaction and the events that tell of it.

use std::{io, path::Path, sync::Arc};

use jiff::Timestamp;

use super::{Recorder, arrive::outside_priority, in_words};
use crate::{
    intake::{self, Mounts},
    lock::lock,
    pipeline::{
        Event, EventKind, Sentence,
        report::{Identity, Report, ReportKind, ScoredReport},
        shown, study_key,
    },
    quality::SAME_EXPOSURE,
    similar::FilmKey,
    store::{Claim, FilmId, Finished, Outcome, Scored, StoreError, StoreErrorKind, StudyRow, Verdict},
    study,
    supervise::checkpoint,
    text::{Secrets, unnamed},
};

/// The sentence for a result that another worker's took the place of.
const LATE: &str = "A film's result came late: another worker has the film meanwhile, and its result counts. There is nothing to do.";

impl Recorder {
    /// Records a report. One that comes when its film is another worker's is told of, and counts for nothing.
    pub(super) fn record(&mut self, report: &Report) -> Result<(), StoreError> {
        match self.record_in_time(report) {
            Err(error) if error.kind == StoreErrorKind::Late => {
                tracing::warn!(file = unnamed(&report.path), "a result came late");
                self.progress.late += 1;
                let kind = EventKind::Late { message: LATE.to_owned() };
                self.say(&Event::about_file(kind, None, &report.path, Timestamp::now()));
                Ok(())
            }
            recorded => recorded,
        }
    }

    fn record_in_time(&mut self, report: &Report) -> Result<(), StoreError> {
        checkpoint("record");
        let now = self.studies.now();
        let Report { claim, path, kind } = report;
        let finished = match kind {
            ReportKind::Seen { of } => self.store.duplicate(*claim, *of, now)?,
            ReportKind::Unread { reason, again } => {
                return self.hold_unread(*claim, path, reason, *again, now);
            }
            ReportKind::Left => return self.store.release(*claim, None),
            ReportKind::Elsewhere => {
                let host = self.ownership.member().map(|member| member.host().to_owned());
                return self.store.release(*claim, host.as_deref());
            }
            ReportKind::Stopped { sha256, reason } => {
                let study = self.store.hold_stopper(*claim, sha256, reason, now)?;
                self.say_held(study, path, reason, now);
                return Ok(());
            }
            ReportKind::Scored(scored) => {
                let verdict = Verdict::Scored(self.provable(scored));
                self.finish(*claim, path, &self.outcome(path, &scored.film, true, verdict), now)?
            }
            ReportKind::Held { film, decoded, held } => {
                let verdict = Verdict::Held(held.clone());
                self.finish(*claim, path, &self.outcome(path, film, *decoded, verdict), now)?
            }
        };
        self.count_finished();
        let (study, others) = match finished {
            Finished::Duplicate { path: first, others, .. } => {
                let kind = EventKind::Arrived { duplicate_of: Some(shown(&first)) };
                self.say(&Event::about_file(kind, None, path, now).saying_instead(unnamed(&first)));
                (None, others)
            }
            Finished::Recorded { film, study, aside, others } => {
                if let ReportKind::Scored(scored) = kind
                    && !aside
                {
                    self.keep_features(film, scored);
                }
                let mut warnings = in_words(self.store.clashes_of_film(film));
                let kind = match kind {
                    _ if aside => EventKind::Held { reason: SAME_EXPOSURE.to_owned(), warnings },
                    ReportKind::Scored(scored) => {
                        let secrets = Secrets::of_header(&scored.film.header);
                        let gates = scored.warnings.iter();
                        warnings
                            .extend(gates.map(|it| Sentence { text: it.clone(), unnamed: secrets.hide(it) }));
                        let film = study::combine([scored.findings.as_slice()]);
                        EventKind::Scored {
                            severity: film.severity,
                            score: film.score,
                            top: film.top,
                            warnings,
                        }
                    }
                    ReportKind::Held { held, .. } => {
                        EventKind::Held { reason: held.reason.clone(), warnings }
                    }
                    ReportKind::Seen { .. }
                    | ReportKind::Unread { .. }
                    | ReportKind::Left
                    | ReportKind::Elsewhere
                    | ReportKind::Stopped { .. } => return Ok(()),
                };
                let event = match (&kind, report.kind.film()) {
                    (EventKind::Held { reason, .. }, Some(film)) => {
                        let unnamed = Secrets::of_header(&film.header).hide(reason);
                        Event::about_file(kind, Some(&study), path, now).saying_instead(unnamed)
                    }
                    _ => Event::about_file(kind, Some(&study), path, now),
                };
                self.say(&event);
                (Some(*study), others)
            }
        };
        for row in study.iter().chain(&others) {
            self.say_study(row, now);
        }
        Ok(())
    }

    /// Records an outcome. Where films come in on another host, that may have seen a sidecar in between, which found no study
    /// to raise yet: it is looked for once more.
    fn finish(
        &mut self,
        claim: Claim,
        path: &Path,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Finished, StoreError> {
        let mut finished = self.store.finish(claim, outcome, now)?;
        if self.ownership.member().is_some()
            && outcome.outside.is_none()
            && let Finished::Recorded { study, .. } = &mut finished
            && let Some(outside) = outside_priority(path)
            && let Some(raised) = self.store.raise(study.id, &outside, now)?
        {
            **study = raised;
        }
        Ok(finished)
    }

    /// Keeps the features of a film that is recorded. What fails here is filled in later.
    fn keep_features(&self, film: FilmId, scored: &ScoredReport) {
        let Some(key) = FilmKey::new(film, &scored.film.sha256) else { return };
        if let Some(features) = &self.features
            && let Err(error) = lock(features).put(key, &scored.features)
        {
            tracing::warn!(%error, "the features of a film cannot be kept now; they are filled in later");
        }
        let _ = self.scored.try_send(key);
    }

    /// Holds a file that could not be read; a transfer that has got another name meanwhile is forgotten.
    pub(super) fn hold_unread(
        &mut self,
        claim: Claim,
        path: &Path,
        reason: &str,
        again: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.has_moved_on(path) && self.store.forget(claim, now)? {
            self.count_finished();
            return Ok(());
        }
        let study = if again {
            self.store.unanswered(claim, reason, now)?
        } else {
            self.store.gone(claim, reason, now)?
        };
        if let (true, Some(study)) = (again, &study) {
            let kind = EventKind::Error { message: reason.to_owned() };
            self.say(&Event::about_file(kind, Some(study), path, now));
        }
        self.say_held(study, path, reason, now);
        Ok(())
    }

    /// Says that a file was held that nobody could see into, if it was.
    fn say_held(&mut self, study: Option<StudyRow>, path: &Path, reason: &str, now: Timestamp) {
        if let Some(study) = study {
            let kind = EventKind::Held { reason: reason.to_owned(), warnings: Vec::new() };
            self.say(&Event::about_file(kind, Some(&study), path, now));
            self.say_study(&study, now);
        }
        self.count_finished();
    }

    /// Whether a file is gone whose name began with a dot: a transfer tool may have given it its own name, by which it
    /// comes again.
    fn has_moved_on(&self, path: &Path) -> bool {
        is_hidden(path, self.inbox.as_deref(), &self.mounts)
            && path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Counts a film that is recorded, held or left out.
    fn count_finished(&mut self) {
        self.progress.finished += 1;
        if let Some(member) = self.ownership.member() {
            member.has_finished_film();
        }
        self.progress.said_idle = false;
    }

    fn outcome(&self, path: &Path, film: &Identity, decoded: bool, verdict: Verdict) -> Outcome {
        Outcome {
            study_key: study_key(
                &film.header,
                &film.sha256,
                &self.mounts.place(path),
                self.settings.raster_study,
            ),
            sha256: film.sha256.clone(),
            started: film.started,
            header: (!film.header.format.is_empty()).then(|| film.header.clone()),
            decoded,
            verdict,
            outside: outside_priority(path),
        }
    }

    /// A result with everything that it must be provable with afterwards.
    fn provable(&self, report: &ScoredReport) -> Scored {
        Scored {
            findings: report.findings.clone(),
            heatmap: report.heatmap.clone(),
            warnings: report.warnings.clone(),
            model: Arc::clone(&self.model),
            rules: Arc::clone(&report.rules),
            device: self.device.clone(),
        }
    }
}

/// Whether a name below an inbox of this host begins with a dot: its own, or one that another host takes films in by.
fn is_hidden(path: &Path, inbox: Option<&Path>, mounts: &Mounts) -> bool {
    let named = mounts.inbox_of(path).map(|mount| mount.folder.as_path());
    let below = [inbox, named].into_iter().flatten().find_map(|inbox| path.strip_prefix(inbox).ok());
    below.is_some_and(intake::is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_the_time_being_is_known_in_every_inbox_of_this_host() {
        let mounts = Mounts::new(["er=/mnt/.shares/er".parse().unwrap()]).unwrap();
        for (path, is_passing) in [
            ("/in/.x.dcm.AbC", true),
            ("/in/x.dcm", false),
            ("/mnt/.shares/er/.x.dcm.AbC", true),
            ("/mnt/.shares/er/2026/.rsync/x.dcm", true),
            ("/mnt/.shares/er/x.dcm", false),
            // Nobody knows what of it is an inbox.
            ("/elsewhere/.x.dcm.AbC", false),
        ] {
            let inbox = Some(Path::new("/in"));
            assert_eq!(is_hidden(Path::new(path), inbox, &mounts), is_passing, "{path}");
        }
        assert!(is_hidden(Path::new("/mnt/.shares/er/.x"), None, &mounts));
    }
}
