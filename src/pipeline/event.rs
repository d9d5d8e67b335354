//! What the pipeline says while it works: a line of JSON each in `watch --headless`.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::{store::StudyRow, triage::Severity};

/// One thing that happened. The words and fields are a contract with scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
    /// When.
    pub time: Timestamp,
    /// The key of the study that it was about, where one is known.
    pub study: Option<String>,
    /// The file that it was about, if one. For a study: the file of its first film.
    pub path: Option<String>,
}

/// The kinds of event, each with what it alone has to say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum EventKind {
    /// A complete file was found in the inbox.
    Arrived {
        /// The file that brought the same film before: this one is not scored again.
        #[serde(skip_serializing_if = "Option::is_none")]
        duplicate_of: Option<String>,
    },
    /// A film was held.
    Held {
        /// A sentence that a person can act on.
        reason: String,
    },
    /// A film was scored.
    Scored {
        /// The film's own band.
        severity: Severity,
        /// The highest score in that band.
        score: Option<f64>,
        /// The label of that score.
        top: Option<String>,
    },
    /// A study changed: a film joined it, it became complete, it was promoted or judged anew.
    Study {
        /// The reported severity.
        severity: Severity,
        /// The highest score in its assessed band.
        score: Option<f64>,
        /// The label of that score.
        top: Option<String>,
        /// Whether the quiet period has passed since its last film.
        complete: bool,
    },
    /// Something failed; the line goes on.
    Error {
        /// What failed, why, what to do.
        message: String,
    },
    /// Nothing is waiting and nothing is in work.
    Idle {
        /// Films that came to an end since the start or since the last idle event.
        films: usize,
    },
}

impl Event {
    /// An event about a file.
    #[must_use]
    pub fn about_file(kind: EventKind, study: Option<&str>, path: &Path, time: Timestamp) -> Self {
        Self { kind, time, study: study.map(str::to_owned), path: Some(path.display().to_string()) }
    }

    /// A study changed.
    #[must_use]
    pub fn study(row: &StudyRow, time: Timestamp) -> Self {
        Self {
            kind: EventKind::Study {
                severity: row.severity,
                score: row.score,
                top: row.top.clone(),
                complete: row.complete,
            },
            time,
            study: Some(row.key.clone()),
            path: Some(row.file_name.clone()),
        }
    }

    /// Something failed that is about no one file.
    #[must_use]
    pub fn error(message: impl Into<String>, time: Timestamp) -> Self {
        Self { kind: EventKind::Error { message: message.into() }, time, study: None, path: None }
    }
}
