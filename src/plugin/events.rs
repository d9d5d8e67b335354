//! The meaning of the audit's events for a plugin: pure.

use serde_json::Value as Json;

use crate::{
    store::{AuditEvent, FilmId, StudyId},
    study::AuditKind,
};

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
    /// The film that it is about, if it is one of that study.
    pub(super) fn film_of(&self, of: StudyId) -> Option<FilmId> {
        match self {
            Self::Film { study, film } if *study == of => Some(*film),
            _ => None,
        }
    }

    pub(super) fn study(&self) -> StudyId {
        match self {
            Self::Film { study, .. } | Self::Status { study, .. } | Self::Study { study, .. } => *study,
        }
    }
}

/// The part of an event that plugins are told.
enum Told {
    /// A film, and that its study changed.
    Film,
    /// A status.
    Status,
    /// That the study changed.
    Study,
    /// Nothing.
    Nothing,
}

/// Decides what plugins are told of an event of that kind. What plugins do (tags, notes) they are not told, so that
/// no two of them call each other for ever; floors can rise three times at most.
fn told(kind: AuditKind) -> Told {
    match kind {
        AuditKind::Scored | AuditKind::Held => Told::Film,
        AuditKind::Status | AuditKind::TakenBack => Told::Status,
        AuditKind::Gone
        | AuditKind::Superseded
        | AuditKind::Reopened
        | AuditKind::Complete
        | AuditKind::Promoted
        | AuditKind::Raised
        | AuditKind::Reassessed => Told::Study,
        AuditKind::Received
        | AuditKind::Started
        | AuditKind::Delivered
        | AuditKind::TurnedAway
        | AuditKind::Duplicate
        // The film that presents the exposure is scored in the same transaction.
        | AuditKind::SetAside
        | AuditKind::Requested
        | AuditKind::Refused
        | AuditKind::Acknowledged
        | AuditKind::Note
        | AuditKind::Shown
        | AuditKind::Thresholds
        | AuditKind::ThresholdSet
        | AuditKind::Plugin
        | AuditKind::PluginAsked
        | AuditKind::PluginRefused
        | AuditKind::Tagged
        | AuditKind::Noted
        | AuditKind::Notify
        | AuditKind::Webhook
        | AuditKind::Write
        | AuditKind::Copy
        | AuditKind::Run
        | AuditKind::Sent
        | AuditKind::SendAsked
        | AuditKind::GivenUp
        | AuditKind::Deleted
        | AuditKind::Forgotten
        | AuditKind::Restored
        | AuditKind::Login
        | AuditKind::Logout
        | AuditKind::Denied
        | AuditKind::PersonChanged => Told::Nothing,
    }
}

/// The hooks to call for some events, in their order; a study that changed several times is told of
/// once, after the last change. Kinds of a newer version call none.
pub(super) fn steps(events: &[AuditEvent], plugin: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for event in events {
        let (Some(study), Some(kind)) = (event.study, event.kind.known()) else { continue };
        match told(kind) {
            Told::Film => {
                steps.extend(event.film.map(|film| Step::Film { study, film }));
                study_changed(&mut steps, study, false);
            }
            Told::Status => steps.extend(status_changed(event, study, kind)),
            Told::Study => {
                let by_itself = kind == AuditKind::Raised && event.actor == plugin;
                study_changed(&mut steps, study, by_itself);
            }
            Told::Nothing => {}
        }
    }
    steps
}

/// A change that is taken back may have been an alarm's acknowledgement alone: then the status stays as it was.
fn status_changed(event: &AuditEvent, study: StudyId, kind: AuditKind) -> Option<Step> {
    let word = |key: &str| event.detail.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (before, status) = (word("before"), word("status"));
    (kind != AuditKind::TakenBack || before != status).then_some(Step::Status { study, before, status })
}

fn study_changed(steps: &mut Vec<Step>, study: StudyId, mut by_itself: bool) {
    steps.retain(|step| match step {
        Step::Study { study: known, by_itself: before } if *known == study => {
            by_itself &= before;
            false
        }
        _ => true,
    });
    steps.push(Step::Study { study, by_itself });
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
            kind: kind.to_owned().into(),
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

    #[test]
    fn an_undo_is_a_change_of_status_unless_only_the_alarm_rings_again() {
        let taken_back = |before: &str, status: &str| AuditEvent {
            detail: json!({ "before": before, "status": status, "by": "anna", "acknowledged": false }),
            ..event("taken_back", 1, None, "anna")
        };
        let events = [taken_back("done", "seen"), taken_back("seen", "seen")];
        let undone = Step::Status { study: 1, before: "done".to_owned(), status: "seen".to_owned() };
        assert_eq!(steps(&events, "me"), [undone]);
    }

    #[test]
    fn an_event_of_a_newer_version_is_passed_over() {
        let events = [event("exported", 1, Some(2), "anna"), event("complete", 1, None, "pipeline")];
        assert_eq!(steps(&events, "me"), [Step::Study { study: 1, by_itself: false }]);
    }
}
