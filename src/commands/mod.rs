//! One file a subcommand. The only module that prints.

mod bench;
mod cli;
mod config;
mod demo;
mod enqueue;
mod error;
mod evaluate;
mod events;
mod examine_one;
mod exit;
mod headless;
mod health;
mod json_lines;
mod labelled;
mod log;
mod log_file;
mod login;
mod manual;
mod outcomes;
mod output;
mod people_change;
mod plain;
mod plugins;
mod printer;
mod profile;
mod receive;
mod reload;
mod retention;
mod running;
mod scan;
mod screen;
mod send;
mod setup;
mod show;
mod signals;
mod similar;
mod store;
mod themes;
mod thresholds;
mod train;
mod unread;
mod upkeep;
mod users;
mod watch;
mod weights;
mod work;

pub use cli::{Cli, Command};
pub use error::CommandError;
pub use exit::{of_command_line, of_error, of_panic};

use crate::text::shown;

/// Does what the command line says.
///
/// # Errors
/// A [`CommandError`], which knows its exit code.
pub fn run(cli: Cli) -> Result<(), CommandError> {
    let Cli { command, watch: bare, global } = cli;
    if let (Some(_), Some(stray)) = (&command, &bare.inbox) {
        return Err(CommandError::usage(format!(
            "`{}` before a command means nothing; see --help",
            shown(stray)
        )));
    }
    match command.unwrap_or(Command::Watch(bare)) {
        Command::Watch(args) if args.headless => headless::run(&args, &global),
        Command::Watch(args) => watch::run(&args, &global),
        Command::Receive(args) => receive::run(&args, &global),
        Command::Work(args) => work::run(&args, &global),
        Command::Enqueue(args) => enqueue::run(&args, &global),
        Command::Send(args) => send::run(&args, &global),
        Command::Echo(args) => send::echo(&args, &global),
        Command::Scan(args) => scan::run(&args, &global),
        Command::Show(args) => show::run(&args, &global),
        Command::Similar(args) => similar::run(&args, &global),
        Command::Evaluate(args) => evaluate::run(&args, &global),
        Command::Train(args) => train::run(&args, &global),
        Command::Weights(command) => weights::run(&command, &global),
        Command::Plugins(command) => plugins::run(&command, &global),
        Command::PluginProcess => plugins::serve(),
        Command::Config(command) => config::run(command, &global),
        Command::Demo(args) => demo::run(&args, &global),
        Command::Health(args) => health::run(&args, &global),
        Command::Store(command) => store::run(&command, &global),
        Command::Users(command) => users::run(&command, &global),
        Command::Retention(args) => retention::run(&args, &global),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man(args) => manual::run(&args),
        Command::Bench(args) => bench::run(&args, &global),
        Command::ExamineOne => examine_one::run(&global),
    }
}
