//! The one thread that runs the model.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use crossbeam_channel::{Receiver, Sender};

use super::{
    Gauges, failed,
    feeder::{Prepared, send},
    file_name,
    recorder::{Report, ReportKind, ScoredReport},
    shared::Shared,
};
use crate::{
    model::{Findings, Input, Model, ModelError},
    quality::{self, Gates, Held, Warning},
    triage::{self, Rules},
};

/// Films in one forward pass, at most: what is waiting goes together, a single film at once.
const LARGEST_BATCH: usize = 4;

pub(super) struct Engine {
    pub(super) model: Arc<Model>,
    pub(super) rules: Arc<Shared<Rules>>,
    pub(super) gates: Arc<Shared<Gates>>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Engine {
    /// Works until the readers have gone or the stop is called.
    pub(super) fn run(&self, prepared: &Receiver<Prepared>, results: &Sender<Report>) {
        while let Ok(first) = prepared.recv() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let mut batch = vec![first];
            batch.extend(prepared.try_iter().take(LARGEST_BATCH - 1));
            for report in self.score(batch) {
                if !send(results, report, &self.stop) {
                    return;
                }
            }
        }
    }

    fn score(&self, batch: Vec<Prepared>) -> Vec<Report> {
        let started = Instant::now();
        self.gauges.starts(batch.first().map(|film| file_name(&film.path)).unwrap_or_default());
        let films = batch.len();
        let (films_in, inputs): (Vec<_>, Vec<Input>) = batch
            .into_iter()
            .map(|film| ((film.file, film.path, film.film, film.warnings, film.requested), film.input))
            .unzip();
        let rules = self.rules.get();
        let outcomes = self.model.infer_each(&inputs);
        self.gauges.ends(films, started.elapsed());
        films_in
            .into_iter()
            .zip(outcomes)
            .map(|((file, path, film, warnings, requested), outcome)| {
                let kind = match self.judge(outcome, warnings, requested) {
                    Ok((findings, warnings)) => ReportKind::Scored(Box::new(ScoredReport {
                        film,
                        findings: triage::assess(&findings.probabilities, &rules).findings,
                        heatmap: findings.heatmap.to_bytes(),
                        warnings: warnings.into_iter().map(|warning| warning.sentence).collect(),
                        rules: Arc::clone(&rules),
                    })),
                    Err(held) => ReportKind::Held { film: Box::new(film), decoded: true, held },
                };
                Report { file, path, kind }
            })
            .collect()
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
            quality::inspect_distance(findings.distance, &self.gates.get().warning_only())
        } else {
            quality::inspect_distance(findings.distance, &self.gates.get())
        };
        warnings.extend(warning?);
        Ok((findings, warnings))
    }
}
