//! `plugins list|check|run`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use serde_json::json;

use super::{
    CommandError,
    cli::{GlobalArgs, PluginsCommand},
    output::{Lean, stderr, stdout, table},
    setup::Setup,
};
use crate::{
    config::PluginSite,
    files::{self, Expected},
    plugin::{
        Call, Effect, Ender, Limits, Permission, PluginError, PluginProcess, RequestedEffect, Source,
        StudyView, enabled, granted, serve_plugin, this_program, without_secrets,
    },
    store::{PluginRecord, PluginState, Store},
    text::{self, shown},
};

/// Runs `plugins`.
pub(super) fn run(command: &PluginsCommand, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    match command {
        PluginsCommand::List => list(&setup),
        PluginsCommand::Check { file } => check(&setup, file.as_deref()),
        PluginsCommand::Run { file, study } => try_on(&setup, file, study.as_deref()),
    }
}

/// A plugin's process. It ends with whoever started it.
pub(super) fn serve() -> Result<(), CommandError> {
    serve_plugin().map_err(|error| CommandError::failed(format!("the plugin's process: {error}")))
}

/// Lists the plugins that are enabled and how they are, then those that could be.
fn list(setup: &Setup) -> Result<(), CommandError> {
    let folder = setup.loaded.plugins_folder();
    let place = setup.store()?;
    let records = if place.exists() { Store::open(&place)?.plugins()? } else { Vec::new() };
    let mut records: BTreeMap<String, PluginRecord> =
        records.into_iter().map(|record| (record.name.clone(), record)).collect();
    let enabled = enabled(&folder, &setup.config().plugins);
    let own = Source::read_folder(&folder);
    let names = enabled.keys().chain(own.keys()).cloned().chain(Source::bundled_names().map(str::to_owned));
    for name in names {
        records.entry(name.clone()).or_insert_with(|| PluginRecord { name, ..PluginRecord::default() });
    }
    let columns = [
        ("PLUGIN", Lean::Left),
        ("STATE", Lean::Left),
        ("CALLS", Lean::Right),
        ("MEAN", Lean::Right),
        ("LONGEST", Lean::Right),
        ("MEMORY", Lean::Right),
        ("FAILED", Lean::Right),
        ("WAITING", Lean::Right),
        ("FROM", Lean::Left),
    ];
    let row = |record: &PluginRecord| {
        let state = match (enabled.contains_key(&record.name), record.state) {
            (false, _) => PluginState::Stopped.word(),
            (true, PluginState::Stopped) => "enabled, not started",
            (true, state) => state.word(),
        };
        let mean = record.micros.checked_div(record.calls).unwrap_or_default();
        vec![
            record.name.clone(),
            state.to_owned(),
            record.calls.to_string(),
            micros(mean),
            micros(record.slowest),
            format!("{} KiB", record.memory >> 10),
            record.failures.to_string(),
            record.waiting.to_string(),
            if own.contains_key(&record.name) { "your folder" } else { "the program" }.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = records.values().map(row).collect();
    let mut out = stdout();
    table(&mut out, &columns, &rows)?;
    for record in records.values().filter(|record| enabled.contains_key(&record.name)) {
        if !record.fault.is_empty() {
            writeln!(out, "{}: {}", record.name, record.fault)?;
        }
        if !record.missing.is_empty() {
            writeln!(out, "{}: {}", record.name, advice(&record.name, &record.missing))?;
        }
        if record.given_up > 0 {
            writeln!(out, "{}: {} effects were given up; the audit says why", record.name, record.given_up)?;
        }
    }
    let place = if folder.as_os_str().is_empty() { "none".to_owned() } else { shown(&folder) };
    writeln!(out, "your plugins' folder: {place}")?;
    if enabled.is_empty() {
        writeln!(out, "none is enabled: name them in `enabled` under [plugins] (docs/plugins.md)")?;
    }
    Ok(())
}

fn micros(micros: u64) -> String {
    if micros < 10_000 { format!("{micros} us") } else { format!("{} ms", micros / 1_000) }
}

fn advice(name: &str, missing: &[String]) -> String {
    let words = missing.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    format!(
        "asks for what your configuration does not allow: to allow it, write allow = [{words}] under [plugins.{name}]"
    )
}

/// A file, or all that are enabled: compiled, described, and tried on a recorded study.
fn check(setup: &Setup, file: Option<&Path>) -> Result<(), CommandError> {
    let plugins = &setup.config().plugins;
    let sources = match file {
        Some(file) => BTreeMap::from([(String::new(), source(file))]),
        None => enabled(&setup.loaded.plugins_folder(), plugins),
    };
    let mut out = stdout();
    if sources.is_empty() {
        writeln!(out, "no plugin is enabled; name a file to check it")?;
    }
    let mut broken = 0;
    for source in sources.into_values() {
        let checked = source.and_then(|source| {
            let site = plugins.own.get(&source.name).cloned().unwrap_or_default();
            let mut process = load(&source, &site)?;
            let tried = process.self_test(&StudyView::recorded())?;
            Ok((source, site, process, tried))
        });
        match checked {
            Ok((source, site, process, tried)) => describe(&mut out, &source, &site, &process, &tried)?,
            Err(fault) => {
                broken += 1;
                writeln!(out, "{fault}")?;
            }
        }
    }
    if broken > 0 {
        Err(CommandError::failed(format!("{broken} of the plugins cannot be used")))
    } else {
        Ok(())
    }
}

fn describe(
    out: &mut impl Write,
    source: &Source,
    site: &PluginSite,
    process: &PluginProcess,
    tried: &[(String, Vec<RequestedEffect>)],
) -> io::Result<()> {
    let description = process.description();
    writeln!(out, "{} {}: in order. {}", description.name, description.version, description.description)?;
    let words: Vec<&str> = description.permissions.iter().map(|permission| permission.word()).collect();
    writeln!(out, "  asks for: {}", if words.is_empty() { "nothing".to_owned() } else { words.join(", ") })?;
    let granted = granted(&site.allow);
    let missing: Vec<String> =
        description.permissions.difference(&granted).map(|permission| permission.word().to_owned()).collect();
    if !missing.is_empty() {
        writeln!(out, "  {}", advice(&source.name, &missing))?;
    }
    if description.permissions.contains(&Permission::Patient) && granted.contains(&Permission::Patient) {
        writeln!(out, "  sees who the patient is")?;
    }
    for setting in &description.settings {
        let value = site.settings.get(&setting.name).unwrap_or(&setting.default);
        let value = match value.as_str() {
            Some(url) if url.contains("://") => json!(without_secrets(url)),
            _ => value.clone(),
        };
        writeln!(out, "  setting {} = {value}  {}", setting.name, setting.help)?;
    }
    for (hook, effects) in tried {
        writeln!(out, "  {hook} on the recorded study: {}", in_words(effects))?;
    }
    Ok(())
}

fn in_words(effects: &[RequestedEffect]) -> String {
    let words: Vec<String> =
        effects.iter().cloned().map(listed).map(|effect| text::json::line(&effect)).collect();
    if words.is_empty() { "no effect".to_owned() } else { words.join(" ") }
}

/// An effect as a list shows it: of a URL neither password nor query.
fn listed(mut effect: RequestedEffect) -> RequestedEffect {
    if let Effect::Webhook { url, .. } = &mut effect.effect {
        *url = without_secrets(url);
    }
    effect
}

/// A file on one study: what it would do, a line of JSON an effect. Nothing is done.
fn try_on(setup: &Setup, file: &Path, study: Option<&Path>) -> Result<(), CommandError> {
    let view = match study {
        None => StudyView::recorded(),
        Some(path) => {
            let text = files::read_text(path, Expected::TEXT)
                .map_err(|error| CommandError::usage(format!("cannot read {}: {error}", shown(path))))?;
            serde_json::from_str(&text)
                .map_err(|error| CommandError::usage(format!("{} is no study: {error}", shown(path))))?
        }
    };
    let fault = |fault: PluginError| CommandError::failed(fault.to_string());
    let source = source(file).map_err(fault)?;
    let site = setup.config().plugins.own.get(&source.name).cloned().unwrap_or_default();
    let mut process = load(&source, &site).map_err(fault)?;
    let mut out = stdout();
    let mut calls = vec![Call::Start, Call::Study(&view), Call::CriticalWaiting(&view)];
    calls.extend((0..view.films.len()).map(|film| Call::Film { film, study: &view }));
    calls.retain(|call| process.has(call));
    for call in &calls {
        let result = process.call(call);
        for line in process.printed() {
            writeln!(stderr(), "{}: {line}", call.name())?;
        }
        for effect in result.map_err(fault)? {
            out.json(&json!({ "hook": call.name(), "effect": listed(effect) }))?;
        }
    }
    let computed = process.compute(&view).map_err(fault)?;
    for (title, cell) in computed.columns {
        out.json(&json!({ "column": title, "value": cell }))?;
    }
    for title in computed.filters {
        out.json(&json!({ "filter": title }))?;
    }
    Ok(())
}

/// Loads a plugin as it would be loaded in earnest.
fn load(source: &Source, site: &PluginSite) -> Result<PluginProcess, PluginError> {
    PluginProcess::load(&this_program(), &Ender::default(), source, &site.settings, Limits::default())
}

/// A file's text; a bare name that is no file is one of the program's own plugins.
fn source(file: &Path) -> Result<Source, PluginError> {
    let bundled = file.to_str().filter(|_| !file.exists()).and_then(Source::bundled);
    bundled.map_or_else(|| Source::read(file), Ok)
}
