//! What the audit's events mean for a plugin: pure.

use serde_json::Value as Json;

use crate::store::{AuditEvent, FilmId, StudyId};

/// A hook that an event calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A film was scored or held.
    Film { study: StudyId, film: FilmId },
    /// A person set a status.
    Status { study: StudyId, before: String, status: String },
    /// A study was assessed, or changed.
    Study {
        study: StudyId,
        /// Only the plugin itself has changed it: it need not be told.
        by_itself: bool,
    },
}

impl Step {
    pub(super) fn study(&self) -> StudyId {
        match self {
            Self::Film { study, .. } | Self::Status { study, .. } | Self::Study { study, .. } => *study,
        }
    }
}

/// Events after which a study is told of. What plugins do (tags, notes) is not among them, so that no
/// two of them call each other for ever; floors can rise three times at most.
const CHANGES: [&str; 10] = [
    "scored",
    "held",
    "gone",
    "superseded",
    "reopened",
    "complete",
    "promoted",
    "raised",
    "reassessed",
    "rescored",
];

/// The hooks to call for some events, in their order; a study that changed several times is told of
/// once, after the last change.
pub(super) fn steps(events: &[AuditEvent], plugin: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for event in events {
        let Some(study) = event.study else { continue };
        let kind = event.kind.as_str();
        match (kind, event.film) {
            ("scored" | "held" | "rescored", Some(film)) => steps.push(Step::Film { study, film }),
            ("status", _) => {
                let word =
                    |key: &str| event.detail.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
                steps.push(Step::Status { study, before: word("before"), status: word("status") });
            }
            _ => {}
        }
        if CHANGES.contains(&kind) {
            let mut by_itself = kind == "raised" && event.actor == plugin;
            steps.retain(|step| match step {
                Step::Study { study: known, by_itself: before } if *known == study => {
                    by_itself &= before;
                    false
                }
                _ => true,
            });
            steps.push(Step::Study { study, by_itself });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn event(kind: &str, study: i64, film: Option<i64>, actor: &str) -> AuditEvent {
        AuditEvent {
            id: 0,
            time: Timestamp::UNIX_EPOCH,
            kind: kind.to_owned(),
            study: Some(study),
            film,
            file: None,
            actor: actor.to_owned(),
            detail: json!({ "before": "new", "status": "seen" }),
        }
    }

    #[test]
    fn a_study_that_changed_often_is_told_of_once_and_last() {
        let events = [
            event("started", 1, Some(3), "pipeline"),
            event("scored", 1, Some(3), "pipeline"),
            event("scored", 2, Some(4), "pipeline"),
            event("status", 1, None, "jane"),
            event("complete", 1, None, "pipeline"),
            event("tagged", 1, None, "other"),
            event("raised", 3, None, "me"),
            event("raised", 4, None, "other"),
        ];
        let status = Step::Status { study: 1, before: "new".to_owned(), status: "seen".to_owned() };
        let study = |study| Step::Study { study, by_itself: false };
        assert_eq!(
            steps(&events, "me"),
            [
                Step::Film { study: 1, film: 3 },
                Step::Film { study: 2, film: 4 },
                study(2),
                status,
                study(1),
                Step::Study { study: 3, by_itself: true },
                study(4),
            ]
        );
    }
}
