//! The plugins: how they are, their commands, another try.

mod draw;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::{Frame, layout::Rect};

use crate::{
    dashboard::{
        keymap::action::Action,
        state::{
            Handled, Panel, State, choose,
            plugins::{self, Command},
        },
    },
    store::{PluginRecord, PluginState},
};

/// The open list of plugins.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plugins {
    chosen: usize,
}

/// A line of it.
#[derive(Debug)]
pub enum Line<'a> {
    /// A plugin.
    Plugin(&'a PluginRecord),
    /// Its last fault, or a wish that the configuration does not allow.
    Trouble(String),
    /// One of its commands.
    Command(Command),
}

impl Plugins {
    /// Its lines: each plugin that the site enables, its troubles, its commands.
    pub(in crate::dashboard) fn lines(state: &State) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        for record in state.plugins().iter().filter(|record| record.state != PluginState::Stopped) {
            lines.push(Line::Plugin(record));
            if !record.fault.is_empty() {
                lines.push(Line::Trouble(state.hidden(&record.fault).to_owned()));
            }
            if !record.missing.is_empty() {
                let missing = record.missing.join(", ");
                lines.push(Line::Trouble(format!(
                    "asks for what the configuration does not allow: {missing}"
                )));
            }
            if record.given_up > 0 {
                lines
                    .push(Line::Trouble(format!("{} effects were given up: see the audit", record.given_up)));
            }
            if plugins::runs(record) && state.may_ask_plugins() {
                lines.extend(record.commands.iter().map(|command| {
                    Line::Command(Command { plugin: record.name.clone(), command: command.clone() })
                }));
            }
        }
        lines
    }

    /// The chosen line.
    #[must_use]
    pub fn chosen(self) -> usize {
        self.chosen
    }
}

impl Panel for Plugins {
    fn key(&mut self, state: &mut State, event: KeyEvent) -> Handled {
        let lines = Self::lines(state);
        let action = state.keymap.action(event);
        choose(&mut self.chosen, lines.len(), action);
        match (event.code, action) {
            (KeyCode::Enter, _) => {
                let line = lines.into_iter().nth(self.chosen);
                match line {
                    Some(Line::Command(command)) => return Handled::close_with(plugins::run(state, command)),
                    Some(Line::Plugin(record))
                        if record.state == PluginState::Off && state.may_ask_plugins() =>
                    {
                        let name = record.name.clone();
                        return Handled::stay_with(plugins::try_again(state, name));
                    }
                    _ => {}
                }
            }
            (_, action) => return Handled::usual(action, Action::Plugins),
        }
        Handled::stay()
    }

    fn has_lines(&self) -> bool {
        true
    }

    fn area(&self, state: &State) -> Rect {
        draw::area(state)
    }

    fn draw(&self, state: &State, frame: &mut Frame<'_>, area: Rect) {
        draw::draw(state, *self, frame, area);
    }
}
