//! A list that is rebuilt: another filter or another order over more studies than can be read between two frames. It
//! is done in slices; until it is whole, the list stays as it was.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    filter::Filter,
    order::{Order, SortKey},
    row::Row,
};

/// Studies that are read between two frames: a millisecond or two.
const SLICE: usize = 4_000;

/// How many studies one step reads.
#[derive(Debug, Clone, Copy)]
pub(in crate::dashboard) struct Slice(pub(in crate::dashboard) usize);

impl Default for Slice {
    fn default() -> Self {
        Self(SLICE)
    }
}

/// The filter and order of a list.
#[derive(Debug, Clone)]
pub(in crate::dashboard) struct Wanted {
    pub(in crate::dashboard) filter: Filter,
    pub(in crate::dashboard) order: Order,
    /// The time that the filter is applied for.
    pub(in crate::dashboard) now: Timestamp,
    /// Whether the passing of time asks for it, and no person.
    pub(in crate::dashboard) by_clock: bool,
}

/// A list on the way to the filter and order that are wanted.
#[derive(Debug)]
pub(in crate::dashboard) struct Rebuild {
    pub(in crate::dashboard) wanted: Wanted,
    found: Vec<Found>,
    /// Where the sorted runs of `found` begin, the long ones first.
    runs: Vec<usize>,
    /// How many of the ranked studies have been read.
    read: usize,
    counts: [usize; 4],
}

/// A study that passes, what it is sorted by, and its place in the ranking.
#[derive(Debug)]
struct Found {
    key: SortKey,
    place: u32,
    row: Arc<Row>,
}

impl Rebuild {
    pub(in crate::dashboard) fn new(wanted: Wanted) -> Self {
        Self { wanted, found: Vec::new(), runs: Vec::new(), read: 0, counts: [0; 4] }
    }

    /// Begins again: the studies have changed.
    pub(in crate::dashboard) fn restart(&mut self) {
        self.found.clear();
        self.runs.clear();
        (self.read, self.counts) = (0, [0; 4]);
    }

    /// Reads the next slice of the ranking; returns whether that was the last one.
    pub(in crate::dashboard) fn step(&mut self, ranked: &[Arc<Row>], slice: Slice) -> bool {
        let (from, sorted) = (self.read, self.found.len());
        self.read = ranked.len().min(from + slice.0);
        let Wanted { filter, order, now, .. } = &self.wanted;
        let places = u32::try_from(from).unwrap_or(u32::MAX)..;
        for (place, row) in places.zip(&ranked[from..self.read]) {
            if filter.matches(row, *now) {
                self.counts[row.severity as usize] += 1;
                self.found.push(Found { key: order.sort_key(row), place, row: Arc::clone(row) });
            }
        }
        self.found[sorted..].sort_unstable_by(|a, b| compare(*order, a, b));
        self.runs.push(sorted);
        // As in a binary counter: a run is merged with the one before it once it is as long, so that little
        // is left to do at the end.
        while let [.., before, last] = self.runs[..]
            && self.found.len() - last >= last - before
        {
            self.merge_last();
        }
        self.read == ranked.len()
    }

    fn merge_last(&mut self) {
        self.runs.pop();
        let (from, order) = (self.runs.last().copied().unwrap_or(0), self.wanted.order);
        // A stable sort finds the two runs and merges them.
        self.found[from..].sort_by(|a, b| compare(order, a, b));
    }

    /// The list, and how many of it stand in each band.
    pub(in crate::dashboard) fn finish(mut self) -> (Wanted, Vec<Arc<Row>>, [usize; 4]) {
        while self.runs.len() > 1 {
            self.merge_last();
        }
        (self.wanted, self.found.into_iter().map(|found| found.row).collect(), self.counts)
    }
}

fn compare(order: Order, a: &Found, b: &Found) -> std::cmp::Ordering {
    let by_keys = order.compare_keys((&a.key, a.place), (&b.key, b.place));
    by_keys.unwrap_or_else(|| order.compare(&a.row, &b.row))
}
