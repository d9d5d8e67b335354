//! The labels of the workbench, a line each: distribution, thresholds, alarms.

use ratatui::{Frame, layout::Rect};

use super::Workbench;
use crate::{
    dashboard::{cells, state::State, widgets::put},
    study::{BINS, Bench, BenchLabel, Mark, OperatingPoint, Sample, Setting, Severity},
};

/// The columns of a threshold, and of a rate: "0.412→0.381".
const NUMBERS: u16 = 11;

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

    /// Returns where chart, alert, critical and alarms begin.
    fn starts(&self, x: u16) -> [u16; 4] {
        let chart = x + 2 + self.label + 1;
        let alert = chart + self.chart + 1;
        [chart, alert, alert + NUMBERS + 1, alert + 2 * (NUMBERS + 1)]
    }
}

/// Draws the table of labels: distribution, thresholds, alarms.
pub(super) fn draw_labels(
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

/// A value, or the old and the new one where they differ.
pub(super) fn change(before: &str, after: &str) -> String {
    if before == after { before.to_owned() } else { format!("{before}→{after}") }
}

/// Studies a day; over less than a day, studies.
pub(super) fn rate_of(studies: usize, sample: &Sample) -> String {
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
