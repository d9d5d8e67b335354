//! `completions` and `man`: the command line, told to shells and as manual pages.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{
    Cli, CommandError,
    cli::ManArgs,
    output::{stderr, stdout},
};
use crate::text::shown;

/// The program's name on the command line.
const NAME: &str = "cxr-triage";

/// Runs `completions`.
pub(super) fn completions(shell: Shell) -> Result<(), CommandError> {
    // Written at once: the generator panics where its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    Ok(stdout().write_all(&script)?)
}

/// Runs `man`.
pub(super) fn run(args: &ManArgs) -> Result<(), CommandError> {
    let Some(folder) = &args.out else { return Ok(page(&mut stdout())?) };
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| {
        CommandError::failed(format!("cannot write the manual pages into {}: {error}", shown(folder)))
    })?;
    Ok(writeln!(stderr(), "The manual pages are in {}.", shown(folder))?)
}

fn page(out: &mut impl Write) -> io::Result<()> {
    Man::new(Cli::command().disable_help_subcommand(true)).render(out)
}
