//! What every message does to the state: no clock, no I/O. What has to be done outside comes back as
//! data.

use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

use super::{
    Columns, FilterLine, Help, Notes, NoticeLevel, Overlay, Palette, Plugins, Request, ShiftPanel, State,
    Update, Who, Workbench,
    action::Action,
    keymap::{Key, Meaning},
    layout::View,
    mouse, overlay,
    pictures::{Canvas, EncodeJob, Encoded},
    plugins, shift, spread, standing,
    state::INFO_STAYS,
    viewing,
};
use crate::{
    picture::Zoom,
    quality::{Gate, SAME_EXPOSURE},
    store::FilmState,
};

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// What time it is.
    Clock(Timestamp),
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text that was pasted.
    Pasted(String),
    /// The terminal's new size, and its cell's in pixels where it tells.
    Resized(Size, Option<(u16, u16)>),
    /// Something changed outside.
    Update(Update),
    /// What the terminal can show, once it has answered.
    Canvas(Canvas),
    /// The program runs again after it was stopped.
    Continued,
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
    /// Ring the terminal's bell.
    Bell,
    /// Give the terminal to the shell until the program is continued.
    Suspend,
    /// Leave.
    Quit,
    /// Leave with this fault.
    End(String),
}

/// Takes one message in.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    if let Message::Clock(now) = message {
        return tick(state, now);
    }
    match message {
        Message::Clock(_) => {}
        Message::Key(event) if event.kind == KeyEventKind::Release => return Vec::new(),
        Message::Key(event) => return key(state, event),
        Message::Mouse(event) if state.overlay.is_none() => return mouse::mouse(state, event),
        Message::Mouse(_) => return Vec::new(),
        Message::Pasted(text) => overlay::paste(state, &text),
        Message::Resized(size, cell) => {
            state.size = size;
            if let Some(cell) = cell {
                state.gallery.set_cell(cell);
            }
        }
        Message::Update(update) => return take(state, update),
        Message::Canvas(canvas) => state.gallery.set_canvas(canvas),
        Message::Continued => {
            state.stale = true;
            return vec![Effect::Redraw];
        }
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

/// Looks for it in the list that is open, then in the first one.
fn next_alarm(state: &mut State) {
    if !state.worklist.select_next_alarm() {
        state.set_typed_filter("");
        state.open_view(0);
        // From the end on, it begins again with the first.
        state.worklist.select(usize::MAX);
        state.worklist.select_next_alarm();
    }
}

/// Asks for what the selection needs and the state does not have. Called once after every batch of
/// messages, so that a held-down key asks for one study, not for all that it passes.
///
/// It also makes a slice of an unfinished list: while there is one, call it again soon.
pub fn settle(state: &mut State) -> Vec<Effect> {
    if state.worklist.go_on() {
        state.stale = true;
        overlay::list_is_whole(state);
    }
    let rows = state.list_rows();
    state.worklist.keep_visible(rows);

    let mut effects = Vec::new();
    let selected = state.worklist.selected().map(|row| row.id);
    if state.asked != selected {
        state.asked = selected;
        (state.film, state.label, state.look.zoom) = (0, None, Zoom::FIT);
        effects.extend(selected.map(|id| Effect::Request(Request::Detail(id))));
    }

    // Once for a study: `None` stands for an answer that has not come yet.
    if let Some(study) = selected.filter(|_| state.beside_prior)
        && state.priors.as_ref().is_none_or(|(known, _)| *known != study)
    {
        state.priors = Some((study, None));
        effects.push(Effect::Request(Request::Priors(study)));
    }
    effects.extend(spread::settle(state));
    effects.extend(shift::settle(state));
    let waits_for_detail = selected.is_some() && state.detail().is_none();
    if !waits_for_detail {
        let scene = state.scene();
        let cells = state.picture_area().map_or(Size::ZERO, |area| area.as_size());
        let request = state.gallery.want(scene, cells);
        effects.extend(request.map(|request| Effect::Request(Request::Picture(request))));
    }
    effects
}

fn tick(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let before = state.clock_face();
    if now.as_second().div_euclid(60) != state.now.as_second().div_euclid(60) {
        state.worklist.refresh(now);
    }
    state.now = now;
    let expired = state
        .notice
        .as_ref()
        .is_some_and(|(notice, since)| notice.level == NoticeLevel::Info && is_over(*since, INFO_STAYS, now));
    if expired {
        state.notice = None;
    }
    state.stale |= state.clock_face() != before;
    let every = state.site.bell.filter(|_| state.worklist.alarms() > 0);
    let is_due = every.is_some_and(|every| state.rung_at.is_none_or(|at| is_over(at, every, now)));
    if is_due { ring(state) } else { Vec::new() }
}

/// Whether so long a time has passed since then; also if the clock was set back behind it.
fn is_over(since: Timestamp, time: SignedDuration, now: Timestamp) -> bool {
    now < since || now.duration_since(since) >= time
}

/// Rings, where the site wants it.
fn ring(state: &mut State) -> Vec<Effect> {
    state.rung_at = Some(state.now);
    state.site.bell.map(|_| Effect::Bell).into_iter().collect()
}

fn take(state: &mut State, update: Update) -> Vec<Effect> {
    match update {
        Update::Studies(rows) => {
            let is_new_alarm = state.worklist.apply(rows);
            // The first look at a store comes in pages, in no order, and the health after it: until then
            // nobody has chosen a study, and the worst one is selected.
            if state.health.is_none() {
                state.worklist.select(0);
            }
            state.stale = true;
            return if is_new_alarm { ring(state) } else { Vec::new() };
        }
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
        Update::Priors(study, priors) => {
            // A late answer for a study that is no longer selected.
            if state.asked != Some(study) {
                return Vec::new();
            }
            if priors.is_empty() && state.beside_prior {
                state.say(NoticeLevel::Info, "No earlier film of this patient is in the store.".to_owned());
            }
            state.priors = Some((study, Some(priors)));
        }
        Update::Health(health) => {
            if state.health.as_ref() == Some(&health) {
                return Vec::new();
            }
            state.health = Some(health);
        }
        Update::Spread(spread) => state.compared.take(spread),
        Update::Shift(period, shift) => state.counted.take(period, shift),
        Update::Notice(notice) => state.notice = Some((notice, state.now)),
        Update::Theme(theme) => state.theme = *theme,
        Update::Ended(why) => return vec![Effect::End(why)],
        Update::Site(site) => state.take_site(site),
        Update::Bench(update) => {
            state.stale = true;
            return overlay::bench_update(state, *update);
        }
        Update::Plugins(records) => {
            if let Some(text) = plugins::alarm(&state.plugins, &records) {
                state.say(NoticeLevel::Error, text);
            }
            plugins::take(state, records);
        }
    }
    state.stale = true;
    Vec::new()
}

/// A key goes to what is open; else it is an action, or the next one of several that are.
fn key(state: &mut State, event: KeyEvent) -> Vec<Effect> {
    // What is typed ahead of the screen is meant for the list that was asked for, not for the one before.
    if !matches!(state.overlay, Some(Overlay::Filter(_))) {
        state.worklist.finish();
    }
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
        Meaning::Nothing => match plugins::command_of(state, event).filter(|_| pressed.len() == 1) {
            Some(command) => {
                state.stale = true;
                plugins::run(state, command)
            }
            None => Vec::new(),
        },
    }
}

/// Does what an action says; no overlay is open.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if viewing::act(state, action) {
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
        Action::Open => return standing::open(state),
        Action::NextFilm => turn_film(state, 1),
        Action::PreviousFilm => turn_film(state, -1),
        Action::PreviousLabel => move_label(state, -1),
        Action::NextLabel => move_label(state, 1),
        Action::Seen => return standing::toggle_seen(state),
        Action::Done => return standing::done(state),
        Action::Claim => return standing::claim(state),
        Action::Acknowledge => return standing::acknowledge(state),
        Action::NextAlarm => next_alarm(state),
        Action::Notes => {
            let study = state.worklist.selected().map(|row| row.id);
            state.overlay = study.map(|id| Overlay::Notes(Notes::open(id)));
        }
        Action::HideNames => state.hides_names = !state.hides_names,
        Action::Who => state.overlay = Some(Overlay::Who(Who::default())),
        Action::Suspend => return vec![Effect::Suspend],
        Action::View(number) => state.open_view(usize::from(number).saturating_sub(1)),
        Action::ShowDone => {
            let done = state.site.views.done();
            state.open_view(if state.listed == done { state.listed_before } else { done });
        }
        Action::Filter => {
            state.view = View::Worklist;
            state.overlay = Some(Overlay::Filter(FilterLine::open(&state.typed)));
        }
        Action::Sort(column) => state.worklist.set_order(state.worklist.wanted_order().then(column)),
        Action::Columns => state.overlay = Some(Overlay::Columns(Columns::open(state))),
        Action::Undo => return standing::undo(state),
        Action::Score => return score(state),
        Action::Help => state.overlay = Some(Overlay::Help(Help::default())),
        Action::Palette => state.overlay = Some(Overlay::Palette(Palette::open(state))),
        Action::Plugins => state.overlay = Some(Overlay::Plugins(Plugins::default())),
        Action::Shift => state.overlay = Some(Overlay::Shift(ShiftPanel::default())),
        Action::Workbench => {
            let (bench, asks) = Workbench::open();
            state.overlay = Some(Overlay::Workbench(Box::new(bench)));
            return vec![asks];
        }
        Action::Close => close(state),
        Action::Redraw => return vec![Effect::Redraw],
        Action::Quit | Action::Interrupt => return vec![Effect::Quit],
        // `viewing` has done them.
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
