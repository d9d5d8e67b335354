//! cxr-triage: a lightbox in the terminal that keeps the sickest film on top.
//!
//! `docs/architecture.md` says what each module holds and may import. A film goes through them in this order, and every hand-over is one type:
//!
//! ```text
//! inbox file ──intake──▶ Arrival ──film──▶ Film ──quality──▶ Film | Held
//!    Film ──model──▶ Findings ──study──▶ Assessment ──store──▶ StudyRow + events ──▶ dashboard
//! ```
//!
//! What a probability is worth is told against its label's own threshold:
//!
//! ```
//! use cxr_triage::study::score;
//!
//! assert_eq!(score(0.24, 0.24), 0.5, "at the threshold");
//! assert!(score(0.62, 0.24) > 0.74 && score(0.12, 0.24) == 0.25);
//! ```

pub mod commands;
pub mod config;
pub mod dashboard;
pub mod deliver;
pub mod dicom;
pub mod evaluate;
pub mod files;
pub mod freed_memory;
pub mod guard;
pub mod hash;
pub mod health;
pub mod intake;
pub mod leaving;
mod lock;
pub mod memory_limit;
pub mod metrics;
pub mod model;
pub mod people;
pub mod phantom;
pub mod picture;
pub mod pipeline;
pub mod plugin;
pub mod private_file;
pub mod quality;
pub mod retention;
pub mod service;
pub mod session;
pub mod similar;
pub mod store;
pub mod store_place;
pub mod study;
pub mod supervise;
pub mod text;
pub mod train;
pub mod trust;
mod wake;

/// The version that every result is recorded with.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
