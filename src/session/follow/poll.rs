//! Reads by itself what may have changed: the store's studies, plugins, gauges, the feed alarm.

use std::time::{Duration, Instant};

use jiff::{Timestamp, Zoned};

use super::{Follower, Gone};
use crate::{
    health::{disagreement, hosts, owners_reasons},
    session::{
        hidden::HIDDEN,
        protocol::{Notice, NoticeLevel, Update},
    },
    store::{Ownership, PluginNotice, StoreError, StoreErrorKind, StudyId, StudyRow},
    text::long_time,
};

/// An owner says every two seconds that it goes on.
const SILENCE: Duration = Duration::from_secs(6);
/// Studies in one update, so that the first screen of a large store comes at once.
const PAGE: u32 = 1_000;
/// How often, in seconds, the feed alarm and the owner are checked.
const ALARM_EVERY: i64 = 10;

impl Follower {
    /// Reads the store if another connection has written since the last time; else only what is not in it. An idle
    /// dashboard costs one question twice a second.
    pub(super) fn poll(&mut self) -> Result<(), Gone> {
        match self.store.version() {
            Ok(version) if self.version == Some(version) => {
                self.answered = Timestamp::now();
                self.send_watched()?;
                self.send_panels()?;
                self.send_health()
            }
            Ok(version) => {
                (self.version, self.answered) = (Some(version), Timestamp::now());
                self.send_changes()
            }
            Err(error) => {
                self.fault(&error)?;
                self.send_age()
            }
        }
    }

    /// Says of when the list is that is shown, while its store does not answer.
    fn send_age(&mut self) -> Result<(), Gone> {
        let age = Timestamp::now().duration_since(self.answered).as_secs().max(0);
        let fault = Some(format!("The store does not answer: the list is as it was {} ago.", long_time(age)));
        if self.health.fault != fault {
            self.health.fault = fault;
            self.shown = Some(self.health.clone());
            self.tell(Update::Health(self.health.clone()))?;
        }
        Ok(())
    }

    /// Sends the changes since the last time, page by page.
    pub(super) fn send_changes(&mut self) -> Result<(), Gone> {
        self.look_whether_another()?;
        let (mut watched_changed, mut moved, mut pages) = (false, false, 0_usize);
        loop {
            match self.changed_studies() {
                Ok(page) if page.is_empty() => break,
                Ok(page) => {
                    moved = true;
                    pages += 1;
                    watched_changed |= page.iter().any(|row| Some(row.id) == self.watched);
                    self.tell(Update::Studies(page))?;
                }
                Err(error) => {
                    self.fault(&error)?;
                    break;
                }
            }
        }
        self.is_stale |= watched_changed;
        self.send_watched()?;
        if moved {
            self.alarm_checked_at = None;
        }
        // A whole store went through the memory of this connection, and will not again.
        if pages > 2
            && let Err(error) = self.store.free_memory()
        {
            self.fault(&error)?;
        }
        self.send_plugins()?;
        self.count_queue()?;
        self.tell_unreadable()?;
        self.send_panels()?;
        self.send_health()
    }

    /// Counts again, some seconds after a change, what is shown beside the list; when nothing moves any more, too.
    fn send_panels(&mut self) -> Result<(), Gone> {
        let updates = self.panels.refresh(&self.store, Timestamp::now());
        self.tell_all(updates)
    }

    fn changed_studies(&mut self) -> Result<Vec<StudyRow>, StoreError> {
        if self.store.revision()? == self.revision {
            return Ok(Vec::new());
        }
        let page = self.store.studies_page(self.revision, PAGE)?;
        if let Some(newest) = page.last() {
            self.revision = newest.revision;
        }
        Ok(page)
    }

    /// Sends the study on the screen again once it has changed: one of thousands of films, to which each comes, at most
    /// a tenth of the time.
    fn send_watched(&mut self) -> Result<(), Gone> {
        let (at, took) = self.sent;
        match self.watched {
            Some(study) if self.is_stale && at.elapsed() >= took * 10 => self.send_detail(study),
            _ => Ok(()),
        }
    }

    pub(super) fn send_detail(&mut self, study: StudyId) -> Result<(), Gone> {
        let started = Instant::now();
        let sent = match self.store.detail(study) {
            Ok(Some(detail)) => self.tell(Update::Detail(Box::new(detail))),
            Ok(None) => Ok(()),
            Err(error) => self.fault(&error),
        };
        self.is_stale = false;
        self.sent = (Instant::now(), started.elapsed());
        sent
    }

    /// Tells of rows that could not be read, once of each.
    fn tell_unreadable(&mut self) -> Result<(), Gone> {
        for text in self.store.unreadable(self.unreadable) {
            self.unreadable += 1;
            self.tell(Update::Notice(Notice { level: NoticeLevel::Error, text }))?;
        }
        Ok(())
    }

    /// Sends the notices of plugins, and their state where that changed.
    fn send_plugins(&mut self) -> Result<(), Gone> {
        let read = |follower: &Self| -> Result<_, StoreError> {
            let since = match follower.notice {
                Some(notice) => notice,
                // Notices from before somebody sat down here are past.
                None => follower.store.last_notice()?,
            };
            Ok((since, follower.store.notices_since(since)?, follower.store.plugins()?))
        };
        let (since, notices, plugins) = match read(self) {
            Ok(found) => found,
            Err(error) => return self.fault(&error),
        };
        self.notice = Some(notices.last().map_or(since, |notice| notice.id));
        for PluginNotice { plugin, text, .. } in notices {
            let text = if self.actor.sees_names() { text } else { HIDDEN.to_owned() };
            self.tell(Update::Notice(Notice {
                level: NoticeLevel::Warning,
                text: format!("{plugin}: {text}"),
            }))?;
        }
        if self.plugins != plugins {
            self.plugins.clone_from(&plugins);
            self.tell(Update::Plugins(plugins))?;
        }
        Ok(())
    }

    /// Reads who works for a store that several hosts share, unless a newer version of the program has taken it over.
    fn read_hosts(&mut self) -> Result<(), StoreError> {
        self.store.refuse_newer_version()?;
        let (facts, own) = hosts(&self.store)?;
        let works = facts.workers.iter().any(|worker| worker.alive);
        let nobody = || "No worker is at work on this store: new films are not scored.".to_owned();
        self.unowned = (!works)
            .then(nobody)
            .or_else(|| disagreement(&facts.workers))
            .or_else(|| facts.faults_of_clocks().into_iter().next());
        let own = own.unwrap_or_default();
        self.health.reasons = own.reasons;
        if self.gauges.is_none() {
            (self.health.device, self.health.films_per_second) = (own.device, facts.films_per_second());
        }
        self.health.hosts = facts;
        Ok(())
    }

    /// The sentence for a list that nobody feeds any more: without it, that would seem a quiet shift.
    fn nobody_feeds(&self) -> Option<String> {
        Ownership::is_free(self.store.place()).then(|| {
            "No pipeline runs on this store any more: new films are not scored. Quit and start again."
                .to_owned()
        })
    }

    /// The sentence for an owner that was stopped, or whose disk hangs: it keeps the store and scores nothing.
    fn owner_is_silent(&mut self) -> Option<String> {
        let silence = self.heartbeat.silence();
        (silence >= SILENCE).then(|| {
            let holder = Ownership::holder(self.store.place()).map(|pid| format!(" (process {pid})"));
            format!(
                "The owner of this store{} has not been heard of for {} s: it is stopped, or its disk hangs. New films are \
                 not scored.",
                holder.unwrap_or_default(),
                silence.as_secs()
            )
        })
    }

    fn count_queue(&mut self) -> Result<(), Gone> {
        match self.store.queued_count() {
            Ok(queued) => self.health.queued = queued,
            Err(error) => self.fault(&error)?,
        }
        Ok(())
    }

    fn send_health(&mut self) -> Result<(), Gone> {
        let now = Timestamp::now();
        if let Some(gauges) = &self.gauges {
            self.health.working_on = gauges.working_on();
            self.health.fault = gauges.inbox_fault();
            self.health.films_per_second = gauges.films_per_second();
        }
        // The clock may have been set back.
        let due =
            self.alarm_checked_at.is_none_or(|at| now.duration_since(at).as_secs().abs() >= ALARM_EVERY);
        if due {
            self.alarm_checked_at = Some(now);
            if self.store.is_shared() {
                match self.read_hosts() {
                    Err(error) if error.kind == StoreErrorKind::NewerVersion => {
                        self.tell(Update::Ended(error.to_string()))?;
                    }
                    Err(error) => self.fault(&error)?,
                    Ok(()) => {}
                }
            } else {
                if self.gauges.is_none() {
                    self.unowned = self.nobody_feeds();
                }
                self.health.reasons = owners_reasons(self.store.place());
            }
            if let Ok(last) = self.store.last_arrival() {
                self.health.last_arrival = last;
            }
            // The clock may have been ahead when it started.
            self.started = self.started.min(now);
            let last = self.health.last_arrival.unwrap_or(self.started).max(self.started);
            self.health.feed_alarm = self.feed_alarm.silence(last, &Zoned::now()).map(in_words);
        }
        if self.store.is_shared() {
            let inbox_fault = self.gauges.as_ref().and_then(|gauges| gauges.inbox_fault());
            self.health.fault = inbox_fault.or(self.unowned.clone());
        } else if self.gauges.is_none() {
            let silent = self.owner_is_silent();
            self.health.fault = self.unowned.clone().or(silent);
        }
        if self.shown.as_ref() != Some(&self.health) {
            self.shown = Some(self.health.clone());
            self.tell(Update::Health(self.health.clone()))?;
        }
        Ok(())
    }
}

/// "no film for 42 minutes, in working hours".
fn in_words(silence: jiff::SignedDuration) -> String {
    let minutes = silence.as_mins();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("no film for {minutes} min in working hours: is the feed up?"),
        (hours, minutes) => format!("no film for {hours} h {minutes} min in working hours: is the feed up?"),
    }
}
