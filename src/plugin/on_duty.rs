//! The plugins and deliveries of a store: they run as long as this process has the duty to. The owner of a store has it
//! always; of the hosts that share a store, one at a time.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, after, bounded, select, unbounded};

use super::{Host, HostError, HostParts, Serves, SiteSettings, Waker};
use crate::{
    store::{Duty, DutyKind},
    supervise::{Loss, Supervisor, is_closed},
};

/// How often it is looked whether a duty has come or gone.
const LOOK: Duration = Duration::from_millis(500);
/// The time between two tries to begin what belongs to a duty.
const PAUSE: Duration = Duration::from_secs(2);
/// So many tries that fail, and the duty is left to others.
const TRIES: u32 = 5;
/// For how long: where nobody else takes it, it is tried again here.
const LEFT: Duration = Duration::from_secs(120);

/// The plugins and deliveries of this process. They stop when it is dropped.
pub enum Plugins {
    /// Of the owner of a store.
    Own(Box<Host>),
    /// Of one of several hosts that share a store.
    OnDuty(OnDuty),
}

/// A thread that starts what belongs to a duty when that comes, and ends it when that goes.
pub struct OnDuty {
    /// Its end tells the thread to stop.
    alive: Option<Sender<Infallible>>,
    waker: Waker,
    settings: Sender<SiteSettings>,
    settle: Sender<(Duration, Sender<bool>)>,
    ended: Receiver<Infallible>,
}

impl Plugins {
    /// Starts what this process has the duty to run, now and whenever that changes.
    ///
    /// # Errors
    /// As of [`Host::start`].
    pub fn start(parts: HostParts) -> Result<Self, HostError> {
        if parts.ownership.as_ref().is_some_and(|ownership| ownership.member().is_some()) {
            OnDuty::start(parts).map(Self::OnDuty)
        } else {
            Host::start(parts).map(|host| Self::Own(Box::new(host)))
        }
    }

    /// For whoever knows that something happened.
    #[must_use]
    pub fn waker(&self) -> Option<Waker> {
        match self {
            Self::Own(host) => host.waker(),
            Self::OnDuty(on_duty) => Some(on_duty.waker.clone()),
        }
    }

    /// For whoever knows that the configuration has changed.
    #[must_use]
    pub fn settings(&self) -> Option<Sender<SiteSettings>> {
        match self {
            Self::Own(host) => host.settings(),
            Self::OnDuty(on_duty) => Some(on_duty.settings.clone()),
        }
    }

    /// As [`Host::settle`]; at once where another process has the duty.
    #[must_use]
    pub fn settle(&self, timeout: Duration) -> bool {
        match self {
            Self::Own(host) => host.settle(timeout),
            Self::OnDuty(on_duty) => on_duty.settle(timeout),
        }
    }
}

impl OnDuty {
    fn start(parts: HostParts) -> Result<Self, HostError> {
        let (alive, stopped) = bounded(0);
        let (wake_in, wake) = bounded(1);
        let (settings_in, settings) = unbounded();
        let (settle_in, settle) = unbounded();
        let (ended_in, ended) = bounded(0);
        let supervisor = parts.supervisor.clone();
        let is_asked = {
            let stopped = stopped.clone();
            move || is_closed(&stopped)
        };
        let mut keeper = Keeper::new(parts);
        supervisor.spawn(
            "duties",
            Loss::Vital("neither plugins run nor results are sent"),
            is_asked,
            move || {
                let _until_the_thread_ends = &ended_in;
                keeper.run(&stopped, &wake, &settings, &settle);
            },
        )?;
        Ok(Self {
            alive: Some(alive),
            waker: Waker::of(wake_in),
            settings: settings_in,
            settle: settle_in,
            ended,
        })
    }

    fn settle(&self, timeout: Duration) -> bool {
        let (answer, answered) = bounded(1);
        self.settle.send((timeout, answer)).is_ok() && answered.recv_timeout(timeout * 2).unwrap_or(false)
    }
}

impl Drop for OnDuty {
    fn drop(&mut self) {
        self.alive.take();
        // Each of its hosts ends in bounded time.
        let _ = self.ended.recv_timeout(Duration::from_secs(6));
    }
}

/// The part that runs under one duty, while this process has that.
struct Part {
    serves: Serves,
    duty: Duty,
    /// The host, and the duty as this process had it when the host was started.
    running: Option<(Duty, Host)>,
    tries: Tries,
}

impl Part {
    fn host(&self) -> Option<&Host> {
        self.running.as_ref().map(|(_, host)| host)
    }

    /// Tells that it could not begin; after some tries the duty is left to others.
    fn has_failed(&mut self, error: &HostError, supervisor: &Supervisor) {
        let (word, why) = (self.duty.kind().word(), error.to_string());
        if self.tries.is_news(&why) {
            supervisor.tell(format!(
                "This host has the duty `{word}` and cannot begin it: {why}. It tries again, and then leaves the duty to \
                 other hosts for a while."
            ));
        }
        // A server that does not answer answers no other host.
        let is_everywhere = matches!(error, HostError::Store(error) if error.kind.may_pass());
        if self.tries.has_failed(Instant::now(), is_everywhere) {
            tracing::warn!(duty = word, "this process leaves the duty to others for a while");
            self.duty.leave_for(LEFT);
        }
    }
}

/// The tries to begin what belongs to a duty that have failed in a row.
#[derive(Debug, Default)]
struct Tries {
    failed: u32,
    last: Option<Instant>,
    /// The last failure that was told, so that it is told once.
    told: String,
}

impl Tries {
    fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) >= PAUSE)
    }

    /// Whether nobody has been told of a failure yet.
    fn is_news(&mut self, why: &str) -> bool {
        let is_news = self.told != why;
        why.clone_into(&mut self.told);
        is_news
    }

    /// Notes a failure; whether it is one too many. One that every host would have counts for nothing.
    fn has_failed(&mut self, now: Instant, is_everywhere: bool) -> bool {
        self.last = Some(now);
        self.failed += u32::from(!is_everywhere);
        let is_over = self.failed >= TRIES;
        if is_over {
            self.failed = 0;
        }
        is_over
    }
}

struct Keeper {
    parts: HostParts,
    running: Vec<Part>,
}

impl Keeper {
    fn new(parts: HostParts) -> Self {
        let duty = |kind| parts.ownership.as_ref().map(|ownership| ownership.duty(kind));
        let part =
            |(serves, kind)| Some(Part { serves, duty: duty(kind)?, running: None, tries: Tries::default() });
        let both = [(Serves::Plugins, DutyKind::Plugins), (Serves::Results, DutyKind::Sending)];
        let running = both.into_iter().filter_map(part).collect();
        Self { parts, running }
    }

    /// Works until everything is to stop. It may be called again after a panic.
    fn run(
        &mut self,
        stopped: &Receiver<Infallible>,
        wake: &Receiver<()>,
        settings: &Receiver<SiteSettings>,
        settle: &Receiver<(Duration, Sender<bool>)>,
    ) {
        loop {
            self.follow();
            select! {
                recv(stopped) -> _ => break,
                recv(wake) -> _ => {
                    let hosts = self.running.iter().filter_map(|part| part.host()?.waker());
                    hosts.for_each(|waker| waker.wake());
                }
                recv(settings) -> changed => if let Ok(changed) = changed { self.take(changed) },
                recv(settle) -> asked => if let Ok((timeout, answer)) = asked {
                    let hosts = self.running.iter().filter_map(Part::host);
                    let are_quiet = {
                        // Each is waited for, whatever the others say.
                        let quiet: Vec<bool> = hosts.map(|host| host.settle(timeout)).collect();
                        quiet.iter().all(|is_quiet| *is_quiet)
                    };
                    let _ = answer.send(are_quiet);
                },
                recv(after(LOOK)) -> _ => {}
            }
        }
        self.running.iter_mut().for_each(|part| part.running = None);
    }

    /// Starts what has come to this process, and ends what has gone from it, also where it has come again since: what began
    /// before knows nothing of what another process did meanwhile.
    fn follow(&mut self) {
        for part in &mut self.running {
            let word = part.duty.kind().word();
            if part.running.as_ref().is_some_and(|(duty, _)| !duty.is_held()) {
                tracing::warn!(duty = word, "this process has lost the duty");
                part.running = None;
            }
            let duty = part.duty.pinned();
            if part.running.is_some() || !duty.is_held() || duty.is_left() {
                continue;
            }
            if !part.tries.is_due(Instant::now()) {
                continue;
            }
            let parts = HostParts { serves: part.serves, duty: duty.clone(), ..self.parts.clone() };
            match Host::start(parts) {
                Ok(host) => {
                    tracing::info!(duty = word, "this process has the duty now");
                    part.running = Some((duty, host));
                    part.tries = Tries::default();
                }
                Err(error) => part.has_failed(&error, &self.parts.supervisor),
            }
        }
    }

    /// Takes over what the site allows and enables now, for what runs and for what will.
    fn take(&mut self, changed: SiteSettings) {
        for sender in self.running.iter().filter_map(|part| part.host()?.settings()) {
            let _ = sender.send(changed.clone());
        }
        let SiteSettings { plugins_folder, plugins, destinations } = changed;
        (self.parts.folder, self.parts.config, self.parts.destinations) =
            (plugins_folder, plugins, destinations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_begin_is_tried_in_peace_told_of_once_and_left_to_others_in_the_end() {
        let (mut tries, start) = (Tries::default(), Instant::now());
        assert!(tries.is_due(start));
        for number in 1..TRIES {
            let now = start + PAUSE * number;
            assert!(!tries.has_failed(now, false), "after {number}");
            assert!(!tries.is_due(now + PAUSE / 2) && tries.is_due(now + PAUSE));
            assert!(!tries.has_failed(now, true), "another host would not get on either");
        }
        assert!(tries.has_failed(start + PAUSE * TRIES, false));
        assert!(!tries.has_failed(start + LEFT, false), "when it has the duty again it tries as often");
        assert!(tries.is_news("no room") && !tries.is_news("no room") && tries.is_news("no thread"));
    }
}
