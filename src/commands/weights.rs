//! `weights list|verify|profile`.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{
    Failure,
    cli::{GlobalArgs, WeightsCommand},
    output::{Lean, table},
    profile,
    setup::Setup,
};
use crate::{
    film,
    model::Model,
    pipeline::{read, shown},
};

/// Runs `weights`.
pub(super) fn run(command: &WeightsCommand, global: &GlobalArgs) -> Result<(), Failure> {
    let setup = Setup::new(global)?;
    match command {
        WeightsCommand::List => list(&setup),
        WeightsCommand::Profile { name, films } => profile::run(&setup, name, films),
        WeightsCommand::Verify { name, film } => verify(&setup.model(Some(name))?, film.as_deref()),
    }
}

fn list(setup: &Setup) -> Result<(), Failure> {
    let used = setup.library().find(setup.config().model.name.as_deref())?.manifest()?.name;
    let columns = [
        ("", Lean::Left),
        ("NAME", Lean::Left),
        ("LABELS", Lean::Right),
        ("VALIDATED", Lean::Right),
        ("SHA-256", Lean::Left),
        ("PLACE", Lean::Left),
    ];
    let rows: Vec<Vec<String>> = setup
        .library()
        .list()
        .into_iter()
        .map(|model| {
            let mark = if model.name == used { "*" } else { "" };
            vec![
                mark.to_owned(),
                model.name,
                model.labels.to_string(),
                model.validated.to_string(),
                model.sha256.chars().take(12).collect(),
                model.place,
            ]
        })
        .collect();
    let mut out = io::stdout().lock();
    table(&mut out, &columns, &rows)?;
    writeln!(
        out,
        "* is what scores now; another one with --model NAME, or `name` under [model] in the configuration"
    )?;
    Ok(())
}

/// A model that loads has the right checksum and tensors; the report says what else was looked at.
fn verify(model: &Model, film: Option<&Path>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let report = model.verify();
    writeln!(
        out,
        "model {} on {} in {}, sha256 {}",
        report.model,
        model.device_name(),
        model.precision().word(),
        report.sha256
    )?;
    for check in &report.checks {
        let mark = if check.passed { "ok" } else { "FAILED" };
        writeln!(out, "  {mark:<7} {}: {}", check.name, check.detail)?;
    }
    if !report.passed() {
        return Err(Failure::failed(format!("the model {} is not fit for use", report.model)));
    }
    if let Some(path) = film {
        let bytes = read(path).map_err(|error| Failure::failed(format!("{}: {error}", shown(path))))?;
        let film = film::decode(&bytes.content)
            .map_err(|unreadable| Failure::failed(format!("{}: {unreadable}", shown(path))))?;
        for findings in model.infer(&[model.prepare(&film)?])? {
            for (label, probability) in model.manifest().labels.iter().zip(findings.probabilities) {
                writeln!(out, "  {:<28}{probability:.6}", label.name)?;
            }
        }
    }
    Ok(())
}
