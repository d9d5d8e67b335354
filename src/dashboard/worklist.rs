//! The studies in rank order, with the selection and the first row on the screen: those that are not done,
//! or, in the Done view, those that are.

use std::{collections::HashMap, sync::Arc};

use crate::{
    store::{Status, StudyId, StudyRow},
    triage::{RankKey, Severity},
};

/// Above this many changed rows at once, sorting anew costs less than moving each to its place.
const SORT_ANEW: usize = 64;

/// The list. A hundred thousand rows are fine: one change costs two binary searches.
#[derive(Debug, Default)]
pub struct Worklist {
    /// In rank order; held studies, which rank below all others, are its tail.
    rows: Vec<Arc<StudyRow>>,
    /// All studies, listed or not.
    by_id: HashMap<StudyId, Arc<StudyRow>>,
    selected: Option<StudyId>,
    /// Index of the first row on the screen.
    offset: usize,
    /// Whether the done studies are listed, and no others.
    shows_done: bool,
}

fn rank(row: &StudyRow) -> RankKey<'_> {
    RankKey { severity: row.severity, score: row.score, since: row.first_arrival, study: &row.key }
}

impl Worklist {
    /// How many studies are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The studies in rank order.
    #[must_use]
    pub fn rows(&self) -> &[Arc<StudyRow>] {
        &self.rows
    }

    /// Index of the first row on the screen.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Index of the first held study; all after it are held too.
    #[must_use]
    pub fn held_from(&self) -> usize {
        self.rows.partition_point(|row| row.severity != Severity::Held)
    }

    /// How many studies stand in a band.
    #[must_use]
    pub fn count(&self, band: Severity) -> usize {
        let from = self.rows.partition_point(|row| row.severity > band);
        let to = self.rows.partition_point(|row| row.severity >= band);
        to - from
    }

    /// Whether this is the Done view.
    #[must_use]
    pub fn shows_done(&self) -> bool {
        self.shows_done
    }

    /// Lists the done studies instead of the others, or the others again.
    pub fn turn_over(&mut self) {
        self.shows_done = !self.shows_done;
        self.list_anew();
        (self.offset, self.selected) = (0, None);
        self.select(0);
    }

    fn is_listed(&self, row: &StudyRow) -> bool {
        (row.status == Status::Done) == self.shows_done
    }

    fn list_anew(&mut self) {
        self.rows = self.by_id.values().filter(|row| self.is_listed(row)).cloned().collect();
        self.rows.sort_unstable_by(|a, b| rank(a).cmp(&rank(b)));
    }

    /// The selected study.
    #[must_use]
    pub fn selected(&self) -> Option<&Arc<StudyRow>> {
        self.selected.and_then(|id| self.by_id.get(&id)).filter(|row| self.is_listed(row))
    }

    /// A study, listed or not.
    #[must_use]
    pub fn get(&self, id: StudyId) -> Option<&Arc<StudyRow>> {
        self.by_id.get(&id)
    }

    /// Index of the selected study.
    #[must_use]
    pub fn selected_index(&self) -> Option<usize> {
        self.selected().and_then(|row| self.index_of(row))
    }

    fn index_of(&self, row: &StudyRow) -> Option<usize> {
        self.rows.binary_search_by(|other| rank(other).cmp(&rank(row))).ok()
    }

    /// Where the row stands, or would stand.
    fn place_of(&self, row: &StudyRow) -> usize {
        self.rows.partition_point(|other| rank(other) < rank(row))
    }

    /// Selects the row at an index, or the last one.
    pub fn select(&mut self, index: usize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.rows.get(index.min(last)).map(|row| row.id);
    }

    /// Moves the selection by so many rows, and stops at the ends.
    pub fn move_by(&mut self, by: isize) {
        let index = self.selected_index().unwrap_or(0);
        self.select(index.saturating_add_signed(by));
    }

    /// Takes new and changed rows in. The selection stays on its study; where that left the list, it
    /// goes to the one that now stands nearest. An older revision than the known one changes nothing.
    pub fn apply(&mut self, changed: Vec<StudyRow>) {
        let anchor = self.selected().cloned();
        let on_screen = self.selected_index().map(|index| index.saturating_sub(self.offset));

        if changed.len() > SORT_ANEW {
            for row in changed.into_iter().map(Arc::new) {
                self.remember(row);
            }
            self.list_anew();
        } else {
            for row in changed.into_iter().map(Arc::new) {
                self.put(&row);
            }
        }
        self.settle_selection(anchor.as_deref(), on_screen);
    }

    /// Notes the row by its number only. Returns whether it was new enough to count, and what it replaces.
    fn remember(&mut self, row: Arc<StudyRow>) -> (bool, Option<Arc<StudyRow>>) {
        if self.by_id.get(&row.id).is_some_and(|known| known.revision > row.revision) {
            return (false, None);
        }
        if row.is_gone() {
            (true, self.by_id.remove(&row.id))
        } else {
            (true, self.by_id.insert(row.id, row))
        }
    }

    fn put(&mut self, row: &Arc<StudyRow>) {
        let (counts, replaced) = self.remember(Arc::clone(row));
        let replaced = replaced.filter(|old| self.is_listed(old));
        if let Some(index) = replaced.and_then(|old| self.index_of(&old)) {
            self.rows.remove(index);
        }
        if counts && !row.is_gone() && self.is_listed(row) {
            self.rows.insert(self.place_of(row), Arc::clone(row));
        }
    }

    fn settle_selection(&mut self, anchor: Option<&StudyRow>, on_screen: Option<usize>) {
        match anchor {
            None => self.select(0),
            Some(row) if self.selected().is_none() => self.select(self.place_of(row)),
            Some(_) => {}
        }
        // A list that is scrolled keeps its selected row where it is on the screen. One that shows its
        // top goes on showing it: a worse study that arrives must come into view, not hide above.
        if let (Some(index), Some(on_screen), true) = (self.selected_index(), on_screen, self.offset > 0) {
            self.offset = index.saturating_sub(on_screen);
        }
    }

    /// Scrolls as little as brings the selection into a window of `rows` rows.
    pub fn keep_visible(&mut self, rows: usize) {
        let rows = rows.max(1);
        let index = self.selected_index().unwrap_or(0);
        let last_offset = self.rows.len().saturating_sub(rows);
        self.offset = self.offset.clamp(index.saturating_sub(rows - 1), index).min(last_offset);
    }
}

#[cfg(test)]
#[path = "worklist_tests.rs"]
mod tests;
