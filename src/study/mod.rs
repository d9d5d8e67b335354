//! The domain: pure data and rules that the store, the plugins and the dashboard share. It imports
//! nothing of ours.

mod audit;

pub use audit::{AuditKind, AuditWord};
