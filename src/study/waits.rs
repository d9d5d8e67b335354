//! How long studies waited, from what people did with them.

use jiff::{SignedDuration, Timestamp};

use super::{Severity, StudyId, quantile};

/// A study that somebody looked at for the first time, or made new again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitChange {
    /// The study.
    pub study: StudyId,
    /// When.
    pub at: Timestamp,
    /// Whether it is new again; else it is new no more.
    pub is_new_again: bool,
    /// The band that the study has now.
    pub band: Severity,
    /// When its wait began.
    pub since: Timestamp,
}

/// The waits that ended, in the order of their ends: a band and how long. One that somebody took back has not ended.
#[must_use]
pub fn waits(changes: &[WaitChange]) -> Vec<(Severity, SignedDuration)> {
    let mut ended: Vec<&WaitChange> = Vec::new();
    for change in changes {
        if change.is_new_again {
            if let Some(last) = ended.iter().rposition(|ended| ended.study == change.study) {
                ended.remove(last);
            }
        } else {
            ended.push(change);
        }
    }
    // A clock that was set back makes no wait shorter than none.
    let wait = |change: &&WaitChange| {
        (change.band, change.at.duration_since(change.since).max(SignedDuration::ZERO))
    };
    ended.iter().map(wait).collect()
}

/// How long studies waited to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Waits that ended.
    pub studies: u32,
    /// Half of them were at most so long.
    pub median: SignedDuration,
    /// Nine tenths of them were at most so long.
    pub most: SignedDuration,
}

impl Seen {
    /// Of the waits in a band, or in all; none where there is none.
    #[must_use]
    pub fn of(waits: &[(Severity, SignedDuration)], band: Option<Severity>) -> Option<Self> {
        let of_band = |(other, _): &&(Severity, SignedDuration)| band.is_none_or(|band| band == *other);
        let mut lengths: Vec<SignedDuration> = waits.iter().filter(of_band).map(|(_, wait)| *wait).collect();
        lengths.sort_unstable();
        Some(Self {
            studies: u32::try_from(lengths.len()).unwrap_or(u32::MAX),
            median: quantile(&lengths, 50)?,
            most: quantile(&lengths, 90)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change as minutes: seen at, or new again at (negative), waiting since.
    fn change(study: StudyId, band: Severity, at: i64, since: i64) -> WaitChange {
        let minutes = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        WaitChange { study, at: minutes(at.abs()), is_new_again: at < 0, band, since: minutes(since) }
    }

    /// A name, the changes of a study, and the waits that they ended, in minutes.
    type Case<'a> = (&'a str, &'a [WaitChange], &'a [(Severity, i64)]);

    #[test]
    fn a_wait_ends_when_somebody_looks_and_not_when_that_is_taken_back() {
        use Severity::{Critical, Routine};
        let cases: [Case<'_>; 7] = [
            ("nobody looked", &[], &[]),
            ("seen", &[change(1, Critical, 9, 2)], &[(Critical, 7)]),
            ("seen and taken back", &[change(1, Critical, 9, 2), change(1, Critical, -10, 2)], &[]),
            (
                "seen by mistake, later seen indeed",
                &[change(1, Critical, 9, 2), change(1, Critical, -10, 2), change(1, Critical, 30, 2)],
                &[(Critical, 28)],
            ),
            (
                "one of two is taken back",
                &[change(1, Critical, 9, 2), change(2, Routine, 10, 2), change(1, Critical, -11, 2)],
                &[(Routine, 8)],
            ),
            (
                "done, and a film brought it back",
                &[change(1, Routine, 9, 2), change(1, Routine, 40, 30)],
                &[(Routine, 7), (Routine, 10)],
            ),
            ("made new again that was seen before the shift", &[change(1, Routine, -9, 2)], &[]),
        ];
        for (case, changes, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(band, minutes)| (*band, SignedDuration::from_mins(*minutes))).collect();
            assert_eq!(waits(changes), expected, "{case}");
        }
        assert_eq!(waits(&[change(1, Routine, 2, 9)]), [(Routine, SignedDuration::ZERO)], "a clock set back");
    }

    #[test]
    fn waits_are_summed_up_by_band() {
        let minutes = SignedDuration::from_mins;
        let waits = [
            (Severity::Critical, minutes(5)),
            (Severity::Routine, minutes(60)),
            (Severity::Critical, minutes(1)),
            (Severity::Critical, minutes(3)),
        ];
        let seen =
            |studies, median, most| Some(Seen { studies, median: minutes(median), most: minutes(most) });
        assert_eq!(Seen::of(&waits, Some(Severity::Critical)), seen(3, 3, 5));
        assert_eq!(Seen::of(&waits, Some(Severity::Routine)), seen(1, 60, 60));
        assert_eq!(Seen::of(&waits, Some(Severity::Urgent)), None);
        assert_eq!(Seen::of(&waits, None), seen(4, 3, 60));
    }
}
