//! `store backup` and `store copy`.

use std::{io::Write, path::Path};

use jiff::Timestamp;

use super::{
    CommandError,
    cli::{GlobalArgs, StoreCommand},
    output::{stderr, stdout},
    setup::{Setup, warn_of_password},
};
use crate::{
    store::{CopyProgress, Ownership, Store, WorkerRow},
    store_place::StorePlace,
    text::{clean, process_number, shown},
};

/// Runs `store`.
pub(super) fn run(command: &StoreCommand, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    match command {
        StoreCommand::Backup { file } => backup(&setup, file),
        StoreCommand::Copy { from, to } => copy(&setup, from, to.as_deref()),
    }
}

fn backup(setup: &Setup, file: &Path) -> Result<(), CommandError> {
    let place = setup.store_that_is_there()?;
    Store::open(&place)?.back_up(file, Timestamp::now())?;
    writeln!(stdout(), "{} is a copy of {place}", shown(file))?;
    Ok(())
}

fn copy(setup: &Setup, from: &Path, to: Option<&Path>) -> Result<(), CommandError> {
    let from = place(setup, from)?;
    let to = to.map_or_else(|| setup.store(), |to| place(setup, to))?;
    if !from.exists() {
        return Err(CommandError::failed(format!("there is no store at {from}: look at --from")));
    }
    // What came into it meanwhile would be in it alone.
    let Some(_owned) = Ownership::acquire(&from)? else {
        let holder = process_number(Ownership::holder(&from));
        return Err(CommandError::failed(format!(
            "another cxr-triage{holder} works on the store {from}: stop it first"
        )));
    };
    let source = Store::open(&from)?;
    if let Some(worker) = source.workers()?.into_iter().find(WorkerRow::is_alive) {
        let (host, pid) = (clean(&worker.host), worker.pid);
        return Err(CommandError::failed(format!(
            "the process {pid} on {host} works on the store {from}: stop all of its workers first"
        )));
    }
    let mut err = stderr();
    let mut told = String::new();
    let rows = Store::open(&to)?.copy_from(&source, |CopyProgress { table, done, of }| {
        if done == of && told != table {
            table.clone_into(&mut told);
            let _ = writeln!(err, "{table}: {of} rows");
        }
    })?;
    writeln!(stdout(), "{to} is a copy of {from}: {rows} rows, each counted")?;
    Ok(())
}

/// A place on the command line, with the password file that the site names.
fn place(setup: &Setup, word: &Path) -> Result<StorePlace, CommandError> {
    warn_of_password(word);
    let place =
        StorePlace::parse(word.as_os_str()).map_err(|error| CommandError::usage(error.to_string()))?;
    let configured = setup.config().store.password_file.as_deref();
    Ok(match place {
        StorePlace::Server(server) => StorePlace::Server(Box::new(server.with_password_file(configured))),
        file @ StorePlace::File(_) => file,
    })
}
