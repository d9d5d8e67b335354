//! The binary: parses the command line and dispatches.

use std::process::ExitCode;

use clap::Parser;
use cxr_triage::commands::{self, Cli, Failure};

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::OutputClosed) {
                eprintln!("cxr-triage: {failure}");
            }
            failure.exit_code()
        }
    }
}
