//! Health, that is, whether the program does its work: facts in, reasons out.
//!
//! - [`Vitals`] is what the process that owns the pipeline knows of itself; it is written beside the store every other
//!   second as an [`OwnerState`], which costs no change of the store and no room on a full disk.
//! - [`Facts`] are that state, and what the store and the disks say.
//! - [`judge`] is pure: it alone decides what is a reason not to be ready, for the command, the metrics and the shift
//!   panel alike.

mod clock;
mod duties;
mod facts;
mod gather;
mod judge;
mod vitals;
mod workers;

pub use clock::{ClockStep, uptime};
pub use duties::{duties_of, leaves_to_another};
pub use facts::{Disk, Facts, OutboxFacts, Owner, OwnerState, PluginFacts, StoreFacts, WorkerState};
pub(crate) use gather::disk;
pub use gather::{Question, gather, gather_closed, hosts, owners_reasons};
pub use judge::{Check, Limits, Reason, judge};
pub(crate) use vitals::LONGEST;
pub use vitals::{Part, Vitals};
pub use workers::{HostsFacts, WorkerFacts, disagreement, seconds_apart, wrong_clock};
