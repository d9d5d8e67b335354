//! `watch`: the dashboard, with the pipeline behind it; or, where another process owns the store's
//! pipeline, a dashboard that follows.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crossbeam_channel::{Sender, bounded, unbounded};

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    login, plain, receive,
    reload::{self, Reloaded},
    screen,
    setup::{Setup, doubt},
    themes::{Change, CurrentTheme, ThemeSources},
    thresholds::SiteThresholds,
    upkeep::{SharedDuties, Upkeep},
};
use crate::{
    config::{ConfigError, Loaded, Motion},
    dashboard::{self, Reconfigure, Site},
    deliver::{Listener, ResultNews},
    freed_memory,
    health::{HostsFacts, Part, duties_of},
    leaving,
    model::{Manifest, Model},
    pipeline::{Event, EventKind, Membership, Order, Pipeline},
    plugin::{Plugins, Waker},
    session::{
        self, External,
        protocol::{Feed, Health, Notice, NoticeLevel, Role},
    },
    store::{DutyKind, Ownership, Store, StoreErrorKind},
    store_place::StorePlace,
    study::{Rules, SendingState},
    supervise::Supervisor,
    text::shown,
};

/// Updates between the store's reader and the screen; few, for each may be a thousand studies.
const UPDATES: usize = 4;
/// The roles of this process among the workers of a shared store.
const ROLES: &str = "watch";

/// It is tried for so long whether the store takes changes.
const PATIENCE: Duration = Duration::from_secs(5);

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
    let store_path = setup.store()?;
    let (external_in, external) = session::external();
    let (settings_in, settings) = unbounded();
    let (updates_in, updates) = bounded(UPDATES);
    let (requests, requests_out) = unbounded();
    let supervisor = supervisor(external_in.clone())?;

    // Who has logged in must not run the pipeline: it would end with the connection.
    let may_own = entry.is_none() && !args.follow;
    let ownership = if may_own { Ownership::acquire(&store_path)? } else { None };
    // A follower scores nothing, and reads no weights.
    let (model, manifest, rules) = match &ownership {
        Some(_) => {
            let (model, rules) = setup.model_and_rules()?;
            let manifest = model.manifest().clone();
            (Some(model), manifest, rules)
        }
        None => {
            freed_memory::give_back();
            let (manifest, rules) = setup.manifest_and_rules()?;
            (None, manifest, rules)
        }
    };
    setup.warn_of_doubt(&manifest);
    let settings_of_screen = site(&setup.loaded, &rules, &manifest)?;
    let role = if ownership.is_some() { Role::Owner } else { Role::Follower };
    // A follower needs no inbox.
    let inbox = match role {
        Role::Owner => setup.inbox(args.inbox.as_deref())?,
        Role::Follower => PathBuf::new(),
    };
    // Its claims and duties end last.
    let (ownership, membership) = match ownership.zip(model.as_ref()) {
        Some((ownership, model)) => {
            let (ownership, membership) =
                setup.join(&store_path, ownership, (model, &rules), ROLES, &supervisor)?;
            (Some(ownership), membership)
        }
        None => (None, None),
    };
    let retention = ownership.as_ref().map(|ownership| ownership.duty(DutyKind::Retention));
    // Before the pipeline, so that no event of it is missed; after it in being dropped.
    let plugins = ownership
        .as_ref()
        .map(|ownership| {
            let external = external_in.clone();
            let listener = Listener::new(move |news| tell_of_result(news, &external));
            setup.plugins(&supervisor, ownership, listener)
        })
        .transpose()?;
    let waker = plugins.as_ref().and_then(Plugins::waker);
    let receiver_options = match (args.receive, role) {
        (None, _) => None,
        (Some(_), Role::Follower) => {
            return Err(CommandError::usage(
                "another process feeds this store, and this one only follows it: start that one with --receive, or a \
                 receiver alone with `cxr-triage receive`",
            ));
        }
        (Some(port), Role::Owner) => Some(receive::options(setup.config(), &inbox, port, None)?),
    };
    let pipeline = match ownership.zip(model.as_ref()) {
        None => None,
        Some((ownership, model)) => {
            let parts =
                setup.parts(store_path.clone(), ownership, model, rules, Some(&inbox), &supervisor)?;
            let external = external_in.clone();
            Some(Pipeline::start(parts, move |event| {
                pass_on(event, &external);
                waker.iter().for_each(Waker::wake);
            })?)
        }
    };

    for refused in &setup.loaded.refused {
        let notice = Notice { level: NoticeLevel::Error, text: refused.clone() };
        let _ = external_in.try_send(External::Notice(notice));
    }
    let orders = pipeline.as_ref().map(Pipeline::orders);
    let upkeep = pipeline
        .as_ref()
        .zip(retention)
        .map(|(pipeline, duty)| {
            let shared = membership.as_ref().map(|membership| SharedDuties::of(membership, ROLES));
            Upkeep::start(&store_path, setup.config(), pipeline.gauges(), duty, shared, &supervisor)
        })
        .transpose()?;
    let in_force = upkeep.as_ref().map(Upkeep::config);
    let vitals = pipeline.as_ref().map(|pipeline| Arc::clone(pipeline.gauges().vitals()));
    let receiver_events = external_in.clone();
    let tell = move |event: Event| pass_on(&event, &receiver_events);
    let receiver = receiver_options
        .map(|options| receive::start(options, Some(&store_path), &supervisor, tell))
        .transpose()?;
    let receiver_handle = receiver.as_ref().map(receive::Running::handle);
    let screen = Screen { settings: settings_in, external: external_in };
    let told = screen.clone();
    let tell = move |change| told.show_theme(change);
    theme.watch(tell.clone());
    let current = Arc::clone(&theme);
    let plugin_settings = plugins.as_ref().and_then(Plugins::settings);
    let duties = membership.as_ref().map(Membership::duties);
    let judged = manifest.clone();
    let site_of = move |loaded: &Loaded, rules: &Rules| site(loaded, rules, &judged);
    let watcher = reload::watch(Arc::clone(setup), manifest.clone(), site_of, move |change| {
        if let Some(vitals) = &vitals {
            vitals.set_fault(Part::Configuration, change.as_ref().err().map(ConfigError::short));
        }
        if let (Ok(changed), Some(in_force)) = (&change, &in_force) {
            in_force.store(Arc::new(changed.config.clone()));
        }
        if let (Ok(changed), Some(duties)) = (&change, &duties) {
            duties.store(Arc::new(duties_of(&changed.config, ROLES)));
        }
        if let Ok(changed) = &change {
            current.change_to(&changed.config.dashboard, tell.clone());
        }
        if let (Ok(changed), Some(receiver)) = (&change, &receiver_handle) {
            receiver.change(&changed.config);
        }
        if let (Ok(changed), Some(settings)) = (&change, &plugin_settings) {
            let _ = settings.send(changed.site_settings());
        }
        screen.take_config(change, orders.as_ref());
    })?;
    refuse_a_copy(&store_path)?;
    let config = setup.config();
    let actor = entry.as_ref().map_or_else(actor, |entry| entry.name.clone());
    let login = entry.map(login::Entry::begin).transpose()?;
    let parts = session::Parts {
        store: Store::open(&store_path)?,
        pictures: Store::open(&store_path)?,
        similar: (Store::open(&store_path)?, setup.features_id(&manifest)?),
        health: health(role, &inbox, &manifest, model.as_deref(), remark),
        gauges: pipeline.as_ref().map(Pipeline::gauges),
        feed_alarm: config.feed_alarm.clone(),
        actor: actor.clone(),
        login: login.as_ref().map(|present| Arc::clone(present.login())),
        thresholds: Some(Box::new(SiteThresholds::new(Arc::clone(setup), manifest, remark.is_none()))),
        external,
        supervisor,
    };
    let threads = session::start(parts, requests_out, updates_in)
        .map_err(|error| CommandError::failed(format!("cannot start a thread: {error}")))?;
    let feed = Feed { updates, requests };
    let end = if args.plain {
        let end = plain::run(&feed, &settings_of_screen, settings);
        // The threads behind it end when nobody listens any more.
        drop(feed);
        end
    } else {
        let options = dashboard::Options {
            pictures: args.pictures.unwrap_or(config.dashboard.pictures),
            bandwidth: args.bandwidth.or(config.dashboard.bandwidth),
            heatmap: config.dashboard.heatmap,
            theme: theme.theme(),
            site: settings_of_screen,
            calm: config.dashboard.motion == Motion::Reduced,
            who: actor,
            asks_who: config.dashboard.ask_who && login.is_none(),
            role: login.as_ref().map(|present| present.login().role),
            ..dashboard::Options::from_environment()
        };
        dashboard::run(feed, settings, options).map_err(CommandError::from)
    };
    let end = end.map_err(CommandError::of_service);
    // Before the store is written: it may not answer.
    leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    if let Some(present) = &login {
        present.login().end(&login::why(&end));
    }
    drop(watcher);
    drop(receiver);
    drop(upkeep);
    drop(pipeline);
    drop(plugins);
    drop(membership);
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
    match Store::open(place)?.try_to_write(PATIENCE) {
        Err(error) if error.kind == StoreErrorKind::ReadOnly => Err(error.into()),
        _ => Ok(()),
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
    fn take_config(&self, change: Result<Reloaded<Site>, ConfigError>, orders: Option<&Sender<Order>>) {
        let changed = match change {
            Ok(changed) => changed,
            Err(error) => {
                let text = format!("the old settings stay: {}", error.short());
                return self.notice(NoticeLevel::Error, text);
            }
        };
        if let Some(orders) = orders {
            let _ = orders.send(Order::Settings(changed.settings));
            let _ = orders.send(Order::Gates(changed.config.quality.clone()));
            let _ = orders.send(Order::Rules(changed.rules));
        }
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

/// The health at the start. A follower has no model: it reads the owner's device from the store.
fn health(
    role: Role,
    inbox: &std::path::Path,
    manifest: &Manifest,
    model: Option<&Model>,
    remark: Option<&str>,
) -> Health {
    let banner = &manifest.banner;
    let device = |model: &Model| format!("{} {}", model.device_name(), model.precision().word());
    Health {
        role,
        inbox: shown(inbox),
        fault: None,
        queued: 0,
        working_on: None,
        films_per_second: None,
        device: model.map(device).unwrap_or_default(),
        model: manifest.name.clone(),
        banner: remark
            .map_or_else(|| banner.clone(), |remark| format!("{banner} {remark}").trim().to_owned()),
        last_arrival: None,
        feed_alarm: None,
        reasons: Vec::new(),
        hosts: HostsFacts::default(),
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
