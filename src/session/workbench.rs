//! The thread behind the threshold workbench: it reads the studies that came, works out what other thresholds
//! would have made of them, and has thresholds written. Of several questions that wait only the newest counts.

use std::{error::Error, sync::Arc};

use crossbeam_channel::{Receiver, Sender};
use jiff::Timestamp;
use serde_json::json;

use super::{
    actor::Actor,
    login::Login,
    protocol::{BenchRequest, BenchUpdate, Update},
};
use crate::{
    store::{NewEvent, Store, StoreError},
    store_place::StorePlace,
    study::{AuditKind, Bench, Mark, PastStudy, Sample, Setting, ThresholdChange, what_if},
    text::causes,
};

/// How many of the last studies are judged anew.
const STUDIES: u32 = 2_000;

/// The place where thresholds are kept: the site's configuration, of which this module knows nothing.
pub trait Thresholds: Send {
    /// Reads the thresholds in force, and those that the site sets.
    ///
    /// # Errors
    /// It cannot be told.
    fn read(&self) -> Result<Bench, ThresholdsError>;

    /// Writes changes down, all or none.
    ///
    /// # Errors
    /// Nothing was written.
    fn write(&self, changes: &[ThresholdChange]) -> Result<(), ThresholdsError>;
}

/// Why thresholds cannot be read, or were not written: a sentence or two, with what to do.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct ThresholdsError {
    sentence: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ThresholdsError {
    /// An error that nothing else brought about.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), source: None }
    }

    /// An error, told by `sentence`, that another one brought about.
    pub fn because(sentence: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self { sentence: sentence.into(), source: Some(Box::new(source)) }
    }
}

impl From<StoreError> for ThresholdsError {
    fn from(error: StoreError) -> Self {
        Self::because(error.to_string(), error)
    }
}

/// The dashboard has gone.
struct Gone;

/// Answers the requests of threshold workbenches.
pub(super) struct Workbench {
    pub(super) store: StorePlace,
    pub(super) thresholds: Option<Box<dyn Thresholds>>,
    pub(super) actor: Actor,
    pub(super) login: Option<Arc<Login>>,
    pub(super) updates: Sender<Update>,
}

/// The thresholds and studies since the workbench was opened.
struct Open {
    bench: Bench,
    past: Vec<PastStudy>,
}

impl Workbench {
    /// Answers until the dashboard has gone.
    pub(super) fn run(&self, requests: &Receiver<BenchRequest>) {
        let mut open = None;
        while let Ok(first) = requests.recv() {
            let mut queue = vec![first];
            queue.extend(requests.try_iter());
            let newest = queue.iter().rposition(|it| matches!(it, BenchRequest::Try(_)));
            for (at, request) in queue.into_iter().enumerate() {
                if matches!(request, BenchRequest::Try(_)) && Some(at) != newest {
                    continue;
                }
                if self.answer(request, &mut open).is_err() {
                    return;
                }
            }
        }
    }

    fn tell(&self, update: BenchUpdate) -> Result<(), Gone> {
        self.updates.send(Update::Bench(Box::new(update))).map_err(|_| Gone)
    }

    fn answer(&self, request: BenchRequest, open: &mut Option<Open>) -> Result<(), Gone> {
        match request {
            BenchRequest::Open => match self.open() {
                Ok(fresh) => {
                    let sample = Sample::of(&fresh.past, fresh.bench.labels.len());
                    let settings = fresh.bench.settings();
                    self.tell(BenchUpdate::Opened(fresh.bench.clone(), sample))?;
                    self.try_out(&fresh, settings)?;
                    *open = Some(fresh);
                    Ok(())
                }
                Err(error) => self.tell(BenchUpdate::Failed(told(&error))),
            },
            BenchRequest::Reread => {
                // A configuration with a mistake is told of by whoever watches it; the old one stays in force.
                if let (Some(open), Ok(bench)) = (open, self.read())
                    && open.bench != bench
                {
                    open.bench = bench.clone();
                    self.tell(BenchUpdate::Bench(bench))?;
                }
                Ok(())
            }
            BenchRequest::Try(settings) => match open {
                Some(open) => self.try_out(open, settings),
                None => Ok(()),
            },
            BenchRequest::Save(changes) => match self.save(&changes) {
                Ok((bench, warning)) => {
                    if let Some(open) = open {
                        open.bench = bench.clone();
                    }
                    self.tell(BenchUpdate::Saved(bench, changes, warning))
                }
                Err(error) => self.tell(BenchUpdate::Refused(told(&error))),
            },
        }
    }

    fn thresholds(&self) -> Result<&dyn Thresholds, ThresholdsError> {
        let unseen = || ThresholdsError::new("This dashboard cannot see the site's thresholds.");
        self.thresholds.as_deref().ok_or_else(unseen)
    }

    fn read(&self) -> Result<Bench, ThresholdsError> {
        self.thresholds()?.read()
    }

    fn open(&self) -> Result<Open, ThresholdsError> {
        let bench = self.read()?;
        let past = Store::open(&self.store)?.past_studies(&bench.in_force(), STUDIES)?;
        Ok(Open { bench, past })
    }

    fn try_out(&self, open: &Open, settings: Vec<Setting>) -> Result<(), Gone> {
        let Open { bench, past } = open;
        let found = what_if(past, &bench.in_force(), &bench.rules(&settings), bench.max_wait);
        self.tell(BenchUpdate::Tried(settings, Box::new(found)))
    }

    /// Writes thresholds, and who did it; returns what is in force then, and what went wrong beside it.
    fn save(&self, changes: &[ThresholdChange]) -> Result<(Bench, Option<String>), ThresholdsError> {
        let before = self.read()?;
        for change in changes {
            let site = before.labels.iter().find(|label| label.rule.label == change.label);
            if site.is_none_or(|label| label.site != change.from) {
                return Err(ThresholdsError::new(format!(
                    "Nothing was saved: somebody else changed {} meanwhile. Close the workbench and open it again.",
                    change.label
                )));
            }
        }
        self.thresholds()?.write(changes)?;
        let unwritten =
            self.note(&before, changes).err().map(|error| format!("The audit was not written: {error}"));
        Ok((self.read()?, unwritten))
    }

    fn note(&self, before: &Bench, changes: &[ThresholdChange]) -> Result<(), StoreError> {
        let mut store = Store::open(&self.store)?;
        if let Some(login) = &self.login {
            login.sign(&mut store);
        }
        let actor = self.actor.name();
        for change in changes {
            let Some(label) = before.labels.iter().find(|label| label.rule.label == change.label) else {
                continue;
            };
            let sides = |mark: Mark| json!({ "before": change.from.value(mark, label.own), "after": change.to.value(mark, label.own) });
            let detail = json!({
                "model": before.model, "label": change.label,
                "alert": sides(Mark::Alert), "critical": sides(Mark::Critical),
            });
            let event = NewEvent { actor: &actor, detail, ..NewEvent::of(AuditKind::ThresholdSet) };
            store.record(&event, Timestamp::now())?;
        }
        Ok(())
    }
}

/// The sentence for the person at the workbench; what brought it about is for the log.
fn told(error: &ThresholdsError) -> String {
    if let Some(causes) = causes(error) {
        tracing::warn!(causes, "the workbench: {error}");
    }
    error.to_string()
}

#[cfg(test)]
#[path = "workbench_tests.rs"]
mod tests;
