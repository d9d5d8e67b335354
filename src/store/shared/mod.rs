//! A store that several processes on several hosts work for at once, which is one on PostgreSQL.
//!
//! - A **worker** is a row with a heartbeat. It claims queued films (`claims.rs`), each for a while, and renews what it has
//!   in work; a film of a worker that is not heard of is given to another one, to be tried alone.
//! - A **duty** (`duties.rs`) is what one process does at a time, likewise for a while.
//! - A result, or a change that belongs to a duty, is taken from whoever has the film, or the duty, at that moment, and
//!   from nobody else: each claim and each holder has a number.
//!
//! The server's clock alone says how long a while is. Nothing here waits for the lock of the store's writers.

mod claims;
mod duties;
mod duty;
mod listener;
mod member;
mod workers;

pub(super) use claims::still_has;
pub use duties::DutyRow;
pub(super) use duties::still_holds;
pub use duty::{Duty, DutyKind};
pub use listener::Listener;
pub use member::{Member, NewWorker};
pub use workers::{HOST_VARIABLE, WorkerRow, host_name};

use std::time::Duration;

/// A claim and a duty end so long after their last renewal.
pub const LEASE: Duration = Duration::from_secs(20);

/// The server's clock, in microseconds since 1970.
macro_rules! server_clock {
    () => {
        "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
    };
}
use server_clock;

/// A length of time as the store counts it.
fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
