//! The binary: parses the command line and dispatches.

use std::{panic, process::ExitCode};

use clap::Parser;
use cxr_triage::{
    commands::{self, Cli},
    freed_memory,
    guard::is_guarded,
    memory_limit::Counting,
};

/// Counts only while an import is limited in its memory.
#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    freed_memory::share();
    report_panics_but_of_decoders();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return commands::of_command_line(&error),
    };
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => commands::of_error(&error),
    }
}

/// A decoder that panics on a broken file is caught, and the file is held with its reason: nothing to print.
fn report_panics_but_of_decoders() {
    panic::set_hook(Box::new(|info| {
        if !is_guarded() {
            commands::of_panic(info);
        }
    }));
}
