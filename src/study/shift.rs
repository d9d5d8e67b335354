//! The times of a shift: which period is asked about, its hours, and what falls into them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::StudyId;

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

    /// Its name.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Hours12 => "the last 12 hours",
            Self::Hours24 => "the last 24 hours",
        }
    }

    /// Its name, to stand behind what happened in it.
    #[must_use]
    pub fn within(self) -> String {
        match self {
            Self::Today => self.words().to_owned(),
            Self::Hours12 | Self::Hours24 => format!("in {}", self.words()),
        }
    }

    /// Returns when it began.
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

/// A question about a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftQuestion {
    /// From when on films and people's work are counted.
    pub since: Timestamp,
    /// The beginnings of the hours whose arrivals are counted, the first one first.
    pub hours: Vec<Timestamp>,
    /// The present.
    pub now: Timestamp,
}

/// The part of the shift that is to be counted, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftWatch {
    /// The time that is looked at.
    pub period: Period,
    /// The zone whose day and whose hours are meant.
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

impl ShiftQuestion {
    /// The earliest moment that it asks about.
    #[must_use]
    pub fn earliest(&self) -> Timestamp {
        self.hours.first().map_or(self.since, |first| self.since.min(*first))
    }
}

/// The studies of a band that nobody has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unseen {
    /// How many.
    pub studies: u32,
    /// The one that waits longest.
    pub oldest: StudyId,
    /// Since when: its first film's arrival.
    pub since: Timestamp,
}

/// For each hour its beginning and how many arrivals fell into it. Both lists ascend; the last hour has no end.
#[must_use]
pub fn by_hour(hours: &[Timestamp], arrivals: &[Timestamp]) -> Vec<(Timestamp, u32)> {
    let from = |time: &Timestamp| arrivals.partition_point(|at| at < time);
    let ends = hours.iter().skip(1).map(from).chain([arrivals.len()]);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    hours.iter().zip(ends).map(|(hour, end)| (*hour, count(end - from(hour)))).collect()
}

/// Returns how long a queue takes at a speed; none where nothing moves or waits.
#[must_use]
pub fn time_to_empty(queued: u32, films_per_second: f64) -> Option<SignedDuration> {
    let is_known = queued > 0 && films_per_second > 0.0;
    is_known.then(|| SignedDuration::from_secs((f64::from(queued) / films_per_second).ceil() as i64))
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
    fn yesterday_ends_when_the_day_begins_however_long_days_are() {
        // Zone, now, the first moment of today, hours of the day before.
        for (zone, now, began, yesterday) in [
            ("UTC", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", 24),
            ("UTC", "2026-03-01T23:59:59.999Z", "2026-03-01T00:00:00Z", 24),
            // The day after the night in which summer time began, and ended.
            ("Europe/Berlin", "2026-03-29T22:05:00Z", "2026-03-29T22:00:00Z", 23),
            ("Europe/Berlin", "2026-10-25T23:05:00Z", "2026-10-25T23:00:00Z", 25),
            // The hour that comes twice, the first and the second time.
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z", 24),
            ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-24T22:00:00Z", 24),
            // A day that begins at one o'clock, for its first hour is left out.
            ("Africa/Cairo", "2026-04-23T22:30:00Z", "2026-04-23T22:00:00Z", 24),
            // A day that was left out as a whole: the date line was moved.
            ("Pacific/Apia", "2011-12-30T11:00:00Z", "2011-12-30T10:00:00Z", 24),
        ] {
            let zone = TimeZone::get(zone).expect("a zone");
            let since = Period::Today.since(at(now), &zone);
            assert_eq!(since, at(began), "{now} in {zone:?}");
            let last = since - SignedDuration::from_nanos(1);
            let before = Period::Today.since(last, &zone);
            assert_eq!(
                since.duration_since(before),
                SignedDuration::from_hours(yesterday),
                "{now} in {zone:?}"
            );
        }
    }

    #[test]
    fn hours_are_told_once_each_also_where_a_clock_shows_them_twice_or_not_at_all() {
        for (zone, now) in [
            ("Europe/Berlin", "2026-03-29T10:30:00Z"),
            ("Europe/Berlin", "2026-10-25T10:30:00Z"),
            // Half an hour of summer time.
            ("Australia/Lord_Howe", "2026-04-04T20:10:00Z"),
        ] {
            let zone = TimeZone::get(zone).expect("a zone");
            let now = at(now);
            let hours = ShiftWatch { period: Period::Today, zone: zone.clone() }.question(now).hours;
            assert!(
                hours.windows(2).all(|two| two[1].duration_since(two[0]) == SignedDuration::from_hours(1))
            );
            let (last, first) = (hours[23], hours[0]);
            assert!(last <= now && now.duration_since(last) < SignedDuration::from_hours(1));
            assert_eq!((zone.to_datetime(last).minute(), now.duration_since(first).as_hours()), (0, 23));
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
