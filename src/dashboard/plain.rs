//! The dashboard as lines of text, for a screen reader, a Braille line or a log: a line an event, lists
//! on request, nothing that moves a cursor. It takes the same updates and sends the same requests as the
//! screen; like that, it is pure.

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    panels::shift,
    site::{Reconfigure, Site},
    words,
    worklist::Worklist,
};
use crate::{
    session::protocol::{Health, NoticeLevel, Period, Request, Role, ShiftWatch, Update},
    store::{FilmState, Status, StudyDetail, StudyId, StudyRow},
    study::{Severity, in_order},
};

/// The studies of `list` where no number is given.
const LISTED: usize = 10;

const HELP: &str = "list [N]: the first N studies, the sickest first. show ID: a study's findings. \
                    seen ID, claim ID, done ID, new ID: set its status. ack ID: take note of a critical one. \
                    note ID TEXT: write a note. shift: arrivals, longest waits, times to seen. \
                    state: inbox, queue and engine. quit.";

/// The list, and what was said of it.
#[derive(Debug)]
pub struct Plain {
    zone: TimeZone,
    worklist: Worklist,
    health: Option<Health>,
    /// The words that were last said of each study, so that nothing is said twice.
    said: HashMap<StudyId, String>,
    /// The labels that come first among findings.
    order: Vec<String>,
    /// The last doubt about the thresholds that was said.
    doubt: Option<String>,
    /// Whether somebody wants to know how the shift goes.
    wants_shift: bool,
    /// The study whose findings are wanted.
    wanted: Option<StudyId>,
}

/// The outcome of a command.
#[derive(Debug, Default, PartialEq)]
pub struct Reply {
    /// Lines to say.
    pub lines: Vec<String>,
    /// Requests to be sent.
    pub requests: Vec<Request>,
    /// Whether the person leaves.
    pub quits: bool,
}

impl Reply {
    fn line(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], ..Self::default() }
    }

    fn request(request: Request) -> Self {
        Self { requests: vec![request], ..Self::default() }
    }
}

impl Plain {
    /// An empty list that tells times in that zone.
    #[must_use]
    pub fn new(zone: TimeZone, site: &Site) -> Self {
        Self {
            zone,
            worklist: Worklist::default(),
            health: None,
            said: HashMap::new(),
            order: site.findings_order.clone(),
            doubt: site.doubt.clone(),
            wants_shift: false,
            wanted: None,
        }
    }

    /// Takes a change in; returns what is to be said.
    pub fn take(&mut self, update: Update, now: Timestamp) -> Vec<String> {
        match update {
            Update::Studies(rows) => self.studies(rows, now),
            Update::Anew(there) => {
                self.worklist.begin_anew(&there);
                self.said.retain(|study, _| there.contains(study));
                Vec::new()
            }
            Update::Health(health) => self.health(health, now),
            Update::Notice(notice) => {
                let word = match notice.level {
                    NoticeLevel::Info => "note",
                    NoticeLevel::Warning => "warning",
                    NoticeLevel::Error => "error",
                };
                vec![format!("{} {word}: {}", self.clock(now), notice.text)]
            }
            Update::Shift(period, shift) if std::mem::take(&mut self.wants_shift) => {
                let mut lines = shift::words::in_words(&shift, period, now);
                lines.extend(self.health.iter().flat_map(shift::words::work_in_words));
                lines
            }
            Update::Detail(detail) if self.wanted == Some(detail.study.id) => {
                self.wanted = None;
                self.detail(&detail, now)
            }
            _ => Vec::new(),
        }
    }

    /// Takes a changed setting in, and returns what is to be said; a theme means nothing here.
    pub fn set(&mut self, change: Reconfigure, now: Timestamp) -> Option<String> {
        let Reconfigure::Site(site) = change else { return None };
        self.order = site.findings_order;
        let is_new = self.doubt != site.doubt;
        self.doubt = site.doubt;
        let doubt = self.doubt.as_ref().filter(|_| is_new)?;
        Some(format!("{} warning: {doubt}", self.clock(now)))
    }

    fn clock(&self, now: Timestamp) -> String {
        words::clock(now, now, &self.zone)
    }

    fn studies(&mut self, rows: Vec<StudyRow>, now: Timestamp) -> Vec<String> {
        let ids: Vec<StudyId> = rows.iter().map(|row| row.id).collect();
        self.worklist.apply(rows);
        let mut lines = Vec::new();
        for id in ids {
            let Some(row) = self.worklist.get(id) else { continue };
            let what = self.what(&row.study());
            if self.said.insert(id, what.clone()).as_deref() == Some(what.as_str()) {
                continue;
            }
            // What was there at the start is told as a whole, not one by one.
            if self.health.is_some() {
                lines.push(format!("{} {what}", self.clock(now)));
            }
        }
        lines
    }

    /// Band first: it is what matters.
    fn what(&self, row: &StudyRow) -> String {
        let place = match self.worklist.index_of(row.id) {
            Some(index) if row.severity != Severity::Held => format!(", place {}", index + 1),
            _ => String::new(),
        };
        let finding = match (&row.top, row.score) {
            (Some(top), Some(score)) => format!(", {top} {score:.2}"),
            _ if !row.held_reason.is_empty() => format!(", {}", row.held_reason),
            _ => String::new(),
        };
        let outside = row.outside.as_ref().map(|by| format!(", {}", by.source)).unwrap_or_default();
        let status = match row.status {
            Status::New => String::new(),
            status => format!(", {} by {}", status.word(), row.status_by),
        };
        let subject = words::subject(row);
        let alarm = if row.is_alarm() { ", to acknowledge" } else { "" };
        format!(
            "{}{alarm}: {subject}{finding}{outside}{status}{place}, study {}",
            row.severity.word(),
            row.id
        )
    }

    fn health(&mut self, health: Health, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        let before = self.health.as_ref();
        if before.is_none() {
            let model = if health.banner.is_empty() { String::new() } else { format!(": {}", health.banner) };
            let work = match health.role {
                Role::Owner => format!("watching {}", health.inbox),
                Role::Follower => words::FOLLOWS.to_owned(),
            };
            lines.push(format!("{work}. Model {}{model}", health.model));
            lines.push(self.summary());
            lines.push(HELP.to_owned());
        }
        for (word, old, new) in [
            ("fault", before.and_then(|old| old.fault.as_ref()), &health.fault),
            ("alarm", before.and_then(|old| old.feed_alarm.as_ref()), &health.feed_alarm),
        ] {
            match new {
                Some(text) if !old.is_some_and(|old| is_the_same(old, text)) => {
                    lines.push(format!("{} {word}: {text}", self.clock(now)));
                }
                None if old.is_some() => lines.push(format!("{} {word} is over", self.clock(now))),
                _ => {}
            }
        }
        self.health = Some(health);
        lines
    }

    fn summary(&self) -> String {
        let bands = Severity::ALL.into_iter().rev();
        let counts = bands.map(|band| format!("{} {}", self.worklist.count(band), band.word()));
        format!("{} studies: {}", self.worklist.len(), counts.collect::<Vec<_>>().join(", "))
    }

    fn detail(&self, detail: &StudyDetail, now: Timestamp) -> Vec<String> {
        let row = &detail.study;
        let wait = words::waiting(now, row.first_arrival);
        let mut lines = vec![format!("{}, waits {wait}", self.what(row))];
        for (number, film) in (1..).zip(&detail.films) {
            match &film.state {
                FilmState::Held(held) => lines.push(format!("film {number}: held, {}", held.reason)),
                FilmState::Scored { findings, model, .. } => {
                    lines.push(format!("film {number}, by the model {model}:"));
                    for finding in in_order(findings, &self.order) {
                        let weak = match (finding.validated, finding.rank) {
                            (false, _) => ", not validated",
                            (true, false) => ", does not rank",
                            (true, true) => "",
                        };
                        lines.push(format!(
                            "  {}: score {:.2}, probability {:.1} percent, {}{weak}",
                            finding.label,
                            finding.score,
                            finding.probability * 100.0,
                            finding.severity.word()
                        ));
                    }
                }
            }
            lines.extend(
                detail.warnings(film, true).into_iter().map(|warning| format!("  warning: {warning}")),
            );
        }
        lines
    }

    /// Does what a typed line says.
    pub fn command(&mut self, line: &str, now: Timestamp) -> Reply {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or("");
        let argument = words.next();
        let number = argument.and_then(|argument| argument.parse::<i64>().ok());
        match (word, argument, number) {
            ("", ..) => Reply::default(),
            ("help" | "?", ..) => Reply::line(HELP),
            ("quit" | "q", ..) => Reply { quits: true, ..Reply::default() },
            ("state", ..) => Reply { lines: self.state(), ..Reply::default() },
            ("shift", ..) => {
                self.wants_shift = true;
                let watch = ShiftWatch { period: Period::Today, zone: self.zone.clone() };
                // Once is enough.
                let requests = vec![Request::Shift(Some(watch)), Request::Shift(None)];
                Reply { requests, ..Reply::default() }
            }
            ("list", None, _) => self.list(LISTED, now),
            ("list", Some(_), Some(count)) => self.list(usize::try_from(count).unwrap_or(0), now),
            ("show", _, Some(id)) => self.known(id, |plain| {
                plain.wanted = Some(id);
                Request::Detail(id)
            }),
            ("seen", _, Some(id)) => self.known(id, |_| Request::Status(id, Status::Seen)),
            ("claim", _, Some(id)) => self.known(id, |_| Request::Status(id, Status::Claimed)),
            ("ack", _, Some(id)) => self.known(id, |_| Request::Acknowledge(id)),
            ("note", _, Some(id)) => {
                let text = words.collect::<Vec<_>>().join(" ");
                if text.is_empty() {
                    return Reply::line("note needs a text, such as: note 3 asked for a lateral");
                }
                self.known(id, |_| Request::Note(id, text))
            }
            ("done", _, Some(id)) => self.known(id, |_| Request::Status(id, Status::Done)),
            ("new", _, Some(id)) => self.known(id, |_| Request::Status(id, Status::New)),
            ("list" | "show" | "seen" | "claim" | "ack" | "note" | "done" | "new", ..) => {
                Reply::line(format!("{word} needs a number, such as: {word} 3"))
            }
            _ => Reply::line(format!("there is no command {}. {HELP}", crate::text::clean(word))),
        }
    }

    fn known(&mut self, id: StudyId, request: impl FnOnce(&mut Self) -> Request) -> Reply {
        if self.worklist.get(id).is_none() {
            return Reply::line(format!("there is no study {id}"));
        }
        Reply::request(request(self))
    }

    fn list(&self, count: usize, now: Timestamp) -> Reply {
        let mut lines = vec![self.summary()];
        let line =
            |row: &StudyRow| format!("{}, waits {}", self.what(row), words::waiting(now, row.first_arrival));
        lines.extend(self.worklist.rows().iter().take(count).map(|row| line(&row.study())));
        Reply { lines, ..Reply::default() }
    }

    fn state(&self) -> Vec<String> {
        let Some(health) = &self.health else { return vec!["starting".to_owned()] };
        let work = health.working_on.as_ref().map_or("idle".to_owned(), |file| format!("working on {file}"));
        let queued = health.queued;
        let mut lines = vec![match health.role {
            Role::Owner => {
                format!("watching {}, {queued} waiting, {work}, on {}", health.inbox, health.device)
            }
            Role::Follower => format!("{}; {queued} waiting, {work}", words::FOLLOWS),
        }];
        lines.extend([&health.fault, &health.feed_alarm].into_iter().flatten().cloned());
        lines.push(self.summary());
        lines
    }
}

/// Returns whether two texts say the same but for their numbers: a fault that lasts is told once, not every second.
fn is_the_same(one: &str, other: &str) -> bool {
    let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    words(one) == words(other)
}
