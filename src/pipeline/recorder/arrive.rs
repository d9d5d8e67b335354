//! Arrivals: files that intake found, sidecars, faults of the inbox.

use std::path::Path;

use jiff::Timestamp;

use super::Recorder;
use crate::{
    health::Part,
    intake::{self, IntakeEvent},
    pipeline::{Event, EventKind},
    store::{OutsidePriority, StoreError},
    study::Severity,
};

impl Recorder {
    /// Takes an event of intake in.
    pub(super) fn arrive(&mut self, event: &IntakeEvent) -> Result<(), StoreError> {
        // All hosts' times are compared with one another.
        let now = self.studies.now();
        match event {
            IntakeEvent::Arrivals(arrivals) => {
                for (_, arrival) in self.store.receive(arrivals, now)? {
                    let kind = EventKind::Arrived { duplicate_of: None };
                    self.say(&Event::about_file(kind, None, &arrival.path, now));
                }
                self.progress.said_idle = false;
                let _ = self.wake.try_send(());
            }
            IntakeEvent::Sidecar { film } => self.raise_by_sidecar(film, now)?,
            IntakeEvent::FirstScanDone { files } => {
                tracing::info!(files, "the first look through the inbox is done");
                self.progress.first_scan_done = true;
            }
            IntakeEvent::LeftOut(left_out) => {
                self.store.note_left_out(*left_out)?;
                self.progress.left_out = *left_out;
                self.progress.said_idle = false;
            }
            IntakeEvent::Fault(fault) => {
                let unnamed = fault.without_names();
                tracing::error!(fault = unnamed, "the inbox failed");
                self.gauges.vitals().set_fault(Part::Inbox, Some(unnamed.clone()));
                self.gauges.inbox_is(Some(fault.sentence.clone()));
                self.say(&Event::error(fault.sentence.clone(), now).saying_instead(unnamed));
            }
            IntakeEvent::Recovered => {
                tracing::info!("the inbox is back");
                self.gauges.vitals().set_fault(Part::Inbox, None);
                self.gauges.inbox_is(None);
            }
        }
        Ok(())
    }

    /// Raises a study whose sidecar came after its film.
    fn raise_by_sidecar(&mut self, film: &Path, now: Timestamp) -> Result<(), StoreError> {
        let Some(outside) = outside_priority(film) else { return Ok(()) };
        let Some(study) = self.store.study_of(film)? else { return Ok(()) };
        if let Some(row) = self.store.raise(study, &outside, now)? {
            self.say_study(&row, now);
        }
        Ok(())
    }
}

/// The priority that a sidecar asks for. Of the terms of Requested Procedure Priority, (0040,1003), STAT
/// alone raises a study: to urgent at least. The others order a request book, not a list of findings.
pub(super) fn outside_priority(film: &Path) -> Option<OutsidePriority> {
    let word = intake::sidecar_priority(film)?;
    (word == "STAT").then_some(OutsidePriority { floor: Severity::Urgent, source: word })
}
