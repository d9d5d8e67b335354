//! The settings, as plain data. Each struct is a section of the file, each field a key.

use std::{collections::BTreeMap, path::PathBuf};

use clap::ValueEnum;
use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    Bandwidth, Destinations, FeedAlarm, Health, Inboxes, Metrics, People, Plugins, Receive, Retention,
    Similar, bandwidth, values,
};
use crate::{intake::DEFAULT_IGNORE, quality::Gates, study::Severity};

/// The thresholds that the site sets, by model.
pub type Thresholds = BTreeMap<String, ModelThresholds>;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where films come from.
    pub inbox: Inbox,
    /// `[inboxes]`: where this host has the inboxes of a store that several hosts share, by their names.
    pub inboxes: Inboxes,
    /// Films that come in by DICOM.
    pub receive: Receive,
    /// `[send.NAME]`: where results are sent by DICOM.
    pub send: Destinations,
    /// Where results are kept.
    pub store: Store,
    /// Which model scores, and on what.
    pub model: Model,
    /// Where published weights come from.
    pub weights: Weights,
    /// Which films are held before or after the model, and why.
    pub quality: Gates,
    /// When a study is complete, and how long one may wait.
    pub triage: Triage,
    /// `[thresholds.MODEL.LABEL]`. Sections of models that are not in use are kept and ignored.
    pub thresholds: Thresholds,
    /// When a silent inbox is a fault.
    pub feed_alarm: FeedAlarm,
    /// Which plugins run, and what they may do.
    pub plugins: Plugins,
    /// How the dashboard looks at its start.
    pub dashboard: Dashboard,
    /// `[keys]`: an action's name, and the keys that do it instead of its own.
    pub keys: BTreeMap<String, Keys>,
    /// The people who may open the dashboard over SSH.
    pub people: People,
    /// When the program is not ready.
    pub health: Health,
    /// Numbers for a monitoring system.
    pub metrics: Metrics,
    /// The files and data that are deleted, and when.
    pub retention: Retention,
    /// The search for similar films.
    pub similar: Similar,
    /// The log.
    pub log: Log,
}

/// The keys of one action: a text, or a list of them. Keys that are pressed one after the other have a
/// space between.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Keys(#[serde(deserialize_with = "values::one_or_more")] pub Vec<String>);

/// `[inbox]`: where films come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Inbox {
    /// The folder, subfolders included.
    pub path: PathBuf,
    /// Look through the folder this often, for network shares that report no changes; none ("off"):
    /// trust the operating system's reports.
    #[serde(deserialize_with = "values::duration_or_off")]
    pub poll: Option<SignedDuration>,
    /// A file is complete when it has not changed for so long.
    #[serde(deserialize_with = "values::duration")]
    pub settle: SignedDuration,
    /// A file whose name ends in one of these, in any case of letters, is left alone.
    pub ignore: Vec<String>,
    /// The way in which films without a header make studies.
    pub raster_study: RasterStudy,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            path: "inbox".into(),
            poll: None,
            settle: SignedDuration::from_millis(300),
            ignore: DEFAULT_IGNORE.map(str::to_owned).into(),
            raster_study: RasterStudy::Film,
        }
    }
}

/// The way in which raster films make studies, for they carry no Study Instance UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum RasterStudy {
    /// Each film is its own study.
    Film,
    /// The films of one subfolder are one study.
    Folder,
}

/// `[store]`: where results are kept.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Store {
    /// The database file; none ("auto"): `store.db` in [`data_folder`](super::data_folder).
    #[serde(deserialize_with = "values::path_or_auto")]
    pub path: Option<PathBuf>,
    /// The URL of a database on a PostgreSQL server, in place of a file; none ("off"): a file.
    #[serde(deserialize_with = "values::text_or_off")]
    pub url: Option<String>,
    /// A file that holds nothing but the password for that server; none ("off"): as libpq looks for it.
    #[serde(deserialize_with = "values::path_or_off")]
    pub password_file: Option<PathBuf>,
}

/// `[model]`: which model scores, and on what.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Model {
    /// The model's name; none ("auto"): the best one that is there.
    #[serde(deserialize_with = "values::text_or_auto")]
    pub name: Option<String>,
    /// Folders to look for models in, before `./weights` and the user's data folder.
    pub weights: Vec<PathBuf>,
    /// The device that computes.
    pub device: Device,
    /// The numbers that it computes in.
    pub precision: Precision,
}

/// `[weights]`: where published weights come from.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Weights {
    /// The address of a folder with the published files; none ("off"): where their authors put them.
    #[serde(deserialize_with = "values::secure_url_or_off")]
    pub mirror: Option<String>,
}

/// The device that the model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The GPU if this build and this machine have one, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU; without one the start fails.
    Cuda,
}

/// The number format that the model computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    Fp32,
    /// bfloat16: faster where the processor has it, with slightly different probabilities.
    Bf16,
}

/// `[triage]`: when a study is complete, and how long one may wait.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Triage {
    /// A study to which no film has come for so long counts as complete.
    #[serde(deserialize_with = "values::duration")]
    pub quiet_period: SignedDuration,
    /// A study unseen for longer is promoted one band, once; none ("off"): never.
    #[serde(deserialize_with = "values::duration_or_off")]
    pub max_wait: Option<SignedDuration>,
}

impl Default for Triage {
    fn default() -> Self {
        Self { quiet_period: SignedDuration::from_secs(60), max_wait: Some(SignedDuration::from_hours(4)) }
    }
}

/// `[thresholds.MODEL]`: what the site decides about the labels of one model, and which weights it was decided for.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ModelThresholds {
    /// `for`: how the SHA-256 of the weights begins that the thresholds were chosen for; none if nobody wrote it down.
    pub weights: Option<String>,
    /// By label, as the model's manifest names it.
    pub labels: BTreeMap<String, LabelThresholds>,
}

/// `[thresholds.MODEL.LABEL]`: what the site decides about one label. What is none is the model's own.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section for each label")]
pub struct LabelThresholds {
    /// Probability, between 0 and 1, at and above which a study is urgent.
    pub alert: Option<f64>,
    /// Probability, between `alert` and 1, at and above which it is critical.
    pub critical: Option<f64>,
    /// The highest band that the label may give.
    #[serde(deserialize_with = "values::band")]
    pub cap: Option<Severity>,
    /// Whether the label ranks.
    pub rank: Option<bool>,
}

/// `[dashboard]`: how the dashboard looks at its start.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Dashboard {
    /// How films are drawn.
    pub pictures: Pictures,
    /// The speed of the line to the terminal, to which pictures are cut down; none ("off"): they are sent whole.
    #[serde(deserialize_with = "bandwidth::bandwidth_or_off")]
    pub bandwidth: Option<Bandwidth>,
    /// Whether the heatmap lies over the film at the start.
    pub heatmap: bool,
    /// The theme's name, or its file; none ("auto"): as the terminal suggests.
    #[serde(deserialize_with = "values::text_or_auto")]
    pub theme: Option<String>,
    /// The characters that borders, bars and symbols are drawn with.
    pub borders: Borders,
    /// How lively the screen is.
    pub motion: Motion,
    /// The columns of the list, by their names, in order.
    pub columns: Vec<String>,
    /// How often the bell rings while a critical study waits to be acknowledged; none ("off"): never.
    #[serde(deserialize_with = "values::duration_or_off")]
    pub bell: Option<SignedDuration>,
    /// Whether the terminal's title says how many critical studies wait to be acknowledged.
    pub title: bool,
    /// How a desktop is told of a new one.
    pub desktop_notice: DesktopNotice,
    /// Names are hidden when no key was pressed for so long; none ("off"): never.
    #[serde(deserialize_with = "values::duration_or_off")]
    pub hide_names_after: Option<SignedDuration>,
    /// Whether it is asked at the start who is at the keys; else it is the account's name.
    pub ask_who: bool,
    /// The labels that are listed first among a film's findings, in order; none ("score"): all by score.
    #[serde(deserialize_with = "values::labels_or_score")]
    pub findings_order: Option<Vec<String>>,
    /// Filters of the site's own, by their names.
    pub views: BTreeMap<String, String>,
}

/// The sequence by which a terminal is asked to show a notice on the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum DesktopNotice {
    /// None.
    #[default]
    Off,
    /// OSC 9, which iTerm2 brought: a text.
    Osc9,
    /// OSC 777, which urxvt brought: a title and a text.
    Osc777,
}

/// The characters that borders, bars and symbols are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum Borders {
    /// Box drawing and symbols of Unicode.
    #[default]
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// How lively the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum Motion {
    /// A change is on the screen at once.
    #[default]
    Full,
    /// Changes that no key asked for come together, every other second.
    Reduced,
}

/// The columns unless the site says otherwise. Those that do not fit give way.
const COLUMNS: [&str; 9] =
    ["rank", "band", "finding", "score", "patient", "study-time", "waits", "status", "by"];

impl Default for Dashboard {
    fn default() -> Self {
        Self {
            pictures: Pictures::Auto,
            bandwidth: None,
            heatmap: true,
            theme: None,
            borders: Borders::Unicode,
            motion: Motion::Full,
            columns: COLUMNS.map(str::to_owned).into(),
            bell: Some(SignedDuration::from_mins(1)),
            title: false,
            desktop_notice: DesktopNotice::Off,
            hide_names_after: None,
            ask_who: false,
            findings_order: None,
            views: BTreeMap::new(),
        }
    }
}

/// How films are drawn in the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Pictures {
    /// Ask the terminal what it can do.
    #[default]
    Auto,
    /// The protocol of kitty, Ghostty and WezTerm.
    Kitty,
    /// The protocol of iTerm2.
    Iterm2,
    /// Sixel, of xterm, foot and Windows Terminal.
    Sixel,
    /// Coloured half characters, which work everywhere.
    Halfblocks,
}

/// `[log]`: what is written for those who look after the program. Patients' names never are.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Log {
    /// The file; none ("off"): no log.
    #[serde(deserialize_with = "values::path_or_off")]
    pub file: Option<PathBuf>,
    /// How much is written.
    pub level: LogLevel,
}

/// How much is logged; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures.
    Error,
    /// Failures, and what is not as it should be.
    Warn,
    /// All that, and what was done.
    #[default]
    Info,
    /// How it was done.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// The word that the file and the logging library know the level by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
