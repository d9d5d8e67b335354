//! A changed configuration file, while the program runs.

use std::{path::PathBuf, sync::Arc};

use jiff::Timestamp;

use super::{
    CommandError,
    setup::{Setup, rules, settings},
};
use crate::{
    config::{self, Config, ConfigError, Dashboard, Loaded, Places, Receive, Watcher},
    model::Manifest,
    pipeline::{Event, Settings},
    plugin::SiteSettings,
    study::Rules,
};

/// The settings that take effect at once.
pub(super) struct Reloaded<T> {
    pub(super) config: Config,
    /// The settings of the screen, where there is one.
    pub(super) screen: T,
    /// Where the site's own plugins lie.
    pub(super) plugins_folder: PathBuf,
    pub(super) rules: Rules,
    pub(super) settings: Settings,
    /// Settings that changed and need a new start, as the file names them.
    pub(super) at_next_start: Vec<&'static str>,
}

impl<T> Reloaded<T> {
    /// The settings of plugins and of the outbox's deliveries.
    pub(super) fn site_settings(&self) -> SiteSettings {
        SiteSettings {
            plugins_folder: self.plugins_folder.clone(),
            plugins: self.config.plugins.clone(),
            destinations: self.config.send.clone(),
        }
    }
}

/// Calls `on_change` after each change of the configuration file: with what it says now, or with why it
/// cannot be used, in which case the old settings stay in force; `screen` reads those of the screen. Where there is no
/// file yet, one that is written to the user's own place counts. None: there is no such place.
pub(super) fn watch<T>(
    setup: Arc<Setup>,
    manifest: Manifest,
    screen: impl Fn(&Loaded, &Rules) -> Result<T, ConfigError> + Send + 'static,
    mut on_change: impl FnMut(Result<Reloaded<T>, ConfigError>) + Send + 'static,
) -> Result<Option<Watcher>, CommandError> {
    let mut before = setup.loaded.config.clone();
    watch_file(setup, move |loaded| {
        let reloaded = loaded.and_then(|loaded| {
            let rules = rules(&loaded, &manifest)?;
            let screen = screen(&loaded, &rules)?;
            Ok(take(&loaded, rules, screen, &mut before))
        });
        on_change(reloaded);
    })
}

/// Calls `on_change` after each change of the configuration file, with what it says now. None: there is no place for one.
pub(super) fn watch_file(
    setup: Arc<Setup>,
    mut on_change: impl FnMut(Result<Loaded, ConfigError>) + Send + 'static,
) -> Result<Option<Watcher>, CommandError> {
    let Some(path) = setup.loaded.path.clone().or_else(|| Places::of_process().user) else { return Ok(None) };
    let text = setup.loaded.path.as_ref().map(|_| setup.loaded.text.clone());
    let watcher = config::watch(&path, text.as_deref(), move || on_change(setup.reload()))?;
    Ok(Some(watcher))
}

/// The event of a changed configuration that has a mistake in it.
pub(super) fn refused(error: &ConfigError) -> Event {
    let message = format!("the configuration was changed but cannot be used, the old one stays:\n{error}");
    Event::error(message, Timestamp::now())
}

fn take<T>(loaded: &Loaded, rules: Rules, screen: T, before: &mut Config) -> Reloaded<T> {
    let config = loaded.config.clone();
    let at_next_start = at_next_start(&config, before);
    *before = config.clone();
    Reloaded {
        settings: settings(&config),
        plugins_folder: loaded.plugins_folder(),
        config,
        screen,
        rules,
        at_next_start,
    }
}

/// The settings that differ and are read at the start alone, as the file names them.
fn at_next_start(config: &Config, before: &Config) -> Vec<&'static str> {
    // Each by its name, so that a new one does not compile until it is decided here.
    let Dashboard {
        pictures,
        bandwidth,
        heatmap,
        motion,
        ask_who,
        theme: _,
        borders: _,
        columns: _,
        bell: _,
        title: _,
        desktop_notice: _,
        hide_names_after: _,
        findings_order: _,
        views: _,
    } = &config.dashboard;
    let screen = &before.dashboard;
    // Who may send changes at once.
    let receive = Receive { peers: before.receive.peers.clone(), ..config.receive.clone() };
    [
        ("[inbox]", config.inbox != before.inbox),
        ("[inboxes]", config.inboxes != before.inboxes),
        ("[receive]", receive != before.receive),
        ("[store]", config.store != before.store),
        ("[model]", config.model != before.model),
        ("[similar]", config.similar != before.similar),
        ("[dashboard] pictures", *pictures != screen.pictures),
        ("[dashboard] bandwidth", *bandwidth != screen.bandwidth),
        ("[dashboard] heatmap", *heatmap != screen.heatmap),
        ("[dashboard] motion", *motion != screen.motion),
        ("[dashboard] ask_who", *ask_who != screen.ask_who),
        // A session goes on with the list by which its person came in.
        ("[people] file", config.people.file != before.people.file),
        ("[log]", config.log != before.log),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_at_the_start_alone_is_named_when_it_changes() {
        let read = |text: &str| config::parse(text, None).unwrap().config;
        let before = read("");
        for (text, named) in [
            ("[dashboard]\nbell = \"off\"\ntitle = true\nborders = \"ascii\"", ""),
            ("[receive.peers]\nCR-1 = \"any\"", ""),
            ("[triage]\nmax_wait = \"1h\"", ""),
            ("[inboxes]\ner = \"/mnt/er\"", "[inboxes]"),
            ("[receive]\nport = 104", "[receive]"),
            (
                "[dashboard]\npictures = \"sixel\"\nheatmap = false",
                "[dashboard] pictures, [dashboard] heatmap",
            ),
            ("[dashboard]\nbandwidth = \"256 kbit/s\"", "[dashboard] bandwidth"),
            ("[dashboard]\nmotion = \"reduced\"\nask_who = true", "[dashboard] motion, [dashboard] ask_who"),
            ("[people]\nfile = \"/etc/other.toml\"\naccount = \"triage\"", "[people] file"),
            ("[log]\nlevel = \"debug\"", "[log]"),
        ] {
            let changed = read(text);
            assert_eq!(at_next_start(&changed, &before).join(", "), named, "{text}");
            assert_eq!(at_next_start(&changed, &changed), [""; 0]);
        }
    }
}
