//! The binary: parses the command line and dispatches.

use std::{
    io::{self, Write},
    panic,
    process::ExitCode,
};

use clap::Parser;
use cxr_triage::{
    commands::{self, Cli, Failure},
    guard::is_guarded,
};

fn main() -> ExitCode {
    report_panics_but_of_decoders();
    match commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::OutputClosed) {
                // Nowhere to say it: the exit code still does.
                let _ = writeln!(io::stderr(), "cxr-triage: {failure}");
            }
            failure.exit_code()
        }
    }
}

/// A decoder that panics on a broken file is caught, and the file is held with its reason: nothing to print.
fn report_panics_but_of_decoders() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !is_guarded() {
            report(info);
        }
    }));
}
