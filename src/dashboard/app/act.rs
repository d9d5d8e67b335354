//! Keys and actions: which key means which action, and what each action does.

use crossterm::event::KeyEvent;

use crate::dashboard::{
    film, findings,
    keymap::{Key, Meaning, action::Action},
    layout::View,
    list::status,
    message::Effect,
    panels::{
        Columns, FilterLine, Help, Notes, Palette, Plugins, Results, Senders, ShiftPanel, SimilarPanel, Who,
        Workbench,
    },
    state::{Handled, Next, State, plugins},
};

/// Takes a key: the open panel's; else an action, or the next key of several that are one.
pub(super) fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    // What is typed ahead of the screen is meant for the list that was asked for, not for the one before.
    if !state.is_filter_typed() {
        state.worklist.finish();
    }
    if state.panel.is_some() {
        state.stale = true;
        return key_of_panel(state, event);
    }
    state.stale |= !state.pending.is_empty();
    let mut pressed = std::mem::take(&mut state.pending);
    pressed.push(Key::from(event));
    match state.keymap.meaning(&pressed) {
        Meaning::Action(action) => {
            state.stale = true;
            act(state, action)
        }
        Meaning::Prefix => {
            state.stale = true;
            state.pending = pressed;
            Vec::new()
        }
        Meaning::Nothing if state.keymap.action(event) == Some(Action::Interrupt) => vec![Effect::Quit],
        Meaning::Nothing => match plugins::command_of(state, event).filter(|_| pressed.len() == 1) {
            Some(command) => {
                state.stale = true;
                plugins::run(state, command)
            }
            None => Vec::new(),
        },
    }
}

/// Gives a key to the open panel.
fn key_of_panel(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    if state.keymap.action(event) == Some(Action::Interrupt) {
        return vec![Effect::Quit];
    }
    let Some(mut panel) = state.panel.take() else { return Vec::new() };
    let Handled { next, mut effects } = panel.key(state, event);
    // It may have opened another one in its place.
    if next == Next::Stay && state.panel.is_none() {
        state.panel = Some(panel);
        return effects;
    }
    effects.extend(panel.at_close().map(Effect::Request));
    if let Next::Act(action) = next {
        effects.extend(act(state, action));
    }
    effects
}

/// Does what an action says; no panel is open.
fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if !state.may(action) {
        state.refuse(action);
        return Vec::new();
    }
    if film::keys::act(state, action) {
        return Vec::new();
    }
    let page = isize::try_from(state.list_rows().saturating_sub(1).max(1)).unwrap_or(1);
    match action {
        Action::Up => state.worklist.move_by(-1),
        Action::Down => state.worklist.move_by(1),
        Action::PageUp => state.worklist.move_by(-page),
        Action::PageDown => state.worklist.move_by(page),
        Action::First => state.worklist.select(0),
        Action::Last => state.worklist.select(usize::MAX),
        Action::Open => return status::open(state),
        Action::NextFilm => film::keys::turn_film(state, 1),
        Action::PreviousFilm => film::keys::turn_film(state, -1),
        Action::PreviousLabel => findings::keys::move_label(state, -1),
        Action::NextLabel => findings::keys::move_label(state, 1),
        Action::Seen => return status::toggle_seen(state),
        Action::Done => return status::done(state),
        Action::Claim => return status::claim(state),
        Action::Acknowledge => return status::acknowledge(state),
        Action::NextAlarm => next_alarm(state),
        Action::Notes => {
            if let Some(id) = state.worklist.selected().map(|row| row.id) {
                state.open(Notes::open(id));
            }
        }
        Action::HideNames => state.toggle_names(),
        Action::Who => state.open(Who::default()),
        Action::Suspend => return vec![Effect::Suspend],
        Action::View(number) => state.open_view(usize::from(number).saturating_sub(1)),
        Action::ShowDone => {
            let done = state.site.views.done();
            state.open_view(if state.listed == done { state.listed_before } else { done });
        }
        Action::Filter => {
            state.view = View::Worklist;
            state.open(FilterLine::open(&state.typed));
        }
        Action::Sort(column) => state.worklist.set_order(state.worklist.wanted_order().then(column)),
        Action::Columns => state.open(Columns::open(state)),
        Action::Undo => return status::undo(state),
        Action::Score => return film::keys::score(state),
        Action::Help => state.open(Help::default()),
        Action::Palette => state.open(Palette::open(state)),
        Action::Plugins => state.open(Plugins::default()),
        Action::Senders => {
            state.open(Senders::default());
            return vec![Senders::ask()];
        }
        Action::Shift => state.open(ShiftPanel::default()),
        Action::Results => {
            let (results, asks) = Results::open(state);
            state.open(results);
            return vec![asks];
        }
        Action::Similar => return SimilarPanel::open(state),
        Action::Workbench => {
            let (workbench, asks) = Workbench::open();
            state.open(workbench);
            return vec![asks];
        }
        Action::Close => close(state),
        Action::Redraw => {
            state.gallery.send_again();
            return vec![Effect::Redraw];
        }
        Action::Quit | Action::Interrupt => return vec![Effect::Quit],
        // The film's keys have done them.
        _ => {}
    }
    Vec::new()
}

fn close(state: &mut State) {
    if state.view == View::Film {
        state.view = View::Worklist;
    } else if state.notice.is_some() {
        state.notice = None;
    } else {
        state.set_typed_filter("");
    }
}

/// Selects the next alarm of the list that is open, else of the first one.
fn next_alarm(state: &mut State) {
    if !state.worklist.select_next_alarm() {
        state.set_typed_filter("");
        state.open_view(0);
        // From the end on, it begins again with the first.
        state.worklist.select(usize::MAX);
        state.worklist.select_next_alarm();
    }
}
