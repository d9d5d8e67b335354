//! A study as the list keeps it.

use std::ops::Deref;

use super::{filter::fold, words};
use crate::store::StudyRow;

/// A study with the text that is searched in, in one piece: a search over a hundred thousand studies
/// reads one string a study instead of ten.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    study: StudyRow,
    folded: Box<str>,
}

impl From<StudyRow> for Row {
    fn from(study: StudyRow) -> Self {
        let name = words::person(&study.patient_name);
        // As it is shown and as it is stored: both are found.
        let parts: [&str; 11] = [
            &name,
            &study.patient_name,
            &study.patient_id,
            &study.accession_number,
            &study.description,
            &study.file_name,
            study.top.as_deref().unwrap_or_default(),
            &study.held_reason,
            study.outside.as_ref().map_or("", |outside| &outside.source),
            &study.status_by,
            &study.key,
        ];
        let marks = study.marks.tags.iter().map(|tag| &*tag.text);
        let marks = marks.chain(study.marks.cells.iter().map(|cell| &*cell.text));
        let mut joined = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        for part in parts.into_iter().chain(marks).filter(|part| !part.is_empty()) {
            joined.push_str(part);
            // Nobody types it, so that nothing is found across two parts.
            joined.push('\n');
        }
        Self { folded: fold(&joined).into(), study }
    }
}

impl Deref for Row {
    type Target = StudyRow;

    fn deref(&self) -> &StudyRow {
        &self.study
    }
}

impl Row {
    /// Everything that a bare word of a filter is looked for in, folded.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}
