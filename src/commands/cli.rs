//! The command line, as types. Its words are a contract with scripts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

use crate::{
    config::{Device, Pictures, Precision},
    evaluate::{Goal, Prevalence},
};

/// A lightbox in the terminal that keeps the sickest chest film on top.
///
/// Watches an inbox for chest X-rays, scores them, and orders a worklist. For research and workflow
/// triage; not a medical device: it orders a list, it never hides a study, never lowers a priority,
/// never calls a film normal.
#[derive(Debug, Parser)]
#[command(name = "cxr-triage", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; `watch` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `watch`, which needs no naming.
    #[command(flatten)]
    pub watch: WatchArgs,
    /// What holds for every command.
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
    /// Store of studies and results
    #[arg(long, global = true, value_name = "FILE")]
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
    /// Write a log there (never holds patient names)
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The dashboard on an inbox, or the same pipeline without a terminal
    Watch(WatchArgs),
    /// Score files or folders now and print the ranked table
    Scan(ScanArgs),
    /// Show one film with its heatmap and findings in the terminal, or save the picture
    Show(ShowArgs),
    /// How good the model is on a labelled set: AUCs, thresholds, heatmaps, a report
    Evaluate(Box<EvaluateArgs>),
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
    /// A dashboard fed with synthetic phantom films, marked as such
    Demo(DemoArgs),
    /// The engine's own timing
    Bench(BenchArgs),
    /// Examines one film that `watch` hands over
    #[command(hide = true)]
    ExamineOne,
}

/// `watch`.
#[derive(Debug, Clone, Default, Args)]
pub struct WatchArgs {
    /// Folder that films arrive in [default: from the configuration, else ./inbox, created]
    pub inbox: Option<PathBuf>,
    /// No dashboard: one JSON object a line for each event
    #[arg(long)]
    pub headless: bool,
    /// With --headless: no names in the output; a hash in place of each path, the study's number in place of its key
    #[arg(long, requires = "headless")]
    pub no_names: bool,
    /// With --headless: stop when everything in the inbox has been dealt with
    #[arg(long, requires = "headless")]
    pub once: bool,
    /// How the dashboard draws pictures [default: detected]
    #[arg(long, value_enum)]
    pub pictures: Option<Pictures>,
    /// Colours: dark, light, high-contrast, colour-blind, sixteen, mono, one of your own, or a file
    /// [default: as the terminal suggests]
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// Lines instead of a screen, for a screen reader: one an event, lists on request (type `help`)
    #[arg(long, conflicts_with = "headless")]
    pub plain: bool,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// A film comes this often
    #[arg(long, default_value = "4s", value_name = "TIME", value_parser = interval)]
    pub every: jiff::SignedDuration,
    /// Stop after so many films [default: never]
    #[arg(long, value_name = "N")]
    pub films: Option<u64>,
    /// Which series of phantoms
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How the dashboard draws pictures [default: detected]
    #[arg(long, value_enum)]
    pub pictures: Option<Pictures>,
    /// Colours, as for watch
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// Lines instead of a screen
    #[arg(long)]
    pub plain: bool,
}

impl DemoArgs {
    /// What of it is `watch`'s.
    #[must_use]
    pub fn watch(&self) -> WatchArgs {
        WatchArgs {
            pictures: self.pictures,
            theme: self.theme.clone(),
            plain: self.plain,
            ..WatchArgs::default()
        }
    }
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

/// `evaluate`.
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    /// Folder of the films, with its subfolders
    #[arg(long, value_name = "DIR", required_unless_present = "explore")]
    pub films: Option<PathBuf>,
    /// What is on them: a column a finding (0, 1, empty, -1), or NIH's `Finding Labels`
    #[arg(long, value_name = "CSV", required_unless_present = "explore")]
    pub labels: Option<PathBuf>,
    /// Which labels count where the file has several, such as mined and adjudicated ones [default: ask]
    #[arg(long, value_name = "NAME")]
    pub truth: Option<String>,
    /// Only the rows of this split
    #[arg(long, value_name = "NAME")]
    pub split: Option<String>,
    /// Write report.html, report.json and plots there, and keep the scores for the next run
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Measure the heatmaps against these boxes: film, label, left, top, width, height in pixels
    #[arg(long, value_name = "CSV")]
    pub boxes: Option<PathBuf>,
    /// Size of the films that the boxes were drawn on [default: that of the films that are here]
    #[arg(long, value_name = "WxH", requires = "boxes", value_parser = size)]
    pub box_size: Option<(u32, u32)>,
    /// Refuse if a patient of these labels is in the set: what the model was trained on
    #[arg(long, value_name = "CSV")]
    pub against: Option<PathBuf>,
    /// Of these, only the rows of this split
    #[arg(long, value_name = "NAME", requires = "against")]
    pub against_split: Option<String>,
    /// How -1 counts
    #[arg(long, value_enum, default_value_t)]
    pub uncertain: UncertainAs,
    /// How an empty cell counts
    #[arg(long, value_enum, default_value_t)]
    pub blank: BlankAs,
    /// Count films that a gate would hold, too
    #[arg(long)]
    pub score_held: bool,
    /// Figures for groups of films: columns of the labels, such as View,Sex,Age,Source,Station
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Another model on the same films, side by side
    #[arg(long, value_name = "MODEL")]
    pub compare: Option<String>,
    /// How frequent findings are where the model is used, for predictive values: 0.02, or LABEL=0.02,...
    #[arg(long, value_name = "SHARE", value_delimiter = ',')]
    pub prevalence: Vec<Prevalence>,
    /// Propose thresholds: sensitivity=0.95, specificity=0.9, youden or alarms-per-day=20 (for each label), or
    /// alarms=0.10 (of films without findings, for all labels together)
    #[arg(long, value_name = "GOAL")]
    pub calibrate: Option<Goal>,
    /// How many films a day alarms are counted by
    #[arg(long, value_name = "N", value_parser = films_a_day)]
    pub films_per_day: Option<f64>,
    /// Write the proposed thresholds into the configuration
    #[arg(long, requires = "calibrate")]
    pub write: bool,
    /// Only describe these labels: films, patients, how often each finding is there, splits
    #[arg(long, value_name = "CSV", conflicts_with_all = ["labels", "films", "calibrate", "boxes", "out"])]
    pub explore: Option<PathBuf>,
    /// The report as one JSON object instead of tables and curves
    #[arg(long)]
    pub json: bool,
}

/// How -1 counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UncertainAs {
    /// Not at all
    #[default]
    Ignore,
    /// As present
    Positive,
    /// As absent
    Negative,
}

/// How an empty cell counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum BlankAs {
    /// Not at all
    #[default]
    Ignore,
    /// As absent
    Negative,
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once(['x', 'X']).map(|(w, h)| (w.trim().parse(), h.trim().parse()));
    match parts {
        Some((Ok(width), Ok(height))) if SIDES.contains(&width) && SIDES.contains(&height) => {
            Ok((width, height))
        }
        _ => Err("a size is width x height in pixels, 1 to 100000 each, such as 1024x1024".to_owned()),
    }
}

/// Sides that a film can have, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 1..=100_000;

/// More films than any site takes in a day.
const MOST_FILMS: f64 = 1e6;

fn films_a_day(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|n: &f64| *n > 0.0 && *n <= MOST_FILMS);
    number.ok_or_else(|| format!("a number above 0 and at most {MOST_FILMS}"))
}

/// A whole number of a range.
fn within<const LEAST: usize, const MOST: usize>(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
    number.ok_or_else(|| format!("{text} is not in {LEAST}..={MOST}"))
}

fn interval(text: &str) -> Result<jiff::SignedDuration, String> {
    let parsed: Option<jiff::SignedDuration> = text.parse().ok();
    let is_sound =
        |time: &jiff::SignedDuration| !time.is_negative() && *time <= jiff::SignedDuration::from_hours(24);
    parsed.filter(is_sound).ok_or_else(|| "a length of time from 0s to 24h, such as 4s".to_owned())
}

/// `weights`.
#[derive(Debug, Clone, Subcommand)]
pub enum WeightsCommand {
    /// The models that can be used, and where each lies
    List,
    /// Fetch published weights and make a model of them
    Pull {
        /// xrv-all (the strong default), xrv-pc, xrv-rsna, xrv-mimic-ch, xrv-chex or xrv-resnet50
        name: String,
    },
    /// Make a model of a file of weights: PyTorch, safetensors or Keras
    Import(ImportArgs),
    /// Check a model: checksum, shapes, finite outputs, and what is known of its results
    Verify {
        /// The model's name
        name: String,
        /// Score this film with it, too; the film of the model's reference is compared with it
        #[arg(long, value_name = "FILE")]
        film: Option<PathBuf>,
    },
    /// Measure the films that a model was trained on, so that films unlike them can be held
    Profile {
        /// The model's name
        name: String,
        /// A folder of films that the model was trained on, 200 at least
        #[arg(long, value_name = "DIR")]
        films: PathBuf,
    },
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

/// `weights import`.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("description").required(true))]
pub struct ImportArgs {
    /// A PyTorch file (.pt, .pth), a safetensors file or a Keras file (.h5, .keras)
    pub file: PathBuf,
    /// What it is: xrv-all, xrv-pc, xrv-rsna, xrv-mimic-ch, xrv-chex, xrv-resnet50 or keras-course
    #[arg(long, value_name = "P", group = "description")]
    pub preset: Option<String>,
    /// What it is, in a manifest of your own
    #[arg(long, value_name = "FILE", group = "description")]
    pub manifest: Option<PathBuf>,
    /// The name that the model is to have [default: the preset's or the manifest's]
    #[arg(long)]
    pub name: Option<String>,
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
