//! Which duties of a shared store a process takes.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    config::{Config, Retention},
    store::{DutyKind, WorkerId, WorkerRow},
};

/// The command by which a process works for a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerKind {
    /// `watch`: films come in too, and everything else is done that the site wants.
    Watch,
    /// `work`: it scores what is queued.
    Work,
}

impl WorkerKind {
    /// The word for it in the list of workers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Work => "work",
        }
    }
}

/// The duties that a process takes when nobody has them, by its command and the site's configuration.
#[must_use]
pub fn duties_of(config: &Config, kind: WorkerKind) -> Vec<DutyKind> {
    let watches = kind == WorkerKind::Watch;
    let wanted = |duty: &DutyKind| match duty {
        DutyKind::Studies => true,
        DutyKind::Plugins => watches && !config.plugins.enabled.is_empty(),
        DutyKind::Sending => watches && !config.send.is_empty(),
        DutyKind::Retention => watches && config.retention != Retention::default(),
    };
    DutyKind::ALL.into_iter().filter(wanted).collect()
}

/// A worker's own words about the duties that its configuration asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Takes {
    takes: Vec<String>,
}

/// Whether a worker leaves a duty to another one at work, which takes it too, and has all named inboxes of this one and more:
/// films are read under a duty. No two leave it to each other, and whoever has most leaves it to nobody.
#[must_use]
pub fn leaves_to_another(own: WorkerId, duty: DutyKind, workers: &[WorkerRow]) -> bool {
    let Some(own) = workers.iter().find(|worker| worker.id == own) else { return false };
    let inboxes = |worker: &WorkerRow| -> BTreeSet<String> {
        worker.inboxes.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let has = inboxes(own);
    let does_better = |other: &&WorkerRow| {
        let others = inboxes(other);
        others.len() > has.len() && others.is_superset(&has)
    };
    // What is read of a film under it, studies need not.
    duty != DutyKind::Studies
        && workers.iter().filter(|other| other.is_alive()).filter(does_better).any(|other| {
            let words = serde_json::from_str::<Takes>(&other.state).unwrap_or_default();
            words.takes.iter().any(|word| word == duty.word())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: WorkerId, inboxes: &str, takes: &[&str]) -> WorkerRow {
        WorkerRow {
            id,
            host: format!("h{id}"),
            pid: 1,
            roles: "watch".to_owned(),
            inboxes: inboxes.to_owned(),
            model: String::new(),
            sha256: String::new(),
            rules: String::new(),
            version: String::new(),
            device: String::new(),
            started: jiff::Timestamp::UNIX_EPOCH,
            silent: std::time::Duration::ZERO,
            has_ended: false,
            films: 0,
            per_second: None,
            clock_ahead: jiff::SignedDuration::ZERO,
            state: serde_json::json!({ "takes": takes, "inbox": "er" }).to_string(),
        }
    }

    #[test]
    fn a_duty_is_left_to_whoever_takes_it_and_has_all_inboxes_and_more() {
        let sending = DutyKind::Sending;
        let takes = ["studies", "sending"];
        let few = row(1, "er", &takes);
        for (other, is_left) in [
            (row(2, "er,icu", &takes), true),
            (row(2, "er", &takes), false),
            (row(2, "icu,ward", &takes), false),
            (row(2, "er,icu", &["studies"]), false),
            (WorkerRow { has_ended: true, ..row(2, "er,icu", &takes) }, false),
            (WorkerRow { silent: std::time::Duration::from_secs(60), ..row(2, "er,icu", &takes) }, false),
            (WorkerRow { state: String::new(), ..row(2, "er,icu", &takes) }, false),
        ] {
            let workers = [few.clone(), other];
            assert_eq!(leaves_to_another(1, sending, &workers), is_left, "{:?}", workers[1]);
            assert!(!leaves_to_another(2, sending, &workers), "nobody leaves it to one that leaves it");
            assert!(!leaves_to_another(1, DutyKind::Studies, &workers));
            assert!(!leaves_to_another(3, sending, &workers));
        }
    }
}
