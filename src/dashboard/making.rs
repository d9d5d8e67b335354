//! A list in the making: another filter or another order over more studies than can be looked at between
//! two frames. It is made in slices; until it is whole, the list stays as it was.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    filter::Filter,
    order::{Order, SortKey},
    row::Row,
};

/// Studies that are looked at between two frames: some milliseconds.
const SLICE: usize = 10_000;

/// How many studies are looked at in one go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice(pub(super) usize);

impl Default for Slice {
    fn default() -> Self {
        Self(SLICE)
    }
}

/// What a list is to be.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) filter: Filter,
    pub(super) order: Order,
    /// The time that the filter is applied for.
    pub(super) now: Timestamp,
    /// Whether the passing of time asks for it, and no person.
    pub(super) by_clock: bool,
}

/// A list on the way to what is wanted.
#[derive(Debug)]
pub(super) struct Making {
    pub(super) wanted: Wanted,
    found: Vec<Found>,
    /// How many of the ranked studies have been looked at.
    looked_at: usize,
    counts: [usize; 4],
}

/// A study that passes, what it is sorted by, and its place in the ranking.
#[derive(Debug)]
struct Found {
    key: SortKey,
    place: usize,
    row: Arc<Row>,
}

impl Making {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, found: Vec::new(), looked_at: 0, counts: [0; 4] }
    }

    /// Begins again: the studies have changed.
    pub(super) fn restart(&mut self) {
        self.found.clear();
        (self.looked_at, self.counts) = (0, [0; 4]);
    }

    /// Looks at the next slice of the ranking; whether that was the last one.
    pub(super) fn go_on(&mut self, ranked: &[Arc<Row>], slice: Slice) -> bool {
        let (from, sorted) = (self.looked_at, self.found.len());
        self.looked_at = ranked.len().min(from + slice.0);
        let Wanted { filter, order, now, .. } = &self.wanted;
        for (place, row) in (from..).zip(&ranked[from..self.looked_at]) {
            if filter.matches(row, *now) {
                self.counts[row.severity as usize] += 1;
                self.found.push(Found { key: order.sort_key(row), place, row: Arc::clone(row) });
            }
        }
        self.found[sorted..].sort_unstable_by(|a, b| compare(*order, a, b));
        self.looked_at == ranked.len()
    }

    /// The list, and how many of it stand in each band.
    pub(super) fn finish(mut self) -> (Wanted, Vec<Arc<Row>>, [usize; 4]) {
        // Each slice is sorted: a stable sort finds these runs and only merges them.
        self.found.sort_by(|a, b| compare(self.wanted.order, a, b));
        (self.wanted, self.found.into_iter().map(|found| found.row).collect(), self.counts)
    }
}

fn compare(order: Order, a: &Found, b: &Found) -> std::cmp::Ordering {
    order.compare_keys((&a.key, a.place), (&b.key, b.place))
}
