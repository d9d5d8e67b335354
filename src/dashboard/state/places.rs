//! Places on the screen, as the state decides them: regions, the rows that fit, the picture's box.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{HELD_LINES, State, plugins};
use crate::{
    dashboard::{
        layout::{
            Layout, header, inside,
            list::{FILTER_LINES, ListLayout},
        },
        words,
        worklist::Row,
    },
    store::FilmState,
};

impl State {
    pub(in crate::dashboard) fn layout(&self) -> Option<Layout> {
        let header = header::height(self.health.as_ref(), self.site.doubt.as_deref(), self.size.width);
        Layout::of(self.size, self.view, header, self.labels)
    }

    /// The parts of the list, where it is shown.
    pub(in crate::dashboard) fn list_layout(&self) -> Option<ListLayout> {
        let inside = inside(self.layout()?.list?);
        let width = |column| plugins::width(self, column);
        Some(ListLayout::of(inside, &self.worklist, &self.columns, width, self.is_filter_typed()))
    }

    /// Returns how many studies the list shows at once.
    pub(in crate::dashboard) fn list_rows(&self) -> usize {
        let Some(list) = self.layout().and_then(|layout| layout.list) else { return 1 };
        // One line goes to the headings, and one to the rule over the held studies.
        let prompt = if self.is_filter_typed() { FILTER_LINES } else { 0 };
        let rules = u16::from(self.has_held_rule()) + 1 + prompt;
        usize::from(inside(list).height.saturating_sub(rules)).max(1)
    }

    /// Returns whether a rule parts the held studies from ranked ones.
    pub(in crate::dashboard) fn has_held_rule(&self) -> bool {
        self.worklist.held_from() < self.worklist.len()
    }

    /// Returns where the picture goes: the film pane without its border, its label line, and the reason over a
    /// held film.
    pub(in crate::dashboard) fn picture_area(&self) -> Option<Rect> {
        let inner = inside(self.layout()?.film?);
        let held = self.film().is_some_and(|film| matches!(film.state, FilmState::Held(_)));
        let above = if held { HELD_LINES.min(inner.height) } else { 0 };
        let area = Rect { y: inner.y + above, height: inner.height.saturating_sub(above + 1), ..inner };
        (!area.is_empty()).then_some(area)
    }

    /// The rows on the screen; one more than is sure to fit while the rule over the held studies is out
    /// of sight.
    pub(in crate::dashboard) fn rows_on_screen(&self) -> &[Arc<Row>] {
        let rows = self.worklist.rows();
        let from = self.worklist.offset().min(rows.len());
        let spare = usize::from(self.has_held_rule());
        &rows[from..(from + self.list_rows() + spare).min(rows.len())]
    }

    /// Everything on the screen that only the clock changes. While it stays the same, a tick needs no
    /// drawing.
    pub(in crate::dashboard) fn clock_face(&self) -> Vec<i64> {
        let waits = self.rows_on_screen().iter().map(|row| row.first_arrival);
        let mut face: Vec<i64> = waits.map(|since| words::minutes_between(self.now, since)).collect();
        face.push(self.now.as_second().div_euclid(60));
        face.push(i64::from(self.notice.is_some()));
        face
    }
}
