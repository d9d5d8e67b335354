//! A changed configuration file, while the program runs.

use std::{path::PathBuf, sync::Arc};

use super::{
    CommandError, screen,
    setup::{Setup, doubt, rules, settings},
};
use crate::{
    config::{self, Config, ConfigError, Loaded, Places, Watcher},
    dashboard::Site,
    model::Model,
    pipeline::Settings,
    triage::Rules,
};

/// What takes effect at once.
pub(super) struct Reloaded {
    pub(super) config: Config,
    pub(super) site: Site,
    /// Where the site's own plugins lie.
    pub(super) plugins_folder: PathBuf,
    pub(super) rules: Rules,
    pub(super) settings: Settings,
    /// Settings that changed and need a new start.
    pub(super) at_next_start: Vec<&'static str>,
}

/// Calls `on_change` after each change of the configuration file: with what it says now, or with why it
/// cannot be used, in which case the old settings stay in force. Where there is no file yet, one that is
/// written to the user's own place counts. None: there is no such place.
pub(super) fn watch(
    setup: Arc<Setup>,
    model: Arc<Model>,
    mut on_change: impl FnMut(Result<Reloaded, ConfigError>) + Send + 'static,
) -> Result<Option<Watcher>, CommandError> {
    let Some(path) = setup.loaded.path.clone().or_else(|| Places::of_process().user) else { return Ok(None) };
    let text = setup.loaded.path.as_ref().map(|_| setup.loaded.text.clone());
    let mut before = setup.loaded.config.clone();
    let watcher = config::watch(&path, text.as_deref(), move || {
        on_change(setup.reload().and_then(|loaded| take(&loaded, &model, &mut before)));
    })?;
    Ok(Some(watcher))
}

fn take(loaded: &Loaded, model: &Model, before: &mut Config) -> Result<Reloaded, ConfigError> {
    let rules = rules(loaded, model.manifest())?;
    let site = Site { doubt: doubt(loaded, model), ..screen::site(loaded, &rules)? };
    let config = loaded.config.clone();
    let mut at_next_start = Vec::new();
    for (name, differs) in [
        ("[inbox]", config.inbox != before.inbox),
        ("[store]", config.store != before.store),
        ("[model]", config.model != before.model),
        ("[log]", config.log != before.log),
    ] {
        if differs {
            at_next_start.push(name);
        }
    }
    *before = config.clone();
    Ok(Reloaded {
        settings: settings(&config),
        plugins_folder: loaded.plugins_folder(),
        config,
        site,
        rules,
        at_next_start,
    })
}
