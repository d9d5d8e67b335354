//! The columns: which ones, in which order; and sorting by any of them.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::dashboard::{
    keymap::action::Action,
    state::{Handled, Panel, State, choose},
    worklist::Column,
};

/// The open choice of columns.
#[derive(Debug, Clone)]
pub struct Columns {
    /// All columns: those that are shown in their order, then the others.
    lines: Vec<Column>,
    chosen: usize,
}

impl Columns {
    pub(in crate::dashboard) fn open(state: &State) -> Self {
        let shown = state.columns();
        let known = Column::ALL.into_iter().chain(state.plugin_columns());
        let rest = known.filter(|column| !shown.contains(column));
        Self { lines: shown.iter().copied().chain(rest).collect(), chosen: 0 }
    }

    /// The columns in the order of the lines.
    #[must_use]
    pub fn lines(&self) -> &[Column] {
        &self.lines
    }

    /// The chosen line.
    #[must_use]
    pub fn chosen(&self) -> usize {
        self.chosen
    }

    /// Moves the chosen column, and the selection with it.
    fn shift(&mut self, state: &mut State, by: isize) {
        let to = self.chosen.saturating_add_signed(by);
        if to < self.lines.len() {
            self.lines.swap(self.chosen, to);
            self.chosen = to;
            let shown = std::mem::take(&mut state.columns);
            state.columns = self.lines.iter().copied().filter(|line| shown.contains(line)).collect();
        }
    }
}

impl Panel for Columns {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let column = self.lines[self.chosen.min(self.lines.len() - 1)];
        match (event.code, state.keymap.action(event)) {
            (KeyCode::Char(' '), _) => {
                let mut shown = state.columns.clone();
                if shown.contains(&column) {
                    shown.retain(|other| *other != column);
                } else {
                    shown.push(column);
                }
                // A list without any column could not be told from a broken one.
                if !shown.is_empty() {
                    state.columns = self.lines.iter().copied().filter(|line| shown.contains(line)).collect();
                }
            }
            (KeyCode::Char('J'), _) => self.shift(state, 1),
            (KeyCode::Char('K'), _) => self.shift(state, -1),
            (KeyCode::Enter, _) => state.worklist.set_order(state.worklist.wanted_order().then(column)),
            (_, action) => {
                choose(&mut self.chosen, self.lines.len(), action);
                return Handled::usual(action, Action::Columns);
            }
        }
        Handled::stay()
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state, self)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, self, frame, area);
    }
}
