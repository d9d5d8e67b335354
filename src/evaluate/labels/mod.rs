//! Label files: what somebody says is on each film, and which film that is.
//!
//! Three shapes are read, told apart by the header line: a column a finding (0, 1, empty: unknown),
//! NIH's `Finding Labels` (names joined by `|`), CheXpert's (1, 0, -1: uncertain, empty: not mentioned).
//! A file with several truths is asked about (`truths`), one with a row a box is refused (`boxes`), one with a row a
//! reader is read as what most of them say (`readers`).

mod boxes;
mod columns;
mod join;
mod patients;
mod read;
mod readers;
mod table;
#[cfg(test)]
mod tests;
mod truths;

pub(in crate::evaluate) use columns::is_age;
pub use columns::{canonical, nearest};
pub use join::{Joined, join};
pub use patients::{Overlap, overlap, patient_key};
pub use read::read;
pub(in crate::evaluate) use table::{decoded, records};
pub use truths::TruthChoice;

/// A label file's word on one finding on one film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It is there.
    Present,
    /// It is not.
    Absent,
    /// The reader was not sure: -1.
    Uncertain,
    /// Nothing is said: an empty cell.
    Blank,
}

impl Truth {
    /// Reads a cell; none for one that says nothing of the kind.
    fn read(cell: &str) -> Option<Self> {
        match cell.trim().to_ascii_lowercase().as_str() {
            "" | "nan" | "na" => Some(Self::Blank),
            "true" | "yes" => Some(Self::Present),
            "false" | "no" => Some(Self::Absent),
            number => match number.parse::<f64>() {
                Ok(1.0) => Some(Self::Present),
                Ok(0.0) => Some(Self::Absent),
                Ok(-1.0) => Some(Self::Uncertain),
                _ => None,
            },
        }
    }
}

/// How -1 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Uncertain {
    /// The film says nothing about this finding.
    #[default]
    Ignore,
    /// As present (CheXpert's "U-Ones").
    Positive,
    /// As absent ("U-Zeros").
    Negative,
}

/// How an empty cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blank {
    /// The film says nothing about this finding.
    #[default]
    Ignore,
    /// As absent: in CheXpert's files most absent findings are just not mentioned.
    Negative,
}

impl Truth {
    /// Whether the finding is there; none where the film does not count for it.
    #[must_use]
    pub fn counted(self, uncertain: Uncertain, blank: Blank) -> Option<bool> {
        match (self, uncertain, blank) {
            (Self::Present, ..) | (Self::Uncertain, Uncertain::Positive, _) => Some(true),
            (Self::Absent, ..)
            | (Self::Uncertain, Uncertain::Negative, _)
            | (Self::Blank, _, Blank::Negative) => Some(false),
            (Self::Uncertain, Uncertain::Ignore, _) | (Self::Blank, _, Blank::Ignore) => None,
        }
    }
}

/// One film of a label file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line that it stands on, from 1.
    pub line: u64,
    /// The film as the file names it: a name or a path.
    pub film: String,
    /// Its patient, where that is known.
    pub patient: Option<String>,
    /// The view, where there is a column of it.
    pub view: Option<String>,
    /// The part of the set that it belongs to, where there is a column of it.
    pub split: Option<String>,
    /// The word on each finding, in the order of [`LabelSet::findings`].
    pub truths: Vec<Truth>,
    /// All cells, in the order of [`LabelSet::columns`].
    pub cells: Vec<String>,
}

/// How a label file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A column a finding, with 0, 1, -1 or nothing.
    Columns,
    /// One column of names joined by `|`, as NIH ChestX-ray14 has it.
    Joined,
}

/// A read label file. All its text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSet {
    /// How it is written.
    pub shape: Shape,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The findings that its rows speak of.
    pub findings: Vec<String>,
    /// Its films, in the file's order.
    pub rows: Vec<Row>,
    /// Notes on how it was read, a sentence each.
    pub notes: Vec<String>,
    /// Where the patients come from: a column, or the films' names.
    pub patients_from: Option<String>,
}

impl LabelSet {
    /// The place of the column of that name, whatever its case, spaces and signs. `view`, `split` and `patient` find
    /// those that are known by other names, too, `sex`, `age` and `station` those of common label files.
    ///
    /// # Errors
    /// [`LabelError::NoColumn`] if there is none, with the columns that there are.
    pub fn column(&self, name: &str) -> Result<usize, LabelError> {
        columns::named(name, &self.columns).ok_or_else(|| LabelError::NoColumn {
            wanted: crate::text::clean(name),
            known: columns::quoted(self.columns.iter().map(String::as_str)),
        })
    }

    /// Keeps the rows of one split.
    ///
    /// # Errors
    /// [`LabelError::NoSplit`] if it has no such row, with the splits that there are.
    pub fn keep_split(&mut self, split: &str) -> Result<(), LabelError> {
        if !self.rows.iter().any(|row| row.split.as_deref() == Some(split)) {
            let known: std::collections::BTreeSet<&str> =
                self.rows.iter().filter_map(|row| row.split.as_deref()).collect();
            let known = known.into_iter().take(8).map(|name| format!("`{name}`")).collect::<Vec<_>>();
            let known = match known.is_empty() {
                true => "there is no column `Split`".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            return Err(LabelError::NoSplit { wanted: crate::text::clean(split), known });
        }
        self.rows.retain(|row| row.split.as_deref() == Some(split));
        Ok(())
    }
}

/// Why a label file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It has no line below its header, or none at all.
    #[error("it holds no films: the first line names the columns, each further line is one film")]
    Empty,
    /// No column says which film a line is about.
    #[error("no column names the films: call it `Image` (file name or path); its columns are {columns}")]
    NoFilms {
        /// The columns that there are.
        columns: String,
    },
    /// None of its columns is a finding that is asked for.
    #[error(
        "none of its columns is a finding of the model: {columns}; the model's labels are {labels}{nearest}"
    )]
    NoFindings {
        /// Columns that are nearly a label, with a leading "; ".
        nearest: String,
        /// The columns, or the names in `Finding Labels`.
        columns: String,
        /// The model's labels.
        labels: String,
    },
    /// A cell that says neither yes nor no.
    #[error("line {line}, column `{column}`: `{value}` is not 1, 0, -1 (uncertain) or empty (unknown)")]
    Cell {
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// The cell.
        value: String,
    },
    /// Two columns for one finding.
    #[error("the columns `{first}` and `{second}` are the same finding: keep one")]
    Twice {
        /// The first column's name.
        first: String,
        /// The second's.
        second: String,
    },
    /// It has a row for each box, not for each film.
    #[error(
        "it is {kind} (columns {columns}), with a row for each of them and not for each film, so films would count \
         several times or with the wrong findings: make a table with one row a film and a column a finding; boxes to \
         measure heatmaps against are given with --boxes"
    )]
    Boxes {
        /// The publisher's form of label file, in words.
        kind: &'static str,
        /// The columns that say so.
        columns: String,
    },
    /// It has labels from several sources.
    #[error("it has labels from several sources; say which are the truth:\n  {}", .choices.join("\n  "))]
    Truths {
        /// The option for each source, and what it takes.
        choices: Vec<String>,
    },
    /// A source of labels that it does not have.
    #[error("it has no labels called `{wanted}`: there are {known}")]
    NoTruth {
        /// The name that was asked for.
        wanted: String,
        /// The names that there are.
        known: String,
    },
    /// A column that it does not have.
    #[error("it has no column `{wanted}`; its columns are {known}")]
    NoColumn {
        /// The name that was asked for.
        wanted: String,
        /// The names that there are.
        known: String,
    },
    /// It is not a table.
    #[error("{0}")]
    Table(String),
    /// A split that it does not have.
    #[error("no line has the split `{wanted}`; {known}")]
    NoSplit {
        /// The name that was asked for.
        wanted: String,
        /// The names that there are, in words.
        known: String,
    },
}
