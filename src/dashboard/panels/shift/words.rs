//! The shift in words.

use jiff::Timestamp;

use crate::{
    dashboard::words,
    session::protocol::{Health, Period},
    store::Shift,
    study::Severity,
};

/// "3 films", "1 film".
pub(in crate::dashboard) fn counted(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The films that were held, and by which gates.
pub(in crate::dashboard) fn held_in_words(shift: &Shift, period: Period) -> String {
    let total: u32 = shift.held.iter().map(|(_, films)| films).sum();
    if total == 0 {
        return format!("no film {}", period.within());
    }
    let gates: Vec<String> =
        shift.held.iter().map(|(gate, films)| format!("{films} {}", gate.phrase())).collect();
    format!("{} {}: {}", counted(total, "film", "films"), period.within(), gates.join(", "))
}

/// Why the program is not ready, and who works for a store that several hosts share: a line each.
pub(in crate::dashboard) fn work_in_words(health: &Health) -> Vec<String> {
    let reasons = health.reasons.iter().map(|reason| format!("not ready: {reason}"));
    let workers = health.hosts.shown().map(|worker| format!("worker {}", worker.in_words()));
    reasons.chain(workers).collect()
}

/// The shift as lines, for those who do not see the panel.
pub(in crate::dashboard) fn in_words(shift: &Shift, period: Period, now: Timestamp) -> Vec<String> {
    let arrived = counted(shift.arrived, "film", "films");
    let mut lines = vec![
        format!("{}: {arrived} came, {} scored, {} waiting", period.words(), shift.scored, shift.queued),
        format!("films held: {}", held_in_words(shift, period)),
    ];
    lines.extend(shift.left_out.in_words().map(|words| format!("files left out, {words}")));
    for band in Severity::ALL.into_iter().rev() {
        let unseen = shift.unseen.get(&band).map_or("none unseen".to_owned(), |unseen| {
            let wait = words::waiting(now, unseen.since);
            format!("{} unseen, the longest {wait}, study {}", unseen.studies, unseen.oldest)
        });
        let seen = shift.seen.get(&band).map_or(String::new(), |seen| {
            let (median, most) = (words::span(seen.median), words::span(seen.most));
            format!("; {} seen, half within {median}, nine tenths within {most}", seen.studies)
        });
        lines.push(format!("{}: {unseen}{seen}", band.word()));
    }
    lines
}
