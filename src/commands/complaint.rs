//! The last words of the program on standard error.

use std::{backtrace::Backtrace, env, io, panic::PanicHookInfo, process::ExitCode};

use super::{Failure, output::stderr};
use crate::{guard::panic_in_words, text::clean};

/// Says why a command failed; the exit code.
pub fn of_failure(failure: &Failure) -> ExitCode {
    if !matches!(failure, Failure::OutputClosed) {
        say(&format!("cxr-triage: {failure}"));
    }
    failure.exit_code()
}

/// Says what is wrong with the command line, or gives the help that it asks for; the exit code.
#[must_use]
pub fn of_command_line(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // An argument that is quoted has a line of its own as little as any other text from outside.
        let arguments = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
        let told = arguments
            .filter(|argument| clean(argument) != *argument && !argument.trim().is_empty())
            .fold(error.render().to_string(), |told, argument| told.replace(&argument, &clean(&argument)));
        say(&told);
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
