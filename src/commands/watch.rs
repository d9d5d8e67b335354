//! `watch`: the dashboard, with the pipeline behind it; or, where another process owns the store's
//! pipeline, a dashboard that follows.

use std::{path::PathBuf, sync::Arc};

use crossbeam_channel::{Sender, bounded, unbounded};

use super::{
    CommandError,
    cli::{GlobalArgs, WatchArgs},
    plain,
    reload::{self, Reloaded},
    screen,
    setup::{Setup, doubt},
    themes::{Change, Dressing, Wardrobe},
    thresholds::SiteThresholds,
};
use crate::{
    config::{ConfigError, Motion},
    dashboard::{self, Feed, Health, Notice, NoticeLevel, Role, Site},
    leaving,
    model::Model,
    pipeline::{self, Event, EventKind, Following, Order, Outside, Pipeline},
    plugin::{Host, Waker},
    store::{Ownership, Store},
    supervise::Supervisor,
};

/// Updates between the store's reader and the screen; few, for each may be a thousand studies.
const UPDATES: usize = 4;

/// Runs `watch`.
pub(super) fn run(args: &WatchArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    attend(&Arc::new(Setup::new(global)?), args, None)
}

/// Runs pipeline and dashboard. `remark` stands beside the model's banner for as long as it runs.
pub(super) fn attend(setup: &Arc<Setup>, args: &WatchArgs, remark: Option<&str>) -> Result<(), CommandError> {
    if !args.plain {
        dashboard::require_terminal()?;
    }
    let dressing =
        Arc::new(Dressing::new(Wardrobe::of_process(args.theme.as_deref()), &setup.config().dashboard)?);
    let store_path = setup.store()?;
    let (outside_in, outside) = pipeline::outside();
    let (updates_in, updates) = bounded(UPDATES);
    let (requests, requests_out) = unbounded();
    let supervisor = supervisor(outside_in.clone())?;

    let (model, rules) = setup.model_and_rules()?;
    setup.warn_of_doubt(&model);
    let site = Site { doubt: doubt(&setup.loaded, &model), ..screen::site(&setup.loaded, &rules)? };
    let ownership = Ownership::acquire(&store_path)?;
    let role = if ownership.is_some() { Role::Owner } else { Role::Follower };
    // A follower needs no inbox.
    let inbox = match role {
        Role::Owner => setup.inbox(args.inbox.as_deref())?,
        Role::Follower => PathBuf::new(),
    };
    // Before the pipeline, so that no event of it is missed; after it in being dropped.
    let plugins = ownership.as_ref().map(|ownership| setup.plugins(&supervisor, ownership)).transpose()?;
    let waker = plugins.as_ref().and_then(Host::waker);
    let pipeline = match ownership {
        None => None,
        Some(ownership) => {
            let parts = setup.parts(store_path.clone(), ownership, &model, rules, &inbox, &supervisor);
            let outside = outside_in.clone();
            Some(Pipeline::start(parts, move |event| {
                pass_on(event, &outside);
                waker.iter().for_each(Waker::wake);
            })?)
        }
    };

    for refused in &setup.loaded.refused {
        let notice = Notice { level: NoticeLevel::Error, text: refused.clone() };
        let _ = outside_in.try_send(Outside::Notice(notice));
    }
    let orders = pipeline.as_ref().map(Pipeline::orders);
    let theme_changes = outside_in.clone();
    let tell = move |change| new_theme(change, &theme_changes);
    dressing.watch(tell.clone());
    let worn = Arc::clone(&dressing);
    let plugin_settings = plugins.as_ref().and_then(Host::settings);
    let watcher = reload::watch(Arc::clone(setup), Arc::clone(&model), move |change| {
        if let Ok(changed) = &change {
            worn.change_to(&changed.config.dashboard, tell.clone());
        }
        if let (Ok(changed), Some(settings)) = (&change, &plugin_settings) {
            let _ = settings.send((changed.plugins_folder.clone(), changed.config.plugins.clone()));
        }
        reloaded(change, orders.as_ref(), &outside_in);
    })?;
    let config = setup.config();
    let actor = actor();
    let following = Following {
        store: Store::open(&store_path)?,
        pictures: Store::open(&store_path)?,
        health: health(role, &inbox, &model, remark),
        gauges: pipeline.as_ref().map(Pipeline::gauges),
        feed_alarm: config.feed_alarm.clone(),
        site,
        actor: actor.clone(),
        thresholds: Some(Box::new(SiteThresholds::new(
            Arc::clone(setup),
            Arc::clone(&model),
            remark.is_none(),
        ))),
        outside,
        supervisor,
    };
    let threads = pipeline::follow(following, requests_out, updates_in)
        .map_err(|error| CommandError::failed(format!("cannot start a thread: {error}")))?;
    let feed = Feed { updates, requests };
    let end = if args.plain {
        let end = plain::run(&feed);
        // The threads behind it end when nobody listens any more.
        drop(feed);
        end
    } else {
        let options = dashboard::Options {
            pictures: args.pictures.unwrap_or(config.dashboard.pictures),
            heatmap: config.dashboard.heatmap,
            theme: dressing.theme(),
            calm: config.dashboard.motion == Motion::Reduced,
            who: actor,
            asks_who: config.dashboard.ask_who,
            ..dashboard::Options::from_environment()
        };
        dashboard::run(feed, options).map_err(CommandError::from)
    };
    let end = end.map_err(CommandError::of_service);
    leaving::begin(end.as_ref().map_or_else(CommandError::code, |()| 0));
    drop(watcher);
    drop(pipeline);
    drop(plugins);
    for thread in threads {
        let _ = thread.join();
    }
    end
}

/// Starts threads whose failures the screen shows. When one has ended for good, so does the program.
fn supervisor(outside: Sender<Outside>) -> Result<Supervisor, CommandError> {
    let told = outside.clone();
    let supervisor = Supervisor::new(move |text| {
        // A full channel belongs to a thread that does not come to read it: the log has it too.
        let _ = told.try_send(Outside::Notice(Notice { level: NoticeLevel::Error, text }));
    });
    let ended = supervisor.ended();
    std::thread::Builder::new().name("ended".to_owned()).spawn(move || {
        if let Ok(why) = ended.recv() {
            leaving::begin_because(1, &why);
            let _ = outside.send(Outside::Ended(why));
        }
    })?;
    Ok(supervisor)
}

/// A changed theme goes to the screen; a mistake in one is told, and the old one stays.
fn new_theme(change: Change, outside: &Sender<Outside>) {
    let message = match change {
        Ok(theme) => Outside::Theme(theme),
        Err(error) => {
            let file = error.path.as_deref().map(|path| format!("{}, ", pipeline::shown(path)));
            let text = format!("the old theme stays: {}{}", file.unwrap_or_default(), error.short());
            Outside::Notice(Notice { level: NoticeLevel::Error, text })
        }
    };
    let _ = outside.send(message);
}

/// The dashboard reads results from the store; of events it wants to know when to look, and the errors.
fn pass_on(event: &Event, outside: &Sender<Outside>) {
    let message = match &event.kind {
        EventKind::Error { message } => {
            Outside::Notice(Notice { level: NoticeLevel::Error, text: message.clone() })
        }
        _ => Outside::Look,
    };
    // A full channel has a look in it already.
    let _ = outside.try_send(message);
}

fn reloaded(
    change: Result<Reloaded, ConfigError>,
    orders: Option<&Sender<Order>>,
    outside: &Sender<Outside>,
) {
    let notice = match change {
        Err(error) => {
            Notice { level: NoticeLevel::Error, text: format!("the old settings stay: {}", error.short()) }
        }
        Ok(changed) => {
            if let Some(orders) = orders {
                let _ = orders.send(Order::Settings(changed.settings));
                let _ = orders.send(Order::Gates(changed.config.quality.clone()));
                let _ = orders.send(Order::Rules(changed.rules));
            }
            let _ = outside.send(Outside::Config(changed.site, changed.config.feed_alarm.clone()));
            match changed.at_next_start.as_slice() {
                [] => {
                    Notice { level: NoticeLevel::Info, text: "The changed configuration is in force.".into() }
                }
                sections => Notice {
                    level: NoticeLevel::Warning,
                    text: format!(
                        "Changes in {} take effect at the next start; the rest is in force.",
                        sections.join(", ")
                    ),
                },
            }
        }
    };
    let _ = outside.send(Outside::Notice(notice));
}

fn health(role: Role, inbox: &std::path::Path, model: &Model, remark: Option<&str>) -> Health {
    let banner = &model.manifest().banner;
    Health {
        role,
        inbox: pipeline::shown(inbox),
        fault: None,
        queued: 0,
        working_on: None,
        films_per_second: None,
        device: format!("{} {}", model.device_name(), model.precision().word()),
        model: model.manifest().name.clone(),
        banner: remark
            .map_or_else(|| banner.clone(), |remark| format!("{banner} {remark}").trim().to_owned()),
        last_arrival: None,
        feed_alarm: None,
    }
}

/// Who sits at the keys, for the audit: the name that the person logged in with.
fn actor() -> String {
    ["LOGNAME", "USER"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .map(|name| crate::text::clean(&name))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "somebody".to_owned())
}
