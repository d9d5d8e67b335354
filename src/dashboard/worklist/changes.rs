//! New and changed studies on their way into the list.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use super::{Row, Worklist, by_rank};
use crate::store::{StudyId, StudyRow};

/// Above this many changed rows at once, one pass over the list costs less than moving each to its place.
const MERGE_FROM: usize = 64;

impl Worklist {
    /// Takes new and changed rows in. The selection stays on its study; where that left the list, it
    /// goes to the one that now stands nearest. An older revision than the known one changes nothing.
    ///
    /// Returns whether there is a critical study to take note of that was none before.
    pub fn apply(&mut self, changed: Vec<StudyRow>) -> bool {
        let mut rose = false;
        let anchor = self.selected().cloned();
        let on_screen = self.on_screen();
        let changed = changed.into_iter().map(|study| Arc::new(Row::from(study)));
        if changed.len() > MERGE_FROM {
            rose = self.merge(changed);
        } else {
            changed.for_each(|row| rose |= self.put(row));
        }
        self.settle_selection(anchor.as_deref(), on_screen);
        if let Some(rebuild) = &mut self.rebuild {
            rebuild.restart();
        }
        rose
    }

    /// Takes out what is not among these studies, and takes whatever comes of the others as newer than what is known of them:
    /// all of them come again, from another store.
    pub fn begin_anew(&mut self, there: &BTreeSet<StudyId>) {
        let anchor = self.selected().cloned();
        let on_screen = self.on_screen();
        self.ranked.retain(|row| there.contains(&row.id));
        self.listed.retain(|row| there.contains(&row.id));
        self.alarms.retain(|study| there.contains(study));
        self.by_id.retain(|study, _| there.contains(study));
        for known in self.by_id.values_mut() {
            let mut row = Row::clone(known);
            row.revision = i64::MIN;
            *known = Arc::new(row);
        }
        self.counts = [0; 4];
        for row in &self.listed {
            self.counts[row.severity as usize] += 1;
        }
        self.settle_selection(anchor.as_deref(), on_screen);
        if let Some(rebuild) = &mut self.rebuild {
            rebuild.restart();
        }
    }

    /// Notes the row by its number only. `None` if it is older than what is known; else what it replaces,
    /// and whether it is an alarm that was none.
    fn remember(&mut self, row: &Arc<Row>) -> Option<(Option<Arc<Row>>, bool)> {
        if self.by_id.get(&row.id).is_some_and(|known| known.revision > row.revision) {
            return None;
        }
        let rose = if row.is_alarm() {
            self.alarms.insert(row.id)
        } else {
            self.alarms.remove(&row.id);
            false
        };
        let replaced = if row.is_gone() {
            self.by_id.remove(&row.id)
        } else {
            self.by_id.insert(row.id, Arc::clone(row))
        };
        Some((replaced, rose))
    }

    fn put(&mut self, row: Arc<Row>) -> bool {
        let Some((replaced, rose)) = self.remember(&row) else { return false };
        if let Some(old) = replaced {
            if let Ok(index) = self.ranked.binary_search_by(|other| by_rank(other, &old)) {
                self.ranked.remove(index);
            }
            if let Ok(index) = self.listed.binary_search_by(|other| self.order.compare(other, &old)) {
                self.listed.remove(index);
                self.counts[old.severity as usize] -= 1;
            }
        }
        if row.is_gone() {
            return rose;
        }
        if self.is_listed(&row) {
            self.counts[row.severity as usize] += 1;
            self.listed.insert(self.place_of(&row), Arc::clone(&row));
        }
        let place = self.ranked.partition_point(|other| by_rank(other, &row).is_lt());
        self.ranked.insert(place, row);
        rose
    }

    fn merge(&mut self, changed: impl Iterator<Item = Arc<Row>>) -> bool {
        let (mut touched, mut replaced, mut any_rose) = (HashSet::new(), Vec::new(), false);
        for row in changed {
            if let Some((old, rose)) = self.remember(&row) {
                any_rose |= rose;
                touched.insert(row.id);
                replaced.extend(old);
            }
        }
        let order = self.order;
        let mut new: Vec<Arc<Row>> = touched.iter().filter_map(|id| self.by_id.get(id)).cloned().collect();
        let mut listed: Vec<Arc<Row>> = new.iter().filter(|row| self.is_listed(row)).cloned().collect();
        listed.sort_unstable_by(|a, b| order.compare(a, b));
        for row in &listed {
            self.counts[row.severity as usize] += 1;
        }
        for row in join(&mut self.listed, &replaced, listed, |a, b| order.compare(a, b)) {
            self.counts[row.severity as usize] -= 1;
        }
        new.sort_unstable_by(|a, b| by_rank(a, b));
        join(&mut self.ranked, &replaced, new, by_rank);
        any_rose
    }

    pub(super) fn settle_selection(&mut self, anchor: Option<&Row>, on_screen: Option<usize>) {
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
}

/// Takes the replaced rows out of a sorted list, merges sorted new ones in, and returns what it took out.
/// Places are looked up, not passed by: most of the list is copied without a look at its rows.
fn join(
    list: &mut Vec<Arc<Row>>,
    replaced: &[Arc<Row>],
    new: Vec<Arc<Row>>,
    compare: impl Fn(&Row, &Row) -> Ordering,
) -> Vec<Arc<Row>> {
    let found = replaced.iter().map(|old| list.binary_search_by(|other| compare(other, old)));
    let mut holes: Vec<usize> = found.filter_map(Result::ok).collect();
    holes.sort_unstable();
    holes.dedup();
    let places: Vec<usize> =
        new.iter().map(|row| list.partition_point(|other| compare(other, row).is_lt())).collect();

    let (mut joined, mut taken) = (Vec::with_capacity(list.len() + new.len()), Vec::new());
    let (end, mut at, mut holes) = (list.len(), 0, holes.into_iter().peekable());
    let mut old = std::mem::take(list).into_iter();
    let mut copy_until = |joined: &mut Vec<Arc<Row>>, place: usize| {
        while let Some(hole) = holes.next_if(|hole| *hole < place) {
            joined.extend(old.by_ref().take(hole - at));
            taken.extend(old.next());
            at = hole + 1;
        }
        joined.extend(old.by_ref().take(place - at));
        at = place;
    };
    for (row, place) in new.into_iter().zip(places) {
        copy_until(&mut joined, place);
        joined.push(row);
    }
    copy_until(&mut joined, end);
    *list = joined;
    taken
}
