//! The command line, as types. Its words are a contract with scripts.

mod evaluate;
mod train;
mod users;
mod watch;
mod weights;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, value_parser};

pub(super) use evaluate::EvaluateArgs;
pub(super) use train::{BatchNormAs, DepthAs, TrainArgs};
pub(super) use users::UsersCommand;
pub(super) use watch::{DemoArgs, WatchArgs};
pub(super) use weights::{ImportArgs, WeightsCommand};

use crate::{
    config::{Device, Precision},
    intake::Mount,
};

/// A lightbox in the terminal that keeps the sickest chest film on top.
///
/// Watches an inbox for chest X-rays, scores them, and orders a worklist. For research and workflow
/// triage; not a medical device: it orders a list, it never hides a study, never lowers a priority,
/// never calls a film normal.
#[derive(Debug, Parser)]
#[command(name = "cxr-triage", version, max_term_width = 100)]
pub struct Cli {
    /// The command; `watch` if none is named.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `watch`, which needs no naming.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// The options that hold for every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Configuration file [default: ./cxr-triage.toml, then the user's own]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Store of studies and results: a file, or postgres://USER@HOST/DATABASE
    #[arg(long, global = true, value_name = "STORE")]
    pub store: Option<PathBuf>,
    /// Model to score with [default: xrv-all where it is installed, else starter]
    #[arg(long, global = true, value_name = "NAME")]
    pub model: Option<String>,
    /// A folder of models, looked in first
    #[arg(long, global = true, value_name = "DIR")]
    pub weights: Option<PathBuf>,
    /// Where the model runs
    #[arg(long, global = true, value_enum)]
    pub device: Option<Device>,
    /// The numbers that it computes with
    #[arg(long, global = true, value_enum)]
    pub precision: Option<Precision>,
    /// Where this host has an inbox that a shared store knows by name; may be repeated
    #[arg(long = "inbox", global = true, value_name = "NAME=FOLDER")]
    pub inboxes: Vec<Mount>,
    /// Write a log there (never holds patient names)
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The dashboard on an inbox, or the same pipeline without a terminal
    Watch(WatchArgs),
    /// Receive films by DICOM (C-STORE) into an inbox, and nothing else
    Receive(ReceiveArgs),
    /// Score films of the store's queue, and nothing else: one of the workers of a store that several hosts share
    Work(WorkArgs),
    /// Put films or folders of films into the store's queue
    Enqueue(EnqueueArgs),
    /// Send the results of studies to a destination of `[send.NAME]`, now
    Send(SendArgs),
    /// Try whether a destination of `[send.NAME]` is there and lets us in (C-ECHO)
    Echo(EchoArgs),
    /// Score files or folders now and print the ranked table
    Scan(ScanArgs),
    /// Show one film with its heatmap and findings in the terminal, or save the picture
    Show(ShowArgs),
    /// The films of the store that are most like one, of other patients
    Similar(SimilarArgs),
    /// How good the model is on a labelled set: AUCs, thresholds, heatmaps, a report
    Evaluate(Box<EvaluateArgs>),
    /// A new model from labelled films of your own: the last layer of one that is there, learned anew
    Train(Box<TrainArgs>),
    /// The models that are installed
    #[command(subcommand)]
    Weights(WeightsCommand),
    /// The plugins: the site's own rules
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// A plugin's process; the program starts it itself
    #[command(hide = true)]
    PluginProcess,
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Whether the program does its work: exit code 0, or 1 with every reason
    Health(HealthArgs),
    /// The store: an online backup, a copy of the whole to another place
    #[command(subcommand)]
    Store(StoreCommand),
    /// The people who may open the dashboard over SSH: names, roles, keys
    #[command(subcommand)]
    Users(UsersCommand),
    /// Delete what `[retention]` says, or say what would be deleted
    Retention(RetentionArgs),
    /// A dashboard fed with synthetic phantom films, marked as such
    Demo(DemoArgs),
    /// Print what a shell needs to complete the words of this command line
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command
    Man(ManArgs),
    /// The engine's own timing
    Bench(BenchArgs),
    /// Examines one film that `watch` hands over
    #[command(hide = true)]
    ExamineOne,
}

/// `receive`.
#[derive(Debug, Clone, Args)]
pub struct ReceiveArgs {
    /// Folder that films are put into [default: from the configuration, else ./inbox, created]
    pub inbox: Option<PathBuf>,
    /// Port to listen on; 0: any that is free [default: 11112, or the configuration's]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// AE title [default: CXRTRIAGE, or the configuration's]
    #[arg(long, value_name = "TITLE")]
    pub aet: Option<String>,
    /// No paths in the output: a hash in place of each
    #[arg(long)]
    pub no_names: bool,
}

/// `work`.
#[derive(Debug, Clone, Default, Args)]
pub struct WorkArgs {
    /// Stop when nothing is queued any more that this worker could score
    #[arg(long)]
    pub until_empty: bool,
    /// No names in the output: a hash in place of each path, the study's number in place of its key
    #[arg(long)]
    pub no_names: bool,
}

/// `enqueue`.
#[derive(Debug, Clone, Args)]
pub struct EnqueueArgs {
    /// Films, or folders of films
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}

/// `send`.
#[derive(Debug, Clone, Args)]
pub struct SendArgs {
    /// Studies: Study Instance UIDs, numbers of the store, or files of films
    #[arg(required = true, value_name = "STUDY")]
    pub studies: Vec<String>,
    /// The destination's name
    #[arg(long, value_name = "NAME")]
    pub to: String,
}

/// `echo`.
#[derive(Debug, Clone, Args)]
pub struct EchoArgs {
    /// The destination's name
    pub name: String,
}

/// `scan`.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    /// Films, or folders of films
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// One JSON object a study instead of the table
    #[arg(long)]
    pub json: bool,
    /// Only the first N studies
    #[arg(long, value_name = "N", value_parser = within::<1, 1_000_000_000>)]
    pub top: Option<usize>,
}

/// `show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// The film
    pub file: PathBuf,
    /// The label whose heatmap is shown [default: the top finding; `none`: the film alone]
    #[arg(long)]
    pub label: Option<String>,
    /// Save the picture as PNG instead of printing it
    #[arg(long, value_name = "PNG")]
    pub out: Option<PathBuf>,
}

/// `similar`.
#[derive(Debug, Clone, Args)]
pub struct SimilarArgs {
    /// The film; it need not be in the store
    pub file: PathBuf,
    /// How many studies, the most similar first
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = within::<1, 1_000>)]
    pub top: usize,
    /// One JSON object instead of the table
    #[arg(long)]
    pub json: bool,
}

/// A whole number of a range.
fn within<const LEAST: usize, const MOST: usize>(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
    number.ok_or_else(|| format!("{text} is not in {LEAST}..={MOST}"))
}

/// `plugins`.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginsCommand {
    /// Each plugin's state, calls, time, memory and failures
    List,
    /// Compile, read, and try on a recorded study: what it asks for, what it would do
    Check {
        /// A plugin's file or folder [default: all that are enabled]
        file: Option<PathBuf>,
    },
    /// Call a plugin's hooks with a study and print what it would do; nothing is done
    Run {
        /// A plugin's file or folder, or the name of one that comes with the program
        file: PathBuf,
        /// The study as JSON [default: a recorded one]
        #[arg(long, value_name = "JSON")]
        study: Option<PathBuf>,
    },
}

/// `config`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Write a commented configuration file with every setting and its default
    Init,
    /// Check the configuration, thresholds against the model included
    Check,
    /// Say which configuration file is read
    Path,
    /// Write down that the thresholds in it are meant for the weights that are in use
    Affirm,
}

/// `health`.
#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// The reasons and the facts as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `store`.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// Copy the store into a new file while everything runs
    Backup {
        /// The file; it must not be there yet
        file: PathBuf,
    },
    /// Copy the whole store to another place, from a file to a server or back
    Copy {
        /// The store that is copied: a file or a URL; nobody may work on it meanwhile
        #[arg(long, value_name = "STORE")]
        from: PathBuf,
        /// Where to: there must be no store yet [default: the configured store]
        #[arg(long, value_name = "STORE")]
        to: Option<PathBuf>,
    },
}

/// `retention`.
#[derive(Debug, Clone, Args)]
pub struct RetentionArgs {
    /// Delete nothing: say what would be deleted, and why
    #[arg(long)]
    pub dry_run: bool,
}

/// `man`.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder, which must be there
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `bench`.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// Height and width of the input [default: the model's own]
    #[arg(long, value_name = "PIXELS", value_parser = value_parser!(u32).range(32..=2048))]
    pub size: Option<u32>,
    /// Films at a time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u32).range(1..=256))]
    pub batch: u32,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = within::<1, 1_024>)]
    pub threads: Option<usize>,
    /// How many runs are timed
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = within::<1, 100_000>)]
    pub runs: usize,
    /// One JSON object instead of the table
    #[arg(long)]
    pub json: bool,
}
