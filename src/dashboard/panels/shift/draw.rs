//! How the shift goes:
//!
//! ```text
//! Arrivals   143 films today, by the hour
//!      21 │      ▄█▂
//!       0 │ ▂▁ ▂▅███▄
//!            12 15 18
//!              unseen  longest  study        seen  median    90 %
//! ▸ ◆ critical      2     1h05  DOE, JANE      12      4m     11m
//! Held       7: not frontal 3, unreadable 4
//! Health     the disk of the store has 0.4 GiB left
//! Queue      412 files, the first waits 3m; empty in about 2m
//! Engine     cpu fp32, 3.4 films/s
//! Left out   3: 1 unfinished, 2 lists or notes
//! Workers    31 at work, 1 not heard of
//!            er1: starter 0.2.0, cpu fp32, 3.4 films/s, 812 films, last heard of 2 s ago; duties: studies
//!            and 27 more
//! Plugins    csv-log: running
//! ```

use ratatui::{Frame, layout::Rect, style::Style};

use super::{
    ShiftPanel,
    words::{counted, held_in_words},
};
use crate::{
    dashboard::{
        cells,
        state::State,
        theme::symbol,
        widgets::{centred, gauge, pane, put},
        words,
    },
    session::protocol::{Period, Position},
    store::{PluginState, Shift},
    study::{Severity, time_to_empty},
};

const WIDTH: u16 = 100;
/// The columns that the words at the left take.
const WORDS: u16 = 11;
/// The chart's lines, at least and at most, and the axis below them.
const CHART: (u16, u16) = (3, 8);
const AXIS: u16 = 1;
/// The table: its headings and a line each.
const TABLE: u16 = 1 + ShiftPanel::LINES.len() as u16;
/// The table's columns: band, unseen studies, the longest wait; and at the right seen, median and 90 %.
const BAND: u16 = 12;
const UNSEEN: u16 = 7;
const LONGEST: u16 = 9;
const SEEN: [(&str, u16); 3] = [("seen", 6), ("median", 8), ("90 %", 8)];
/// The least columns for whose study it is.
const SUBJECT: u16 = 8;
/// Workers of a shared store that are named.
const WORKERS: usize = 5;

/// A line of words: what it is about, and what is said.
type Said = (&'static str, String, Style);

/// All lines of words, those that may be cut short when there is no room last.
struct Facts {
    held: Vec<Said>,
    work: Vec<Said>,
    workers: Vec<Said>,
    plugins: Vec<Said>,
}

impl Facts {
    fn lines(&self) -> usize {
        self.held.len() + self.work.len() + self.workers.len() + self.plugins.len()
    }
}

pub(super) fn area(state: &State, panel: ShiftPanel) -> Rect {
    let width = usize::from(state.size.width.min(WIDTH).saturating_sub(2));
    let facts = state.shift(panel.period()).map(|shift| facts(state, shift, panel.period(), width));
    let lines = facts.map_or(4, |facts| facts.lines());
    let lines = u16::try_from(lines).unwrap_or(u16::MAX);
    centred(state.size, WIDTH, lines.saturating_add(2 + 1 + CHART.1 + AXIS + 1 + TABLE + 1))
}

pub(super) fn draw(state: &State, panel: ShiftPanel, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let title = format!("Shift: {}", panel.period().words());
    let inside = pane(state, frame, area, &title, "tab other time, enter goes to the study, esc closes");
    let Some(shift) = state.shift(panel.period()) else {
        put(frame, inside.x + 1, inside.y, inside.width.saturating_sub(1), "counting …", theme.dim);
        return;
    };
    let Facts { held, work, workers, plugins } =
        facts(state, shift, panel.period(), usize::from(inside.width));

    // What must be there, then what else has room, the dearest first.
    let length = |lines: &[Said]| u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let mut spare = inside.height.saturating_sub(1 + TABLE + 1 + length(&work) + 1);
    let mut take = |wanted: u16, least: u16| {
        let got = wanted.min(spare);
        let got = if got < least { 0 } else { got };
        spare -= got;
        got
    };
    let mut chart = take(CHART.0 + AXIS, CHART.0 + AXIS);
    let gaps = take(2, 2) / 2;
    let held_lines = 1 + take(length(&held) - 1, 0);
    // Whole where there is room, else a line each.
    let whole = length(&workers);
    let (workers, worker_lines) = if take(whole, whole) == whole {
        (workers, whole)
    } else {
        let brief = workers_in_brief(state);
        let lines = take(length(&brief), 0);
        (brief, lines)
    };
    let plugin_lines = 1 + take(length(&plugins) - 1, 0);
    if chart > 0 {
        chart += take(CHART.1 - CHART.0, 0);
    }

    let line = |y| Rect { y, height: 1, ..inside };
    let mut y = inside.y;
    say(state, frame, line(y), &arrivals(state, shift, panel.period()));
    y += 1;
    if chart > 0 {
        draw_chart(state, shift, frame, Rect { y, height: chart, ..inside });
        y += chart + gaps;
    }
    draw_table(
        state,
        panel,
        shift,
        frame,
        Rect { y, height: TABLE.min(inside.bottom().saturating_sub(y)), ..inside },
    );
    y += TABLE + gaps;
    let held = held.iter().take(usize::from(held_lines));
    let workers = workers.iter().take(usize::from(worker_lines));
    for said in held.chain(&work).chain(workers).chain(plugins.iter().take(usize::from(plugin_lines))) {
        if y < inside.bottom() {
            say(state, frame, line(y), said);
            y += 1;
        }
    }
}

fn say(state: &State, frame: &mut Frame<'_>, area: Rect, (about, text, style): &Said) {
    put(frame, area.x + 1, area.y, area.width.saturating_sub(1), about, state.theme.heading);
    put(frame, area.x + 1 + WORDS, area.y, area.width.saturating_sub(WORDS + 1), text, *style);
}

fn arrivals(state: &State, shift: &Shift, period: Period) -> Said {
    let text = format!("{} {}; by the hour:", counted(shift.arrived, "film", "films"), period.within());
    ("Arrivals", text, state.theme.text)
}

/// A column an hour; those before the time that is looked at are dimmed.
fn draw_chart(state: &State, shift: &Shift, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let lines = area.height.saturating_sub(AXIS);
    let x = area.x + 1 + WORDS;
    let room = area.right().saturating_sub(x);
    let most = shift.hours.iter().map(|(_, films)| *films).max().unwrap_or(0);
    let ground = area.y + lines;
    let scale = [(most, area.y), (0, ground.saturating_sub(1))];
    for (number, y) in scale.into_iter().skip(usize::from(most == 0)) {
        let text = number.to_string();
        let indent = (WORDS - 2).saturating_sub(u16::try_from(text.len()).unwrap_or(WORDS));
        put(frame, area.x + indent, y, WORDS, &text, theme.dim);
    }
    let step = (room / 24).clamp(1, 4);
    // The last hours, where not all have room.
    let shown = usize::from(room / step).min(shift.hours.len());
    for ((from, films), at) in shift.hours.iter().skip(shift.hours.len() - shown).zip(0_u16..) {
        let height = (usize::from(lines) * 8 * *films as usize).div_ceil(most.max(1) as usize);
        let style =
            if *from + jiff::SignedDuration::from_hours(1) > shift.since { theme.text } else { theme.dim };
        let left = x + at * step;
        let width = step.saturating_sub(1).max(1);
        for line in 0..lines {
            let cell = gauge::cell(height, usize::from(line)).repeat(usize::from(width));
            put(frame, left, ground - 1 - line, width, &cell, style);
        }
        let hour = state.zone.to_datetime(*from).hour();
        if hour % 3 == 0 {
            put(frame, left, ground, 2, &format!("{hour:02}"), theme.dim);
        }
    }
}

fn draw_table(state: &State, panel: ShiftPanel, shift: &Shift, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let right = |frame: &mut Frame<'_>, end: u16, y: u16, width: u16, text: &str, style: Style| {
        let used = u16::try_from(cells::width(text)).unwrap_or(width).min(width);
        put(frame, end.saturating_sub(used), y, used, text, style);
    };
    let x = area.x + 2;
    let (unseen_ends, longest_ends) = (x + BAND + UNSEEN, x + BAND + UNSEEN + LONGEST);
    let seen_from = area.right().saturating_sub(1 + SEEN.iter().map(|(_, width)| width).sum::<u16>());
    let has_seen = seen_from > longest_ends;
    let subject = longest_ends + 2;
    let subject_room = if has_seen { seen_from.saturating_sub(subject + 1) } else { 0 };
    let subject_room = if subject_room < SUBJECT { 0 } else { subject_room };

    if area.height == 0 {
        return;
    }
    right(frame, unseen_ends, area.y, UNSEEN, "unseen", theme.heading);
    right(frame, longest_ends, area.y, LONGEST, "longest", theme.heading);
    put(frame, subject, area.y, subject_room, "study", theme.heading);
    let mut end = seen_from;
    for (heading, width) in SEEN.iter().filter(|_| has_seen) {
        end += width;
        right(frame, end, area.y, *width, heading, theme.heading);
    }
    for ((at, band), y) in ShiftPanel::LINES.iter().enumerate().zip(area.y + 1..area.bottom()) {
        let (name, style) = match band {
            Some(band) => (format!("{} {}", symbol(*band), band.word()), theme.severity(*band)),
            None => ("  all".to_owned(), theme.text),
        };
        put(frame, x, y, BAND, &name, style);
        match panel.unseen(state, *band) {
            Some(unseen) => {
                right(frame, unseen_ends, y, UNSEEN, &unseen.studies.to_string(), theme.text);
                let is_overdue =
                    state.site.max_wait.is_some_and(|limit| state.now.duration_since(unseen.since) > limit);
                let mut wait = words::waiting(state.now, unseen.since);
                let mut style = theme.text;
                if is_overdue && *band != Some(Severity::Held) {
                    wait.push('!');
                    style = theme.warning;
                }
                right(frame, longest_ends, y, LONGEST, &wait, style);
                let whose = state
                    .worklist()
                    .get(unseen.oldest)
                    .map(|row| state.subject(&row.study()))
                    .unwrap_or_default();
                put(frame, subject, y, subject_room, &whose, theme.text);
            }
            None => right(frame, unseen_ends, y, UNSEEN, "0", theme.dim),
        }
        let seen = match band {
            Some(band) => shift.seen.get(band).copied(),
            None => shift.seen_all,
        };
        let cells = match seen {
            Some(seen) => [seen.studies.to_string(), words::span(seen.median), words::span(seen.most)],
            None => ["0".to_owned(), "–".to_owned(), "–".to_owned()],
        };
        let style = if seen.is_some() { theme.text } else { theme.dim };
        let mut end = seen_from;
        for (text, (_, width)) in cells.iter().zip(SEEN).filter(|_| has_seen) {
            end += width;
            right(frame, end, y, width, text, style);
        }
        if at == panel.chosen() {
            frame.buffer_mut().set_style(Rect { y, height: 1, ..area }, theme.selected);
            put(frame, area.x, y, 1, "▸", theme.selected);
        }
    }
}

fn facts(state: &State, shift: &Shift, period: Period, width: usize) -> Facts {
    let theme = &state.theme;
    let room = width.saturating_sub(usize::from(WORDS) + 1);
    Facts {
        held: said("Held", &held_in_words(shift, period), theme.text, room),
        work: health(state, room)
            .into_iter()
            .chain(
                [("Queue", queue(state, shift)), ("Engine", engine(state, shift, period))]
                    .into_iter()
                    .chain(left_out(shift))
                    .chain(workers_counted(state))
                    .flat_map(|(about, text)| said(about, &text, theme.text, room)),
            )
            .collect(),
        workers: workers(state, |worker| cells::wrap(worker, room, 2)),
        plugins: plugins(state),
    }
}

/// Returns how many workers a store has that several hosts share; nothing for another store.
fn workers_counted(state: &State) -> Option<(&'static str, String)> {
    let all: Vec<_> = state.health.iter().flat_map(|health| health.hosts.shown()).collect();
    let lost = all.iter().filter(|worker| !worker.alive).count();
    let words = match lost {
        0 => format!("{} at work", all.len()),
        lost => format!("{} at work, {lost} not heard of", all.len() - lost),
    };
    (!all.is_empty()).then_some(("Workers", words))
}

/// Returns the lines about workers of a store that several hosts share, the lost ones first; nothing for another store.
fn workers(state: &State, lines_of: impl Fn(&str) -> Vec<String>) -> Vec<Said> {
    let theme = &state.theme;
    let all = || state.health.iter().flat_map(|health| health.hosts.shown());
    let mut lines: Vec<(String, Style)> = Vec::new();
    for worker in all().take(WORKERS) {
        let style = if worker.alive { theme.text } else { theme.warning };
        lines.extend(lines_of(&worker.in_words()).into_iter().map(|line| (line, style)));
    }
    let more = all().count().saturating_sub(WORKERS);
    lines.extend((more > 0).then(|| (format!("and {more} more"), theme.dim)));
    lines.into_iter().map(|(line, style)| ("", line, style)).collect()
}

/// Returns a line a worker, cut where there is no room.
fn workers_in_brief(state: &State) -> Vec<Said> {
    workers(state, |worker| vec![worker.to_owned()])
}

/// Returns why the program is not ready; nothing while it is.
fn health(state: &State, room: usize) -> Vec<Said> {
    let reasons = state.health.iter().flat_map(|health| &health.reasons);
    reasons.flat_map(|reason| said("Health", reason, state.theme.warning, room)).collect()
}

/// The files of the inbox that are left out.
fn left_out(shift: &Shift) -> Option<(&'static str, String)> {
    Some(("Left out", shift.left_out.in_words()?))
}

/// A text in as many lines as it needs.
fn said(about: &'static str, text: &str, style: Style, room: usize) -> Vec<Said> {
    let lines = cells::wrap(text, room, 4).into_iter().zip([about].into_iter().chain(std::iter::repeat("")));
    lines.map(|(line, about)| (about, line, style)).collect()
}

/// Films a second: the engine's own where it is ours, else what the last minute brought.
fn speed(state: &State, shift: &Shift) -> f64 {
    let health = state.health.as_ref();
    let own = health.and_then(|health| health.hosts.films_per_second().or(health.films_per_second));
    own.unwrap_or(f64::from(shift.last_minute) / 60.0)
}

fn queue(state: &State, shift: &Shift) -> String {
    if shift.queued == 0 {
        return "empty".to_owned();
    }
    let mut text = counted(shift.queued, "file", "files");
    if let Some(since) = shift.queued_since {
        text.push_str(&format!(", the first waits {}", words::waiting(state.now, since)));
    }
    match time_to_empty(shift.queued, speed(state, shift)) {
        Some(time) => text.push_str(&format!("; empty in about {}", words::span(time))),
        None => text.push_str("; nothing was scored in the last minute"),
    }
    text
}

fn engine(state: &State, shift: &Shift, period: Period) -> String {
    let own = state.health.as_ref().filter(|health| health.position == Position::Owner);
    let device = match own {
        Some(health) => health.device.clone(),
        None => shift.device.clone(),
    };
    let mut parts = vec![device];
    parts.extend(own.and_then(|health| health.films_per_second).map(|speed| format!("{speed:.1} films/s")));
    parts.push(format!("{} scored {}", counted(shift.scored, "film", "films"), period.within()));
    if shift.last_minute > 0 {
        parts.push(format!("{} in the last minute", shift.last_minute));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// A line a plugin, those that need somebody first.
fn plugins(state: &State) -> Vec<Said> {
    let theme = &state.theme;
    let mut records: Vec<_> =
        state.plugins().iter().filter(|record| record.state != PluginState::Stopped).collect();
    records.sort_by_key(|record| (record.state == PluginState::Running, &record.name));
    let line = |record: &&crate::store::PluginRecord| {
        let mut parts = vec![record.state.word().to_owned()];
        if record.failures > 0 {
            parts.push(format!("{} failed", record.failures));
        }
        if record.waiting > 0 {
            parts.push(format!("{} waiting", record.waiting));
        }
        if record.state != PluginState::Running && !record.fault.is_empty() {
            parts.push(state.hidden(&record.fault).to_owned());
        }
        let style = if record.state == PluginState::Running { theme.text } else { theme.warning };
        (format!("{}: {}", record.name, parts.join(", ")), style)
    };
    let mut lines: Vec<(String, Style)> = records.iter().map(line).collect();
    if lines.is_empty() {
        lines.push(("none is enabled".to_owned(), theme.dim));
    }
    let about = ["Plugins"].into_iter().chain(std::iter::repeat(""));
    lines.into_iter().zip(about).map(|((text, style), about)| (about, text, style)).collect()
}
