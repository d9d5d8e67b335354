//! A changed configuration file, while the program runs.

use std::sync::Arc;

use super::{
    Failure,
    setup::{Setup, rules, settings},
};
use crate::{
    config::{self, Config, ConfigError, Loaded, Watcher},
    model::Model,
    pipeline::Settings,
    triage::Rules,
};

/// What takes effect at once.
pub(super) struct Reloaded {
    pub(super) config: Config,
    pub(super) rules: Rules,
    pub(super) settings: Settings,
    /// Settings that changed and need a new start.
    pub(super) at_next_start: Vec<&'static str>,
}

/// Calls `on_change` after each change of the configuration file: with what it says now, or with why it
/// cannot be used, in which case the old settings stay in force. None: there is no file to watch.
pub(super) fn watch(
    setup: Arc<Setup>,
    model: Option<Arc<Model>>,
    mut on_change: impl FnMut(Result<Reloaded, ConfigError>) + Send + 'static,
) -> Result<Option<Watcher>, Failure> {
    let Some(path) = setup.loaded.path.clone() else { return Ok(None) };
    let mut text = setup.loaded.text.clone();
    let mut started_with = setup.loaded.config.clone();
    let watcher = config::watch(&path, move || match setup.reload() {
        // Editors touch files that they do not change.
        Ok(loaded) if loaded.text == text => {}
        Ok(loaded) => {
            text.clone_from(&loaded.text);
            on_change(take(&loaded, model.as_deref(), &mut started_with));
        }
        Err(error) => {
            text.clear();
            on_change(Err(error));
        }
    })?;
    Ok(Some(watcher))
}

fn take(loaded: &Loaded, model: Option<&Model>, before: &mut Config) -> Result<Reloaded, ConfigError> {
    let rules = match model {
        Some(model) => rules(loaded, model.manifest())?,
        None => Rules { model: String::new(), labels: Vec::new() },
    };
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
    Ok(Reloaded { settings: settings(&config), config, rules, at_next_start })
}
