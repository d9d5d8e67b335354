//! Marks: the tags, notes, cells and filters that plugins put beside a study.

use serde::{Deserialize, Serialize};

/// Tags that one plugin may give one study.
const MOST_TAGS: usize = 8;

/// Tags, notes, cells and filters of one study, each with the plugin that it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Words to show beside the study.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Mark>,
    /// Sentences to show with its findings; one a plugin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Mark>,
    /// Cells of the columns that plugins add.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Cell>,
    /// Titles of the plugins' filters that the study matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Mark>,
    /// Plugins that have promoted it, which each can once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promoted_by: Vec<String>,
}

/// A text, and the plugin that it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The plugin's name.
    pub plugin: String,
    /// The text; clean.
    pub text: String,
}

/// A cell of a plugin's column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The plugin's name.
    pub plugin: String,
    /// The column's title.
    pub title: String,
    /// Its text; clean.
    pub text: String,
}

impl Marks {
    /// The cell of a plugin's column; empty where there is none.
    #[must_use]
    pub fn cell(&self, plugin: &str, title: &str) -> &str {
        let found = self.cells.iter().find(|cell| cell.plugin == plugin && cell.title == title);
        found.map_or("", |cell| cell.text.as_str())
    }

    /// Returns whether a plugin's filter matches the study.
    #[must_use]
    pub fn matches(&self, plugin: &str, title: &str) -> bool {
        self.filters.iter().any(|mark| mark.plugin == plugin && mark.text == title)
    }

    /// Adds a tag, unless the plugin has given it that one, or as many as it may.
    pub fn add_tag(&mut self, plugin: &str, text: &str) {
        let mut of_plugin = self.tags.iter().filter(|mark| mark.plugin == plugin);
        let is_known = of_plugin.clone().any(|mark| mark.text == text);
        if !is_known && of_plugin.nth(MOST_TAGS - 1).is_none() {
            self.tags.push(Mark { plugin: plugin.to_owned(), text: text.to_owned() });
        }
    }

    /// Sets the note of a plugin.
    pub fn set_note(&mut self, plugin: &str, text: &str) {
        match self.notes.iter_mut().find(|mark| mark.plugin == plugin) {
            Some(mark) => text.clone_into(&mut mark.text),
            None => self.notes.push(Mark { plugin: plugin.to_owned(), text: text.to_owned() }),
        }
    }

    /// Writes into the cell of a plugin's column; an empty text takes the cell away.
    pub fn set_cell(&mut self, plugin: &str, title: &str, text: &str) {
        let is_it = |cell: &Cell| cell.plugin == plugin && cell.title == title;
        if text.is_empty() {
            self.cells.retain(|cell| !is_it(cell));
            return;
        }
        match self.cells.iter_mut().find(|cell| is_it(cell)) {
            Some(cell) => text.clone_into(&mut cell.text),
            None => {
                let (plugin, title) = (plugin.to_owned(), title.to_owned());
                self.cells.push(Cell { plugin, title, text: text.to_owned() });
            }
        }
    }

    /// Sets the plugin's filters that the study matches.
    pub fn set_filters(&mut self, plugin: &str, titles: &[String]) {
        let known = self.filters.iter().filter(|mark| mark.plugin == plugin).map(|mark| &mark.text);
        if known.eq(titles) {
            return;
        }
        self.filters.retain(|mark| mark.plugin != plugin);
        let new = titles.iter().map(|title| Mark { plugin: plugin.to_owned(), text: title.clone() });
        self.filters.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_may_give_a_study_a_few_tags_each_once() {
        let mut marks = Marks::default();
        for plugin in ["a", "b"] {
            for number in 0..2 * MOST_TAGS {
                marks.add_tag(plugin, &number.to_string());
                marks.add_tag(plugin, &number.to_string());
            }
        }
        let of_a: Vec<&str> =
            marks.tags.iter().filter(|tag| tag.plugin == "a").map(|tag| &*tag.text).collect();
        assert_eq!(of_a, (0..MOST_TAGS).map(|number| number.to_string()).collect::<Vec<_>>());
        assert_eq!(marks.tags.len(), 2 * MOST_TAGS);
    }

    #[test]
    fn a_cell_holds_its_last_text_and_goes_with_an_empty_one() {
        let mut marks = Marks::default();
        for (text, cells) in [("3", 1), ("4", 1), ("", 0), ("", 0)] {
            marks.set_cell("beds", "Ward", text);
            assert_eq!((marks.cell("beds", "Ward"), marks.cells.len()), (text, cells));
        }
    }
}
