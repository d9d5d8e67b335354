//! Where the parts of the list lie in its pane.

use ratatui::layout::{Position, Rect};

use crate::dashboard::worklist::{Column, Worklist};

/// Lines that the filter takes at the list's end while it is typed: itself, and a hint.
pub(in crate::dashboard) const FILTER_LINES: u16 = 2;

/// A column and its width.
pub(in crate::dashboard) type Placed = (Column, u16);
/// A column, how much room it needs and from which width of the pane on; none for those that share the rest.
pub(in crate::dashboard) type Wished = (Column, Option<(u16, u16)>);

/// The least width of a column that shares what the others leave.
const LEAST: u16 = 6;

/// The columns that fit, in the order that was chosen. The finding and the patient share what the others
/// leave; where that is too little, columns go from the right.
fn fitted(chosen: &[Wished], width: u16) -> Vec<Placed> {
    let fits = |(_, room): &Wished| room.is_none_or(|(_, from)| width >= from);
    let mut shown: Vec<Wished> = chosen.iter().copied().filter(fits).collect();
    loop {
        // The marker, and a space after each column.
        let fixed = shown.iter().filter_map(|(_, room)| *room);
        let taken: u16 = 2 + fixed.map(|(width, _)| width + 1).sum::<u16>() + 1;
        let flexible = shown.iter().filter(|(_, room)| room.is_none()).count();
        let flexible = u16::try_from(flexible).unwrap_or(0);
        let shared = width.saturating_sub(taken);
        let needed = flexible * LEAST + flexible.saturating_sub(1);
        let last = shown.iter().rposition(|(_, room)| room.is_some());
        if let Some(last) = last.filter(|_| taken > width || shared < needed) {
            shown.remove(last);
            continue;
        }
        return shown.iter().map(|&wished| (wished.0, share(wished, &shown, shared))).collect();
    }
}

/// A column's width, where `shared` is left for those that have none of their own.
fn share((column, room): Wished, shown: &[Wished], shared: u16) -> u16 {
    let finding = (shared / 2).clamp(shared.min(9), 28);
    let is_shown = |wanted| shown.iter().any(|(column, _)| *column == wanted);
    let both = is_shown(Column::Finding) && is_shown(Column::Patient);
    match (column, room) {
        (_, Some((width, _))) => width,
        (Column::Finding, None) if both => finding,
        (_, None) if both => shared.saturating_sub(finding),
        (_, None) => shared,
    }
}

/// A part of the list that can be clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dashboard) enum ListPart {
    /// A study, by its index.
    Row(usize),
    /// The heading of a column.
    Heading(Column),
}

/// The list in its pane: headings, rows, and the lines that a filter is typed into.
#[derive(Debug)]
pub(in crate::dashboard) struct ListLayout {
    /// Headings and rows.
    pub(in crate::dashboard) rows: Rect,
    /// The lines of the filter; empty while none is typed.
    pub(in crate::dashboard) prompt: Rect,
    /// The columns that fit.
    pub(in crate::dashboard) columns: Vec<Placed>,
    /// Index of the first study on the screen, of the first held one, and their number.
    first: usize,
    held_from: usize,
    len: usize,
}

impl ListLayout {
    /// Lays a list out inside its border. `width` gives how wide a plugin wants its column.
    pub(in crate::dashboard) fn of(
        inside: Rect,
        list: &Worklist,
        chosen: &[Column],
        width: impl Fn(Column) -> Option<u16>,
        is_filter_typed: bool,
    ) -> Self {
        let prompt = if is_filter_typed { FILTER_LINES } else { 0 };
        let rows = Rect { height: inside.height.saturating_sub(prompt), ..inside };
        let digits = u16::try_from(list.len().to_string().len()).unwrap_or(6);
        let wished = |&column: &Column| {
            let room = column.room(rows.width, digits);
            (column, room.map(|(own, from)| (width(column).unwrap_or(own), from)))
        };
        let wished: Vec<Wished> = chosen.iter().map(wished).collect();
        Self {
            rows,
            prompt: Rect { y: rows.bottom(), height: inside.height - rows.height, ..inside },
            columns: fitted(&wished, rows.width),
            first: list.offset(),
            held_from: list.held_from(),
            len: list.len(),
        }
    }

    /// The part of the list at a place of the screen.
    pub(in crate::dashboard) fn part_at(&self, at: Position) -> Option<ListPart> {
        if at.y == self.rows.y && self.rows.contains(at) {
            let mut x = self.rows.x + 2;
            for &(column, width) in &self.columns {
                if (x..=x + width).contains(&at.x) {
                    return Some(ListPart::Heading(column));
                }
                x += width + 1;
            }
            return None;
        }
        self.lines().find_map(|(y, line)| line.filter(|_| y == at.y)).map(ListPart::Row)
    }

    /// The lines under the headings: the index of a study, or `None` for the rule over the held ones.
    pub(in crate::dashboard) fn lines(&self) -> impl Iterator<Item = (u16, Option<usize>)> {
        let (held_from, len) = (self.held_from, self.len);
        let indexes = (self.first..len).flat_map(move |index| {
            let rule = (index == held_from).then_some(None);
            rule.into_iter().chain([Some(index)])
        });
        (self.rows.y + 1..self.rows.bottom()).zip(indexes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wished(columns: &[Column], width: u16, digits: u16) -> Vec<Wished> {
        columns.iter().map(|&column| (column, column.room(width, digits))).collect()
    }

    #[test]
    fn columns_fill_the_width_and_never_exceed_it() {
        for width in 36..240 {
            for digits in [1, 3, 6] {
                for chosen in [&Column::USUAL[..], &Column::ALL[..]] {
                    let placed = fitted(&wished(chosen, width, digits), width);
                    let taken: u16 = 2 + placed.iter().map(|(_, width)| width + 1).sum::<u16>() - 1;
                    assert!(taken <= width, "{taken} in {width}");
                    for needed in
                        [Column::Band, Column::Finding, Column::Score, Column::Patient, Column::Waits]
                    {
                        let is_there = placed.iter().any(|(column, _)| *column == needed);
                        assert!(is_there || chosen.len() > 9, "{needed:?} at {width}");
                    }
                }
            }
        }
    }

    #[test]
    fn columns_stand_in_the_order_that_was_chosen() {
        let chosen = [Column::Waits, Column::Patient, Column::Band];
        let placed: Vec<Column> =
            fitted(&wished(&chosen, 80, 2), 80).into_iter().map(|(column, _)| column).collect();
        assert_eq!(placed, chosen);
    }
}
