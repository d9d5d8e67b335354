//! What every message does to the state: no clock, no I/O. What has to be done outside comes back as
//! data.

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::Timestamp;
use ratatui::layout::Size;

use super::{
    Help, NoticeLevel, Overlay, Palette, Request, State, Update,
    action::Action,
    keymap::{Key, Meaning},
    layout::View,
    overlay,
    pictures::{EncodeJob, Encoded},
    state::INFO_STAYS,
    words,
};
use crate::{
    quality::{Gate, SAME_EXPOSURE},
    store::{FilmState, Status, StudyId},
};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// What time it is.
    Clock(Timestamp),
    /// A key.
    Key(KeyEvent),
    /// Text that was pasted.
    Pasted(String),
    /// The terminal's new size, and its cell's in pixels where it tells.
    Resized(Size, Option<(u16, u16)>),
    /// Something changed outside.
    Update(Update),
    /// A picture is ready for the screen.
    Encoded(Encoded),
    /// A thread failed, or something could not be passed on.
    Failed(String),
    /// Nobody sends updates any more.
    FeedClosed,
}

/// Something to be done outside.
#[derive(Debug)]
pub enum Effect {
    /// Send it.
    Request(Request),
    /// Encode it.
    Encode(EncodeJob),
    /// Draw every cell again.
    Redraw,
    /// Leave.
    Quit,
}

/// How many changes of status can be taken back.
const UNDO_DEPTH: usize = 100;

/// Takes one message in.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    if let Message::Clock(now) = message {
        tick(state, now);
        return Vec::new();
    }
    match message {
        Message::Clock(_) => {}
        Message::Key(event) if event.kind == KeyEventKind::Release => return Vec::new(),
        Message::Key(event) => return key(state, event),
        Message::Pasted(text) => overlay::paste(state, &text),
        Message::Resized(size, cell) => {
            state.size = size;
            if let Some(cell) = cell {
                state.gallery.set_cell(cell);
            }
        }
        Message::Update(update) => return take(state, update),
        Message::Encoded(encoded) => state.gallery.hang(encoded),
        Message::Failed(text) => state.say(NoticeLevel::Error, text),
        Message::FeedClosed => state.say(
            NoticeLevel::Error,
            "The pipeline behind this dashboard has stopped; the list no longer changes. Quit and start again."
                .to_owned(),
        ),
    }
    state.stale = true;
    Vec::new()
}

/// Asks for what the selection needs and the state does not have. Called once after every batch of
/// messages, so that a held-down key asks for one study, not for all that it passes.
pub fn settle(state: &mut State) -> Vec<Effect> {
    let rows = state.list_rows();
    state.worklist.keep_visible(rows);

    let mut effects = Vec::new();
    let selected = state.worklist.selected().map(|row| row.id);
    if state.asked != selected {
        state.asked = selected;
        (state.film, state.label) = (0, None);
        effects.extend(selected.map(|id| Effect::Request(Request::Detail(id))));
    }

    let picture = state.film().map(|film| (film.id, state.heatmap_label()));
    let waits_for_detail = selected.is_some() && state.detail().is_none();
    if !waits_for_detail {
        let cells = state.picture_area().map_or(Size::ZERO, |area| area.as_size());
        let request = state.gallery.want(picture, cells);
        effects.extend(request.map(|request| Effect::Request(Request::Picture(request))));
    }
    effects
}

fn tick(state: &mut State, now: Timestamp) {
    let before = state.clock_face();
    state.now = now;
    let expired = state.notice.as_ref().is_some_and(|(notice, since)| {
        notice.level == NoticeLevel::Info && now.duration_since(*since) >= INFO_STAYS
    });
    if expired {
        state.notice = None;
    }
    state.stale |= state.clock_face() != before;
}

fn take(state: &mut State, update: Update) -> Vec<Effect> {
    match update {
        Update::Studies(rows) => state.worklist.apply(rows),
        Update::Detail(detail) => {
            // A late answer for a study that is no longer selected.
            if state.asked != Some(detail.study.id) {
                return Vec::new();
            }
            state.detail = Some(detail);
            let labels = u16::try_from(state.findings().len()).unwrap_or(u16::MAX);
            state.labels = state.labels.max(labels);
        }
        Update::Picture(picture) => {
            let job = state.gallery.receive(picture);
            state.stale |= state.gallery.failure().is_some();
            return job.map(Effect::Encode).into_iter().collect();
        }
        Update::Health(health) => {
            if state.health.as_ref() == Some(&health) {
                return Vec::new();
            }
            state.health = Some(health);
        }
        Update::Notice(notice) => state.notice = Some((notice, state.now)),
        Update::Site(site) => state.site = site,
    }
    state.stale = true;
    Vec::new()
}

/// A key goes to what is open; else it is an action, or the next one of several that are.
fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    if state.overlay.is_some() {
        state.stale = true;
        return overlay::key(state, event);
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
        Meaning::Nothing => Vec::new(),
    }
}

/// Does what an action says; no overlay is open.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let page = isize::try_from(state.list_rows().saturating_sub(1).max(1)).unwrap_or(1);
    match action {
        Action::Up => state.worklist.move_by(-1),
        Action::Down => state.worklist.move_by(1),
        Action::PageUp => state.worklist.move_by(-page),
        Action::PageDown => state.worklist.move_by(page),
        Action::First => state.worklist.select(0),
        Action::Last => state.worklist.select(usize::MAX),
        Action::Open => return open(state),
        Action::NextFilm => turn_film(state, 1),
        Action::PreviousFilm => turn_film(state, -1),
        Action::Heatmap => state.heatmap = !state.heatmap,
        Action::PreviousLabel => move_label(state, -1),
        Action::NextLabel => move_label(state, 1),
        Action::Seen => return toggle_seen(state),
        Action::Done => return done(state),
        Action::ShowDone => state.worklist.turn_over(),
        Action::Score => return score(state),
        Action::Undo => return undo(state),
        Action::Help => state.overlay = Some(Overlay::Help(Help::default())),
        Action::Palette => state.overlay = Some(Overlay::Palette(Palette::default())),
        Action::Close => close(state),
        Action::Redraw => return vec![Effect::Redraw],
        Action::Quit | Action::Interrupt => return vec![Effect::Quit],
    }
    Vec::new()
}

fn close(state: &mut State) {
    if state.view == View::Film {
        state.view = View::Worklist;
    } else {
        state.notice = None;
    }
}

fn open(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let (id, status) = (row.id, row.status);
    if state.view == View::Film {
        state.view = View::Worklist;
        return Vec::new();
    }
    state.view = View::Film;
    if status == Status::New { set_status(state, id, Status::Seen) } else { Vec::new() }
}

fn turn_film(state: &mut State, by: isize) {
    let count = state.film_count();
    if count > 1 {
        let next = state.film_index().cast_signed() + by;
        state.film = next.rem_euclid(count.cast_signed()).unsigned_abs();
        state.label = None;
    }
}

fn move_label(state: &mut State, by: isize) {
    let selected = state.selected_label();
    let findings = state.findings();
    let Some(index) = findings.iter().position(|finding| Some(finding.label.as_str()) == selected) else {
        return;
    };
    let next = index.saturating_add_signed(by).min(findings.len() - 1);
    state.label = Some(findings[next].label.clone());
}

fn toggle_seen(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let status = if row.status == Status::Seen { Status::New } else { Status::Seen };
    set_status(state, row.id, status)
}

fn done(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.worklist.selected() else { return Vec::new() };
    let (id, subject) = (row.id, words::subject(row));
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

/// Asks for a held film to be scored. That it waits, and what came of it, comes back with its study.
fn score(state: &mut State) -> Vec<Effect> {
    let Some(film) = state.scorable_film() else {
        let why = match state.film() {
            Some(film) => match (&film.state, film.decoded) {
                (FilmState::Scored { .. }, _) => "This film is scored already.",
                (FilmState::Held(_), false) => "There is no picture in this file that could be scored.",
                (FilmState::Held(held), true) if held.gate == Gate::Exposure => SAME_EXPOSURE,
                (FilmState::Held(_), true) => "This film is already waiting to be scored.",
            },
            None => return Vec::new(),
        };
        state.say(NoticeLevel::Info, why.to_owned());
        return Vec::new();
    };
    let said =
        "This held film is scored in its turn; the score will say that you asked, and why it was held.";
    state.say(NoticeLevel::Info, said.to_owned());
    vec![Effect::Request(Request::Score(film))]
}

/// Changes a status on the screen at once and asks for it to be stored; what the store makes of it comes
/// back as an update.
fn set_status(state: &mut State, id: StudyId, status: Status) -> Vec<Effect> {
    let Some(row) = state.worklist.get(id) else { return Vec::new() };
    let mut changed = (**row).clone();
    if state.undo.len() == UNDO_DEPTH {
        state.undo.remove(0);
    }
    state.undo.push((id, changed.status));
    changed.status = status;
    state.worklist.apply(vec![changed]);
    vec![Effect::Request(Request::Status(id, status))]
}

fn undo(state: &mut State) -> Vec<Effect> {
    let Some((id, status)) = state.undo.pop() else { return Vec::new() };
    if let Some(row) = state.worklist.get(id) {
        let mut changed = (**row).clone();
        changed.status = status;
        state.worklist.apply(vec![changed]);
    }
    state.say(NoticeLevel::Info, format!("Taken back: the study is {} again.", words::status(status)));
    vec![Effect::Request(Request::Status(id, status))]
}
