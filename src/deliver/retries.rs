//! When a delivery that failed is tried again, and when it is given up.

use std::time::Duration;

use jiff::SignedDuration;

use crate::store::Delivery;

/// Nothing is given up that was tried less often.
const FEWEST_TRIES: u32 = 5;

/// When a delivery that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retries {
    /// After the first failure; doubled after each.
    pub first: Duration,
    /// But never longer than this.
    pub longest: Duration,
    /// Given up when it has been tried for so long, by a clock that only runs while the program does.
    pub give_up: SignedDuration,
    /// How long one try may take.
    pub one_try: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
            give_up: SignedDuration::from_hours(24),
            one_try: Duration::from_secs(10),
        }
    }
}

impl Retries {
    /// Returns how long to wait after so many failures in a row, at least one.
    pub(super) fn after(&self, failures: u32) -> Duration {
        self.first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(self.longest)
    }

    /// Returns whether a delivery that has failed once more is given up. The date has no say in it: a clock that is set
    /// wrong neither gives anything up nor keeps it for ever.
    pub(super) fn is_over(&self, delivery: &Delivery) -> bool {
        let tried_for = SignedDuration::try_from(delivery.tried_for).unwrap_or(SignedDuration::MAX);
        tried_for >= self.give_up && delivery.attempts + 1 >= FEWEST_TRIES
    }
}
