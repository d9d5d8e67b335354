//! The effect of every message on the state: no clock, no I/O. Things to be done outside come back as data.

use crossterm::event::KeyEventKind;
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::{Rect, Size};

use super::{act, draw::popup, mouse};
use crate::{
    config::DesktopNotice,
    dashboard::{
        message::{Effect, Message},
        panels::{Senders, shift, similar, workbench},
        site::Reconfigure,
        state::{INFO_STAYS, State, plugins, settle_comparison},
    },
    picture::Zoom,
    session::protocol::{NoticeLevel, Request, Update},
};

/// Takes one message in.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    if let Message::Clock(now) = message {
        return tick(state, now);
    }
    if matches!(message, Message::Key(_) | Message::Mouse(_) | Message::Pasted(_)) {
        state.touched_at = state.now;
    }
    state.is_touched |= matches!(message, Message::Key(_) | Message::Mouse(_));
    match message {
        Message::Clock(_) => {}
        Message::Key(event) if event.kind == KeyEventKind::Release => return Vec::new(),
        Message::Key(event) => return act::key(state, event),
        Message::Mouse(event) if state.panel.is_none() => return mouse::mouse(state, event),
        Message::Mouse(_) => return Vec::new(),
        Message::Pasted(text) => state.with_panel(|panel, state| panel.paste(state, &text)),
        Message::Resized(size, cell) => {
            state.size = size;
            state.gallery.send_again();
            if let Some(cell) = cell {
                state.gallery.set_cell(cell);
                state.sheet.set_cell(cell);
            }
        }
        Message::Update(update) => return take(state, update),
        Message::Reconfigure(Reconfigure::Site(site)) => state.take_site(*site),
        Message::Reconfigure(Reconfigure::Theme(theme)) => state.theme = *theme,
        Message::Canvas(canvas) => {
            state.gallery.set_canvas(canvas);
            state.sheet.set_canvas(canvas);
        }
        Message::Continued => {
            state.stale = true;
            state.gallery.send_again();
            return vec![Effect::Redraw];
        }
        Message::LineIsFree => state.gallery.send_strip(),
        Message::Encoded(encoded) if encoded.request.is_sheet() => state.sheet.insert(encoded),
        Message::Encoded(encoded) => state.gallery.insert(encoded),
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
///
/// It also makes a slice of an unfinished list: while there is one, call it again soon.
pub fn settle(state: &mut State) -> Vec<Effect> {
    if state.worklist.step() {
        state.stale = true;
        state.with_panel(|panel, state| panel.list_is_whole(state));
    }
    let rows = state.list_rows();
    state.worklist.keep_visible(rows);

    let mut effects = Vec::new();
    let selected = state.worklist.selected().map(|row| row.id);
    if state.asked != selected {
        state.asked = selected;
        (state.film, state.label, state.presentation.zoom) = (0, None, Zoom::FIT);
        effects.extend(selected.map(|id| Effect::Request(Request::Detail(id))));
    }

    // Once for a study: `None` stands for an answer that has not come yet.
    if let Some(study) = selected.filter(|_| state.beside_prior)
        && state.priors.as_ref().is_none_or(|(known, _)| *known != study)
    {
        state.priors = Some((study, None));
        effects.push(Effect::Request(Request::Priors(study)));
    }
    effects.extend(settle_comparison(state));
    effects.extend(shift::settle(state));
    let covers = |popup: Rect| state.picture_area().is_some_and(|area| popup.intersects(area));
    let covered = popup(state).is_some_and(covers);
    state.gallery.cover(covered);
    let waits_for_detail = selected.is_some() && state.detail().is_none();
    if !waits_for_detail {
        let scene = state.scene();
        let cells = state.picture_area().map_or(Size::ZERO, |area| area.as_size());
        let request = state.gallery.want(scene, cells);
        effects.extend(request.map(|request| Effect::Request(Request::Picture(request))));
    }
    let (films, cells) = state.wanted_sheet().unwrap_or_default();
    let request = state.sheet.want_sheet(films, cells);
    effects.extend(request.map(|request| Effect::Request(Request::Picture(request))));
    effects
}

fn tick(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let before = state.clock_face();
    if now.as_second().div_euclid(60) != state.now.as_second().div_euclid(60) {
        state.worklist.refresh(now);
    }
    state.now = now;
    state.hide_names_when_idle(now);
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

/// Returns whether so long a time has passed since then; also if the clock was set back behind it.
fn is_over(since: Timestamp, time: SignedDuration, now: Timestamp) -> bool {
    now < since || now.duration_since(since) >= time
}

/// Rings for a new alarm, and tells the desktop, where the site wants it. Nobody is named there.
fn alarm(state: &mut State) -> Vec<Effect> {
    let mut effects = ring(state);
    let way = state.site.desktop_notice;
    if way != DesktopNotice::Off {
        let text = match state.worklist.alarms() {
            1 => "1 critical study to acknowledge".to_owned(),
            alarms => format!("{alarms} critical studies to acknowledge"),
        };
        effects.push(Effect::DesktopNotice { way, text });
    }
    effects
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
            // The first look at a store comes in pages, in no order, and the health after it: until then the worst
            // study is selected, unless somebody has chosen one.
            if state.health.is_none() && !state.is_touched {
                state.worklist.select(0);
            }
            state.stale = true;
            return if is_new_alarm { alarm(state) } else { Vec::new() };
        }
        Update::Anew(there) => state.worklist.begin_anew(&there),
        Update::Detail(detail) => {
            // A late answer for a study that is no longer selected.
            if state.asked != Some(detail.study.id) {
                return Vec::new();
            }
            state.detail = Some(detail);
            let labels = u16::try_from(state.findings().len()).unwrap_or(u16::MAX);
            state.labels = state.labels.max(labels);
        }
        Update::Picture(picture) if picture.request.is_sheet() => {
            return state.sheet.receive(picture).map(Effect::Encode).into_iter().collect();
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
        Update::Sendings(sendings) => state.sendings = sendings,
        Update::Similar(answer) => similar::take(state, answer),
        Update::Spread(spread) => state.compared.take(spread),
        Update::Shift(period, shift) => state.counted.take(period, shift),
        Update::Senders(senders) => {
            if let Some(panel) = state.panel_mut::<Senders>() {
                panel.take(senders);
            }
        }
        Update::Notice(notice) => state.notice = Some((notice, state.now)),
        Update::Role(role) => {
            state.stale = true;
            return state.take_role(role);
        }
        Update::Ended(why) => return vec![Effect::End(why)],
        Update::Bench(update) => {
            state.stale = true;
            return workbench::take_update(state, *update);
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
