//! The studies that pass the filter, in their order, with the selection and the first row on the screen.

mod changes;
mod column;
mod filter;
mod fold;
mod order;
mod rebuild;
mod row;
mod views;

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

pub use column::Column;
pub use filter::{Completion, Filter, FilterError};
pub(super) use filter::{begins_a_field, complete};
pub use order::Order;
pub use row::Row;
pub use views::{MOST_VIEWS, SavedView, SavedViews};

use order::rank;
use rebuild::{Rebuild, Slice, Wanted};

use crate::{store::StudyId, study::Severity};

/// Studies of which the words are offered when a filter is typed.
const SAMPLE: usize = 2_000;

/// The list. A hundred thousand rows are fine: one change costs a few binary searches; a new filter or
/// order is [applied in steps](Self::step).
#[derive(Debug, Default)]
pub struct Worklist {
    /// All studies, in rank order.
    ranked: Vec<Arc<Row>>,
    /// Those that pass the filter, in the order that was chosen.
    listed: Vec<Arc<Row>>,
    /// All studies by their numbers.
    by_id: HashMap<StudyId, Arc<Row>>,
    /// How many of those listed stand in each band, by the band's place in [`Severity::ALL`].
    counts: [usize; 4],
    /// The critical studies that nobody took note of, listed or not.
    alarms: BTreeSet<StudyId>,
    filter: Filter,
    order: Order,
    /// The time that the filter was last applied for.
    now: Timestamp,
    selected: Option<StudyId>,
    /// Index of the first row on the screen.
    offset: usize,
    /// The list that will replace this one.
    rebuild: Option<Rebuild>,
    slice: Slice,
}

fn by_rank(a: &Row, b: &Row) -> Ordering {
    rank(a).cmp(&rank(b))
}

impl Worklist {
    /// Returns how many studies are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listed.len()
    }

    /// Returns whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Returns how many studies there are, listed or not.
    #[must_use]
    pub fn total(&self) -> usize {
        self.ranked.len()
    }

    /// The studies that are listed, in their order.
    #[must_use]
    pub fn rows(&self) -> &[Arc<Row>] {
        &self.listed
    }

    /// All studies in rank order.
    #[must_use]
    pub fn ranked(&self) -> &[Arc<Row>] {
        &self.ranked
    }

    /// Index of the first row on the screen.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The filter that the listed studies pass.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The order of the list.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Index of the first held study in rank order; all after it are held too. In other orders they
    /// stand among the rest.
    #[must_use]
    pub fn held_from(&self) -> usize {
        if self.order.is_rank() { self.len() - self.count(Severity::Held) } else { self.len() }
    }

    /// Returns how many of the listed studies stand in a band.
    #[must_use]
    pub fn count(&self, band: Severity) -> usize {
        self.counts[band as usize]
    }

    /// Returns how many critical studies nobody took note of, listed or not.
    #[must_use]
    pub fn alarms(&self) -> usize {
        self.alarms.len()
    }

    /// Selects the next listed study that nobody took note of, after the selected one, or the first;
    /// `false` if none is listed.
    pub fn select_next_alarm(&mut self) -> bool {
        let after = self.selected_index().map_or(0, |index| index + 1);
        let mut indexes = (after..self.len()).chain(0..after.min(self.len()));
        let next = indexes.find(|&index| self.listed[index].is_alarm());
        if let Some(index) = next {
            self.select(index);
        }
        next.is_some()
    }

    /// Narrows the list. The selection stays on its study while that is listed.
    pub fn set_filter(&mut self, filter: Filter, now: Timestamp) {
        if filter == *self.wanted_filter() {
            return;
        }
        // The clock moves what waits: then what is not listed may have come to pass.
        let narrows = filter.narrows(&self.filter) && !self.filter.depends_on_time();
        if narrows && self.rebuild.is_none() && self.len() <= self.slice.0 {
            (self.filter, self.now) = (filter, now);
            self.listed.retain(|row| self.filter.matches(row, now));
            self.count_anew();
            self.select_if_none();
        } else {
            self.rebuild(Wanted { filter, order: self.wanted_order(), now, by_clock: false });
        }
    }

    /// Sorts the list. The selection stays on its study.
    pub fn set_order(&mut self, order: Order) {
        if order != self.wanted_order() {
            let now = self.rebuild.as_ref().map_or(self.now, |rebuild| rebuild.wanted.now);
            self.rebuild(Wanted { filter: self.wanted_filter().clone(), order, now, by_clock: false });
        }
    }

    /// Applies the filter again, where the passing of time changes what passes.
    pub fn refresh(&mut self, now: Timestamp) {
        if self.rebuild.is_none() && self.filter.depends_on_time() {
            self.rebuild(Wanted { filter: self.filter.clone(), order: self.order, now, by_clock: true });
        }
    }

    /// Returns whether the list is not yet as it was asked for.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.rebuild.is_some()
    }

    /// The filter that was asked for last.
    fn wanted_filter(&self) -> &Filter {
        self.rebuild.as_ref().map_or(&self.filter, |rebuild| &rebuild.wanted.filter)
    }

    /// The order that was asked for last; [`order`](Self::order) follows once the list is sorted.
    #[must_use]
    pub fn wanted_order(&self) -> Order {
        self.rebuild.as_ref().map_or(self.order, |rebuild| rebuild.wanted.order)
    }

    /// Begins the list that is wanted. Where the studies are few it is finished at once.
    fn rebuild(&mut self, wanted: Wanted) {
        self.rebuild = Some(Rebuild::new(wanted));
        if self.total() <= self.slice.0 {
            self.step();
        }
    }

    /// Works on an unfinished list for some milliseconds; returns whether it has become whole by that.
    pub fn step(&mut self) -> bool {
        let Some(mut rebuild) = self.rebuild.take() else { return false };
        if !rebuild.step(&self.ranked, self.slice) {
            self.rebuild = Some(rebuild);
            return false;
        }
        let anchor = self.selected().cloned();
        let on_screen = self.on_screen();
        let (wanted, listed, counts) = rebuild.finish();
        (self.listed, self.counts) = (listed, counts);
        (self.filter, self.order, self.now) = (wanted.filter, wanted.order, wanted.now);
        if wanted.by_clock {
            self.settle_selection(anchor.as_deref(), on_screen);
        } else {
            self.select_if_none();
        }
        true
    }

    /// Finishes the list at once: before something is done to it that depends on what stands where.
    pub fn finish(&mut self) {
        while self.is_unfinished() {
            self.step();
        }
    }

    fn select_if_none(&mut self) {
        if self.selected().is_none() {
            (self.offset, self.selected) = (0, None);
            self.select(0);
        }
    }

    /// The texts that stand in a column of the highest studies, the most frequent first.
    #[must_use]
    pub fn frequent(&self, column: Column) -> Vec<String> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for row in self.ranked.iter().take(SAMPLE) {
            if column == Column::Tags {
                for tag in &row.marks().tags {
                    *counts.entry(&tag.text).or_default() += 1;
                }
            }
            let text = match column {
                Column::Finding => row.top().unwrap_or_default(),
                Column::View => row.view(),
                Column::Model => row.model(),
                Column::By => row.status_by(),
                Column::Attribute(attribute) => row.attribute(attribute),
                _ => "",
            };
            if !text.is_empty() {
                *counts.entry(text).or_default() += 1;
            }
        }
        let mut texts: Vec<(&str, usize)> = counts.into_iter().collect();
        texts.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
        texts.into_iter().map(|(text, _)| text.to_owned()).collect()
    }

    fn is_listed(&self, row: &Row) -> bool {
        self.filter.matches(row, self.now)
    }

    fn count_anew(&mut self) {
        self.counts = [0; 4];
        for row in &self.listed {
            self.counts[row.severity as usize] += 1;
        }
    }

    /// The selected study.
    #[must_use]
    pub fn selected(&self) -> Option<&Arc<Row>> {
        self.selected.and_then(|id| self.by_id.get(&id)).filter(|row| self.is_listed(row))
    }

    /// A study, listed or not.
    #[must_use]
    pub fn get(&self, id: StudyId) -> Option<&Arc<Row>> {
        self.by_id.get(&id)
    }

    /// Index of the selected study.
    #[must_use]
    pub fn selected_index(&self) -> Option<usize> {
        self.index_of(self.selected()?.id)
    }

    /// Index of a study, if it is listed.
    #[must_use]
    pub fn index_of(&self, id: StudyId) -> Option<usize> {
        let row = self.get(id)?;
        self.listed.binary_search_by(|other| self.order.compare(other, row)).ok()
    }

    fn on_screen(&self) -> Option<usize> {
        self.selected_index().map(|index| index.saturating_sub(self.offset))
    }

    /// Returns where the row stands, or would stand.
    fn place_of(&self, row: &Row) -> usize {
        self.listed.partition_point(|other| self.order.compare(other, row).is_lt())
    }

    /// Selects the row at an index, or the last one.
    pub fn select(&mut self, index: usize) {
        let last = self.listed.len().saturating_sub(1);
        self.selected = self.listed.get(index.min(last)).map(|row| row.id);
    }

    /// Selects a study; `false` if it is not listed.
    pub fn select_study(&mut self, id: StudyId) -> bool {
        let is_listed = self.by_id.get(&id).is_some_and(|row| self.is_listed(row));
        if is_listed {
            self.selected = Some(id);
        }
        is_listed
    }

    /// Moves the selection by so many rows, and stops at the ends.
    pub fn move_by(&mut self, by: isize) {
        let index = self.selected_index().unwrap_or(0);
        self.select(index.saturating_add_signed(by));
    }

    /// Scrolls by so many rows in a window of `rows`; the selection is taken along at its edge.
    pub fn scroll_by(&mut self, by: isize, rows: usize) {
        let rows = rows.max(1);
        let last = self.listed.len().saturating_sub(rows);
        self.offset = self.offset.saturating_add_signed(by).min(last);
        let index = self.selected_index().unwrap_or(0);
        self.select(index.clamp(self.offset, self.offset + rows - 1));
    }

    /// Scrolls as little as brings the selection into a window of `rows` rows.
    pub fn keep_visible(&mut self, rows: usize) {
        let rows = rows.max(1);
        let index = self.selected_index().unwrap_or(0);
        let last_offset = self.listed.len().saturating_sub(rows);
        self.offset = self.offset.clamp(index.saturating_sub(rows - 1), index).min(last_offset);
    }
}

#[cfg(test)]
pub(super) mod tests;
