//! A study as the worklist shows it.

use jiff::{Timestamp, civil::DateTime};

use super::{Acknowledged, Attributes, Marks, OutsidePriority, Severity, Status};

/// A study's row number in the store.
pub type StudyId = i64;
/// A film's row number in the store.
pub type FilmId = i64;

/// The fields of a study's row, each once, for a macro that makes something of them: the struct here, the columns of
/// the store there. `fixed` fields are written when films arrive, `kept` ones whenever the study changes.
macro_rules! study_fields {
    ($make:ident $row:ident) => {
        $make! { $row
            /// Row number.
            fixed id: StudyId,
            /// Study Instance UID (of a second patient's study under one UID with `#2` behind it, then `#3`), or
            /// `sha256:` and 16 digits for a raster film, or `folder:` and a path; `file:` and a number for a file that
            /// went before it could be read.
            fixed key: String,
            /// Patient ID, or empty.
            kept patient_id: String,
            /// Patient's Name, or empty.
            kept patient_name: String,
            /// Accession Number, or empty.
            kept accession_number: String,
            /// Study Description, or empty.
            kept description: String,
            /// View Position of the scored film that gave the top finding, or empty.
            kept view: String,
            /// The file name of the first film.
            kept file_name: String,
            /// Study Date and Time, local time of the sender, where the header has them.
            kept study_time: Option<DateTime>,
            /// When the first film arrived.
            fixed first_arrival: Timestamp,
            /// When the last film arrived.
            fixed last_arrival: Timestamp,
            /// Whether the quiet period after the last film has passed.
            kept complete: bool,
            /// Films scored.
            kept scored_films: u32,
            /// Films held, but for those that are listed beside scored ones.
            kept held_films: u32,
            /// Films beside the scored ones with which nothing is amiss: laterals, second images of an exposure. 0
            /// where no film is scored.
            kept listed_films: u32,
            /// The reported severity, after outside priority and promotion.
            kept severity: Severity,
            /// The assessed severity, from the findings alone.
            kept assessed: Severity,
            /// The highest score in the assessed band, if any.
            kept score: Option<f64>,
            /// The label of that score.
            kept top: Option<String>,
            /// When waiting promoted it, if it did.
            kept promoted_at: Option<Timestamp>,
            /// A priority from outside, if any.
            kept outside: Option<OutsidePriority>,
            /// When it was critical last, if its findings or thresholds took it out of `critical` while its status was
            /// new. It stays when somebody acknowledges the study (so that this can be undone): it means something
            /// while the status is new, and goes when the study is critical again.
            kept was_critical_until: Option<Timestamp>,
            /// How far people have come with it.
            kept status: Status,
            /// The person who set the status; empty while it is new.
            kept status_by: String,
            /// When.
            kept status_at: Option<Timestamp>,
            /// The acknowledgement while it was critical; none once it rings again.
            kept acknowledged: Option<Acknowledged>,
            /// How many notes people wrote.
            kept notes: u32,
            /// Name of the model that scored it last; empty if none did.
            kept model: String,
            /// The reason why its first held film is held (not counting those listed beside scored ones); empty if none
            /// is.
            kept held_reason: String,
            /// The marks that plugins put beside it.
            kept marks: Marks,
            /// Attributes of its first film's header.
            kept attributes: Attributes,
            /// Grows with every change of any study: a follower asks for what is newer than it knows.
            kept revision: i64,
        }
    };
}
pub(crate) use study_fields;

macro_rules! define_row {
    ($row:ident $($(#[$doc:meta])* $when:ident $field:ident: $type:ty,)+) => {
        /// A study as the worklist shows it.
        ///
        /// A row without films (see [`StudyRow::is_gone`]) has left the list: a follower drops it.
        #[derive(Debug, Clone, PartialEq)]
        pub struct $row {
            $($(#[$doc])* pub $field: $type,)+
        }
    };
}
study_fields!(define_row StudyRow);

impl StudyRow {
    /// A study of which no more is known than its number, its key and when its first film came: nothing is scored or held,
    /// nobody has seen it.
    #[must_use]
    pub fn new(id: StudyId, key: String, arrival: Timestamp) -> Self {
        Self {
            id,
            key,
            patient_id: String::new(),
            patient_name: String::new(),
            accession_number: String::new(),
            description: String::new(),
            view: String::new(),
            file_name: String::new(),
            study_time: None,
            first_arrival: arrival,
            last_arrival: arrival,
            complete: false,
            scored_films: 0,
            held_films: 0,
            listed_films: 0,
            severity: Severity::Held,
            assessed: Severity::Held,
            score: None,
            top: None,
            promoted_at: None,
            outside: None,
            was_critical_until: None,
            status: Status::New,
            status_by: String::new(),
            status_at: None,
            acknowledged: None,
            notes: 0,
            model: String::new(),
            held_reason: String::new(),
            marks: Marks::default(),
            attributes: Attributes::default(),
            revision: 0,
        }
    }

    /// Returns whether the study has left the list because no film of it is left: its only films were broken,
    /// and good ones that stand elsewhere took their place. It comes back with its next film.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.scored_films + self.held_films == 0
    }

    /// Returns whether its patient's data were removed, by the site's retention.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.key.starts_with("forgotten:")
    }
}

/// An earlier film of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorFilm {
    /// The film.
    pub film: FilmId,
    /// Study Date and Time, where the header has them.
    pub study_time: Option<DateTime>,
}
