//! The wall clock against the steady one: whether somebody set it, and by how much.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Smaller differences are a clock that is being kept in step.
const LEAST: SignedDuration = SignedDuration::from_secs(5);
/// For how long a step is told of.
const TOLD_FOR: Duration = Duration::from_secs(60);

/// A change of the wall clock that no time passed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    /// Seconds that it was set ahead; negative: set back.
    pub seconds: i64,
    /// Milliseconds since that was seen.
    pub ago_ms: u64,
}

/// Compares two clocks from one look to the next.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    last: Option<(Timestamp, Instant)>,
    step: Option<(SignedDuration, Instant)>,
}

impl ClockWatch {
    /// Looks at both clocks; the last step, while it is told of.
    pub(super) fn check(&mut self, wall: Timestamp, steady: Instant) -> Option<ClockStep> {
        if let Some((last_wall, last_steady)) = self.last.replace((wall, steady)) {
            let passed = steady.saturating_duration_since(last_steady);
            let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
            let step = wall.duration_since(last_wall).saturating_sub(passed);
            if step.abs() >= LEAST {
                self.step = Some((step, steady));
            }
        }
        self.step = self.step.filter(|(_, at)| steady.saturating_duration_since(*at) < TOLD_FOR);
        self.step.map(|(step, at)| ClockStep {
            seconds: step.as_secs(),
            ago_ms: millis(steady.saturating_duration_since(at)),
        })
    }
}

/// Time since the machine started, by a clock that nobody sets and that all its processes share.
#[must_use]
pub fn uptime() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_told_of_for_a_minute_and_one_that_drifts_is_not() {
        // Seconds by the steady clock, by the wall clock, the step that is told.
        type Look = (u64, i64, Option<i64>);
        let cases: [(&str, &[Look]); 5] = [
            ("in step", &[(0, 1_000, None), (2, 1_002, None), (4, 1_004, None)]),
            ("kept in step", &[(0, 1_000, None), (2, 1_003, None), (4, 1_004, None)]),
            (
                "set back by an hour",
                &[(0, 9_000, None), (2, 5_402, Some(-3_600)), (61, 5_461, Some(-3_600)), (63, 5_463, None)],
            ),
            ("ahead by a day", &[(0, 0, None), (2, 86_402, Some(86_400)), (62, 86_462, None)]),
            ("back, and right again", &[(0, 9_000, None), (2, 0, Some(-9_002)), (4, 9_004, Some(9_002))]),
        ];
        let start = Instant::now();
        for (case, looks) in cases {
            let mut watch = ClockWatch::default();
            for (steady, wall, expected) in looks {
                let wall = Timestamp::from_second(*wall).unwrap();
                let told = watch.check(wall, start + Duration::from_secs(*steady));
                assert_eq!(told.map(|step| step.seconds), *expected, "{case}, at {steady} s");
            }
        }
    }
}
