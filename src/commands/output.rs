//! The ways out: standard output and standard error, through which nothing but harmless text goes; tables and bars.

use std::{
    fmt,
    io::{self, IsTerminal, StderrLock, Stdout, StdoutLock, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use unicode_width::UnicodeWidthStr;

use crate::text::{Writer, clean};

/// Work shorter than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// Standard output: what every command prints goes through here.
pub(super) fn stdout() -> Writer<StdoutLock<'static>> {
    Writer::new(terminal().lock())
}

/// Standard error, likewise.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(super) fn stderr() -> Writer<StderrLock<'static>> {
    Writer::new(io::stderr().lock())
}

/// Standard output as it is, for the bytes of pictures and for asking whether it is a terminal.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(super) fn terminal() -> Stdout {
    io::stdout()
}

/// Which way a column leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lean {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Writes rows in columns as wide as their widest cell, two spaces apart, no spaces at the line's end.
pub(super) fn table(out: &mut impl Write, columns: &[(&str, Lean)], rows: &[Vec<String>]) -> io::Result<()> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let mut widths: Vec<usize> = columns.iter().map(|(title, _)| title.width()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let titles = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for ((cell, (_, lean)), width) in row.iter().zip(columns).zip(&widths) {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            match lean {
                Lean::Left => line.extend([cell.as_str(), &gap]),
                Lean::Right => line.extend([gap.as_str(), cell]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A bar on standard error for work of known length: only on a terminal, and only once the work has
/// taken over a second.
pub(super) fn progress(length: u64, unit: &str) -> ProgressBar {
    bar(length, &format!("{{bar:30}} {{pos}}/{{len}} {unit}  {{rate}}  {{eta}} left  {{msg}}"))
}

/// A progress bar of a download, in bytes.
pub(super) fn progress_of_bytes(length: u64) -> ProgressBar {
    bar(length, "{bar:30} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left")
}

/// Whether somebody sees standard error.
#[expect(clippy::disallowed_methods, reason = "only asked, nothing is written")]
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether somebody sees standard output.
pub(super) fn is_seen() -> bool {
    terminal().is_terminal()
}

fn bar(length: u64, template: &str) -> ProgressBar {
    if !is_watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A rate of four decimals, as the usual one has, is hard to read at a glance.
        let _ = write!(out, "{:.1} a second", state.per_sec());
    });
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden()).with_style(style);
    let shown = bar.clone();
    std::thread::spawn(move || {
        std::thread::sleep(SHOWN_AFTER);
        if !shown.is_finished() {
            shown.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
        }
    });
    bar
}

#[cfg(test)]
mod tests {
    use super::{Lean, table};

    #[test]
    fn wide_characters_keep_the_columns() {
        let mut out = Vec::new();
        let rows = [vec!["山田".to_owned(), "0.50".to_owned()], vec!["Doe".into(), "10.00".into()]];
        table(&mut out, &[("PATIENT", Lean::Left), ("SCORE", Lean::Right)], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "PATIENT  SCORE\n山田      0.50\nDoe      10.00\n");
    }
}
