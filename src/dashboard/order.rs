//! The order of the list: by rank, or by any column.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use super::{Column, row::Row, words};
use crate::{
    store::{Status, StudyRow},
    triage::RankKey,
};

/// By which column the list is sorted, and whether the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub column: Column,
    /// Whether the last comes first.
    pub reversed: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self::by(Column::Rank)
    }
}

impl Order {
    /// By a column, in the direction that people mean first: the worst, the longest, A before B.
    #[must_use]
    pub fn by(column: Column) -> Self {
        Self { column, reversed: false }
    }

    /// The order after its column was asked for once more, or another one was.
    #[must_use]
    pub fn then(self, column: Column) -> Self {
        if self.column == column { Self { reversed: !self.reversed, ..self } } else { Self::by(column) }
    }

    /// Whether it is the ranking itself.
    #[must_use]
    pub fn is_rank(self) -> bool {
        self == Self::default()
    }

    /// Sorts rows that stand in rank order. The key is made once a row, for making it costs more than
    /// comparing it.
    pub(super) fn sort(self, rows: &mut Vec<Arc<Row>>) {
        match (self.column, self.reversed) {
            (Column::Rank, false) => {}
            (Column::Rank, true) => rows.reverse(),
            (column, reversed) => {
                let mut keyed: Vec<(Key<'_>, usize)> =
                    rows.iter().enumerate().map(|(at, row)| (column.key(row), at)).collect();
                // What is equal keeps its rank order, which is its place.
                keyed.sort_unstable_by(|(a, at), (b, bt)| {
                    let by_key = a.cmp(b);
                    (if reversed { by_key.reverse() } else { by_key }).then(at.cmp(bt))
                });
                let sorted = keyed.into_iter().map(|(_, at)| Arc::clone(&rows[at])).collect();
                *rows = sorted;
            }
        }
    }

    /// Compares two studies; what is equal stands in rank order, so that no two ever are.
    pub(super) fn compare(self, a: &StudyRow, b: &StudyRow) -> Ordering {
        let by_column = match self.column {
            Column::Rank => Ordering::Equal,
            column => column.key(a).cmp(&column.key(b)),
        };
        let directed = if self.reversed { by_column.reverse() } else { by_column };
        let by_rank = || {
            let ranked = rank(a).cmp(&rank(b));
            if self.reversed && self.column == Column::Rank { ranked.reverse() } else { ranked }
        };
        directed.then_with(by_rank)
    }
}

/// The key of the ranking.
pub(super) fn rank(row: &StudyRow) -> RankKey<'_> {
    RankKey { severity: row.severity, score: row.score, since: row.first_arrival, study: &row.key }
}

/// What stands in a column, for comparing; what is empty comes last.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Number(i64),
    Text(Cow<'a, str>),
    Empty,
}

pub(super) fn key(column: Column, row: &StudyRow) -> Key<'_> {
    match column {
        // The worst first.
        Column::Rank => Key::Empty,
        Column::Band => Key::Number(-(row.severity as i64)),
        Column::Score => row.score.map_or(Key::Empty, |score| Key::Number((-score * 1e9) as i64)),
        // The longest wait first.
        Column::Waits => Key::Number(row.first_arrival.as_microsecond()),
        // The newest first.
        Column::StudyTime => row.study_time.map_or(Key::Empty, |time| Key::Number(-seconds(time))),
        Column::Films => Key::Number(-i64::from(row.scored_films + row.held_films)),
        Column::Status => Key::Number(match row.status {
            Status::New => 0,
            Status::Seen => 1,
            Status::Claimed => 2,
            Status::Done => 3,
        }),
        Column::Notes => Key::Number(-i64::from(row.notes)),
        Column::Finding => text(row.top.as_deref().unwrap_or(&row.held_reason)),
        Column::Patient => text(words::sorting_subject(row)),
        Column::Id => text(&row.patient_id),
        Column::Accession => text(&row.accession_number),
        Column::Description => text(&row.description),
        Column::View => text(&row.view),
        Column::By => text(&row.status_by),
        Column::Model => text(&row.model),
        Column::File => text(&row.file_name),
    }
}

/// Text in the order of a telephone book: capitals do not matter.
fn text(text: &str) -> Key<'_> {
    if text.is_empty() {
        Key::Empty
    } else if text.chars().any(|c| c.is_uppercase()) {
        Key::Text(Cow::Owned(text.to_lowercase()))
    } else {
        Key::Text(Cow::Borrowed(text))
    }
}

fn seconds(time: jiff::civil::DateTime) -> i64 {
    time.duration_since(jiff::civil::DateTime::ZERO).as_secs()
}
