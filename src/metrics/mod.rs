//! Numbers for a monitoring system: counted in memory since the start, or asked of the store, and written as the text
//! format of Prometheus.

mod counters;
mod family;
mod page;

pub use counters::{Counters, Outcome};
pub use page::{Page, Waits};
