//! `weights list|pull|import|verify|profile`.

mod import;
mod pull;
mod verify;

use std::io::Write;

use super::{
    CommandError,
    cli::{GlobalArgs, WeightsCommand},
    output::{Lean, stdout, table},
    profile,
    setup::Setup,
};
/// Runs `weights`.
pub(super) fn run(command: &WeightsCommand, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    match command {
        WeightsCommand::List => list(&setup),
        WeightsCommand::Profile { name, films } => profile::run(&setup, name, films),
        WeightsCommand::Pull { name } => pull::run(&setup, name),
        WeightsCommand::Import(args) => import::run(&setup, args),
        WeightsCommand::Verify { name, film } => verify::run(&setup, name, film.as_deref()),
    }
}

fn list(setup: &Setup) -> Result<(), CommandError> {
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
    let mut out = stdout();
    table(&mut out, &columns, &rows)?;
    writeln!(
        out,
        "* is what scores now; another one with --model NAME, or `name` under [model] in the configuration"
    )?;
    Ok(())
}
