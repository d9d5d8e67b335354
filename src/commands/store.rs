//! `store backup`.

use std::io::Write;

use jiff::Timestamp;

use super::{
    CommandError,
    cli::{GlobalArgs, StoreCommand},
    output::stdout,
    setup::Setup,
};
use crate::{store::Store, text::shown};

/// Runs `store`.
pub(super) fn run(command: &StoreCommand, global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let path = setup.store()?;
    if !path.exists() {
        return Err(CommandError::failed(format!("there is no store at {}", path)));
    }
    let StoreCommand::Backup { file } = command;
    Store::open(&path)?.back_up(file, Timestamp::now())?;
    writeln!(stdout(), "{} is a copy of {}", shown(file), path)?;
    Ok(())
}
