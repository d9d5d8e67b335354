//! Study Date and Study Time as senders write them.

use jiff::civil::{Date, DateTime, Time};

/// A study's civil time from DICOM DA and TM values (PS3.5 section 6.2), their old forms with dots and
/// colons included. Without a usable time of day it is midnight; without a usable date there is none.
pub(super) fn study_time(date: &str, time: &str) -> Option<DateTime> {
    let date = civil_date(date)?;
    Some(date.to_datetime(civil_time(time).unwrap_or_default()))
}

fn civil_date(text: &str) -> Option<Date> {
    let digits = digits_without(text, &['.', '-', '/']);
    if digits.len() != 8 {
        return None;
    }
    let year = digits.get(..4)?.parse().ok()?;
    let month = digits.get(4..6)?.parse().ok()?;
    let day = digits.get(6..)?.parse().ok()?;
    Date::new(year, month, day).ok()
}

/// HH, HHMM or HHMMSS; fractions of a second are left off, a leap second is the one before it.
fn civil_time(text: &str) -> Option<Time> {
    let whole = text.split('.').next()?;
    let digits = digits_without(whole, &[':']);
    let pair = |at: usize| match digits.get(at..at + 2) {
        Some(pair) => pair.parse::<i8>().ok(),
        None => (digits.len() <= at).then_some(0),
    };
    if digits.is_empty() {
        return None;
    }
    Time::new(pair(0)?, pair(2)?, pair(4)?.min(59), 0).ok()
}

/// The digits of a text that has nothing but digits and `separators`; else nothing.
fn digits_without(text: &str, separators: &[char]) -> String {
    let digits: String = text.trim().chars().filter(|c| !separators.contains(c)).collect();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits } else { String::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::study_time;

    #[test]
    fn dates_and_times_as_senders_write_them() {
        for (date, time, expected) in [
            ("20240131", "235959", Some("2024-01-31T23:59:59")),
            ("20240131", "081502.123456", Some("2024-01-31T08:15:02")),
            ("20240131", "0815", Some("2024-01-31T08:15:00")),
            ("20240131", "08", Some("2024-01-31T08:00:00")),
            ("20240131", "235960", Some("2024-01-31T23:59:59")),
            ("2024.01.31", "08:15:02", Some("2024-01-31T08:15:02")),
            (" 20240131 ", " 081502 ", Some("2024-01-31T08:15:02")),
            ("20240131", "", Some("2024-01-31T00:00:00")),
            ("20240131", "morning", Some("2024-01-31T00:00:00")),
            ("20240131", "081", Some("2024-01-31T00:00:00")),
            ("20240131", "990000", Some("2024-01-31T00:00:00")),
            ("20240231", "081502", None),
            ("2024", "081502", None),
            ("", "081502", None),
            ("２０２４０１３１", "", None),
        ] {
            let parsed = study_time(date, time).map(|time| time.to_string());
            assert_eq!(parsed.as_deref(), expected, "{date:?} {time:?}");
        }
    }

    proptest! {
        #[test]
        fn what_a_clock_shows_comes_back(
            year in 1900_i16..2100, month in 1_i8..=12, day in 1_i8..=28,
            hour in 0_i8..24, minute in 0_i8..60, second in 0_i8..60,
        ) {
            let date = format!("{year:04}{month:02}{day:02}");
            let time = format!("{hour:02}{minute:02}{second:02}");
            let expected = jiff::civil::date(year, month, day).at(hour, minute, second, 0);
            prop_assert_eq!(study_time(&date, &time), Some(expected));
        }

        #[test]
        fn any_text_is_survived(date in ".*", time in ".*") {
            if let Some(parsed) = study_time(&date, &time) {
                prop_assert!(date.chars().filter(char::is_ascii_digit).count() == 8, "{date:?} gave {parsed}");
            }
        }
    }
}
