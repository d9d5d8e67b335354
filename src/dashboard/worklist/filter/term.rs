//! One condition.

use jiff::{SignedDuration, Timestamp};
use memchr::memmem::Finder;

use super::{
    super::{
        fold::{contains, equals},
        row::Row,
    },
    field::{Flag, NumberField, TextField},
};
use crate::{store::Status, study::Severity};

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Over,
    AtLeast,
    Under,
    AtMost,
    Equal,
}

impl Comparison {
    fn holds<T: PartialOrd + Copy>(self, value: T, limit: T) -> bool {
        match self {
            Self::Over => value > limit,
            Self::AtLeast => value >= limit,
            Self::Under => value < limit,
            Self::AtMost => value <= limit,
            Self::Equal => value == limit,
        }
    }
}

/// The condition of a term; of several words, one must fit.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Anywhere(Box<Finder<'static>>),
    Text(TextField, Vec<String>),
    Number(NumberField, Comparison, f64),
    Waiting(Comparison, SignedDuration),
    Status(Vec<Status>),
    Band(Vec<Severity>),
    Tag(Vec<String>),
    /// Titles of plugins' filters.
    Plugin(Vec<String>),
    Is(Vec<Flag>),
}

impl Wish {
    /// A word, folded, that may stand anywhere.
    pub(super) fn anywhere(word: &str) -> Self {
        Self::Anywhere(Box::new(Finder::new(word).into_owned()))
    }

    fn holds(&self, row: &Row, now: Timestamp) -> bool {
        match self {
            Self::Anywhere(word) => word.find(row.folded().as_bytes()).is_some(),
            Self::Text(field, words) => {
                let text = field.of(row);
                words
                    .iter()
                    .any(|word| if field.is_whole() { equals(text, word) } else { contains(text, word) })
            }
            Self::Number(field, comparison, limit) => {
                number(*field, row).is_some_and(|value| comparison.holds(value, *limit))
            }
            Self::Waiting(comparison, limit) => {
                comparison.holds(now.duration_since(row.first_arrival), *limit)
            }
            Self::Status(wanted) => wanted.contains(&row.status),
            Self::Band(wanted) => wanted.contains(&row.severity),
            Self::Tag(wanted) => {
                let mut tags = row.marks().tags.iter();
                tags.any(|tag| wanted.iter().any(|word| contains(&tag.text, word)))
            }
            Self::Plugin(wanted) => {
                let mut titles = row.marks().filters.iter();
                titles.any(|title| wanted.iter().any(|word| equals(&title.text, word)))
            }
            Self::Is(flags) => flags.iter().any(|flag| flag.holds(row)),
        }
    }
}

fn number(field: NumberField, row: &Row) -> Option<f64> {
    match field {
        NumberField::Score => row.score,
        NumberField::Films => Some(f64::from(row.scored_films + row.held_films)),
        NumberField::Held => Some(f64::from(row.held_films)),
        NumberField::Notes => Some(f64::from(row.notes)),
    }
}

impl PartialEq for Wish {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anywhere(a), Self::Anywhere(b)) => a.needle() == b.needle(),
            (Self::Text(a, x), Self::Text(b, y)) => a == b && x == y,
            (Self::Number(a, c, x), Self::Number(b, d, y)) => a == b && c == d && x == y,
            (Self::Waiting(c, x), Self::Waiting(d, y)) => c == d && x == y,
            (Self::Status(a), Self::Status(b)) => a == b,
            (Self::Band(a), Self::Band(b)) => a == b,
            (Self::Tag(a), Self::Tag(b)) | (Self::Plugin(a), Self::Plugin(b)) => a == b,
            (Self::Is(a), Self::Is(b)) => a == b,
            _ => false,
        }
    }
}

/// A wish, or its opposite.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) negated: bool,
    pub(super) wish: Wish,
}

impl Term {
    pub(super) fn matches(&self, row: &Row, now: Timestamp) -> bool {
        self.wish.holds(row, now) != self.negated
    }

    pub(super) fn depends_on_time(&self) -> bool {
        matches!(self.wish, Wish::Waiting(..))
    }

    pub(super) fn is_about_status(&self) -> bool {
        matches!(self.wish, Wish::Status(_))
    }

    /// Returns whether what this lets through, `wide` lets through too.
    pub(super) fn implies(&self, wide: &Self) -> bool {
        match (&self.wish, &wide.wish) {
            (Wish::Anywhere(narrow), Wish::Anywhere(wide_word)) if !self.negated && !wide.negated => {
                wide_word.find(narrow.needle()).is_some()
            }
            _ => self == wide,
        }
    }
}
