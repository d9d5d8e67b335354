//! How times, waits and people are written on the screen.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use crate::store::StudyRow;

/// The words of a dashboard that has no pipeline of its own.
pub(super) const FOLLOWS: &str = "another process scores; this is its list";

/// Returns how long ago, in at most four columns: `<1m`, `12m`, `1h05`, `14h`, `3d`.
#[must_use]
pub(super) fn waiting(now: Timestamp, since: Timestamp) -> String {
    span(now.duration_since(since))
}

/// A length of time, likewise.
#[must_use]
pub(super) fn span(time: SignedDuration) -> String {
    let minutes = (time.as_secs() / 60).max(0);
    match minutes {
        ..1 => "<1m".to_owned(),
        1..60 => format!("{minutes}m"),
        60..600 => format!("{}h{:02}", minutes / 60, minutes % 60),
        600..2880 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1440),
    }
}

/// Whole minutes between two times; 0 where the clock was set back.
#[must_use]
pub(super) fn minutes_between(now: Timestamp, since: Timestamp) -> i64 {
    (now.duration_since(since).as_secs() / 60).max(0)
}

/// A time of day, with its date where that is not today's.
#[must_use]
pub(super) fn clock(time: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (time, today) = (zone.to_datetime(time), zone.to_datetime(now).date());
    let format = if time.date() == today { "%H:%M" } else { "%m-%d %H:%M" };
    time.strftime(format).to_string()
}

/// A study's date and time in eleven columns; only the date where it is not this year's.
#[must_use]
pub(super) fn study_time(time: Option<civil::DateTime>, today: civil::Date) -> String {
    match time {
        Some(time) if time.year() == today.year() => time.strftime("%m-%d %H:%M").to_string(),
        Some(time) => time.strftime("%Y-%m-%d").to_string(),
        None => String::new(),
    }
}

/// A Patient's Name as people write it: `DOE^JANE^A` is "DOE, JANE A" (DICOM PS3.5 section 6.2.1: up to
/// three groups of one name between `=`, of which the first that is filled is shown).
#[must_use]
pub(super) fn person(name: &str) -> String {
    let group = name.split('=').find(|group| !group.trim_matches(['^', ' ']).is_empty()).unwrap_or("");
    let mut parts = group.split('^').map(str::trim);
    let family = parts.next().unwrap_or("");
    let given = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    match (family, given.as_str()) {
        (family, "") => family.to_owned(),
        ("", given) => given.to_owned(),
        (family, given) => format!("{family}, {given}"),
    }
}

/// The subject of a study: the patient's name, else the ID, else the file's name.
#[must_use]
pub(super) fn subject(row: &StudyRow) -> String {
    let name = person(&row.patient_name);
    [name, row.patient_id.clone(), row.file_name.clone()]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| row.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_short_words() {
        let since = Timestamp::UNIX_EPOCH;
        for (seconds, shown) in [
            (-5, "<1m"),
            (59, "<1m"),
            (60, "1m"),
            (59 * 60, "59m"),
            (65 * 60, "1h05"),
            (14 * 3600, "14h"),
            (72 * 3600, "3d"),
        ] {
            assert_eq!(waiting(since + SignedDuration::from_secs(seconds), since), shown);
        }
    }

    #[test]
    fn names_are_written_as_people_write_them() {
        for (raw, shown) in [
            ("DOE^JANE", "DOE, JANE"),
            ("DOE^JANE^^DR", "DOE, JANE DR"),
            ("DOE", "DOE"),
            ("^JANE", "JANE"),
            ("YAMADA^TAROU=山田^太郎=やまだ^たろう", "YAMADA, TAROU"),
            ("=山田^太郎", "山田, 太郎"),
            ("^^", ""),
            ("", ""),
        ] {
            assert_eq!(person(raw), shown, "{raw}");
        }
    }
}
