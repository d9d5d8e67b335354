//! The plugins and deliveries of a store: they run as long as this process has the duty to. The owner of a store has it
//! always; of the hosts that share a store, one at a time.

use std::{convert::Infallible, time::Duration};

use crossbeam_channel::{Receiver, Sender, after, bounded, select, unbounded};

use super::{Host, HostError, HostParts, Serves, SiteSettings, Waker};
use crate::{
    store::{Duty, DutyKind},
    supervise::{Loss, is_closed},
};

/// How often it is looked whether a duty has come or gone.
const LOOK: Duration = Duration::from_millis(500);

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

/// What runs under one duty, while this process has that.
struct Part {
    serves: Serves,
    duty: Duty,
    /// The host, and the duty as this process had it when the host was started.
    running: Option<(Duty, Host)>,
}

impl Part {
    fn host(&self) -> Option<&Host> {
        self.running.as_ref().map(|(_, host)| host)
    }
}

struct Keeper {
    parts: HostParts,
    running: Vec<Part>,
    /// The last failure to start that was told, so that it is told once.
    told: String,
}

impl Keeper {
    fn new(parts: HostParts) -> Self {
        let duty = |kind| parts.ownership.as_ref().map(|ownership| ownership.duty(kind));
        let part = |(serves, kind)| Some(Part { serves, duty: duty(kind)?, running: None });
        let both = [(Serves::Plugins, DutyKind::Plugins), (Serves::Results, DutyKind::Sending)];
        let running = both.into_iter().filter_map(part).collect();
        Self { parts, running, told: String::new() }
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
            if part.running.is_some() || !duty.is_held() {
                continue;
            }
            let parts = HostParts { serves: part.serves, duty: duty.clone(), ..self.parts.clone() };
            match Host::start(parts) {
                Ok(host) => {
                    tracing::info!(duty = word, "this process has the duty now");
                    part.running = Some((duty, host));
                }
                Err(error) if self.told != error.to_string() => {
                    tracing::error!(%error, duty = word, "a duty cannot be taken up");
                    self.told = error.to_string();
                }
                Err(_) => {}
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
