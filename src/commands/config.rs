//! `config init|check|path|affirm`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use super::{
    CommandError,
    cli::{ConfigCommand, GlobalArgs},
    output::stdout,
    screen,
    setup::{self, Setup},
};
use crate::{
    config::{self, Places},
    text::shown,
};

/// Runs `config`.
pub(super) fn run(command: ConfigCommand, global: &GlobalArgs) -> Result<(), CommandError> {
    match command {
        ConfigCommand::Init => init(global),
        ConfigCommand::Check => check(global),
        ConfigCommand::Path => path(global),
        ConfigCommand::Affirm => affirm(global),
    }
}

/// Never overwrites.
fn init(global: &GlobalArgs) -> Result<(), CommandError> {
    let path = home_of_config(global).ok_or_else(|| {
        CommandError::usage(
            "there is no home folder to write the configuration to: name a file with --config",
        )
    })?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| CommandError::failed(format!("cannot create {}: {error}", shown(folder))))?;
    }
    let mut file = std::fs::File::create_new(&path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            CommandError::usage(format!("{} is there already: it stays as it is", shown(&path)))
        }
        _ => CommandError::failed(format!("cannot write {}: {error}", shown(&path))),
    })?;
    file.write_all(config::TEMPLATE.as_bytes())
        .map_err(|error| CommandError::failed(format!("cannot write {}: {error}", shown(&path))))?;
    writeln!(stdout(), "wrote {}", shown(&path))?;
    Ok(())
}

/// The file itself, and its thresholds against the model that it names.
fn check(global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let (model, rules) = setup.model_and_rules()?;
    screen::site(&setup.loaded, &rules)?;
    let from = match &setup.loaded.path {
        Some(path) => shown(path),
        None => "no configuration file: the defaults".to_owned(),
    };
    let ranking = rules.labels.iter().filter(|rule| rule.rank).count();
    let mut out = stdout();
    writeln!(out, "{from}: in order")?;
    writeln!(out, "model {}: {} labels, {ranking} of them rank", model.manifest().name, rules.labels.len())?;
    if let Some(gap) = setup.gap_in_gates(model.manifest()) {
        writeln!(out, "{gap}")?;
    }
    if let Some(doubt) = setup::doubt(&setup.loaded, model.manifest()) {
        writeln!(out, "{doubt}")?;
    }
    Ok(())
}

/// Writes down that the site's thresholds are meant for the weights that are here.
fn affirm(global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let (model, _) = setup.model_and_rules()?;
    let name = &model.manifest().name;
    let Some(path) = &setup.loaded.path else {
        return Err(CommandError::usage(
            "there is no configuration file, so there are no thresholds to affirm",
        ));
    };
    if setup.config().thresholds.get(name).is_none_or(|site| site.labels.is_empty()) {
        return Err(CommandError::usage(format!("{} sets no thresholds of {name}", shown(path))));
    }
    config::affirm(path, name, model.sha256(), &setup::label_defaults(model.manifest()))?;
    writeln!(
        stdout(),
        "{}: its thresholds of {name} are meant for the weights {}",
        shown(path),
        model.sha256()
    )?;
    Ok(())
}

fn path(global: &GlobalArgs) -> Result<(), CommandError> {
    let loaded = setup::load(global)?;
    let mut out = stdout();
    match loaded.path {
        Some(path) => writeln!(out, "{}", shown(&path))?,
        None => {
            let place = home_of_config(global).map(|path| shown(&path)).unwrap_or_default();
            writeln!(out, "no configuration file: the defaults (`cxr-triage config init` writes {place})")?;
        }
    }
    Ok(())
}

/// Where a new configuration goes: the named file, else the user's own.
fn home_of_config(global: &GlobalArgs) -> Option<PathBuf> {
    let places = Places::of_process();
    global.config.clone().or(places.variable).or(places.user)
}
