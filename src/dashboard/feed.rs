//! What goes in and out of the dashboard.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use image::RgbImage;
use jiff::{SignedDuration, Timestamp};

use super::{Column, Keymap, Period, SavedViews, ShiftWatch, Theme};
use crate::{
    picture::Look,
    store::{
        FilmId, PluginRecord, PluginRequest, PriorFilm, Shift, Spread, Standing, Status, StudyDetail,
        StudyId, StudyRow,
    },
    triage::{Bench, Sample, Setting, ThresholdChange, WhatIf},
};

/// Both ends of the dashboard's traffic.
#[derive(Debug)]
pub struct Feed {
    /// What happened outside.
    pub updates: Receiver<Update>,
    /// What the person at the keys wants done.
    pub requests: Sender<Request>,
}

/// Something that changed outside the dashboard.
#[derive(Debug, Clone)]
pub enum Update {
    /// New or changed studies; a study that is already shown is replaced.
    Studies(Vec<StudyRow>),
    /// The answer to [`Request::Detail`], and again whenever that study changes.
    Detail(Box<StudyDetail>),
    /// The answer to [`Request::Picture`].
    Picture(Picture),
    /// The answer to [`Request::Priors`], the latest first.
    Priors(StudyId, Vec<PriorFilm>),
    /// The state of intake, queue and engine.
    Health(Health),
    /// The plugins: their health, and the columns, filters and commands that they add. Those that are
    /// not enabled are among them.
    Plugins(Vec<PluginRecord>),
    /// The answer to [`Request::Spread`], and again when more films were scored.
    Spread(Arc<Spread>),
    /// The answer to [`Request::Shift`], and again while that is watched.
    Shift(Period, Box<Shift>),
    /// Something to tell the person, in the message line.
    Notice(Notice),
    /// The configuration that the screen depends on, at start and after each reload.
    Site(Site),
    /// Another theme, or the same one changed.
    Theme(Box<Theme>),
    /// An answer to [`Request::Bench`].
    Bench(Box<BenchUpdate>),
    /// What stands behind the dashboard has ended for good: why, a sentence. A list that nobody feeds is not shown on.
    Ended(String),
}

/// What the threshold workbench hears.
#[derive(Debug, Clone, PartialEq)]
pub enum BenchUpdate {
    /// It is open: the thresholds, and what can be said of the last studies.
    Opened(Bench, Sample),
    /// The thresholds were changed elsewhere.
    Bench(Bench),
    /// What these settings, one a label, would have made of the last studies.
    Tried(Vec<Setting>, Box<WhatIf>),
    /// The changes are written; what is in force now, and what went wrong beside it.
    Saved(Bench, Vec<ThresholdChange>, Option<String>),
    /// Nothing was written: why, and what to do.
    Refused(String),
    /// It cannot be opened: why.
    Failed(String),
}

/// Something that the dashboard wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Send the detail of this study, and keep it up to date until another is asked for.
    Detail(StudyId),
    /// Make a picture. Only the last request counts.
    Picture(PictureRequest),
    /// Send the earlier films of this study's patient.
    Priors(StudyId),
    /// Send what the last films of this model got, and keep it up to date until another model is asked for.
    Spread {
        /// The model's name.
        model: String,
        /// SHA-256 of its weights, hex.
        model_sha256: String,
    },
    /// Send how the shift goes, and keep it up to date; none: no longer.
    Shift(Option<ShiftWatch>),
    /// Set the status of a study.
    Status(StudyId, Status),
    /// A person takes note of a critical study.
    Acknowledge(StudyId),
    /// Give a study back the standing that it had.
    TakeBack(StudyId, Box<Standing>),
    /// Add a note to a study.
    Note(StudyId, String),
    /// Another person is at the keys now.
    Who(String),
    /// Run a plugin's command, or try one again that was switched off.
    Plugin(PluginRequest),
    /// Score this held film all the same.
    Score(FilmId),
    /// Something of the threshold workbench's.
    Bench(BenchRequest),
}

/// What the threshold workbench wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum BenchRequest {
    /// Read the thresholds and the last studies.
    Open,
    /// Look whether the thresholds have changed.
    Reread,
    /// Work out what these settings, one a label, would have done. Only the last request counts.
    Try(Vec<Setting>),
    /// Write these into the configuration.
    Save(Vec<ThresholdChange>),
}

/// Which picture, at most how large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureRequest {
    /// The film.
    pub film: FilmId,
    /// The label whose heatmap lies over it; none: the film alone.
    pub heatmap: Option<String>,
    /// An earlier film of the same patient, to stand beside it.
    pub prior: Option<FilmId>,
    /// How it is to be looked at.
    pub look: Look,
    /// The box that the picture must fit, in pixels of the terminal.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// A picture, ready to be encoded for the terminal.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What was asked for.
    pub request: PictureRequest,
    /// The picture, fitted into the box with its aspect kept; or why there is none.
    pub image: Result<Arc<RgbImage>, PictureError>,
}

/// Why there is no picture: a sentence for the place where it would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PictureError(pub String);

/// Whether this process owns the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It reads the inbox and scores.
    Owner,
    /// Another process does; this one shows what that one writes.
    Follower,
}

/// The state of the line that feeds the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Owner or follower.
    pub role: Role,
    /// The inbox's path.
    pub inbox: String,
    /// What keeps films from coming or from being scored, while it lasts.
    pub fault: Option<String>,
    /// Files waiting to be decoded or scored.
    pub queued: usize,
    /// The file at which the engine works, if any.
    pub working_on: Option<String>,
    /// Films a second over the last minute of work; none when idle.
    pub films_per_second: Option<f64>,
    /// "cpu", "cuda:0".
    pub device: String,
    /// The model's name.
    pub model: String,
    /// A sentence that goes with the model, always shown (the starter's banner); or empty.
    pub banner: String,
    /// When the last film arrived.
    pub last_arrival: Option<Timestamp>,
    /// Set when no film has come for the site's feed-alarm time in working hours.
    pub feed_alarm: Option<String>,
}

/// How loud a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeLevel {
    /// For information; goes away by itself.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed; stays until another message replaces it.
    Error,
}

/// A line for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How loud.
    pub level: NoticeLevel,
    /// One sentence.
    pub text: String,
}

/// What of the configuration the screen needs. The default is that of a site that configured nothing of
/// it.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// How long a study may wait unseen before it is promoted.
    pub max_wait: Option<SignedDuration>,
    /// The columns of the list, in order.
    pub columns: Vec<Column>,
    /// The views on the number keys.
    pub views: SavedViews,
    /// The keys.
    pub keymap: Keymap,
    /// How often the bell rings while a critical study waits to be acknowledged; none: never.
    pub bell: Option<SignedDuration>,
    /// The labels that are listed first among a film's findings, in order.
    pub findings_order: Vec<String>,
    /// That the site's thresholds may be meant for other weights; none where all is in order.
    pub doubt: Option<String>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            max_wait: None,
            columns: Column::USUAL.into(),
            views: SavedViews::default(),
            keymap: Keymap::default(),
            bell: Some(SignedDuration::from_mins(1)),
            findings_order: Vec::new(),
            doubt: None,
        }
    }
}
