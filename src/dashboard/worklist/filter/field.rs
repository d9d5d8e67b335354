//! The fields of a filter.

use crate::{dashboard::worklist::row::Row, study::Attribute};

/// A field of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextField {
    Finding,
    Patient,
    Id,
    Accession,
    Description,
    View,
    File,
    Model,
    By,
    Attribute(Attribute),
}

impl TextField {
    /// The text as the store has it.
    pub(super) fn of(self, row: &Row) -> &str {
        match self {
            Self::Finding => row.top().unwrap_or(row.held_reason()),
            Self::Patient => row.patient_name(),
            Self::Id => row.patient_id(),
            Self::Accession => row.accession_number(),
            Self::Description => row.description(),
            Self::View => row.view(),
            Self::File => row.file_name(),
            Self::Model => row.model(),
            Self::By => row.status_by(),
            Self::Attribute(attribute) => row.attribute(attribute),
        }
    }

    /// Returns whether the whole text is meant: "AP" is no part of another view's name.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::View)
    }
}

/// A field of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberField {
    Score,
    Films,
    Held,
    Notes,
}

/// A field of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Text(TextField),
    Number(NumberField),
    Waiting,
    Status,
    Band,
    Tag,
    Plugin,
    Is,
}

/// The fields by the words that people use; the first of each is the one that is offered.
pub(super) const FIELDS: &[(&str, Field)] = &{
    let mut fields = [("", Field::Is); OWN.len() + Attribute::ALL.len()];
    let mut at = 0;
    while at < fields.len() {
        fields[at] = match at.checked_sub(OWN.len()) {
            None => OWN[at],
            Some(attribute) => {
                let attribute = Attribute::ALL[attribute];
                (attribute.word(), Field::Text(TextField::Attribute(attribute)))
            }
        };
        at += 1;
    }
    fields
};

const OWN: &[(&str, Field)] = &[
    ("status", Field::Status),
    ("band", Field::Band),
    ("severity", Field::Band),
    ("score", Field::Number(NumberField::Score)),
    ("waiting", Field::Waiting),
    ("waits", Field::Waiting),
    ("wait", Field::Waiting),
    ("finding", Field::Text(TextField::Finding)),
    ("top", Field::Text(TextField::Finding)),
    ("view", Field::Text(TextField::View)),
    ("patient", Field::Text(TextField::Patient)),
    ("name", Field::Text(TextField::Patient)),
    ("id", Field::Text(TextField::Id)),
    ("accession", Field::Text(TextField::Accession)),
    ("description", Field::Text(TextField::Description)),
    ("file", Field::Text(TextField::File)),
    ("by", Field::Text(TextField::By)),
    ("model", Field::Text(TextField::Model)),
    ("films", Field::Number(NumberField::Films)),
    ("held", Field::Number(NumberField::Held)),
    ("notes", Field::Number(NumberField::Notes)),
    ("tag", Field::Tag),
    ("plugin", Field::Plugin),
    ("is", Field::Is),
];

/// Returns whether a word is the beginning of a field's name.
#[must_use]
pub(in crate::dashboard) fn begins_a_field(word: &str) -> bool {
    let word = word.to_lowercase();
    !word.is_empty() && FIELDS.iter().any(|(name, _)| name.starts_with(&word))
}

impl Field {
    /// Returns whether it is chosen with a colon; else it is compared.
    pub(super) fn is_chosen(self) -> bool {
        !matches!(self, Self::Number(_) | Self::Waiting)
    }

    /// The words that it can have, where these are few and known.
    pub(super) fn choices(self) -> Vec<&'static str> {
        match self {
            Self::Status => vec!["open", "new", "seen", "claimed", "done"],
            Self::Band => vec!["critical", "urgent", "routine", "held"],
            Self::Is => Flag::ALL.iter().map(|(word, _)| *word).collect(),
            _ => Vec::new(),
        }
    }
}

/// Something that a study is or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    Unacknowledged,
    Promoted,
    Raised,
    WasCritical,
    Incomplete,
}

impl Flag {
    pub(super) const ALL: &'static [(&'static str, Self)] = &[
        ("unacknowledged", Self::Unacknowledged),
        ("promoted", Self::Promoted),
        ("raised", Self::Raised),
        ("was-critical", Self::WasCritical),
        ("incomplete", Self::Incomplete),
    ];

    pub(super) fn holds(self, row: &Row) -> bool {
        match self {
            Self::Unacknowledged => row.is_alarm(),
            Self::Promoted => row.promoted_at().is_some(),
            Self::Raised => row.outside().is_some(),
            Self::WasCritical => row.was_critical_until().is_some(),
            Self::Incomplete => !row.complete,
        }
    }
}
