//! Requests that the person's role does not permit: not carried out, told, and in the audit.

use jiff::Timestamp;
use serde_json::json;

use super::{Follower, Gone};
use crate::{
    session::protocol::{Notice, NoticeLevel, Request, Update},
    store::NewEvent,
    study::{AuditKind, Permission, PersonRole},
};

impl Follower {
    /// Tells that a request is not carried out; the study that it was about is sent as it is, for the screen may show it
    /// as changed.
    pub(super) fn deny(&mut self, request: &Request, lacking: Permission) -> Result<(), Gone> {
        let role = self.actor.role().map_or("", PersonRole::word);
        let name = self.actor.name();
        let detail = json!({ "request": request.word(), "role": role });
        let film = match request {
            Request::Score(film) => Some(*film),
            _ => None,
        };
        let event = NewEvent {
            actor: &name,
            study: request.study(),
            film,
            detail,
            ..NewEvent::of(AuditKind::Denied)
        };
        let written = self.store.record(&event, Timestamp::now());
        if let Err(error) = written {
            self.fault(&error)?;
        }
        let text = format!("Not done: that is for {}, and your role is {role}.", lacking.in_words());
        self.tell(Update::Notice(Notice { level: NoticeLevel::Warning, text }))?;
        let Some(study) = request.changed_study() else { return Ok(()) };
        match self.store.detail(study) {
            Ok(Some(detail)) => self.tell(Update::Studies(vec![detail.study])),
            Ok(None) => Ok(()),
            Err(error) => self.fault(&error),
        }
    }

    /// Takes another role over: what may be shown is another thing then, and all is sent again.
    pub(super) fn change_role(&mut self) -> Result<(), Gone> {
        let Some(role) = self.actor.role() else { return Ok(()) };
        self.tell(Update::Role(role))?;
        (self.revision, self.shown) = (i64::MIN, None);
        self.plugins.clear();
        self.send_changes()?;
        match self.watched {
            Some(study) => self.send_detail(study),
            None => Ok(()),
        }
    }
}
