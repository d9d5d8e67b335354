//! The threshold workbench:
//!
//! ```text
//! ╭ Thresholds of starter ──────────────────────────────────────────────╮
//! │ what it is based on                                                 │
//! │   label          studies by probability   alert       critical  a day│
//! │ ▸ Effusion       █▇▅▃▂▁ │ ▁ ┃             0.40→0.35   0.76      9→12 │
//! │ bands            a day      half wait up to          9 of 10 up to   │
//! │ ◆ critical       3.1→4.2    12m→14m                  40m→44m         │
//! │ what would change, then the studies that would                       │
//! │ the message                                                          │
//! │ the keys                                                             │
//! ╰─────────────────────────────────────────────────────────────────────╯
//! ```

use ratatui::{Frame, layout::Rect, style::Style};

use super::{
    super::{
        super::{
            State, cells,
            overlay::{BENCH_KEYS, Workbench},
            theme::symbol,
            words,
        },
        pane, put,
    },
    centred,
};
use crate::{
    dashboard::{Key, NoticeLevel},
    triage::{BANDS, BINS, Bench, BenchLabel, Mark, OperatingPoint, Sample, Setting, Severity, WhatIf},
};

const WIDTH: u16 = 120;
/// Lines beside labels and moves: what it is based on, two headings, three bands, who rises, what changes, message
/// and keys.
const FIXED: u16 = 10;
/// Moves that are in sight on the smallest screen.
const MOVES: u16 = 3;
/// Beyond so many there is nothing to gain.
const MOST_MOVES: u16 = 16;
/// The columns of a threshold, and of a rate: "0.412→0.381".
const NUMBERS: u16 = 11;

pub(super) fn area(state: &State) -> Rect {
    let labels = match state.overlay() {
        Some(super::super::super::Overlay::Workbench(bench)) => bench.settings().len(),
        _ => 0,
    };
    let labels = u16::try_from(labels).unwrap_or(u16::MAX).max(8);
    centred(state.size, WIDTH, labels.saturating_add(FIXED + MOST_MOVES + 2))
}

pub(super) fn draw(state: &State, workbench: &Workbench, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let title = match workbench.bench() {
        Some(bench) => format!("Thresholds of {}", bench.model),
        None => "Thresholds".to_owned(),
    };
    let inside = pane(state, frame, area, &title, "esc closes");
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let (Some(bench), Some(sample)) = (workbench.bench(), workbench.sample()) else {
        let (text, style) = match workbench.failure() {
            Some(text) => (text, theme.error),
            None => ("reading the last studies …", theme.dim),
        };
        let lines = cells::wrap(text, usize::from(inside.width), usize::from(inside.height));
        for (line, y) in lines.iter().zip(inside.y..) {
            put(frame, inside.x, y, inside.width, line, style);
        }
        return;
    };
    let room = inside.height.saturating_sub(FIXED);
    let count = u16::try_from(bench.labels.len()).unwrap_or(u16::MAX);
    let labels = count.min(room.saturating_sub(MOVES).max(1));
    put(frame, inside.x, inside.y, inside.width, &ground(state, sample), theme.text);
    let table = Rect { y: inside.y + 1, height: labels + 1, ..inside };
    draw_labels(state, workbench, (bench, sample), frame, table);

    let (message, style) = message(state, workbench);
    let message = cells::wrap(&message, usize::from(inside.width), 3);
    let foot = (u16::try_from(message.len()).unwrap_or(1) + 1).min(inside.height);
    let foot = Rect { y: inside.bottom() - foot, height: foot, ..inside };
    let below = Rect { y: table.bottom(), height: foot.y.saturating_sub(table.bottom()), ..inside };
    if sample.studies == 0 {
        let text = format!(
            "No study that {} scored is in the store yet. Thresholds can be set all the same; what they would \
             have done cannot be told.",
            bench.model
        );
        let lines = cells::wrap(&text, usize::from(below.width), usize::from(below.height));
        for (line, y) in lines.iter().zip(below.y..) {
            put(frame, below.x, y, below.width, line, theme.warning);
        }
    } else if let Some(found) = workbench.found() {
        draw_bands(state, sample, found, frame, below);
        let moves = Rect { y: below.y + 5, height: below.height.saturating_sub(5), ..below };
        draw_moves(state, workbench, found, frame, moves);
    }
    for (line, y) in message.iter().zip(foot.y..foot.bottom()) {
        put(frame, foot.x, y, foot.width, line, style);
    }
    draw_keys(state, frame, Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside });
}

/// "The last 1204 studies, 3.2 days: 05-01 10:12 to 05-04 15:40; 1100 were opened".
fn ground(state: &State, sample: &Sample) -> String {
    let Some((first, last)) = sample.period else { return String::new() };
    let clock = |time| words::clock(time, state.now, &state.zone);
    let long = match sample.days() {
        Some(days) => format!("{days:.1} days"),
        None => words::span(last.duration_since(first)),
    };
    let studies = if sample.studies == 1 { "study" } else { "studies" };
    let (n, opened) = (sample.studies, sample.opened);
    format!("The last {n} {studies}, {long}: {} to {}; {opened} opened", clock(first), clock(last))
}

/// The columns of the table of labels.
struct Columns {
    label: u16,
    chart: u16,
}

impl Columns {
    fn of(width: u16, bench: &Bench) -> Self {
        let longest = bench.labels.iter().map(|label| cells::width(&label.rule.label)).max().unwrap_or(0);
        let label = u16::try_from(longest).unwrap_or(u16::MAX).clamp(6, 22);
        // The mark before it, three columns of numbers, a space between all.
        let rest = 2 + 3 * (NUMBERS + 1) + 1;
        let label = label.min(width.saturating_sub(rest + 10));
        let chart = width.saturating_sub(rest + label).min(u16::try_from(BINS).unwrap_or(u16::MAX));
        Self { label, chart }
    }

    /// Where chart, alert, critical and alarms begin.
    fn starts(&self, x: u16) -> [u16; 4] {
        let chart = x + 2 + self.label + 1;
        let alert = chart + self.chart + 1;
        [chart, alert, alert + NUMBERS + 1, alert + 2 * (NUMBERS + 1)]
    }
}

fn draw_labels(
    state: &State,
    workbench: &Workbench,
    (bench, sample): (&Bench, &Sample),
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let theme = &state.theme;
    let columns = Columns::of(area.width, bench);
    let [chart, alert, critical, alarms] = columns.starts(area.x);
    // What the keys move is what is counted.
    let rate = match (workbench.mark(), sample.days()) {
        (Mark::Alert, Some(_)) => "alert/day",
        (Mark::Alert, None) => "alert",
        (Mark::Critical, Some(_)) => "crit/day",
        (Mark::Critical, None) => "critical",
    };
    put(frame, area.x + 2, area.y, columns.label, "label", theme.heading);
    let wide = "studies by probability, 0 to 1 (log)";
    let about = if usize::from(columns.chart) >= wide.len() { wide } else { "by probability" };
    put(frame, chart, area.y, columns.chart, about, theme.heading);
    for (x, text) in [(alert, "alert │"), (critical, "critical ┃"), (alarms, rate)] {
        put(frame, x, area.y, NUMBERS, text, theme.heading);
    }
    let rows = usize::from(area.height.saturating_sub(1)).max(1);
    let first = (workbench.chosen() + 1).saturating_sub(rows);
    let lines = bench.labels.iter().zip(workbench.settings()).enumerate().skip(first);
    for ((at, (label, setting)), y) in lines.zip(area.y + 1..area.bottom()) {
        let is_chosen = at == workbench.chosen();
        let base = if label.rule.rank { theme.text } else { theme.dim };
        put(frame, area.x, y, 1, if is_chosen { "▸" } else { " " }, theme.title);
        let name = if is_chosen { base.patch(theme.title) } else { base };
        put(frame, area.x + 2, y, columns.label, &label.rule.label, name);
        let histogram = sample.histograms.get(at).copied().unwrap_or([0; BINS]);
        let cells = glyphs(&histogram, columns.chart, setting, label.own);
        for ((glyph, mark), x) in cells.into_iter().zip(chart..) {
            let style = match mark {
                Some(Mark::Alert) => theme.urgent,
                Some(Mark::Critical) => theme.critical,
                None => base,
            };
            put(frame, x, y, 1, glyph, style);
        }
        for (x, mark) in [(alert, Mark::Alert), (critical, Mark::Critical)] {
            let (text, differs) = threshold(label, setting, mark);
            let style = if differs { theme.warning } else { base };
            put(frame, x, y, NUMBERS, &text, style);
            if is_chosen && mark == workbench.mark() {
                frame.buffer_mut().set_style(Rect::new(x, y, NUMBERS, 1), theme.selected);
            }
        }
        let counts = workbench
            .found()
            .and_then(|found| Some((found.before.labels.get(at)?.0, found.after.labels.get(at)?.0)));
        let text = match counts {
            _ if !label.rule.rank => "not ranked".to_owned(),
            Some((before, after)) => change(&rate_of(before, sample), &rate_of(after, sample)),
            None => String::new(),
        };
        put(frame, alarms, y, NUMBERS, &text, base);
    }
}

/// A threshold in force and, if it differs, the proposed one.
fn threshold(label: &BenchLabel, setting: &Setting, mark: Mark) -> (String, bool) {
    if mark == Mark::Critical && label.rule.cap < Severity::Critical {
        return ("capped".to_owned(), false);
    }
    let before = format!("{:.3}", label.site.value(mark, label.own));
    let after = format!("{:.3}", setting.value(mark, label.own));
    let differs = before != after;
    (change(&before, &after), differs)
}

fn change(before: &str, after: &str) -> String {
    if before == after { before.to_owned() } else { format!("{before}→{after}") }
}

/// Studies a day; over less than a day, studies.
fn rate_of(studies: usize, sample: &Sample) -> String {
    match sample.days() {
        None => studies.to_string(),
        Some(days) => {
            let rate = studies as f64 / days;
            if rate < 99.95 { format!("{rate:.1}") } else { format!("{rate:.0}") }
        }
    }
}

/// A distribution in one line, on a scale of logarithms so that the few high ones are seen, with the marks of the
/// proposed thresholds.
fn glyphs(
    histogram: &[u32; BINS],
    width: u16,
    setting: &Setting,
    own: OperatingPoint,
) -> Vec<(&'static str, Option<Mark>)> {
    const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let width = usize::from(width);
    let mut counts = vec![0_u32; width];
    for (bin, count) in histogram.iter().enumerate() {
        if let Some(sum) = counts.get_mut(bin * width / BINS) {
            *sum += count;
        }
    }
    let size = |count: u32| f64::from(count).ln_1p();
    let highest = counts.iter().copied().max().map_or(0.0, size);
    let place = |mark| (setting.value(mark, own) * width as f64) as usize;
    let (alert, critical) = (place(Mark::Alert), place(Mark::Critical));
    counts
        .into_iter()
        .enumerate()
        .map(|(at, count)| {
            if at == critical {
                ("┃", Some(Mark::Critical))
            } else if at == alert {
                ("│", Some(Mark::Alert))
            } else if count == 0 {
                (" ", None)
            } else {
                let eighths = (size(count) / highest * 8.0).ceil() as usize;
                (BARS[eighths.clamp(1, 8)], None)
            }
        })
        .collect()
}

fn draw_bands(state: &State, sample: &Sample, found: &WhatIf, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let columns = [0, 13, 28, 50].map(|at| area.x + at);
    let [_, rate, half, most] = columns;
    let rates = if sample.days().is_some() { "studies a day" } else { "studies" };
    for (x, text) in columns.into_iter().zip(["band", rates, "half wait no longer", "9 of 10 wait no longer"])
    {
        put(frame, x, area.y, area.right().saturating_sub(x), text, theme.heading);
    }
    for ((band, (before, after)), y) in BANDS
        .into_iter()
        .zip(found.before.bands.iter().zip(&found.after.bands))
        .zip(area.y + 1..area.bottom())
    {
        put(frame, area.x, y, 13, &format!("{} {}", symbol(band), band.word()), theme.severity(band));
        let studies = change(&rate_of(before.studies, sample), &rate_of(after.studies, sample));
        put(frame, rate, y, half - rate - 1, &studies, theme.text);
        let wait = |which: fn(&crate::triage::Wait) -> jiff::SignedDuration| {
            let of = |side: &crate::triage::Band| {
                side.wait.as_ref().map_or("-".to_owned(), |it| words::span(which(it)))
            };
            change(&of(before), &of(after))
        };
        put(frame, half, y, most - half - 1, &wait(|it| it.median), theme.text);
        put(frame, most, y, area.right().saturating_sub(most), &wait(|it| it.most), theme.text);
    }
    let risen = match found.risen {
        _ if sample.opened == 0 => {
            "Nobody opened one of them yet: how long they would wait cannot be told.".to_owned()
        }
        Some((before, after)) => format!(
            "Those that rise: half wait no longer than {}, 9 of 10 than {}",
            change(&words::span(before.median), &words::span(after.median)),
            change(&words::span(before.most), &words::span(after.most)),
        ),
        None => "Waits: as if whoever opened a study had taken the first of the list.".to_owned(),
    };
    if area.height > 4 {
        put(frame, area.x, area.y + 4, area.width, &risen, theme.dim);
    }
}

fn draw_moves(state: &State, workbench: &Workbench, found: &WhatIf, frame: &mut Frame<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let theme = &state.theme;
    let heading = match found.moves.len() {
        0 if workbench.changes().is_empty() => {
            "Move a threshold to see which studies would change their band.".to_owned()
        }
        0 => "No study would change its band.".to_owned(),
        count => format!("{count} would change their band: {}", kinds(found)),
    };
    put(frame, area.x, area.y, area.width, &heading, theme.heading);
    let rows = area.y + 1..area.bottom();
    for (it, y) in found.moves.iter().skip(workbench.scrolled()).zip(rows) {
        let mut x = area.x;
        for (band, arrow) in [(it.from, " → "), (it.to, "  ")] {
            let text = format!("{} {}", symbol(band), band.word());
            x += put(frame, x, y, 10, &text, theme.severity(band));
            x += put(frame, x, y, 3, arrow, theme.dim);
        }
        let row = state.worklist().get(it.study);
        let name = row.map_or_else(|| format!("study {}", it.study), |row| state.subject(&row.study()));
        let came = row.map(|row| words::clock(row.first_arrival, state.now, &state.zone));
        let top = it.top.as_ref().map(|(label, score)| format!("{label} {score:.2}")).unwrap_or_default();
        let x = area.x + 27;
        let room = area.right().saturating_sub(x);
        let (name_room, top_room) = (room * 2 / 5, room * 2 / 5);
        put(frame, x, y, name_room.saturating_sub(1), &name, theme.text);
        put(frame, x + name_room, y, top_room.saturating_sub(1), &top, theme.text);
        let at = x + name_room + top_room;
        put(frame, at, y, area.right().saturating_sub(at), &came.unwrap_or_default(), theme.dim);
    }
}

/// "9 urgent→critical, 3 urgent→routine".
fn kinds(found: &WhatIf) -> String {
    let mut kinds: Vec<((Severity, Severity), usize)> = Vec::new();
    for it in &found.moves {
        let kind = (it.from, it.to);
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let words = kinds.iter().map(|((from, to), count)| format!("{count} {}→{}", from.word(), to.word()));
    words.collect::<Vec<_>>().join(", ")
}

/// What is to be said: the last message, else how things stand.
fn message(state: &State, workbench: &Workbench) -> (String, Style) {
    let theme = &state.theme;
    let changes = workbench.changes().len();
    match workbench.said() {
        Some((level, text)) => {
            let symbol = match level {
                NoticeLevel::Info => "",
                NoticeLevel::Warning => "! ",
                NoticeLevel::Error => "✖ ",
            };
            (format!("{symbol}{text}"), theme.notice(level))
        }
        None if workbench.is_counting() => ("counting …".to_owned(), theme.dim),
        None if changes > 0 => {
            let labels = if changes == 1 { "1 label".to_owned() } else { format!("{changes} labels") };
            (format!("{labels} changed, not saved: enter writes the configuration"), theme.warning)
        }
        None => ("Nothing changed yet.".to_owned(), theme.dim),
    }
}

fn draw_keys(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let mut x = area.x;
    for (hint, keys) in hints() {
        let needed = cells::width(&keys) + 1 + cells::width(hint);
        if usize::from(area.right().saturating_sub(x)) < needed {
            break;
        }
        x += put(frame, x, area.y, area.width, &keys, theme.key) + 1;
        x += put(frame, x, area.y, area.width, hint, theme.text) + 2;
    }
}

/// The keys of the table, those with the same word together.
fn hints() -> Vec<(&'static str, String)> {
    let mut hints: Vec<(&'static str, String)> = Vec::new();
    for row in BENCH_KEYS {
        let Some(key) = row.keys.first().and_then(|word| word.parse::<Key>().ok()) else { continue };
        match hints.iter_mut().find(|(hint, _)| *hint == row.hint) {
            Some((_, keys)) => keys.push_str(&format!(" {key}")),
            None => hints.push((row.hint, key.to_string())),
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_shows_its_few_high_ones_and_the_marks() {
        let mut histogram = [0; BINS];
        (histogram[0], histogram[3], histogram[44]) = (400, 30, 1);
        let drawn = |alert, critical| -> String {
            let setting = Setting { alert, critical };
            glyphs(&histogram, 10, &setting, OperatingPoint::of_alert(0.4))
                .into_iter()
                .map(|(glyph, _)| glyph)
                .collect()
        };
        assert_eq!(drawn(None, None), "█   │  ┃▁ ", "the model's own, critical where it is by default");
        assert_eq!(drawn(Some(0.2), Some(0.95)), "█ │     ▁┃");
        assert_eq!(drawn(Some(0.5), Some(0.5)), "█    ┃  ▁ ", "critical hides an alert at the same place");
    }
}
