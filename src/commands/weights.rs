//! `weights list|verify`.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{
    Failure,
    cli::{GlobalArgs, WeightsCommand},
    output::{Lean, table},
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
        WeightsCommand::Verify { name, film } => verify(&setup.model(Some(name))?, film.as_deref()),
    }
}

fn list(setup: &Setup) -> Result<(), Failure> {
    let used = setup.library().find(setup.config().model.name.as_deref())?.name().to_owned();
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
    writeln!(out, "* is what scores now; another one with --model NAME, or `name` under [model] in the configuration")?;
    Ok(())
}

fn verify(model: &Model, film: Option<&Path>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "model {} on {}", model.manifest().name, model.device_name())?;
    model.verify()?;
    writeln!(out, "  checksum    as the manifest says")?;
    writeln!(out, "  tensors     all there, each of its shape")?;
    writeln!(out, "  outputs     finite, {} labels", model.manifest().labels.len())?;
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
