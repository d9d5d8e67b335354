//! The shift: the time of it that is asked about, and the question for the store.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::store::ShiftQuestion;

/// Hours whose arrivals are counted.
const HOURS: i64 = 24;

/// A period of the shift.
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

    /// Its name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Hours12 => "the last 12 hours",
            Self::Hours24 => "the last 24 hours",
        }
    }

    /// Its words after those of an event: "3 films today".
    pub(crate) fn within(self) -> String {
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

/// A period of the shift to count, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftWatch {
    /// The period.
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
}
