//! `examine-one`: the child process in which `watch` tries a film alone that may have ended the program. Not for people.

use std::io::{self, BufReader};

use super::{CommandError, cli::GlobalArgs, output::terminal, setup::Setup};
use crate::pipeline;

/// Examines the film that standard input brings.
pub(super) fn run(global: &GlobalArgs) -> Result<(), CommandError> {
    let setup = Setup::new(global)?;
    let model = setup.model(setup.config().model.name.as_deref())?;
    let input = BufReader::new(io::stdin());
    pipeline::examine_one(&model, input, terminal(), || signal_hook::low_level::exit(0))
        .map_err(|error| CommandError::failed(format!("the program that asked has gone: {error}")))
}
