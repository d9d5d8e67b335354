//! Reads the changes of a store for a dashboard, and answers its requests.

mod anew;
mod deny;
mod poll;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, after, select};
use jiff::Timestamp;

use super::{
    External,
    actor::Actor,
    hidden::without_names,
    panels::Panels,
    protocol::{BenchRequest, Health, Notice, NoticeLevel, PictureRequest, Request, Update},
};
use crate::{
    config::FeedAlarm,
    pipeline::Gauges,
    store::{FilmId, Heartbeat, PluginRecord, Requested, Store, StoreError, StudyId},
    supervise::checkpoint,
    wake::Wake,
};

/// How often a store is asked whether another process changed it, and the gauges are read.
const POLL: Duration = Duration::from_millis(500);
/// How often beside the pipeline itself, which tells of its changes.
const POLL_OF_OWNER: Duration = Duration::from_secs(1);
/// How often on a server, which tells of changes as a hint.
const POLL_OF_SERVER: Duration = Duration::from_secs(2);

/// The channels to the threads around a follower.
pub(super) struct Channels {
    pub(super) updates: Sender<Update>,
    pub(super) pictures: Sender<PictureRequest>,
    pub(super) workbench: Sender<BenchRequest>,
    /// Gets a message when another process has changed the list.
    pub(super) hints: Receiver<()>,
    pub(super) _wake: Option<Wake>,
    /// Gets a message when a person who has logged in has another role.
    pub(super) roles: Receiver<()>,
    /// Its end tells the thread that reads the list of people that the session has gone.
    pub(super) _alive: Sender<()>,
    pub(super) similar: Sender<FilmId>,
}

/// Follows a store for a dashboard.
pub(super) struct Follower {
    store: Store,
    /// Of the process that owns the pipeline, where that is another one.
    heartbeat: Heartbeat,
    /// Why nobody feeds it, as of the last check.
    unowned: Option<String>,
    gauges: Option<Arc<Gauges>>,
    feed_alarm: FeedAlarm,
    actor: Actor,
    channels: Channels,
    /// The newest change that the dashboard knows.
    revision: i64,
    /// The store's version when it was read last; none where that failed.
    version: Option<i64>,
    /// Which of the servers that have held the store it was read from, where that can be told; and whether it has failed
    /// since that was asked.
    lineage: Option<String>,
    was_away: bool,
    /// When it last answered.
    answered: Timestamp,
    /// The study whose detail is on the screen.
    watched: Option<StudyId>,
    /// When it was last sent, and how long that took; and whether it has changed since.
    sent: (Instant, Duration),
    is_stale: bool,
    /// How many sentences about rows of the store that were told.
    unreadable: usize,
    /// The health that the dashboard knows.
    shown: Option<Health>,
    health: Health,
    alarm_checked_at: Option<Timestamp>,
    started: Timestamp,
    /// The last failure of the store that was told, so that it is told once.
    told: String,
    /// The panels beside the list that are open.
    panels: Panels,
    /// The plugins that the dashboard knows.
    plugins: Vec<PluginRecord>,
    /// The last notice of a plugin that was told; none before the first reading.
    notice: Option<i64>,
}

/// The dashboard has gone.
struct Gone;

impl Follower {
    pub(super) fn new(
        store: Store,
        gauges: Option<Arc<Gauges>>,
        feed_alarm: FeedAlarm,
        actor: Actor,
        health: Health,
        channels: Channels,
    ) -> Self {
        Self {
            heartbeat: Heartbeat::of(store.place()),
            unowned: None,
            store,
            gauges,
            feed_alarm,
            actor,
            channels,
            revision: i64::MIN,
            version: None,
            lineage: None,
            was_away: true,
            answered: Timestamp::now(),
            watched: None,
            sent: (Instant::now(), Duration::ZERO),
            is_stale: false,
            unreadable: 0,
            shown: None,
            health,
            alarm_checked_at: None,
            started: Timestamp::now(),
            told: String::new(),
            panels: Panels::default(),
            plugins: Vec::new(),
            notice: None,
        }
    }

    /// Works until the dashboard has gone. It may be called again after a panic.
    pub(super) fn run(&mut self, requests: &Receiver<Request>, external: &Receiver<External>) {
        let mut external = external.clone();
        let mut roles = self.channels.roles.clone();
        let mut hints = self.channels.hints.clone();
        let poll = match (self.store.is_shared(), &self.gauges) {
            (true, _) => POLL_OF_SERVER,
            (false, Some(_)) => POLL_OF_OWNER,
            (false, None) => POLL,
        };
        let _ = self.send_changes().and_then(|()| {
            loop {
                checkpoint("follow");
                select! {
                    recv(requests) -> request => match request {
                        Ok(request) => self.answer(request)?,
                        Err(_) => return Err::<(), Gone>(Gone),
                    },
                    recv(external) -> message => match message {
                        Ok(message) => self.pass_on(message)?,
                        Err(_) => external = crossbeam_channel::never(),
                    },
                    recv(roles) -> role => match role {
                        Ok(()) => self.change_role()?,
                        Err(_) => roles = crossbeam_channel::never(),
                    },
                    recv(hints) -> hint => match hint {
                        Ok(()) => self.poll()?,
                        Err(_) => hints = crossbeam_channel::never(),
                    },
                    recv(after(poll)) -> _ => self.poll()?,
                }
            }
        });
    }

    fn tell(&self, update: Update) -> Result<(), Gone> {
        let update = if self.actor.sees_names() { update } else { without_names(update) };
        self.channels.updates.send(update).map_err(|_| Gone)
    }

    fn fault(&mut self, error: &StoreError) -> Result<(), Gone> {
        (self.version, self.was_away) = (None, true);
        let text = error.to_string();
        if self.told == text {
            return Ok(());
        }
        tracing::error!(%error, "the store failed");
        self.told.clone_from(&text);
        self.tell(Update::Notice(Notice { level: NoticeLevel::Error, text }))
    }

    fn answer(&mut self, request: Request) -> Result<(), Gone> {
        if let Some(lacking) = self.actor.lacks(&request) {
            return self.deny(&request, lacking);
        }
        match request {
            Request::Detail(study) => {
                self.watched = Some(study);
                self.send_detail(study)
            }
            Request::Priors(study) => match self.store.priors(study) {
                Ok(priors) => self.tell(Update::Priors(study, priors)),
                Err(error) => self.fault(&error),
            },
            Request::Spread { model, model_sha256 } => {
                let update = self.panels.compare(&self.store, model, model_sha256);
                self.tell_all(update.map(|update| vec![update]))
            }
            Request::Shift(watch) => {
                let update = self.panels.watch(&self.store, watch, Timestamp::now());
                self.tell_all(update.map(|update| update.into_iter().collect()))
            }
            Request::Sendings(is_watched) => {
                let update = self.panels.watch_sendings(&self.store, is_watched);
                self.tell_all(update.map(|update| update.into_iter().collect()))
            }
            Request::Send(study, destination) => {
                let actor = self.actor.name();
                match self.store.ask_to_send(study, &destination, &actor, Timestamp::now()) {
                    Ok(false) => {
                        let text =
                            "nothing can be sent: the patient's data were removed from the store".to_owned();
                        self.tell(Update::Notice(Notice { level: NoticeLevel::Warning, text }))
                    }
                    done => self.send_changes_of(done.map(|_| ())),
                }
            }
            Request::Senders(is_open) => {
                let update = self.panels.watch_senders(&self.store, is_open);
                self.tell_all(update.map(|update| update.into_iter().collect()))
            }
            Request::Score(film) => {
                match self.store.request_score(film, &self.actor.name(), Timestamp::now()) {
                    Ok(Requested::Queued(_)) => self.send_changes(),
                    Ok(Requested::Refused(text)) => {
                        self.tell(Update::Notice(Notice { level: NoticeLevel::Warning, text }))
                    }
                    Err(error) => self.fault(&error),
                }
            }
            Request::Picture(request) => self.channels.pictures.send(request).map_err(|_| Gone),
            Request::Bench(request) => self.channels.workbench.send(request).map_err(|_| Gone),
            Request::Similar(film) => self.channels.similar.send(film).map_err(|_| Gone),
            Request::Status(study, status) => {
                let actor = self.actor.name();
                let done = self.store.set_status(study, status, &actor, Timestamp::now());
                self.send_changes_of(done)
            }
            Request::Acknowledge(study) => {
                let actor = self.actor.name();
                let done = self.store.acknowledge(study, &actor, Timestamp::now());
                self.send_changes_of(done)
            }
            Request::TakeBack(study, handling) => {
                let actor = self.actor.name();
                let done = self.store.take_back(study, &handling, &actor, Timestamp::now());
                self.send_changes_of(done)
            }
            Request::Note(study, text) => {
                let actor = self.actor.name();
                let done = self.store.add_note(study, &text, &actor, Timestamp::now());
                self.send_changes_of(done)
            }
            Request::Plugin(request) => {
                match self.store.request_plugin(&request, &self.actor.name(), Timestamp::now()) {
                    Ok(()) => Ok(()),
                    Err(error) => self.fault(&error),
                }
            }
            Request::Who(name) => {
                self.actor.set(name);
                Ok(())
            }
        }
    }

    fn tell_all(&mut self, updates: Result<Vec<Update>, StoreError>) -> Result<(), Gone> {
        match updates {
            Ok(updates) => updates.into_iter().try_for_each(|update| self.tell(update)),
            Err(error) => self.fault(&error),
        }
    }

    /// Sends what a change made of the list, or why it could not be made.
    fn send_changes_of<T>(&mut self, done: Result<T, StoreError>) -> Result<(), Gone> {
        match done {
            Ok(_) => self.send_changes(),
            Err(error) => self.fault(&error),
        }
    }

    fn pass_on(&mut self, message: External) -> Result<(), Gone> {
        match message {
            External::StoreChanged => self.send_changes(),
            External::Notice(notice) => self.tell(Update::Notice(notice)),
            External::Ended(why) => self.tell(Update::Ended(why)),
            External::Config(feed_alarm) => {
                self.feed_alarm = feed_alarm;
                self.alarm_checked_at = None;
                self.channels.workbench.send(BenchRequest::Reread).map_err(|_| Gone)?;
                self.send_changes()
            }
        }
    }
}
