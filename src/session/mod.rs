//! Between a store and a dashboard: reads the changes, answers requests, makes pictures, finds similar films, tries
//! thresholds, on threads of its own. It works alike for the process that owns the pipeline and for one that only follows, and knows
//! nothing of how a study is shown.
//!
//! ```text
//! dashboard ──Request──▶ follow ──PictureRequest──▶ pictures
//!     ▲                    │ ├────BenchRequest────▶ workbench
//!     │                    │ └────FilmId──────────▶ similar
//!     └──────Update────────┴──────────────────────────┘
//! ```
//!
//! What the role of a person who has logged in does not permit is refused here, where it would be carried out; and from
//! whom names are hidden, gets none.

mod actor;
mod follow;
mod hidden;
mod login;
mod panels;
mod pictures;
pub mod protocol;
mod similar;
mod workbench;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

pub use login::Login;
pub use workbench::{Thresholds, ThresholdsError};

use actor::Actor;
use follow::Follower;
use login::Watch;
use pictures::Pictures;
use protocol::{Health, Notice, Request, Update};
use similar::Similar;
use workbench::Workbench;

use crate::{
    config::FeedAlarm,
    pipeline::Gauges,
    similar::FeaturesId,
    store::{Hint, Store},
    supervise::{Loss, Supervisor},
    wake::Wake,
};

/// The parts of which a session is made.
pub struct Parts {
    /// The store, opened by this process.
    pub store: Store,
    /// A second connection, for the pictures.
    pub pictures: Store,
    /// A third one, for the search for similar films, and the features to search by.
    pub similar: (Store, FeaturesId),
    /// The health at the start: the session fills in the fields that change.
    pub health: Health,
    /// The pipeline's gauges, where this process owns it.
    pub gauges: Option<Arc<Gauges>>,
    /// When a silent inbox is a fault.
    pub feed_alarm: FeedAlarm,
    /// The name of the person at the keys.
    pub actor: String,
    /// The login, where that person is one of the list; none: the user of an account.
    pub login: Option<Arc<Login>>,
    /// The place where the site keeps its thresholds; none: they can be neither seen nor changed.
    pub thresholds: Option<Box<dyn Thresholds>>,
    /// Changes that the store does not tell.
    pub external: Receiver<External>,
    /// Starts the threads.
    pub supervisor: Supervisor,
}

/// A change that the store does not tell.
#[derive(Debug, Clone)]
pub enum External {
    /// The store changed just now: read it at once.
    StoreChanged,
    /// A message for the person.
    Notice(Notice),
    /// A thread has ended for good: why, a sentence.
    Ended(String),
    /// The configuration was changed; it has this feed alarm.
    Config(FeedAlarm),
}

/// Makes a channel for [`External`] that never makes its sender wait.
#[must_use]
pub fn external() -> (Sender<External>, Receiver<External>) {
    bounded(256)
}

/// Starts to serve a dashboard. The threads end when it has gone.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(
    parts: Parts,
    requests: Receiver<Request>,
    updates: Sender<Update>,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    let Parts {
        mut store,
        mut pictures,
        similar: (compared, features),
        health,
        gauges,
        feed_alarm,
        actor,
        login,
        thresholds,
        external,
        supervisor,
    } = parts;
    let actor = Actor::new(actor, login.as_ref().map(|login| login.role));
    if let Some(login) = &login {
        login.sign(&mut store);
        login.sign(&mut pictures);
    }
    let (to_pictures, picture_requests) = unbounded();
    let mut pictures = Pictures::new(pictures, actor.clone(), updates.clone());
    // They return when the dashboard has gone, and only then.
    let picture_thread =
        spawn(&supervisor, ("pictures", "no picture is shown"), move || pictures.answer(&picture_requests))?;
    let (to_workbench, bench_requests) = unbounded();
    let workbench = Workbench {
        store: store.place().clone(),
        thresholds,
        actor: actor.clone(),
        login: login.clone(),
        updates: updates.clone(),
    };
    let bench_thread = spawn(&supervisor, ("workbench", "no thresholds can be tried out"), move || {
        workbench.run(&bench_requests);
    })?;
    let (to_similar, similar_requests) = unbounded();
    let similar = Similar { store: compared, features, viewer: actor.clone(), updates: updates.clone() };
    let similar_thread = spawn(&supervisor, ("similar", "similar films cannot be searched"), move || {
        similar.answer(&similar_requests);
    })?;
    let mut threads = vec![picture_thread, bench_thread, similar_thread];
    let (alive, stopped) = bounded(0);
    let (roles_in, roles) = bounded(1);
    if let Some(login) = login {
        let watch = Watch { actor: actor.clone(), roles: roles_in, updates: updates.clone(), stopped };
        threads.push(spawn(
            &supervisor,
            ("people", "a key that is taken away ends no session"),
            move || watch.run(&login),
        )?);
    }
    let (hints_in, hints) = bounded(1);
    let wake = Wake::begin(store.place(), Hint::List, hints_in, &supervisor)?;
    let channels = follow::Channels {
        hints,
        _wake: wake,
        updates,
        pictures: to_pictures,
        workbench: to_workbench,
        roles,
        _alive: alive,
        similar: to_similar,
    };
    let mut follower = Follower::new(store, gauges, feed_alarm, actor, health, channels);
    threads.push(spawn(&supervisor, ("follow", "the list does not follow the store"), move || {
        follower.run(&requests, &external);
    })?);
    Ok(threads)
}

/// Starts a thread whose work returns only when it is to end.
fn spawn(
    supervisor: &Supervisor,
    (name, loss): (&str, &'static str),
    mut work: impl FnMut() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let has_ended = Arc::new(AtomicBool::new(false));
    let is_asked = Arc::clone(&has_ended);
    supervisor.spawn(
        name,
        Loss::Vital(loss),
        move || is_asked.load(Ordering::Relaxed),
        move || {
            work();
            has_ended.store(true, Ordering::Relaxed);
        },
    )
}
