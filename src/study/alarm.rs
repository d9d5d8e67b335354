//! The alarm rule: when a study rings, what silences it, what makes it ring again; and what a change of status does.
//!
//! - A study **rings** while it is critical, not done, and nobody has taken note of it.
//! - **A person silences it**, and nothing else: by acknowledging it, by claiming it, or by calling it done.
//! - **It rings again** when it becomes critical anew, when a film brings another leading finding, and when the change
//!   that silenced it is taken back. Taking back never silences what rings.
//!
//! The store and the dashboard call these functions: the store on the row that it saves, the dashboard on the row that
//! it shows at once.

use jiff::{SignedDuration, Timestamp};

use super::{
    Acknowledged, Handling, OutsidePriority, Severity, Status, StudyAssessment, StudyRow, Waiting, reported,
};

/// Returns whether a study of that severity and status rings.
#[must_use]
pub fn rings(severity: Severity, status: Status, is_acknowledged: bool) -> bool {
    severity == Severity::Critical && status != Status::Done && !is_acknowledged
}

/// The reason for which a study is assessed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its films are others than before.
    Films,
    /// Other thresholds are in force: the films are those that people know.
    Thresholds,
}

/// A change of status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChange {
    /// The status before.
    pub before: Status,
    /// Whether it took note of the alarm.
    pub acknowledged: bool,
}

impl StudyRow {
    /// Returns whether it rings.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        !self.is_gone() && rings(self.severity, self.status, self.acknowledged.is_some())
    }

    /// Returns whether it is on the list and nobody has opened it.
    #[must_use]
    pub fn is_unseen(&self) -> bool {
        !self.is_gone() && self.status == Status::New
    }

    /// Takes note of the alarm; whether there was one.
    pub fn acknowledge(&mut self, by: &str, now: Timestamp) -> bool {
        self.is_alarm() && self.take_note(by, now)
    }

    fn take_note(&mut self, by: &str, now: Timestamp) -> bool {
        let is_due = self.severity == Severity::Critical && self.acknowledged.is_none();
        if is_due {
            self.acknowledged = Some(Acknowledged { by: by.to_owned(), at: now });
        }
        is_due
    }

    /// Sets the status; nothing where it has that status by that person. Who takes a study on, or calls it done, knows
    /// of its alarm; who has only opened it need not.
    pub fn set_status(&mut self, status: Status, by: &str, now: Timestamp) -> Option<StatusChange> {
        let is_new = status == Status::New;
        if self.status == status && (is_new || self.status_by == by) {
            return None;
        }
        let before = self.status;
        self.status = status;
        self.status_by = if is_new { String::new() } else { by.to_owned() };
        self.status_at = (!is_new).then_some(now);
        let knows = matches!(status, Status::Claimed | Status::Done);
        Some(StatusChange { before, acknowledged: knows && self.take_note(by, now) })
    }

    /// Everything that people did with it and can take back.
    #[must_use]
    pub fn handling(&self) -> Handling {
        Handling {
            status: self.status,
            by: self.status_by.clone(),
            at: self.status_at,
            acknowledged: self.acknowledged.clone(),
        }
    }

    /// Returns whether that handling would silence an alarm that has begun to ring since.
    #[must_use]
    pub fn rings_since(&self, handling: &Handling) -> bool {
        self.is_alarm() && handling.acknowledged.is_some()
    }

    /// Gives the study back the handling that it had before somebody changed it; whether that changed anything. It does
    /// not where the study [rings since](Self::rings_since). Of two acknowledgements the later one stays.
    pub fn take_back(&mut self, handling: &Handling) -> bool {
        if self.rings_since(handling) || self.handling() == *handling {
            return false;
        }
        self.status = handling.status;
        self.status_by.clone_from(&handling.by);
        self.status_at = handling.at;
        if handling.acknowledged.is_none() {
            self.acknowledged = None;
        }
        true
    }

    /// Puts a study that was done back on the list as new, for another film of it came; who had called it done, if
    /// it was.
    pub fn reopen(&mut self) -> Option<String> {
        if self.status != Status::Done {
            return None;
        }
        self.status = Status::New;
        self.status_at = None;
        Some(std::mem::take(&mut self.status_by))
    }

    /// Takes over what its films' findings make of it. A film that brings another leading finding than the one that
    /// somebody took note of makes it ring again.
    pub fn take_assessment(&mut self, assessment: &StudyAssessment, cause: Cause, now: Timestamp) {
        if cause == Cause::Films && self.top != assessment.top {
            self.acknowledged = None;
        }
        self.assessed = assessment.severity;
        self.score = assessment.score;
        self.top.clone_from(&assessment.top);
        self.report(now);
    }

    /// Raises its floor from outside; whether it rose. Nothing ever lowers it.
    pub fn raise(&mut self, outside: OutsidePriority, now: Timestamp) -> bool {
        if outside.floor <= self.floor().unwrap_or(Severity::Held) {
            return false;
        }
        self.outside = Some(outside);
        self.report(now);
        true
    }

    /// The floor that puts it one band above its assessed severity and the floor that it has.
    #[must_use]
    pub fn floor_above(&self) -> Severity {
        self.outside.as_ref().map_or(self.assessed, |outside| outside.floor.max(self.assessed)).promoted()
    }

    /// Returns whether nobody has opened it within `limit` of its first film's arrival.
    #[must_use]
    pub fn is_overdue(&self, limit: Option<SignedDuration>, now: Timestamp) -> bool {
        let seen = self.status != Status::New;
        Waiting { since: self.first_arrival, seen, limit }.is_overdue(now)
    }

    /// Promotes it by one band, once, if it is overdue and there is a band above it; whether that happened.
    pub fn promote_if_overdue(&mut self, limit: SignedDuration, now: Timestamp) -> bool {
        let is_due = self.promoted_at.is_none()
            && self.is_overdue(Some(limit), now)
            && reported(self.assessed, self.floor(), true) > self.severity;
        if is_due {
            self.promoted_at = Some(now);
            self.report(now);
        }
        is_due
    }

    fn floor(&self) -> Option<Severity> {
        self.outside.as_ref().map(|outside| outside.floor)
    }

    /// Brings the reported severity up to date with what it depends on: what becomes critical anew rings anew, and what
    /// falls out of `critical` before anybody saw it says until when it was.
    fn report(&mut self, now: Timestamp) {
        let was_critical = self.severity == Severity::Critical;
        self.severity = reported(self.assessed, self.floor(), self.promoted_at.is_some());
        let is_critical = self.severity == Severity::Critical;
        if is_critical {
            self.was_critical_until = None;
        }
        if is_critical && !was_critical {
            self.acknowledged = None;
        }
        if was_critical && !is_critical && self.status == Status::New {
            self.was_critical_until = Some(now);
        }
    }
}

#[cfg(test)]
#[path = "alarm_tests.rs"]
mod tests;
