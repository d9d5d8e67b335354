//! A changed configuration file, while the program runs.

use std::{path::PathBuf, sync::Arc};

use super::{
    CommandError,
    setup::{Setup, rules, settings},
};
use crate::{
    config::{self, Config, ConfigError, Loaded, Places, Receive, Watcher},
    model::Manifest,
    pipeline::Settings,
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
    /// Settings that changed and need a new start.
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

fn take<T>(loaded: &Loaded, rules: Rules, screen: T, before: &mut Config) -> Reloaded<T> {
    let config = loaded.config.clone();
    let mut at_next_start = Vec::new();
    for (name, differs) in [
        ("[inbox]", config.inbox != before.inbox),
        // Who may send changes at once.
        (
            "[receive]",
            Receive { peers: before.receive.peers.clone(), ..config.receive.clone() } != before.receive,
        ),
        ("[store]", config.store != before.store),
        ("[model]", config.model != before.model),
        ("[similar]", config.similar != before.similar),
        ("[log]", config.log != before.log),
    ] {
        if differs {
            at_next_start.push(name);
        }
    }
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
