//! The columns of the list: their names, headings and widths.

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// The place in the ranking.
    Rank,
    /// The severity.
    Band,
    /// The top finding, or why the study is held.
    Finding,
    /// The score of that finding.
    Score,
    /// Patient's Name, else ID, else the file's name.
    Patient,
    /// Patient ID.
    Id,
    /// Accession Number.
    Accession,
    /// Study Description.
    Description,
    /// View Position.
    View,
    /// How many films: scored, and held after a plus.
    Films,
    /// Study Date and Time.
    StudyTime,
    /// How long since the first film arrived.
    Waits,
    /// What people did with it.
    Status,
    /// Who did.
    By,
    /// How many notes there are.
    Notes,
    /// The model that scored it.
    Model,
    /// The first film's file.
    File,
}

impl Column {
    /// All columns.
    pub const ALL: [Self; 17] = [
        Self::Rank,
        Self::Band,
        Self::Finding,
        Self::Score,
        Self::Patient,
        Self::StudyTime,
        Self::Waits,
        Self::Status,
        Self::By,
        Self::Notes,
        Self::Id,
        Self::Accession,
        Self::Description,
        Self::View,
        Self::Films,
        Self::Model,
        Self::File,
    ];

    /// The columns unless the site says otherwise. Those that do not fit give way.
    pub const USUAL: [Self; 9] = [
        Self::Rank,
        Self::Band,
        Self::Finding,
        Self::Score,
        Self::Patient,
        Self::StudyTime,
        Self::Waits,
        Self::Status,
        Self::By,
    ];

    /// The word that the configuration knows it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rank => "rank",
            Self::Band => "band",
            Self::Finding => "finding",
            Self::Score => "score",
            Self::Patient => "patient",
            Self::Id => "id",
            Self::Accession => "accession",
            Self::Description => "description",
            Self::View => "view",
            Self::Films => "films",
            Self::StudyTime => "study-time",
            Self::Waits => "waits",
            Self::Status => "status",
            Self::By => "by",
            Self::Notes => "notes",
            Self::Model => "model",
            Self::File => "file",
        }
    }

    /// The column of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What stands over it.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Rank => "#",
            Self::Finding => "top finding",
            Self::Patient => "patient or file",
            Self::StudyTime => "study time",
            other => other.name(),
        }
    }

    /// Whether numbers stand in it, which end at the right.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Rank | Self::Score | Self::Waits | Self::Films | Self::Notes)
    }

    /// How much room it needs, and from which width of the pane on it is worth that; `None` for the two
    /// that share what the others leave.
    pub(super) fn room(self, pane: u16, rank_digits: u16) -> Option<(u16, u16)> {
        let narrow = pane < 52;
        Some(match self {
            Self::Rank => (rank_digits.max(2), 50),
            Self::Band => (if narrow { 6 } else { 10 }, 0),
            Self::Score | Self::Waits => (5, 0),
            Self::StudyTime => (11, 86),
            Self::Status => (7, 72),
            Self::By => (10, 100),
            Self::Id | Self::Accession => (12, 60),
            Self::Description => (16, 60),
            Self::View => (4, 50),
            Self::Films | Self::Notes => (5, 50),
            Self::Model => (10, 60),
            Self::File => (20, 60),
            Self::Finding | Self::Patient => return None,
        })
    }
}
