//! The commands of plugins, and another try for one that was switched off.

use crossterm::event::KeyEvent;

use super::State;
use crate::{
    dashboard::{keymap::Key, message::Effect, worklist::Column},
    session::protocol::{NoticeLevel, Request},
    store::{PluginAction, PluginCommand, PluginRecord, PluginRequest, PluginState},
};

/// A command, with the plugin that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The plugin's name.
    pub plugin: String,
    /// The command.
    pub command: PluginCommand,
}

/// Returns whether a plugin's hooks are called.
pub(in crate::dashboard) fn runs(record: &PluginRecord) -> bool {
    matches!(record.state, PluginState::Running | PluginState::Old)
}

/// The commands of the plugins that run, where the person at the keys may ask for them.
pub(in crate::dashboard) fn commands(state: &State) -> impl Iterator<Item = Command> {
    let plugins = if state.may_ask_plugins() { state.plugins() } else { &[] };
    plugins.iter().filter(|record| runs(record)).flat_map(|record| {
        let of =
            move |command: &PluginCommand| Command { plugin: record.name.clone(), command: command.clone() };
        record.commands.iter().map(of)
    })
}

/// The titles of the filters of the plugins that run.
pub(in crate::dashboard) fn filters(state: &State) -> Vec<String> {
    state.plugins().iter().filter(|record| runs(record)).flat_map(|record| record.filters.clone()).collect()
}

/// Returns how wide a plugin wants its column; none for other columns, and where nothing is known of the plugin.
pub(in crate::dashboard) fn width(state: &State, column: Column) -> Option<u16> {
    let (plugin, title) = column.plugin()?;
    let record = state.plugins().iter().find(|record| record.name == plugin)?;
    record.columns.iter().find(|it| it.title == title).map(|it| it.width)
}

/// Takes over what the plugins are now. A column that was not there before joins the list, unless the site chose its
/// columns; one whose plugin no longer runs leaves it.
pub(in crate::dashboard) fn take(state: &mut State, records: Vec<PluginRecord>) {
    let before: Vec<Column> = state.plugin_columns().collect();
    state.plugins = records;
    let now: Vec<Column> = state.plugin_columns().collect();
    let chosen = &state.site.columns;
    state
        .columns
        .retain(|column| !before.contains(column) || now.contains(column) || chosen.contains(column));
    if chosen[..] == Column::USUAL {
        let new = now.into_iter().filter(|column| !before.contains(column));
        state.columns.extend(new);
    }
}

/// The command that a key stands for. The program's own keys go before; of two plugins the first.
pub(in crate::dashboard) fn command_of(state: &State, event: KeyEvent) -> Option<Command> {
    let pressed = Key::from(event);
    commands(state).find(|it| it.command.key.parse::<Key>().is_ok_and(|key| key == pressed))
}

/// Asks for a command to be run with the selected study.
pub(in crate::dashboard) fn run(state: &mut State, Command { plugin, command }: Command) -> Vec<Effect> {
    let Some(study) = state.worklist().selected().map(|row| row.id) else { return Vec::new() };
    state.say(NoticeLevel::Info, format!("{plugin} is asked: {}", command.title));
    ask(plugin, PluginAction::Run { command: command.title, study })
}

/// Asks for a plugin to be tried again.
pub(in crate::dashboard) fn try_again(state: &mut State, plugin: String) -> Vec<Effect> {
    state.say(NoticeLevel::Info, format!("{plugin} is tried again."));
    ask(plugin, PluginAction::Enable)
}

fn ask(plugin: String, action: PluginAction) -> Vec<Effect> {
    vec![Effect::Request(Request::Plugin(PluginRequest { plugin, action }))]
}

/// Returns the sentence for a change of the plugins' records: one that was running has been switched off or is broken.
pub(in crate::dashboard) fn alarm(before: &[PluginRecord], now: &[PluginRecord]) -> Option<String> {
    let failed = now.iter().find(|record| {
        let is_bad = matches!(record.state, PluginState::Off | PluginState::Old | PluginState::Broken);
        let known = before.iter().find(|known| known.name == record.name);
        is_bad && known.is_none_or(|known| known.state != record.state || known.fault != record.fault)
    })?;
    Some(format!("Plugin {}, {}: {}", failed.name, failed.state.word(), failed.fault))
}
