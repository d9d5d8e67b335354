//! One file a subcommand. The only room that prints.

mod bench;
mod cli;
mod complaint;
mod config;
mod demo;
mod evaluate;
mod examine_one;
mod failure;
mod faults;
mod headless;
mod log;
mod output;
mod plain;
mod plugins;
mod printer;
mod profile;
mod receive;
mod reload;
mod scan;
mod screen;
mod setup;
mod show;
mod signals;
mod themes;
mod thresholds;
mod watch;
mod weights;

pub use cli::{Cli, Command};
pub use complaint::{of_command_line, of_failure, of_panic};
pub use failure::Failure;

use crate::text::shown;

/// Does what the command line says.
///
/// # Errors
/// A [`Failure`], which knows its exit code.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { command, watch: bare, global } = cli;
    if let (Some(_), Some(stray)) = (&command, &bare.inbox) {
        return Err(Failure::usage(format!("`{}` before a command means nothing; see --help", shown(stray))));
    }
    match command.unwrap_or(Command::Watch(bare)) {
        Command::Watch(args) if args.headless => headless::run(&args, &global),
        Command::Watch(args) => watch::run(&args, &global),
        Command::Receive(args) => receive::run(&args, &global),
        Command::Scan(args) => scan::run(&args, &global),
        Command::Show(args) => show::run(&args, &global),
        Command::Evaluate(args) => evaluate::run(&args, &global),
        Command::Weights(command) => weights::run(&command, &global),
        Command::Plugins(command) => plugins::run(&command, &global),
        Command::PluginProcess => plugins::serve(),
        Command::Config(command) => config::run(command, &global),
        Command::Demo(args) => demo::run(&args, &global),
        Command::Bench(args) => bench::run(&args, &global),
        Command::ExamineOne => examine_one::run(&global),
    }
}
