//! SQLite: studies, films, findings, audit. One process owns the pipeline; any number follow.

mod record;

pub use record::{FilmId, FilmRow, FilmState, OutsidePriority, Status, StudyDetail, StudyId, StudyRow};
