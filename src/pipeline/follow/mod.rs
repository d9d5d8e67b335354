//! Between the store and a dashboard: reads what changed and answers what is asked, on threads of its
//! own. It works alike for the process that owns the pipeline and for one that only follows.

mod look;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, after, bounded, select, unbounded};
use jiff::Timestamp;

use super::{
    Gauges,
    panels::Panels,
    pictures,
    workbench::{Thresholds, Worker},
};
use crate::{
    config,
    dashboard::{BenchRequest, Health, Notice, NoticeLevel, PictureRequest, Request, Site, Theme, Update},
    lock::lock,
    store::{Heartbeat, PluginRecord, Requested, Store, StoreError, StudyId},
    supervise::{Supervisor, checkpoint},
};

/// How often a store is asked whether another process changed it, and the gauges are read.
const GLANCE: Duration = Duration::from_millis(500);
/// The same beside the pipeline itself, which tells of what it changes.
const GLANCE_OF_OWNER: Duration = Duration::from_secs(1);
/// Studies in one update, so that the first screen of a large store comes at once.
const PAGE: u32 = 1_000;
/// How often, in seconds, the feed alarm and the owner are looked at.
const ALARM_EVERY: i64 = 10;

/// What a dashboard's feed is made of.
pub struct Following {
    /// The store, opened by this process.
    pub store: Store,
    /// A second connection, for the pictures.
    pub pictures: Store,
    /// What never changes while the program runs, and what changes is filled in here.
    pub health: Health,
    /// The line's own gauges, where this process owns it.
    pub gauges: Option<Arc<Gauges>>,
    /// When a silent inbox is a fault.
    pub feed_alarm: config::FeedAlarm,
    /// What of the configuration the screen needs.
    pub site: Site,
    /// Who sits at the keys.
    pub actor: String,
    /// Where the site keeps its thresholds; none: they can be neither seen nor changed.
    pub thresholds: Option<Box<dyn Thresholds>>,
    /// Changes from outside, to be passed on: notices, new settings.
    pub outside: Receiver<Outside>,
    /// Starts the threads.
    pub supervisor: Supervisor,
}

/// Something that the store cannot tell.
#[derive(Debug, Clone)]
pub enum Outside {
    /// The store changed just now: look at once.
    Look,
    /// A line for the person.
    Notice(Notice),
    /// Another theme for the screen.
    Theme(Box<Theme>),
    /// A thread has ended for good: why, a sentence.
    Ended(String),
    /// A changed configuration.
    Config(Site, config::FeedAlarm),
}

/// Starts to serve a dashboard. The threads end when it has gone.
///
/// # Errors
/// If the operating system gives no thread.
pub fn follow(
    following: Following,
    requests: Receiver<Request>,
    updates: Sender<Update>,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    let Following {
        store,
        pictures: picture_store,
        health,
        gauges,
        feed_alarm,
        site,
        actor,
        thresholds,
        outside,
        supervisor,
    } = following;
    let actor = Actor::new(actor);
    let (pictures_in, picture_requests) = unbounded();
    let mut pictures = pictures::Pictures::new(picture_store, actor.clone(), updates.clone());
    // They return when the dashboard has gone, and only then.
    let picture_thread = start(&supervisor, "pictures", move || pictures.answer(&picture_requests))?;
    let (bench, bench_requests) = unbounded();
    let worker =
        Worker { store: store.path().to_owned(), thresholds, actor: actor.clone(), updates: updates.clone() };
    let bench_thread = start(&supervisor, "workbench", move || worker.run(&bench_requests))?;
    let mut follower = Follower {
        heartbeat: Heartbeat::of(store.path()),
        unowned: None,
        store,
        gauges,
        feed_alarm,
        actor,
        updates,
        pictures: pictures_in,
        bench,
        revision: i64::MIN,
        version: None,
        watched: None,
        sent: (Instant::now(), Duration::ZERO),
        is_stale: false,
        unreadable: 0,
        shown: None,
        health,
        alarm_looked_at: None,
        started: Timestamp::now(),
        told: String::new(),
        panels: Panels::default(),
        plugins: Vec::new(),
        notice: None,
    };
    let follow_thread =
        start(&supervisor, "follow", move || follower.run(site.clone(), &requests, &outside))?;
    Ok(vec![picture_thread, bench_thread, follow_thread])
}

/// Starts a thread whose work returns only when it is to end.
fn start(
    supervisor: &Supervisor,
    name: &str,
    mut work: impl FnMut() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let has_ended = Arc::new(AtomicBool::new(false));
    let is_asked = Arc::clone(&has_ended);
    supervisor.spawn(
        name,
        move || is_asked.load(Ordering::Relaxed),
        move || {
            work();
            has_ended.store(true, Ordering::Relaxed);
        },
    )
}

/// Who sits at the keys: one name for the threads that write it down.
#[derive(Clone)]
pub(super) struct Actor(Arc<Mutex<String>>);

impl Actor {
    pub(super) fn new(name: String) -> Self {
        Self(Arc::new(Mutex::new(name)))
    }

    pub(super) fn name(&self) -> String {
        lock(&self.0).clone()
    }

    fn set(&self, name: String) {
        *lock(&self.0) = name;
    }
}

struct Follower {
    store: Store,
    /// Of the process that owns the pipeline, where that is another one.
    heartbeat: Heartbeat,
    /// That nobody owns it, as it was last looked at.
    unowned: Option<String>,
    gauges: Option<Arc<Gauges>>,
    feed_alarm: config::FeedAlarm,
    actor: Actor,
    updates: Sender<Update>,
    pictures: Sender<PictureRequest>,
    bench: Sender<BenchRequest>,
    /// The newest change that the dashboard knows.
    revision: i64,
    /// The store's version at the last look; none where that look failed.
    version: Option<i64>,
    /// The study whose detail is on the screen.
    watched: Option<StudyId>,
    /// When it was last sent, and how long that took; and whether it has changed since.
    sent: (Instant, Duration),
    is_stale: bool,
    /// Sentences about rows of the store that were told.
    unreadable: usize,
    /// The health that the dashboard knows.
    shown: Option<Health>,
    health: Health,
    alarm_looked_at: Option<Timestamp>,
    started: Timestamp,
    /// The last failure of the store that was told, so that it is told once.
    told: String,
    /// What is looked at beside the list.
    panels: Panels,
    /// The plugins that the dashboard knows.
    plugins: Vec<PluginRecord>,
    /// The last notice of a plugin that was told; none before the first look.
    notice: Option<i64>,
}

/// The dashboard has gone.
struct Gone;

impl Follower {
    /// Works until the dashboard has gone. It may be called again after a panic.
    fn run(&mut self, site: Site, requests: &Receiver<Request>, outside: &Receiver<Outside>) {
        let mut outside = outside.clone();
        let glance = if self.gauges.is_some() { GLANCE_OF_OWNER } else { GLANCE };
        let _ = self.tell(Update::Site(site)).and_then(|()| self.look()).and_then(|()| {
            loop {
                checkpoint("follow");
                select! {
                    recv(requests) -> request => match request {
                        Ok(request) => self.answer(request)?,
                        Err(_) => return Err::<(), Gone>(Gone),
                    },
                    recv(outside) -> message => match message {
                        Ok(message) => self.pass_on(message)?,
                        Err(_) => outside = crossbeam_channel::never(),
                    },
                    recv(after(glance)) -> _ => self.glance()?,
                }
            }
        });
    }

    fn tell(&self, update: Update) -> Result<(), Gone> {
        self.updates.send(update).map_err(|_| Gone)
    }

    fn fault(&mut self, error: &StoreError) -> Result<(), Gone> {
        self.version = None;
        let text = error.to_string();
        if self.told == text {
            return Ok(());
        }
        tracing::error!(%error, "the store failed");
        self.told.clone_from(&text);
        self.tell(Update::Notice(Notice { level: NoticeLevel::Error, text }))
    }

    fn answer(&mut self, request: Request) -> Result<(), Gone> {
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
            Request::Score(film) => {
                match self.store.request_score(film, &self.actor.name(), Timestamp::now()) {
                    Ok(Requested::Queued(_)) => self.look(),
                    Ok(Requested::Refused(text)) => {
                        self.tell(Update::Notice(Notice { level: NoticeLevel::Warning, text }))
                    }
                    Err(error) => self.fault(&error),
                }
            }
            Request::Picture(request) => self.pictures.send(request).map_err(|_| Gone),
            Request::Bench(request) => self.bench.send(request).map_err(|_| Gone),
            Request::Status(study, status) => {
                let actor = self.name();
                let done = self.store.set_status(study, status, &actor, Timestamp::now());
                self.look_after(done)
            }
            Request::Acknowledge(study) => {
                let actor = self.name();
                let done = self.store.acknowledge(study, &actor, Timestamp::now());
                self.look_after(done)
            }
            Request::TakeBack(study, standing) => {
                let actor = self.name();
                let done = self.store.take_back(study, &standing, &actor, Timestamp::now());
                self.look_after(done)
            }
            Request::Note(study, text) => {
                let actor = self.name();
                let done = self.store.add_note(study, &text, &actor, Timestamp::now());
                self.look_after(done)
            }
            Request::Plugin(request) => {
                match self.store.request_plugin(&request, &self.name(), Timestamp::now()) {
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

    fn name(&self) -> String {
        self.actor.name()
    }

    /// Shows what a change made of the list, or why it could not be made.
    fn look_after<T>(&mut self, done: Result<T, StoreError>) -> Result<(), Gone> {
        match done {
            Ok(_) => self.look(),
            Err(error) => self.fault(&error),
        }
    }

    fn pass_on(&mut self, message: Outside) -> Result<(), Gone> {
        match message {
            Outside::Look => self.look(),
            Outside::Notice(notice) => self.tell(Update::Notice(notice)),
            Outside::Theme(theme) => self.tell(Update::Theme(theme)),
            Outside::Ended(why) => self.tell(Update::Ended(why)),
            Outside::Config(site, feed_alarm) => {
                self.feed_alarm = feed_alarm;
                self.alarm_looked_at = None;
                self.tell(Update::Site(site))?;
                self.bench.send(BenchRequest::Reread).map_err(|_| Gone)?;
                self.look()
            }
        }
    }
}

/// A channel for [`Outside`] that never makes its sender wait.
#[must_use]
pub fn outside() -> (Sender<Outside>, Receiver<Outside>) {
    bounded(256)
}
