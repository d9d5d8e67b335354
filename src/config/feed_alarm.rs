//! The feed alarm: when a silent inbox is a fault.

use jiff::{
    SignedDuration, Timestamp, Zoned,
    civil::{Time, Weekday},
};
use serde::{Deserialize, Deserializer, de::Error};

use super::values;

/// `[feed_alarm]`: when a silent inbox is a fault.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct FeedAlarm {
    /// The longest silence, within working hours, that is in order; none ("off"): no alarm.
    #[serde(deserialize_with = "values::duration_or_off")]
    pub after: Option<SignedDuration>,
    /// The working hours, local time.
    pub hours: Hours,
    /// The working days. A shift that passes midnight belongs to the day that it began on.
    pub days: Vec<Day>,
}

impl Default for FeedAlarm {
    fn default() -> Self {
        Self {
            after: None,
            hours: Hours::default(),
            days: vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri],
        }
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Hours of a day, "07:00-19:00" in the file. Until the next day if they end no later than they
/// begin: "19:00-07:00" is the night, "00:00-24:00" round the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Hours {
    /// The first minute of work.
    pub from: Time,
    /// The first minute after work.
    pub until: Time,
}

impl Default for Hours {
    fn default() -> Self {
        Self { from: Time::constant(7, 0, 0, 0), until: Time::constant(19, 0, 0, 0) }
    }
}

impl Hours {
    /// Reads "07:00-19:00".
    fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        Some(Self { from: parse_time(from.trim())?, until: parse_time(until.trim())? })
    }
}

/// "7:00", "07:00", or "24:00" for the midnight at which a day ends.
fn parse_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hour) || !is_number(minute) || minute.len() != 2 {
        return None;
    }
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (24, 0) => Some(Time::midnight()),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Self::parse(&written).ok_or_else(|| {
            let help = "write the hours of work as \"07:00-19:00\"; \"00:00-24:00\" is round the clock";
            D::Error::custom(format!("`{written}` are not hours of a day\n{help}"))
        })
    }
}

impl FeedAlarm {
    /// Returns how long the inbox has been silent within the shift that is on at `now`, if that is longer than
    /// allowed. `last` is the last film's arrival or, where that is later, the program's start. Silence
    /// before the shift does not count, so that no morning begins with an alarm.
    #[must_use]
    pub fn silence(&self, last: Timestamp, now: &Zoned) -> Option<SignedDuration> {
        let shift = self.shift(now)?;
        let silence = now.timestamp().duration_since(last.max(shift.timestamp()));
        Some(silence).filter(|silence| self.after.is_some_and(|after| *silence > after))
    }

    /// Returns when the shift began that is on at `now`, if one is.
    fn shift(&self, now: &Zoned) -> Option<Zoned> {
        let Hours { from, until } = self.hours;
        let passes_midnight = until <= from;
        let began = match now.time() {
            time if time >= from && (passes_midnight || time < until) => now.date(),
            time if passes_midnight && time < until => now.date().yesterday().ok()?,
            _ => return None,
        };
        let day = Day::from(began.weekday());
        if !self.days.contains(&day) {
            return None;
        }
        began.to_datetime(from).to_zoned(now.time_zone().clone()).ok()
    }
}

impl From<Weekday> for Day {
    fn from(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;

    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        let cases = [
            ("07:00-19:00", Some((7, 0, 19, 0))),
            ("7:30 - 16:15", Some((7, 30, 16, 15))),
            ("19:00-07:00", Some((19, 0, 7, 0))),
            ("00:00-24:00", Some((0, 0, 0, 0))),
            ("07:00", None),
            ("7-19", None),
            ("07:00-25:00", None),
            ("07:00-24:01", None),
            ("07:60-19:00", None),
            ("07:5-19:00", None),
            ("+7:00-19:00", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(a, b, c, d)| Hours {
                from: Time::new(a, b, 0, 0).unwrap(),
                until: Time::new(c, d, 0, 0).unwrap(),
            });
            assert_eq!(Hours::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn silence_counts_within_the_shift_only() {
        // hours, last film, now, minutes of silence; the days are Monday to Friday, and 2026-03-02 is a
        // Monday
        let cases = [
            ("07:00-19:00", "2026-03-02T09:00", "2026-03-02T09:30", None),
            ("07:00-19:00", "2026-03-02T09:00", "2026-03-02T09:31", Some(31)),
            // The night does not count.
            ("07:00-19:00", "2026-03-02T18:00", "2026-03-03T07:01", None),
            ("07:00-19:00", "2026-03-02T18:00", "2026-03-03T07:45", Some(45)),
            // Before, after, at the weekend.
            ("07:00-19:00", "2026-03-01T18:00", "2026-03-02T06:59", None),
            ("07:00-19:00", "2026-03-02T09:00", "2026-03-02T19:00", None),
            ("07:00-19:00", "2026-03-06T09:00", "2026-03-07T12:00", None),
            // A night shift that began on Friday goes on into Saturday; one of Sunday does not count.
            ("19:00-07:00", "2026-03-06T23:00", "2026-03-07T01:00", Some(120)),
            ("19:00-07:00", "2026-03-01T12:00", "2026-03-02T01:00", None),
            ("00:00-24:00", "2026-03-02T23:00", "2026-03-03T00:40", Some(40)),
            // A clock that was set back.
            ("07:00-19:00", "2026-03-02T12:00", "2026-03-02T09:00", None),
        ];
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
        for (hours, last, now, expected) in cases {
            let alarm = FeedAlarm {
                after: Some(SignedDuration::from_mins(30)),
                hours: Hours::parse(hours).unwrap(),
                ..FeedAlarm::default()
            };
            let zoned = |text: &str| text.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap();
            let found = alarm.silence(zoned(last).timestamp(), &zoned(now));
            assert_eq!(found.map(|silence| silence.as_mins()), expected, "{hours}, {last}, {now}");
            let off = FeedAlarm { after: None, ..alarm };
            assert_eq!(off.silence(zoned(last).timestamp(), &zoned(now)), None);
        }
    }

    #[test]
    fn silence_is_time_that_passed_also_in_the_nights_in_which_clocks_change() {
        // Hours, last film, now (as clocks in Berlin show them, with their offset), minutes of silence.
        let cases = [
            // 2026-03-29, 02:00 becomes 03:00: between half past one and half past three lies an hour.
            ("19:00-07:00", "2026-03-29T01:30+01", "2026-03-29T03:30+02", Some(60)),
            // 2026-10-25, 03:00 becomes 02:00: there are three.
            ("19:00-07:00", "2026-10-25T01:30+02", "2026-10-25T03:30+01", Some(180)),
            // The first and the second half past two.
            ("19:00-07:00", "2026-10-25T02:30+02", "2026-10-25T02:30+01", Some(60)),
            // A shift that begins in an hour that is left out begins after it.
            ("02:30-10:00", "2026-03-28T12:00+01", "2026-03-29T03:10+02", None),
            ("02:30-10:00", "2026-03-28T12:00+01", "2026-03-29T04:30+02", Some(60)),
            // One that begins in an hour that comes twice begins the first time.
            ("02:30-10:00", "2026-10-24T12:00+02", "2026-10-25T03:00+01", Some(90)),
        ];
        for (hours, last, now, expected) in cases {
            let alarm = FeedAlarm {
                after: Some(SignedDuration::from_mins(30)),
                hours: Hours::parse(hours).unwrap(),
                days: vec![Day::Sat, Day::Sun],
            };
            let zoned = |text: &str| format!("{text}[Europe/Berlin]").parse::<Zoned>().unwrap();
            let found = alarm.silence(zoned(last).timestamp(), &zoned(now));
            assert_eq!(found.map(|silence| silence.as_mins()), expected, "{hours}, {last}, {now}");
        }
    }
}
