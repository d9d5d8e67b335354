//! The outcome of proposed thresholds: for the bands, and for single studies.

use ratatui::{Frame, layout::Rect};

use super::{
    Workbench,
    labels::{change, rate_of},
};
use crate::{
    dashboard::{state::State, theme::symbol, widgets::put, words},
    study::{BANDS, Sample, Severity, WhatIf},
};

/// Draws what the proposed thresholds would have done to each band.
pub(super) fn draw_bands(state: &State, sample: &Sample, found: &WhatIf, frame: &mut Frame<'_>, area: Rect) {
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
        let wait = |which: fn(&crate::study::Wait) -> jiff::SignedDuration| {
            let of = |side: &crate::study::Band| {
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

/// Draws the studies that would change their band.
pub(super) fn draw_moves(
    state: &State,
    workbench: &Workbench,
    found: &WhatIf,
    frame: &mut Frame<'_>,
    area: Rect,
) {
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
