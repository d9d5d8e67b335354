//! Keys that change how a study is handled: its status, who has it, who took note of it. The screen shows a change at
//! once, by the functions that the store calls too; the study that the store saved comes back as an update.

use crate::{
    dashboard::{keymap::action::Action, layout::View, message::Effect, state::State},
    session::protocol::{NoticeLevel, Request},
    study::{Handling, Status, StudyId, StudyRow},
};

/// How many changes can be taken back.
const UNDO_DEPTH: usize = 100;

pub(in crate::dashboard) fn open(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let (id, status) = (row.id, row.status);
    if state.view == View::Film {
        state.view = View::Worklist;
        return Vec::new();
    }
    state.view = View::Film;
    let marks = status == Status::New && state.may(Action::Seen);
    if marks { set_status(state, id, Status::Seen) } else { Vec::new() }
}

pub(in crate::dashboard) fn toggle_seen(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let status = if row.status == Status::Seen { Status::New } else { Status::Seen };
    set_status(state, row.id, status)
}

/// Takes the study on, from somebody else too; one's own is given back.
pub(in crate::dashboard) fn claim(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let (id, subject) = (row.id, state.subject(&row.study()));
    let (status, said) = match (row.status, row.status_by() == state.who) {
        (Status::Claimed, true) => (Status::Seen, format!("No longer claimed: {subject}.")),
        (Status::Claimed, false) => {
            (Status::Claimed, format!("Claimed from {}: {subject}.", row.status_by()))
        }
        _ => (Status::Claimed, format!("Claimed: {subject}.")),
    };
    let effects = set_status(state, id, status);
    state.say(NoticeLevel::Info, said);
    effects
}

pub(in crate::dashboard) fn acknowledge(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected().filter(|row| row.is_alarm()) else { return Vec::new() };
    let (id, subject) = (row.id, state.subject(&row.study()));
    change(state, id, |row, who, now| {
        row.acknowledge(who, now);
    });
    state.say(NoticeLevel::Info, format!("Acknowledged: {subject}."));
    vec![Effect::Request(Request::Acknowledge(id))]
}

pub(in crate::dashboard) fn done(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let (id, subject) = (row.id, state.subject(&row.study()));
    let (status, said) = if row.status == Status::Done {
        (Status::Seen, format!("On the list again: {subject}."))
    } else {
        let (back, view) = (state.keymap.shown(Action::Undo), state.keymap.shown(Action::ShowDone));
        (Status::Done, format!("Done: {subject}. {back} takes it back, {view} lists the done ones."))
    };
    let effects = set_status(state, id, status);
    state.say(NoticeLevel::Info, said);
    if state.worklist.is_empty() {
        state.view = View::Worklist;
    }
    effects
}

fn set_status(state: &mut State, id: StudyId, status: Status) -> Vec<Effect> {
    change(state, id, |row, who, now| {
        row.set_status(status, who, now);
    });
    vec![Effect::Request(Request::Status(id, status))]
}

/// Changes a study on the screen, and remembers how it was handled before.
fn change(state: &mut State, id: StudyId, change: impl FnOnce(&mut StudyRow, &str, jiff::Timestamp)) {
    let Some(row) = state.worklist.get(id) else { return };
    let mut changed = row.study();
    if state.undo.len() == UNDO_DEPTH {
        state.undo.remove(0);
    }
    state.undo.push((id, changed.handling()));
    change(&mut changed, &state.who, state.now);
    state.worklist.apply(vec![changed]);
}

pub(in crate::dashboard) fn undo(state: &mut State) -> Vec<Effect> {
    let Some((id, handling)) = state.undo.pop() else { return Vec::new() };
    if let Some(row) = state.worklist.get(id) {
        let mut changed = row.study();
        if changed.rings_since(&handling) {
            let text = format!("Not taken back: {} has begun to ring since.", state.subject(&changed));
            state.say(NoticeLevel::Warning, text);
            return Vec::new();
        }
        changed.take_back(&handling);
        state.worklist.apply(vec![changed]);
    }
    let said = in_words(&handling);
    state.say(NoticeLevel::Info, format!("Taken back: the study is {said} again."));
    vec![Effect::Request(Request::TakeBack(id, Box::new(handling)))]
}

fn in_words(handling: &Handling) -> String {
    let status = handling.status.word();
    if handling.status == Status::Claimed {
        format!("{status} by {}", handling.by)
    } else {
        status.to_owned()
    }
}
