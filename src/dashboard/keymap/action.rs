//! Everything that a person can do, in one table. The keymap, the footer's hints and the help read it, so that none of
//! them can say what is not so.

use crate::{
    dashboard::worklist::Column,
    study::{Permission, PersonRole},
};

/// Something that a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Select the study above.
    Up,
    /// Select the study below.
    Down,
    /// Up by a page.
    PageUp,
    /// Down by a page.
    PageDown,
    /// Select the worst study.
    First,
    /// Select the last study.
    Last,
    /// Open the film view, or close it.
    Open,
    /// The study's next film.
    NextFilm,
    /// The study's previous film.
    PreviousFilm,
    /// Heatmap on or off.
    Heatmap,
    /// The label above in the findings.
    PreviousLabel,
    /// The label below in the findings.
    NextLabel,
    /// The next way to show film and heatmap.
    PictureMode,
    /// The next colours of the heatmap.
    ColourMap,
    /// The heatmap fainter.
    LessOpaque,
    /// The heatmap stronger.
    MoreOpaque,
    /// The worst finding instead of the chosen one.
    WorstLabel,
    /// The next window of greys.
    WindowPreset,
    /// A higher level.
    Darker,
    /// A lower level.
    Brighter,
    /// A wider window.
    LessContrast,
    /// A narrower window.
    MoreContrast,
    /// Black for white.
    Invert,
    /// Nearer.
    ZoomIn,
    /// Farther.
    ZoomOut,
    /// One to one, or the whole film.
    ZoomFit,
    /// To the left over a film that is near.
    PanLeft,
    /// To the right over it.
    PanRight,
    /// An earlier film of the patient beside this one.
    Prior,
    /// The most similar films of other patients.
    Similar,
    /// Window, inversion and zoom as at first.
    ResetPicture,
    /// New becomes seen, seen becomes new.
    Seen,
    /// The study leaves the list for the Done view, or comes back from it.
    Done,
    /// Have the held film that is shown scored all the same.
    Score,
    /// One of the saved views, by its number from 1.
    View(u8),
    /// The Done view, and back.
    ShowDone,
    /// Type a filter.
    Filter,
    /// Sort by a column; once more: the other way round.
    Sort(Column),
    /// Choose and order the columns.
    Columns,
    /// Select the next critical study that nobody has acknowledged.
    NextAlarm,
    /// A person takes note of a critical study: it rings no more.
    Acknowledge,
    /// Somebody is at it; claimed by oneself: nobody is.
    Claim,
    /// Read the study's notes and write one.
    Notes,
    /// Names and identifiers off the screen, and on again.
    HideNames,
    /// Say who is at the keys.
    Who,
    /// Send a study's result, and see which have arrived.
    Results,
    /// Take the last change of status back.
    Undo,
    /// Open the help.
    Help,
    /// Find an action by its name.
    Palette,
    /// Give the shell back for a while.
    Suspend,
    /// How the plugins are, and their commands.
    Plugins,
    /// Opens the list of those who send films by DICOM, with what is refused.
    Senders,
    /// How the shift goes.
    Shift,
    /// Try thresholds out on the last studies.
    Workbench,
    /// Close what is open; put the message away.
    Close,
    /// Draw the whole screen anew.
    Redraw,
    /// Leave.
    Quit,
    /// Leave, whatever is open.
    Interrupt,
}

/// Where the help lists an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Moving through the list.
    Worklist,
    /// The film and its findings.
    Film,
    /// Status, claim, acknowledgement and notes of a study.
    Study,
    /// The program.
    Program,
}

impl Section {
    /// All sections, in the order of the help.
    pub const ALL: [Self; 4] = [Self::Worklist, Self::Film, Self::Study, Self::Program];

    /// Its heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Worklist => "Worklist",
            Self::Film => "Film",
            Self::Study => "Study",
            Self::Program => "Program",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// The name that a keymap or a palette knows it by.
    pub name: &'static str,
    /// The keys that do it unless the site says otherwise, the one to show first.
    pub keys: &'static [&'static str],
    /// Where the help lists it.
    pub section: Section,
    /// Its description, for the help.
    pub about: &'static str,
    /// A word for the footer and its rank there (0 first). Neighbours with the same word share a hint.
    pub hint: Option<(u8, &'static str)>,
}

const fn entry(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    section: Section,
    about: &'static str,
    hint: Option<(u8, &'static str)>,
) -> Entry {
    Entry { action, name, keys, section, about, hint }
}

/// The table.
#[rustfmt::skip]
pub const ACTIONS: &[Entry] = &[
    entry(Action::Up, "up", &["up", "k"], Section::Worklist, "the study above", Some((2, "move"))),
    entry(Action::Down, "down", &["down", "j"], Section::Worklist, "the study below", Some((2, "move"))),
    entry(Action::PageUp, "page-up", &["pageup", "ctrl-b"], Section::Worklist, "a page up", None),
    entry(Action::PageDown, "page-down", &["pagedown", "ctrl-f"], Section::Worklist, "a page down", None),
    entry(Action::First, "first", &["g g", "home"], Section::Worklist, "the worst study", None),
    entry(Action::Last, "last", &["G", "end"], Section::Worklist, "the last study", None),
    entry(Action::Filter, "filter", &["/"], Section::Worklist, "search and filter: effusion score>0.6 status:new", Some((4, "filter"))),
    entry(Action::View(1), "view-1", &["1"], Section::Worklist, "the first saved view: All", None),
    entry(Action::View(2), "view-2", &["2"], Section::Worklist, "the second: New", None),
    entry(Action::View(3), "view-3", &["3"], Section::Worklist, "the third: Critical", None),
    entry(Action::View(4), "view-4", &["4"], Section::Worklist, "the fourth: Held", None),
    entry(Action::View(5), "view-5", &["5"], Section::Worklist, "the fifth: Done", None),
    entry(Action::View(6), "view-6", &["6"], Section::Worklist, "the site's first own view", None),
    entry(Action::View(7), "view-7", &["7"], Section::Worklist, "the site's second", None),
    entry(Action::View(8), "view-8", &["8"], Section::Worklist, "the site's third", None),
    entry(Action::View(9), "view-9", &["9"], Section::Worklist, "the site's fourth", None),
    entry(Action::ShowDone, "show-done", &["D"], Section::Worklist, "the Done view, and back", None),
    entry(Action::Sort(Column::Rank), "sort-rank", &["s r"], Section::Worklist, "sort by rank; again: the other way round", None),
    entry(Action::Sort(Column::Waits), "sort-waits", &["s w"], Section::Worklist, "sort by waiting time", None),
    entry(Action::Sort(Column::Score), "sort-score", &["s s"], Section::Worklist, "sort by score", None),
    entry(Action::Sort(Column::Finding), "sort-finding", &["s f"], Section::Worklist, "sort by top finding", None),
    entry(Action::Sort(Column::Patient), "sort-patient", &["s p"], Section::Worklist, "sort by patient", None),
    entry(Action::Sort(Column::StudyTime), "sort-study-time", &["s t"], Section::Worklist, "sort by study time", None),
    entry(Action::Sort(Column::Status), "sort-status", &["s u"], Section::Worklist, "sort by status", None),
    entry(Action::Columns, "columns", &["C"], Section::Worklist, "choose, order and sort by columns", None),
    entry(Action::Open, "open", &["enter"], Section::Film, "the film large, and back; marks it seen", Some((3, "film"))),
    entry(Action::NextFilm, "next-film", &["tab"], Section::Film, "the study's next film", Some((7, "next film"))),
    entry(Action::PreviousFilm, "previous-film", &["shift-tab"], Section::Film, "the study's previous film", None),
    entry(Action::Heatmap, "heatmap", &["h"], Section::Film, "heatmap on or off", Some((4, "heatmap"))),
    entry(Action::PreviousLabel, "previous-label", &["["], Section::Film, "the finding above", Some((6, "finding"))),
    entry(Action::NextLabel, "next-label", &["]"], Section::Film, "the finding below", Some((6, "finding"))),
    entry(Action::PictureMode, "picture-mode", &["v"], Section::Film, "next way to show film and heatmap", None),
    entry(Action::ColourMap, "colour-map", &["m"], Section::Film, "the heatmap's next colours", None),
    entry(Action::LessOpaque, "less-opaque", &["{"], Section::Film, "the heatmap fainter", None),
    entry(Action::MoreOpaque, "more-opaque", &["}"], Section::Film, "the heatmap stronger", None),
    entry(Action::WorstLabel, "top-finding", &["\\"], Section::Film, "the top finding again", None),
    entry(Action::WindowPreset, "window", &["w"], Section::Film, "the next window of greys", None),
    entry(Action::Darker, "darker", &[","], Section::Film, "darker", None),
    entry(Action::Brighter, "brighter", &["."], Section::Film, "brighter", None),
    entry(Action::LessContrast, "less-contrast", &["<"], Section::Film, "less contrast", None),
    entry(Action::MoreContrast, "more-contrast", &[">"], Section::Film, "more contrast", None),
    entry(Action::Invert, "invert", &["i"], Section::Film, "black for white", None),
    entry(Action::ZoomIn, "zoom-in", &["+", "="], Section::Film, "nearer", Some((10, "zoom"))),
    entry(Action::ZoomOut, "zoom-out", &["-"], Section::Film, "farther", Some((10, "zoom"))),
    entry(Action::ZoomFit, "zoom-fit", &["z"], Section::Film, "one to one, or the whole film again", None),
    entry(Action::PanLeft, "pan-left", &["left"], Section::Film, "over a film that is near; up and down too", None),
    entry(Action::PanRight, "pan-right", &["right"], Section::Film, "to the right", None),
    entry(Action::Prior, "prior", &["p"], Section::Film, "the patient's earlier film beside it", None),
    entry(Action::Similar, "similar", &["L"], Section::Film, "like this: the most similar films of other patients", None),
    entry(Action::ResetPicture, "reset-picture", &["0"], Section::Film, "window and zoom as at first", None),
    entry(Action::Seen, "seen", &["space"], Section::Study, "seen, or new again", Some((5, "seen"))),
    entry(Action::Done, "done", &["d"], Section::Study, "done: it leaves the list; done again: back", Some((8, "done"))),
    entry(Action::Score, "score", &["S"], Section::Film, "score this held film anyway", Some((10, "score anyway"))),
    entry(Action::Claim, "claim", &["c"], Section::Study, "claimed: you are at it; claimed again: nobody is", Some((8, "claim"))),
    entry(Action::Acknowledge, "acknowledge", &["a"], Section::Study, "take note of a critical study: it rings no more", Some((2, "acknowledge"))),
    entry(Action::NextAlarm, "next-alarm", &["A"], Section::Study, "the next critical study that nobody acknowledged", None),
    entry(Action::Notes, "notes", &["n"], Section::Study, "read the notes, write one", None),
    entry(Action::Results, "results", &["R"], Section::Study, "its result: send it, see whether it arrived", None),
    entry(Action::Undo, "undo", &["u"], Section::Study, "take the last change of status back", Some((9, "undo"))),
    entry(Action::Help, "help", &["?", "f1"], Section::Program, "this help", Some((0, "help"))),
    entry(Action::Palette, "palette", &[":"], Section::Program, "find an action by its name", None),
    entry(Action::Shift, "shift", &["o"], Section::Program, "how the shift goes: arrivals, longest waits, queue", None),
    entry(Action::HideNames, "hide-names", &["N"], Section::Program, "hide names and identifiers, show them again", None),
    entry(Action::Who, "who", &["@"], Section::Program, "say who is at the keys", None),
    entry(Action::Suspend, "suspend", &["ctrl-z"], Section::Program, "back to the shell; fg returns", None),
    entry(Action::Plugins, "plugins", &["P"], Section::Program, "the plugins: health, commands, another try", None),
    entry(Action::Senders, "feed", &["f"], Section::Program, "the feed: who sends films by DICOM, what is refused and why", None),
    entry(Action::Workbench, "workbench", &["t"], Section::Program, "thresholds: try them on the last studies, save them", None),
    entry(Action::Close, "close", &["esc"], Section::Program, "close what is open, put the message away", Some((1, "close"))),
    entry(Action::Redraw, "redraw", &["ctrl-l"], Section::Program, "draw the screen anew", None),
    entry(Action::Quit, "quit", &["q"], Section::Program, "leave", Some((1, "quit"))),
    entry(Action::Interrupt, "interrupt", &["ctrl-c"], Section::Program, "leave from anywhere", None),
];

impl Action {
    /// The permission that it takes. What it asks a session for is refused there, too.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Seen
            | Self::Done
            | Self::Claim
            | Self::Acknowledge
            | Self::Undo
            | Self::Notes
            | Self::HideNames => Permission::Role(PersonRole::Triage),
            Self::Score | Self::Workbench => Permission::Role(PersonRole::Admin),
            Self::Who | Self::Suspend => Permission::Account,
            // All of them by name, so that a new one does not compile until it is decided here.
            Self::Up
            | Self::Down
            | Self::PageUp
            | Self::PageDown
            | Self::First
            | Self::Last
            | Self::Open
            | Self::NextFilm
            | Self::PreviousFilm
            | Self::Heatmap
            | Self::PreviousLabel
            | Self::NextLabel
            | Self::PictureMode
            | Self::ColourMap
            | Self::LessOpaque
            | Self::MoreOpaque
            | Self::WorstLabel
            | Self::WindowPreset
            | Self::Darker
            | Self::Brighter
            | Self::LessContrast
            | Self::MoreContrast
            | Self::Invert
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::ZoomFit
            | Self::PanLeft
            | Self::PanRight
            | Self::Prior
            | Self::Similar
            | Self::ResetPicture
            | Self::View(_)
            | Self::ShowDone
            | Self::Filter
            | Self::Sort(_)
            | Self::Columns
            | Self::NextAlarm
            | Self::Results
            | Self::Help
            | Self::Palette
            | Self::Plugins
            | Self::Senders
            | Self::Shift
            | Self::Close
            | Self::Redraw
            | Self::Quit
            | Self::Interrupt => Permission::Role(PersonRole::View),
        }
    }

    /// The name that keymap and palette know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        ACTIONS.iter().find(|entry| entry.action == self).map_or("", |entry| entry.name)
    }
}

/// Returns the table of keys as docs/worklist.md shows it, in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut lines = vec!["| key | what it does |".to_owned(), "|---|---|".to_owned()];
    for entry in
        Section::ALL.iter().flat_map(|section| ACTIONS.iter().filter(|entry| entry.section == *section))
    {
        let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
        lines.push(format!("| {} | {} |", keys.join(" "), entry.about));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_action_has_its_own_name_a_key_and_a_description() {
        let mut names = HashSet::new();
        for entry in ACTIONS {
            assert!(names.insert(entry.name), "{} is listed twice", entry.name);
            assert!(!entry.keys.is_empty(), "{} has no key", entry.name);
            assert!(!entry.about.is_empty(), "{} has no description", entry.name);
        }
    }

    #[test]
    fn the_table_of_keys_is_the_one_in_the_documentation() {
        let page = include_str!("../../../docs/worklist.md");
        let table = markdown();
        assert!(page.contains(&table), "the table of keys in docs/worklist.md should be:\n{table}");
    }
}
