//! The last words of the program on standard error.

use std::{backtrace::Backtrace, env, io, panic::PanicHookInfo, process::ExitCode};

use clap::Parser;

use super::{Cli, CommandError, output::stderr};
use crate::{
    guard::panic_in_words,
    text::{causes, clean},
};

/// Says why a command failed; the exit code.
pub fn of_error(error: &CommandError) -> ExitCode {
    if !matches!(error, CommandError::OutputClosed | CommandError::NotReady) {
        say(&format!("cxr-triage: {error}"));
        // What is said here may name a film that the person named; its causes never do.
        if let Some(causes) = causes(error) {
            tracing::error!(causes, "the command failed");
        }
    }
    error.exit_code()
}

/// Says what is wrong with the command line, or gives the help that it asks for; the exit code.
#[must_use]
pub fn of_command_line(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // The arguments are quoted: a clean copy of them has the same mistake.
        let arguments = env::args_os().map(|argument| clean(&argument.to_string_lossy()));
        match Cli::try_parse_from(arguments) {
            Err(error) if error.use_stderr() => say(&error.render().to_string()),
            _ => say("error: an argument holds characters that cannot be shown; see --help"),
        }
    } else {
        // Nothing from outside is in the help, and its colours are clap's.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Reports a panic: where it was, and what of its message cannot come from a file.
pub fn of_panic(info: &PanicHookInfo<'_>) {
    say(&format!("cxr-triage: {}; this is a fault of the program: please report it", panic_in_words(info)));
    let trace = Backtrace::capture();
    if trace.status() == std::backtrace::BacktraceStatus::Captured {
        say(&trace.to_string());
    }
}

/// Where nobody reads standard error there is nowhere to say it: the exit code still does.
fn say(text: &str) {
    let _: io::Result<()> = stderr().lines(text);
}
