//! The domain: pure data and rules that the store, the plugins and the dashboard share. It imports
//! nothing of ours but the header of a film, which is plain data.

mod audit;
mod header;
mod identity;

pub use audit::{AuditKind, AuditWord};
pub use identity::{Claim, Clash, Difference, MOST_CLASHES, Patient, row_key, row_of, study_uid};
