//! Counts films for the metrics as they come to an end.

use super::{
    recorder::Recorder,
    report::{Report, ReportKind},
};
use crate::{metrics::Outcome, quality::Gate};

impl Recorder {
    /// Counts a report that has been recorded.
    pub(super) fn count(&self, report: &Report) {
        let (outcome, gate) = match &report.kind {
            ReportKind::Scored(_) => (Outcome::Scored, None),
            ReportKind::Held { held, .. } => (Outcome::Held, Some(held.gate)),
            ReportKind::Unread { .. } => (Outcome::Held, Some(Gate::Unreadable)),
            ReportKind::Stopped { .. } => (Outcome::Held, Some(Gate::Crash)),
            ReportKind::Seen { .. } => (Outcome::Duplicate, None),
            ReportKind::Left | ReportKind::Elsewhere => return,
        };
        let counters = self.gauges.counters();
        counters.film(outcome, gate);
        if let ReportKind::Scored(scored) = &report.kind {
            counters.findings(&self.model.name, &scored.findings);
        }
        // A wait that nobody knows is not counted.
        if let Ok(received) = self.store.received_at(report.claim.file) {
            counters.seconds_to_row(self.studies.now().duration_since(received).as_secs_f64());
        }
    }
}
