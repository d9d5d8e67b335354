//! The messages between a session and a dashboard, of both directions. Nothing here knows how they are shown.

mod bench;
mod health;
mod permission;
mod picture;
mod similar;

use std::{collections::BTreeSet, sync::Arc};

use crossbeam_channel::{Receiver, Sender};

pub use crate::study::{Period, PersonRole, Sending, ShiftWatch, SimilarFilm};
pub use bench::{BenchRequest, BenchUpdate};
pub use health::{Health, Role};
pub use picture::{Picture, PictureError, PictureRequest};
pub use similar::{NoSimilarError, Similar};

use crate::store::{
    FilmId, Handling, PluginRecord, PluginRequest, PriorFilm, Sender as FilmSender, Shift, Spread, Status,
    StudyDetail, StudyId, StudyRow,
};

/// A dashboard's ends of the two channels.
#[derive(Debug)]
pub struct Feed {
    /// The changes that the dashboard shows.
    pub updates: Receiver<Update>,
    /// The wishes of the person at the keys.
    pub requests: Sender<Request>,
}

/// Something that changed outside the dashboard.
#[derive(Debug, Clone)]
pub enum Update {
    /// New or changed studies; a study that is already shown is replaced.
    Studies(Vec<StudyRow>),
    /// The store is another one than before, with these studies: what is not among them has gone, and each of them comes
    /// again, also where its revision is lower than before.
    Anew(Arc<BTreeSet<StudyId>>),
    /// The answer to [`Request::Detail`], and again whenever that study changes.
    Detail(Box<StudyDetail>),
    /// The answer to [`Request::Picture`].
    Picture(Picture),
    /// The answer to [`Request::Priors`], the latest first.
    Priors(StudyId, Vec<PriorFilm>),
    /// The answer to [`Request::Similar`].
    Similar(Similar),
    /// The state of intake, queue and engine.
    Health(Health),
    /// The plugins: their health, and the columns, filters and commands that they add. Those that are
    /// not enabled are among them.
    Plugins(Vec<PluginRecord>),
    /// The answer to [`Request::Spread`], and again when more films were scored.
    Spread(Arc<Spread>),
    /// The answer to [`Request::Shift`], and again while that is watched.
    Shift(Period, Box<Shift>),
    /// The answer to [`Request::Sendings`], and again while they are watched: the results on their way, those first that
    /// have not arrived.
    Sendings(Vec<Sending>),
    /// The answer to [`Request::Senders`], and again while they are watched.
    Senders(Vec<FilmSender>),
    /// Something to tell the person, in the message line.
    Notice(Notice),
    /// An answer to [`Request::Bench`].
    Bench(Box<BenchUpdate>),
    /// The person who has logged in has this role now.
    Role(PersonRole),
    /// A thread behind the dashboard has ended for good: why, a sentence. A list that nobody feeds is not shown on.
    Ended(String),
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
    /// Send the most similar films of other patients. Only the last request counts.
    Similar(FilmId),
    /// Send what the last films of this model got, and keep it up to date until another model is asked for.
    Spread {
        /// The model's name.
        model: String,
        /// SHA-256 of its weights, hex.
        model_sha256: String,
    },
    /// Send how the shift goes, and keep it up to date; none: no longer.
    Shift(Option<ShiftWatch>),
    /// Send the results on their way, and keep them up to date; or no longer.
    Sendings(bool),
    /// Send a study's result to the destination of that name, also where that has it.
    Send(StudyId, String),
    /// Send who sends films by DICOM, and keep it up to date; false: no longer.
    Senders(bool),
    /// Set the status of a study.
    Status(StudyId, Status),
    /// A person takes note of a critical study.
    Acknowledge(StudyId),
    /// Give a study back the handling that it had.
    TakeBack(StudyId, Box<Handling>),
    /// Add a note to a study.
    Note(StudyId, String),
    /// Another person is at the keys now.
    Who(String),
    /// Run a plugin's command, or try one again that was switched off.
    Plugin(PluginRequest),
    /// Score this held film all the same.
    Score(FilmId),
    /// A request of the threshold workbench.
    Bench(BenchRequest),
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

/// A message for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How loud.
    pub level: NoticeLevel,
    /// One sentence.
    pub text: String,
}
