//! The order of the list: by rank, or by any column.

use std::{borrow::Cow, cmp::Ordering};

use super::{column::Column, row::Row};
use crate::{store::Status, study::RankKey};

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

    /// Returns whether it is the ranking itself.
    #[must_use]
    pub fn is_rank(self) -> bool {
        self == Self::default()
    }

    /// Compares two studies; what is equal stands in rank order, so that no two ever are.
    pub(in crate::dashboard) fn compare(self, a: &Row, b: &Row) -> Ordering {
        let by_column = match self.column {
            Column::Rank => Ordering::Equal,
            column => key(column, a).cmp(&key(column, b)),
        };
        let directed = if self.reversed { by_column.reverse() } else { by_column };
        let by_rank = || {
            let ranked = rank(a).cmp(&rank(b));
            if self.reversed && self.column == Column::Rank { ranked.reverse() } else { ranked }
        };
        directed.then_with(by_rank)
    }

    /// Compares as [`compare`](Self::compare) does, by the keys of two studies and their places in the
    /// ranking: without looking at the studies, of which each is somewhere else in memory. `None` where
    /// the keys do not say it all.
    pub(in crate::dashboard) fn compare_keys(
        self,
        (a, at): (&SortKey, u32),
        (b, bt): (&SortKey, u32),
    ) -> Option<Ordering> {
        let by_key = a.cmp(b);
        if by_key.is_eq() && a.is_cut {
            return None;
        }
        let directed = if self.reversed { by_key.reverse() } else { by_key };
        let by_place = if self.reversed && self.column == Column::Rank { bt.cmp(&at) } else { at.cmp(&bt) };
        Some(directed.then(by_place))
    }

    /// Returns the key by which a study is sorted.
    pub(in crate::dashboard) fn sort_key(self, row: &Row) -> SortKey {
        SortKey::from(key(self.column, row))
    }
}

/// The key of the ranking.
pub(in crate::dashboard) fn rank(row: &Row) -> RankKey<'_> {
    RankKey { severity: row.severity, score: row.score, since: row.first_arrival, study: row.key() }
}

/// The content of a column, for comparing; an empty one comes last.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Number(i64),
    Text(Cow<'a, str>),
    Empty,
}

fn key(column: Column, row: &Row) -> Key<'_> {
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
        Column::Finding => text(row.top().unwrap_or(row.held_reason())),
        Column::Patient => text(subject(row)),
        Column::Id => text(row.patient_id()),
        Column::Accession => text(row.accession_number()),
        Column::Description => text(row.description()),
        Column::View => text(row.view()),
        Column::By => text(row.status_by()),
        Column::Model => text(row.model()),
        Column::File => text(row.file_name()),
        Column::Attribute(attribute) => text(row.attribute(attribute)),
        Column::Tags | Column::Plugin(_) => marked(&column.marked(row.marks())),
    }
}

/// The key of a text of a plugin's: numbers by their size, the least first; then words.
fn marked(text: &str) -> Key<'static> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Key::Number((number * 1e6) as i64),
        _ if text.is_empty() => Key::Empty,
        _ => Key::Text(Cow::Owned(text.to_lowercase())),
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

/// The subject of a study for sorting: the name as it stands in the store, without the separators of its empty
/// components; else ID or file.
fn subject(row: &Row) -> &str {
    let name = row.patient_name().trim_start_matches(['=', '^', ' ']);
    [name, row.patient_id(), row.file_name()].into_iter().find(|text| !text.is_empty()).unwrap_or("")
}

/// A [`Key`] as numbers that are compared at once: of a text its beginning. The order is the same, as texts
/// carry no zeros.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::dashboard) struct SortKey {
    head: [u64; 4],
    /// Whether the text is longer than that.
    is_cut: bool,
}

impl From<Key<'_>> for SortKey {
    fn from(key: Key<'_>) -> Self {
        match key {
            // The sign turned round puts what is below zero first.
            Key::Number(number) => {
                Self { head: [number.cast_unsigned() ^ (1 << 63), 0, 0, 0], is_cut: false }
            }
            Key::Text(text) => {
                let mut head = [0; 4];
                for (word, bytes) in head.iter_mut().zip(text.as_bytes().chunks(size_of::<u64>())) {
                    let mut filled = [0; size_of::<u64>()];
                    filled[..bytes.len()].copy_from_slice(bytes);
                    *word = u64::from_be_bytes(filled);
                }
                Self { head, is_cut: text.len() > size_of_val(&head) }
            }
            Key::Empty => Self { head: [u64::MAX; 4], is_cut: false },
        }
    }
}

fn seconds(time: jiff::civil::DateTime) -> i64 {
    time.duration_since(jiff::civil::DateTime::ZERO).as_secs()
}
