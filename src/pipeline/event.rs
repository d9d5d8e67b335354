//! The events of a pipeline at work: a line of JSON each in `watch --headless`.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    intake::LeftOut,
    study::{Attributes, Severity, StudyId, StudyRow},
    text::{Secrets, unnamed},
};

/// One thing that happened. The words and fields are a contract with scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The kind.
    #[serde(flatten)]
    pub kind: EventKind,
    /// When.
    pub time: Timestamp,
    /// The key of the study that it was about, where one is known.
    pub study: Option<String>,
    /// The file that it was about, if one. For a study: the file of its first film.
    pub path: Option<String>,
    /// The texts for those who may not learn who the patient is.
    #[serde(skip)]
    pub unnamed: Unnamed,
}

/// An event's parts that can hold a patient's name or number, without them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Unnamed {
    /// The study's number in the store.
    pub study: Option<StudyId>,
    /// The hash of the file's path.
    pub path: Option<String>,
    /// The study's attributes, without what in their free text names the patient.
    pub attributes: Attributes,
    /// The reason, the message, or the file that brought the same film; none where it holds no name.
    pub text: Option<String>,
}

/// A sentence that may name a patient.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Sentence {
    /// As it is.
    pub text: String,
    /// For those who may not learn who the patient is.
    #[serde(skip)]
    pub unnamed: String,
}

/// A program that sends films by DICOM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Peer {
    /// Its AE title; empty where it has not said one.
    #[serde(rename = "sender")]
    pub title: String,
    /// Its address.
    pub address: String,
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
        /// Other films and studies that bear a number of its own, a sentence each.
        warnings: Vec<Sentence>,
    },
    /// A film was scored.
    Scored {
        /// The film's own band.
        severity: Severity,
        /// The highest score in that band.
        score: Option<f64>,
        /// The label of that score.
        top: Option<String>,
        /// Sentences to be told beside its findings.
        warnings: Vec<Sentence>,
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
        /// Attributes of its first film's header.
        #[serde(flatten)]
        attributes: Attributes,
        /// Other studies and films that bear a number of its own or of its films, a sentence each.
        warnings: Vec<Sentence>,
    },
    /// The receiver listens.
    Listening {
        /// Address and port.
        address: String,
        /// Its AE title.
        aet: String,
        /// Whether it speaks TLS alone.
        tls: bool,
        /// Whether anybody may send who calls it by its title.
        open: bool,
    },
    /// A film came by DICOM and is in the inbox, on disk.
    Stored {
        /// The device that sent it.
        #[serde(flatten)]
        sender: Peer,
        /// Bytes of the data set.
        bytes: u64,
        /// The UID of its transfer syntax.
        syntax: String,
        /// Whether the very same film lay there already.
        again: bool,
    },
    /// A sender, or something of what it sends, was not let in.
    Refused {
        /// The device at the other end.
        #[serde(flatten)]
        sender: Peer,
        /// Why, and what to do.
        reason: String,
        /// How often this happened since it was last told.
        times: u64,
    },
    /// A sender's association ended.
    Association {
        /// The device at the other end.
        #[serde(flatten)]
        sender: Peer,
        /// Films that it brought.
        films: u64,
        /// Films that were not taken.
        failed: u64,
        /// Bytes of the films.
        bytes: u64,
        /// How long it lasted.
        seconds: f64,
        /// Whether the sender released it, and so has nothing more to send for now.
        released: bool,
        /// Why it ended otherwise.
        #[serde(skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
        /// Films that the sender has brought today, as the receiver's clock has it.
        films_today: u64,
        /// How often this happened since it was last told: one with films is always told.
        times: u64,
    },
    /// A sender tried whether the receiver is there.
    Echo {
        /// The device at the other end.
        #[serde(flatten)]
        sender: Peer,
        /// How often this happened since it was last told.
        times: u64,
    },
    /// A destination has a study's result.
    Sent {
        /// The destination's name.
        destination: String,
        /// Which version of the result it is.
        version: u32,
        /// The destination's remark.
        #[serde(skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// A study's result could not be sent.
    Unsent {
        /// The destination's name.
        destination: String,
        /// Which version of the result it is.
        version: u32,
        /// Why.
        reason: String,
        /// When it is tried again; none: it was given up.
        next_try: Option<Timestamp>,
    },
    /// Something failed; the pipeline goes on.
    Error {
        /// The failure, its reason, the advice.
        message: String,
    },
    /// A result came when its film was another worker's already. It counts for nothing, and nothing is to be done.
    Late {
        /// The outcome of the film.
        message: String,
    },
    /// Nothing is waiting and nothing is in work.
    Idle {
        /// Films that came to an end since the start or since the last idle event.
        films: usize,
        /// The files of the inbox that are left out.
        left_out: LeftOut,
    },
}

impl Event {
    /// An event about a file.
    #[must_use]
    pub fn about_file(kind: EventKind, study: Option<&StudyRow>, path: &Path, time: Timestamp) -> Self {
        Self {
            kind,
            time,
            study: study.map(|row| row.key.clone()),
            path: Some(path.to_string_lossy().into_owned()),
            unnamed: Unnamed {
                study: study.map(|row| row.id),
                path: Some(unnamed(path)),
                ..Unnamed::default()
            },
        }
    }

    /// A study changed.
    #[must_use]
    pub fn study(row: &StudyRow, warnings: Vec<Sentence>, time: Timestamp) -> Self {
        let secrets = Secrets::of_study(row);
        Self {
            kind: EventKind::Study {
                severity: row.severity,
                score: row.score,
                top: row.top.clone(),
                complete: row.complete,
                attributes: row.attributes.clone(),
                warnings,
            },
            time,
            study: Some(row.key.clone()),
            path: Some(row.file_name.clone()),
            unnamed: Unnamed {
                study: Some(row.id),
                attributes: row.attributes.map(|text| secrets.hide(text)),
                ..Unnamed::default()
            },
        }
    }

    /// Something that happened to a study.
    #[must_use]
    pub fn about_study(kind: EventKind, row: &StudyRow, time: Timestamp) -> Self {
        Self {
            kind,
            time,
            study: Some(row.key.clone()),
            path: Some(row.file_name.clone()),
            unnamed: Unnamed { study: Some(row.id), ..Unnamed::default() },
        }
    }

    /// Something failed that is about no one file.
    #[must_use]
    pub fn error(message: impl Into<String>, time: Timestamp) -> Self {
        Self::of_program(EventKind::Error { message: message.into() }, time)
    }

    /// An event that is about no study and no file.
    #[must_use]
    pub fn of_program(kind: EventKind, time: Timestamp) -> Self {
        Self { kind, time, study: None, path: None, unnamed: Unnamed::default() }
    }

    /// The event, with this text in place of its own for those who may not learn who the patient is.
    #[must_use]
    pub fn saying_instead(mut self, text: String) -> Self {
        self.unnamed.text = Some(text);
        self
    }

    /// The event without names: the hash of the path in place of the path, the study's number in the store in place
    /// of its key.
    #[must_use]
    pub fn without_names(self) -> Self {
        let Self { mut kind, time, unnamed, .. } = self;
        match (&mut kind, &unnamed.text) {
            (EventKind::Arrived { duplicate_of: told @ Some(_) }, instead) => told.clone_from(instead),
            (EventKind::Held { reason: told, .. } | EventKind::Error { message: told }, Some(instead)) => {
                told.clone_from(instead);
            }
            _ => {}
        }
        if let EventKind::Held { warnings, .. }
        | EventKind::Scored { warnings, .. }
        | EventKind::Study { warnings, .. } = &mut kind
        {
            warnings.iter_mut().for_each(|warning| warning.text.clone_from(&warning.unnamed));
        }
        if let EventKind::Study { attributes, .. } = &mut kind {
            attributes.clone_from(&unnamed.attributes);
        }
        let study = unnamed.study.map(|number| number.to_string());
        Self { kind, time, study, path: unnamed.path.clone(), unnamed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_names_an_event_has_hash_and_number_and_still_its_fields() {
        let path = Path::new("/inbox/DOE_JANE/1.dcm");
        let now = Timestamp::UNIX_EPOCH;
        let of_study = |event: Event| Event {
            study: Some("folder:/inbox/DOE_JANE".to_owned()),
            unnamed: Unnamed { study: Some(20), ..event.unnamed },
            ..event
        };
        let warning = Sentence { text: "The film DOE.dcm".to_owned(), unnamed: "A film".to_owned() };
        let held = EventKind::Held { reason: "View of DOE".to_owned(), warnings: vec![warning] };
        let again = EventKind::Arrived { duplicate_of: Some("/inbox/DOE_JANE/0.dcm".to_owned()) };
        for event in [
            of_study(Event::about_file(held, None, path, now).saying_instead("View of ***".to_owned())),
            of_study(Event::about_file(again, None, path, now).saying_instead(unnamed(path))),
            Event::error("The folder /inbox/DOE", now).saying_instead("The folder".to_owned()),
        ] {
            let named = serde_json::to_value(&event).unwrap();
            let without = serde_json::to_value(event.without_names()).unwrap();
            assert!(named.to_string().contains("DOE") && !without.to_string().contains("DOE"), "{without}");
            let keys =
                |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&named), keys(&without));
            if named["study"].is_string() {
                assert_eq!(without["study"], "20");
            }
        }
    }
}
