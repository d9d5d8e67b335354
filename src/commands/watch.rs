//! `watch`: the dashboard, with the pipeline behind it; or, where another process owns the store's
//! pipeline, a dashboard that follows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crossbeam_channel::{Sender, bounded, unbounded};

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    login, plain,
    reload::{self, Reloaded},
    running::{Job, Running},
    screen,
    setup::{Setup, doubt},
    themes::{Change, CurrentTheme, ThemeSources},
    thresholds::SiteThresholds,
};
use crate::{
    config::{ConfigError, Dashboard, Loaded, Motion, Watcher},
    dashboard::{self, Reconfigure, Site, Theme},
    deliver::{Listener, ResultNews},
    freed_memory,
    health::{HostsFacts, WorkerKind},
    leaving,
    model::Manifest,
    pipeline::{Event, EventKind},
    session::{
        self, External,
        protocol::{Feed, Health, Notice, NoticeLevel, Position},
    },
    store::{Ownership, Store, StoreErrorKind},
    store_place::StorePlace,
    study::{Rules, SendingState},
    supervise::Supervisor,
    text::shown,
};

/// Updates between the store's reader and the screen; few, for each may be a thousand studies.
const UPDATES: usize = 4;

/// It is tried for so long whether the store takes changes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs `watch`.
pub(super) fn run(args: &WatchArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    attend(&Arc::new(Setup::new(global)?), args, None)
}

/// Runs pipeline and dashboard. `remark` stands beside the model's banner for as long as it runs.
pub(super) fn attend(setup: &Arc<Setup>, args: &WatchArgs, remark: Option<&str>) -> Result<(), CommandError> {
    let entry = login::Entry::of(setup, args)?;
    if !args.plain {
        dashboard::require_terminal()?;
    }
    let sources = ThemeSources::of_process(args.theme.as_deref());
    let theme = Arc::new(CurrentTheme::new(sources, &setup.config().dashboard)?);
    let store = setup.store()?;
    let (external_in, external) = session::external();
    let (settings_in, settings) = unbounded();
    let supervisor = supervisor(external_in.clone())?;

    // A session over SSH must not run the pipeline: it would end with the connection.
    let may_own = entry.is_none() && !args.follow;
    let ownership = if may_own { Ownership::acquire(&store)? } else { None };
    let behind = match ownership {
        Some(ownership) => Backend::owner(setup, args, &store, ownership, &external_in, &supervisor)?,
        None => Backend::follower(setup, args)?,
    };

    let screen = Screen { settings: settings_in, external: external_in };
    let watcher = behind.watch_settings(setup, &screen, &theme)?;
    let (updates_in, updates) = bounded(UPDATES);
    let (requests, requests_out) = unbounded();
    refuse_a_copy(&store)?;
    let actor = entry.as_ref().map_or_else(actor, |entry| entry.name.clone());
    let login = entry.map(login::Entry::begin).transpose()?;
    let parts = session::Parts {
        store: Store::open(&store)?,
        pictures: Store::open(&store)?,
        similar: (Store::open(&store)?, setup.features_id(&behind.manifest)?),
        health: behind.health(remark),
        gauges: behind.running.as_ref().map(Running::gauges),
        feed_alarm: setup.config().feed_alarm.clone(),
        actor: actor.clone(),
        login: login.as_ref().map(|present| Arc::clone(present.login())),
        thresholds: Some(Box::new(SiteThresholds::new(
            Arc::clone(setup),
            behind.manifest.clone(),
            remark.is_none(),
        ))),
        external,
        supervisor,
    };
    let threads = session::start(parts, requests_out, updates_in)
        .map_err(|error| CommandError::failed(format!("cannot start a thread: {error}")))?;
    let feed = Feed { updates, requests };
    let end = if args.plain {
        let end = plain::run(&feed, &behind.screen, settings);
        // The threads behind it end when nobody listens any more.
        drop(feed);
        end
    } else {
        let role = login.as_ref().map(|present| present.login().role);
        let options = options(args, &setup.config().dashboard, theme.theme(), behind.screen.clone());
        let options =
            dashboard::Options { who: actor, asks_who: options.asks_who && login.is_none(), role, ..options };
        dashboard::run(feed, settings, options).map_err(CommandError::from)
    };
    let end = end.map_err(CommandError::of_service);
    let why = login::why(&end);
    // Before the store is written: it may not answer.
    leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    if let Some(present) = &login {
        present.login().end(&why);
    }
    drop(watcher);
    drop(behind);
    for thread in threads {
        let _ = thread.join();
    }
    end
}

/// Refuses a server that takes no changes, as a replica: who looked at what could not be written down.
fn refuse_a_copy(place: &StorePlace) -> Result<(), CommandError> {
    if !place.is_shared() {
        return Ok(());
    }
    match Store::open(place)?.try_to_write(WRITE_TIMEOUT) {
        Err(error) if error.kind == StoreErrorKind::ReadOnly => Err(error.into()),
        _ => Ok(()),
    }
}

/// The work behind the screen: that of this process for the store, or that of another one, which it follows.
struct Backend {
    position: Position,
    /// Where films come in; empty for a follower, which needs no inbox.
    inbox: PathBuf,
    manifest: Manifest,
    /// The device that this process scores on. A follower reads the owner's from the store.
    device: String,
    /// The settings of the screen at the start.
    screen: Site,
    /// The work of an owner.
    running: Option<Running>,
}

impl Backend {
    /// Starts the work of the process that feeds a store.
    fn owner(
        setup: &Setup,
        args: &WatchArgs,
        store: &StorePlace,
        ownership: Ownership,
        external: &Sender<External>,
        supervisor: &Supervisor,
    ) -> Result<Self, CommandError> {
        let (model, rules) = setup.model_and_rules()?;
        let manifest = model.manifest().clone();
        setup.warn_of_doubt(&manifest);
        let screen = site(&setup.loaded, &rules, &manifest)?;
        let inbox = setup.inbox(args.inbox.as_deref())?;
        let job = Job {
            store,
            ownership,
            model: &model,
            rules,
            kind: WorkerKind::Watch,
            inbox: Some(&inbox),
            receive: args.receive,
            has_plugins: true,
            trials: None,
        };
        let results = external.clone();
        let listener = Listener::new(move |news| tell_of_result(news, &results));
        let events = external.clone();
        let tell = move |event: &Event| pass_on(event, &events);
        let running = Running::start(setup, job, supervisor, listener, tell)?;
        for refused in &setup.loaded.refused {
            let notice = Notice { level: NoticeLevel::Error, text: refused.clone() };
            let _ = external.try_send(External::Notice(notice));
        }
        let device = model.device_in_words();
        Ok(Self { position: Position::Owner, inbox, manifest, device, screen, running: Some(running) })
    }

    /// Follows the process that feeds the store. A follower scores nothing, and reads no weights.
    fn follower(setup: &Setup, args: &WatchArgs) -> Result<Self, CommandError> {
        if args.receive.is_some() {
            return Err(CommandError::usage(
                "another process feeds this store, and this one only follows it: start that one with --receive, or a \
                 receiver alone with `cxr-triage receive`",
            ));
        }
        freed_memory::give_back();
        let (manifest, rules) = setup.manifest_and_rules()?;
        setup.warn_of_doubt(&manifest);
        let screen = site(&setup.loaded, &rules, &manifest)?;
        let (inbox, device) = (PathBuf::new(), String::new());
        Ok(Self { position: Position::Follower, inbox, manifest, device, screen, running: None })
    }

    /// Follows the theme and the configuration file, which work and screen take over.
    fn watch_settings(
        &self,
        setup: &Arc<Setup>,
        screen: &Screen,
        theme: &Arc<CurrentTheme>,
    ) -> Result<Option<Watcher>, CommandError> {
        let told = screen.clone();
        let tell = move |change| told.show_theme(change);
        theme.watch(tell.clone());
        let controls = self.running.as_ref().map(Running::controls);
        let (screen, theme, judged) = (screen.clone(), Arc::clone(theme), self.manifest.clone());
        let site_of = move |loaded: &Loaded, rules: &Rules| site(loaded, rules, &judged);
        reload::watch(Arc::clone(setup), self.manifest.clone(), site_of, move |change| {
            if let Some(controls) = &controls {
                controls.take(&change);
            }
            if let Ok(changed) = &change {
                theme.change_to(&changed.config.dashboard, tell.clone());
            }
            screen.take_config(change);
        })
    }

    /// The health at the start.
    fn health(&self, remark: Option<&str>) -> Health {
        let banner = &self.manifest.banner;
        Health {
            position: self.position,
            inbox: shown(&self.inbox),
            fault: None,
            queued: 0,
            working_on: None,
            films_per_second: None,
            device: self.device.clone(),
            model: self.manifest.name.clone(),
            banner: remark
                .map_or_else(|| banner.clone(), |remark| format!("{banner} {remark}").trim().to_owned()),
            last_arrival: None,
            feed_alarm: None,
            reasons: Vec::new(),
            hosts: HostsFacts::default(),
        }
    }
}

/// The options of the screen that do not depend on who sits before it.
fn options(args: &WatchArgs, config: &Dashboard, theme: Theme, site: Site) -> dashboard::Options {
    dashboard::Options {
        pictures: args.pictures.unwrap_or(config.pictures),
        bandwidth: args.bandwidth.or(config.bandwidth),
        heatmap: config.heatmap,
        theme,
        site,
        calm: config.motion == Motion::Reduced,
        asks_who: config.ask_who,
        ..dashboard::Options::from_environment()
    }
}

/// Starts threads whose failures the screen shows. When one has ended for good, so does the program.
fn supervisor(external: Sender<External>) -> Result<Supervisor, CommandError> {
    let told = external.clone();
    let supervisor = Supervisor::new(move |text| {
        // A full channel belongs to a thread that does not come to read it: the log has it too.
        let _ = told.try_send(External::Notice(Notice { level: NoticeLevel::Error, text }));
    });
    let ended = supervisor.ended();
    std::thread::Builder::new().name("ended".to_owned()).spawn(move || {
        if let Ok(why) = ended.recv() {
            leaving::begin_because(1, &why);
            let _ = external.send(External::Ended(why));
        }
    })?;
    Ok(supervisor)
}

/// Tells the session of an event. It reads results from the store; of events it needs the moment, and the errors.
fn pass_on(event: &Event, external: &Sender<External>) {
    let message = match &event.kind {
        EventKind::Error { message } => {
            External::Notice(Notice { level: NoticeLevel::Error, text: message.clone() })
        }
        EventKind::Late { message } => {
            External::Notice(Notice { level: NoticeLevel::Info, text: message.clone() })
        }
        // A probe of the port is no sender.
        EventKind::Refused { sender, reason, .. } if !sender.title.is_empty() => {
            let text = format!("DICOM, {}: {reason}", sender.address);
            External::Notice(Notice { level: NoticeLevel::Warning, text })
        }
        _ => External::StoreChanged,
    };
    // A full channel has such a message in it already.
    let _ = external.try_send(message);
}

/// Tells the session of a result that could not be sent for good; else the store says it.
fn tell_of_result(news: &ResultNews, external: &Sender<External>) {
    let message = match &news.sending.state {
        SendingState::GivenUp { why, .. } => {
            let text = format!("A result was not sent to {}: {why}", news.sending.destination);
            External::Notice(Notice { level: NoticeLevel::Error, text })
        }
        _ => External::StoreChanged,
    };
    let _ = external.try_send(message);
}

/// The ways to tell a running screen of changes: its own settings, and all else by its session.
#[derive(Clone)]
struct Screen {
    settings: Sender<Reconfigure>,
    external: Sender<External>,
}

impl Screen {
    fn notice(&self, level: NoticeLevel, text: String) {
        let _ = self.external.send(External::Notice(Notice { level, text }));
    }

    /// Shows a changed theme; a mistake in one is told, and the old one stays.
    fn show_theme(&self, change: Change) {
        match change {
            Ok(theme) => {
                let _ = self.settings.send(Reconfigure::Theme(theme));
            }
            Err(error) => {
                let file = error.path.as_deref().map(|path| format!("{}, ", shown(path)));
                let text = format!("the old theme stays: {}{}", file.unwrap_or_default(), error.short());
                self.notice(NoticeLevel::Error, text);
            }
        }
    }

    /// Takes a changed configuration over; a mistake in it is told, and the old one stays.
    fn take_config(&self, change: Result<Reloaded<Site>, ConfigError>) {
        let changed = match change {
            Ok(changed) => changed,
            Err(error) => {
                let text = format!("the old settings stay: {}", error.short());
                return self.notice(NoticeLevel::Error, text);
            }
        };
        let _ = self.settings.send(Reconfigure::Site(Box::new(changed.screen)));
        let _ = self.external.send(External::Config(changed.config.feed_alarm.clone()));
        match changed.at_next_start.as_slice() {
            [] => self.notice(NoticeLevel::Info, "The changed configuration is in force.".to_owned()),
            sections => self.notice(
                NoticeLevel::Warning,
                format!(
                    "Changes in {} take effect at the next start; the rest is in force.",
                    sections.join(", ")
                ),
            ),
        }
    }
}

/// The person at the keys, for the audit: the name of the account.
pub(super) fn actor() -> String {
    account(&["LOGNAME", "USER"]).unwrap_or_else(|| "somebody".to_owned())
}

/// The account that the first of these variables names which is there.
pub(super) fn account(variables: &[&str]) -> Option<String> {
    let named = variables.iter().find_map(|name| std::env::var(name).ok());
    named.map(|name| crate::text::clean(&name)).filter(|name| !name.is_empty())
}

/// The settings of the screen, with the doubt about the thresholds where there is one.
fn site(loaded: &Loaded, rules: &Rules, manifest: &Manifest) -> Result<Site, ConfigError> {
    Ok(Site { doubt: doubt(loaded, manifest), ..screen::site(loaded, rules)? })
}
