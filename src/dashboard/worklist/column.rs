//! The columns of the list: their names, headings and widths.

use std::{collections::HashSet, sync::Mutex};

use crate::{
    lock::lock,
    store::PluginRecord,
    study::{Attribute, Marks},
};

/// A column of the list.
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
    /// Its status: how far people have come with it.
    Status,
    /// The person who gave it its status.
    By,
    /// How many notes there are.
    Notes,
    /// The model that scored it.
    Model,
    /// The first film's file.
    File,
    /// The words that plugins tagged it with.
    Tags,
    /// An attribute of the header.
    Attribute(Attribute),
    /// A plugin's own column: `PLUGIN.TITLE`, see [`Column::of_plugin`].
    Plugin(&'static str),
}

/// The names of plugins' columns that were ever met, so that a column is as small as a number. A plugin that
/// makes up new titles for ever finds no more room here.
static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
const MOST_NAMES: usize = 512;
/// The width of a plugin's column whose plugin asks for none, and of the tags.
const PLUGIN_WIDTH: u16 = 12;

impl Column {
    /// All columns that do not come from plugins.
    pub const ALL: [Self; Self::OWN.len() + Attribute::ALL.len()] = {
        let mut all = [Self::Rank; Self::OWN.len() + Attribute::ALL.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = match at.checked_sub(Self::OWN.len()) {
                None => Self::OWN[at],
                Some(attribute) => Self::Attribute(Attribute::ALL[attribute]),
            };
            at += 1;
        }
        all
    };

    const OWN: [Self; 18] = [
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
        Self::Tags,
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
            Self::Plugin(name) => name,
            Self::Attribute(attribute) => attribute.word(),
            Self::Tags => "tags",
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

    /// The column of a plugin with that title; none after more than 512 different ones.
    #[must_use]
    pub fn of_plugin(plugin: &str, title: &str) -> Option<Self> {
        let name = format!("{plugin}.{title}");
        let mut names = lock(&NAMES);
        let names = names.get_or_insert_default();
        if let Some(known) = names.get(name.as_str()) {
            return Some(Self::Plugin(known));
        }
        (names.len() < MOST_NAMES).then(|| {
            let name: &'static str = name.leak();
            names.insert(name);
            Self::Plugin(name)
        })
    }

    /// The columns that a plugin adds.
    pub fn all_of_plugin(record: &PluginRecord) -> impl Iterator<Item = Self> {
        record.columns.iter().filter_map(|column| Self::of_plugin(&record.name, &column.title))
    }

    /// Returns which plugin writes it, and its title there.
    pub(in crate::dashboard) fn plugin(self) -> Option<(&'static str, &'static str)> {
        // A plugin's name has no dot in it, a title may.
        if let Self::Plugin(name) = self { name.split_once('.') } else { None }
    }

    /// Returns its text, for a plugin's column and for tags.
    pub(in crate::dashboard) fn marked(self, marks: &Marks) -> String {
        match (self, self.plugin()) {
            (Self::Tags, _) => {
                let tags: Vec<&str> = marks.tags.iter().map(|tag| tag.text.as_str()).collect();
                tags.join(", ")
            }
            (_, Some((plugin, title))) => marks.cell(plugin, title).to_owned(),
            _ => String::new(),
        }
    }

    /// Returns its heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Rank => "#",
            Self::Finding => "top finding",
            Self::Patient => "patient or file",
            Self::StudyTime => "study time",
            Self::Plugin(name) => self.plugin().map_or(name, |(_, title)| title),
            other => other.name(),
        }
    }

    /// Returns whether numbers stand in it, which end at the right.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Rank | Self::Score | Self::Waits | Self::Films | Self::Notes)
    }

    /// Returns how much room it needs, and from which width of the pane on it is worth that; `None` for the two
    /// that share what the others leave.
    pub(in crate::dashboard) fn room(self, pane: u16, rank_digits: u16) -> Option<(u16, u16)> {
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
            Self::Tags | Self::Plugin(_) => (PLUGIN_WIDTH, 60),
            Self::Attribute(attribute) => (attribute.width(), 60),
            Self::Finding | Self::Patient => return None,
        })
    }
}
