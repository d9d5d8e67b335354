//! How the shift goes: which time is looked at, and what was counted of it. The store counts; this asks.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Overlay, Request, State, update::Effect, words};
use crate::{
    store::{Shift, ShiftQuestion},
    triage::Severity,
};

/// Hours whose arrivals are counted.
const HOURS: i64 = 24;

/// The time that is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Period {
    /// The calendar day, where the dashboard is.
    #[default]
    Today,
    /// The last twelve hours: a shift, whatever the time.
    Hours12,
    /// The last twenty-four.
    Hours24,
}

impl Period {
    /// The one after it, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Today => Self::Hours12,
            Self::Hours12 => Self::Hours24,
            Self::Hours24 => Self::Today,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Hours12 => "the last 12 hours",
            Self::Hours24 => "the last 24 hours",
        }
    }

    /// The same behind what happened in it.
    pub(super) fn within(self) -> String {
        match self {
            Self::Today => self.words().to_owned(),
            Self::Hours12 | Self::Hours24 => format!("in {}", self.words()),
        }
    }

    /// When it began.
    #[must_use]
    pub fn since(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let ago = |hours| now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MIN);
        match self {
            // A day does not begin at midnight everywhere, nor has it always 24 hours.
            Self::Today => {
                now.to_zoned(zone.clone()).start_of_day().map_or_else(|_| ago(24), |day| day.timestamp())
            }
            Self::Hours12 => ago(12),
            Self::Hours24 => ago(24),
        }
    }
}

/// What of the shift is to be counted, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftWatch {
    /// The time that is looked at.
    pub period: Period,
    /// Whose day and whose hours.
    pub zone: TimeZone,
}

impl ShiftWatch {
    /// The question for the store, at that time. Hours are those of the clock; the last one has not passed yet.
    #[must_use]
    pub fn question(&self, now: Timestamp) -> ShiftQuestion {
        let clock = self.zone.to_datetime(now);
        let into_hour = SignedDuration::new(
            i64::from(clock.minute()) * 60 + i64::from(clock.second()),
            clock.subsec_nanosecond(),
        );
        let this = now.checked_sub(into_hour).unwrap_or(now);
        let hours = (0..HOURS).rev().filter_map(|ago| this.checked_sub(SignedDuration::from_hours(ago)).ok());
        ShiftQuestion { since: self.period.since(now, &self.zone), hours: hours.collect(), now }
    }
}

/// What was asked, and what is known.
#[derive(Debug, Default)]
pub(super) struct Counted {
    asked: Option<Period>,
    known: Option<(Period, Box<Shift>)>,
}

impl Counted {
    /// Takes an answer.
    pub(super) fn take(&mut self, period: Period, shift: Box<Shift>) {
        self.known = Some((period, shift));
    }
}

/// Asks while the panel is open, and says when it no longer is.
pub(super) fn settle(state: &mut State) -> Option<Effect> {
    let open = match &state.overlay {
        Some(Overlay::Shift(panel)) => Some(panel.period()),
        _ => None,
    };
    if state.counted.asked == open {
        return None;
    }
    state.counted.asked = open;
    let watch = open.map(|period| ShiftWatch { period, zone: state.zone.clone() });
    Some(Effect::Request(Request::Shift(watch)))
}

impl State {
    /// What was counted of a period, once it is known.
    pub(super) fn shift(&self, period: Period) -> Option<&Shift> {
        self.counted.known.as_ref().filter(|(known, _)| *known == period).map(|(_, shift)| &**shift)
    }
}

/// How long a queue takes at a speed; none where nothing moves or waits.
pub(super) fn time_to_empty(queued: u32, films_per_second: f64) -> Option<SignedDuration> {
    let is_known = queued > 0 && films_per_second > 0.0;
    is_known.then(|| SignedDuration::from_secs((f64::from(queued) / films_per_second).ceil() as i64))
}

/// "3 films", "1 film".
pub(super) fn counted(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// What was held, and by what.
pub(super) fn held_in_words(shift: &Shift, period: Period) -> String {
    let total: u32 = shift.held.iter().map(|(_, films)| films).sum();
    if total == 0 {
        return format!("no film {}", period.within());
    }
    let gates: Vec<String> =
        shift.held.iter().map(|(gate, films)| format!("{films} {}", gate.phrase())).collect();
    format!("{} {}: {}", counted(total, "film", "films"), period.within(), gates.join(", "))
}

/// The shift as lines, for those who do not see the panel.
pub(super) fn in_words(shift: &Shift, period: Period, now: Timestamp) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn today_is_the_day_where_the_dashboard_is() {
        let now = at("2026-03-29T10:30:00Z");
        for (zone, period, since) in [
            ("UTC", Period::Today, "2026-03-29T00:00:00Z"),
            // Summer time began that night: the day is short.
            ("Europe/Berlin", Period::Today, "2026-03-28T23:00:00Z"),
            ("America/Los_Angeles", Period::Today, "2026-03-29T07:00:00Z"),
            ("Asia/Kolkata", Period::Today, "2026-03-28T18:30:00Z"),
            ("Europe/Berlin", Period::Hours12, "2026-03-28T22:30:00Z"),
            ("UTC", Period::Hours24, "2026-03-28T10:30:00Z"),
        ] {
            let zone = TimeZone::get(zone).expect("a zone");
            assert_eq!(period.since(now, &zone), at(since), "{period:?} in {zone:?}");
        }
    }

    #[test]
    fn hours_are_those_of_the_clock() {
        for (zone, first, last) in [
            ("UTC", "2026-03-01T15:00:00Z", "2026-03-02T14:00:00Z"),
            ("Asia/Kolkata", "2026-03-01T14:30:00Z", "2026-03-02T13:30:00Z"),
        ] {
            let zone = TimeZone::get(zone).expect("a zone");
            let question = ShiftWatch { period: Period::Today, zone }.question(at("2026-03-02T14:02:03.5Z"));
            let ends = (question.hours.first().copied(), question.hours.last().copied());
            assert_eq!((question.hours.len(), ends), (24, (Some(at(first)), Some(at(last)))));
        }
    }

    #[test]
    fn a_queue_empties_at_the_speed_of_the_engine() {
        for (queued, speed, seconds) in
            [(0, 3.0, None), (10, 0.0, None), (10, 3.0, Some(4)), (600, 2.0, Some(300))]
        {
            let expected = seconds.map(SignedDuration::from_secs);
            assert_eq!(time_to_empty(queued, speed), expected, "{queued} at {speed}");
        }
    }
}
