//! The rows as plain data: what the dashboard, plugins and exports read. No SQL here.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Marks;
use crate::{
    film::Header,
    quality::Held,
    study::Clash,
    triage::{Finding, Severity},
};

/// A study's row number in the store.
pub type StudyId = i64;
/// A film's row number in the store.
pub type FilmId = i64;

/// What people have done with a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nobody has opened it.
    New,
    /// Somebody has.
    Seen,
    /// Somebody is at it.
    Claimed,
    /// It has left the list.
    Done,
}

impl Status {
    /// All of them, in the order of their life.
    pub const ALL: [Self; 4] = [Self::New, Self::Seen, Self::Claimed, Self::Done];

    /// The word that users, JSON and the store know it by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Claimed => "claimed",
            Self::Done => "done",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// A priority from outside (a sidecar, a plugin, a worklist entry). It can only raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePriority {
    /// The study stands in this band at least.
    pub floor: Severity,
    /// Who asked: "STAT", or a plugin's name.
    pub source: String,
}

/// Who took note of a critical study, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// A person's name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a person wrote about a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who.
    pub author: String,
    /// When.
    pub time: Timestamp,
    /// What; one line.
    pub text: String,
}

/// Everything that people did with a study: what can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: Status,
    /// Who set it.
    pub by: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Who took note of it, if anybody did.
    pub acknowledged: Option<Acknowledged>,
}

/// A study as the worklist shows it.
///
/// A row without films (see [`StudyRow::is_gone`]) has left the list: a follower drops it.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyRow {
    /// Row number.
    pub id: StudyId,
    /// Study Instance UID (of a second patient's study under one UID with `#2` behind it, then `#3`), or `sha256:` and
    /// 16 digits for a raster film, or `folder:` and a path; `file:` and a number for a file that went before it could
    /// be read.
    pub key: String,
    /// Patient ID, or empty.
    pub patient_id: String,
    /// Patient's Name, or empty.
    pub patient_name: String,
    /// Accession Number, or empty.
    pub accession_number: String,
    /// Study Description, or empty.
    pub description: String,
    /// View Position of the scored film that gave the top finding, or empty.
    pub view: String,
    /// The file name of the first film.
    pub file_name: String,
    /// Study Date and Time, local time of the sender, where the header has them.
    pub study_time: Option<jiff::civil::DateTime>,
    /// When the first film arrived.
    pub first_arrival: Timestamp,
    /// When the last film arrived.
    pub last_arrival: Timestamp,
    /// Whether the quiet period after the last film has passed.
    pub complete: bool,
    /// Films scored.
    pub scored_films: u32,
    /// Films held, but for those that are listed beside scored ones.
    pub held_films: u32,
    /// Films beside the scored ones with which nothing is amiss: laterals, second images of an exposure. 0 where
    /// no film is scored.
    pub listed_films: u32,
    /// The reported severity, after outside priority and promotion.
    pub severity: Severity,
    /// The assessed severity, from the findings alone.
    pub assessed: Severity,
    /// The highest score in the assessed band, if any.
    pub score: Option<f64>,
    /// The label of that score.
    pub top: Option<String>,
    /// When waiting promoted it, if it did.
    pub promoted_at: Option<Timestamp>,
    /// A priority from outside, if any.
    pub outside: Option<OutsidePriority>,
    /// Set when a change of thresholds took it out of `critical` while its status was new. It stays
    /// when somebody acknowledges the study (so that this can be undone): it means something while the
    /// status is new, and goes when the study is critical again.
    pub was_critical_until: Option<Timestamp>,
    /// What people did with it.
    pub status: Status,
    /// Who set the status; empty while it is new.
    pub status_by: String,
    /// When.
    pub status_at: Option<Timestamp>,
    /// Who took note of it while it was critical; none once it becomes critical anew.
    pub acknowledged: Option<Acknowledged>,
    /// How many notes people wrote.
    pub notes: u32,
    /// Name of the model that scored it last; empty if none did.
    pub model: String,
    /// The reason why its first held film is held (not counting those listed beside scored ones); empty if none is.
    pub held_reason: String,
    /// What plugins put beside it.
    pub marks: Marks,
    /// Grows with every change of any study: a follower asks for what is newer than it knows.
    pub revision: i64,
}

impl StudyRow {
    /// Whether the study has left the list because no film of it is left: its only films were broken,
    /// and good ones that stand elsewhere took their place. It comes back with its next film.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.scored_films + self.held_films == 0
    }

    /// Whether it is critical, not done, and nobody took note of it.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        self.severity == Severity::Critical && self.status != Status::Done && self.acknowledged.is_none()
    }

    /// What people did with it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            status: self.status,
            by: self.status_by.clone(),
            at: self.status_at,
            acknowledged: self.acknowledged.clone(),
        }
    }

    /// Takes a standing over.
    pub fn stand(&mut self, standing: Standing) {
        self.status = standing.status;
        self.status_by = standing.by;
        self.status_at = standing.at;
        self.acknowledged = standing.acknowledged;
    }
}

/// What became of a film.
#[derive(Debug, Clone, PartialEq)]
pub enum FilmState {
    /// The model scored it.
    Scored {
        /// In the model's label order.
        findings: Vec<Finding>,
        /// The model's name.
        model: String,
        /// SHA-256 of its weights, hex.
        model_sha256: String,
        /// When.
        scored_at: Timestamp,
    },
    /// A gate refused it.
    Held(Held),
}

/// One film of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct FilmRow {
    /// Row number.
    pub id: FilmId,
    /// Where the file was when it arrived.
    pub path: PathBuf,
    /// SHA-256 of the file, hex; empty if it went before it could be read.
    pub sha256: String,
    /// What the file said of itself.
    pub header: Header,
    /// What became of it.
    pub state: FilmState,
    /// What gates said of a film that was scored all the same, a sentence each.
    pub warnings: Vec<String>,
    /// Other films that bear its SOP Instance UID.
    pub clashes: Vec<Clash>,
    /// Whether the file could be decoded: a held film that could may be scored on request.
    pub decoded: bool,
    /// The last time that somebody wanted the film scored although it was held.
    pub on_request: Option<OnRequest>,
}

/// A request to score a held film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnRequest {
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What the film was held for.
    pub was_held: String,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a request to score a held film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It waits for its turn.
    Waiting,
    /// The film is scored.
    Scored,
    /// It could not be done: one sentence.
    Refused(String),
}

/// An earlier film of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorFilm {
    /// The film.
    pub film: FilmId,
    /// Study Date and Time, where the header has them.
    pub study_time: Option<jiff::civil::DateTime>,
}

/// A study with all its films.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyDetail {
    /// The worklist's row.
    pub study: StudyRow,
    /// Scored films first, the one with the top finding foremost; then held ones.
    pub films: Vec<FilmRow>,
    /// What people wrote, the oldest first.
    pub notes: Vec<Note>,
    /// Other patients' studies that bear its Study Instance UID.
    pub clashes: Vec<Clash>,
}

impl StudyDetail {
    /// What is to be told beside the findings of a film: of its study, of its number, and by the gates, a sentence
    /// each. File names and keys may name a patient: `named` says whether they may be told.
    #[must_use]
    pub fn warnings(&self, film: &FilmRow, named: bool) -> Vec<String> {
        let clashes = self.clashes.iter().chain(&film.clashes).map(|clash| clash.sentence(named));
        clashes.chain(film.warnings.iter().cloned()).collect()
    }
}
