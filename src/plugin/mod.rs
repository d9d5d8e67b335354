//! Plugins: the ward's own rules, in Luau, that can raise a study and nothing else.
//!
//! A plugin is a file that returns one table: a name, permissions, hooks. Each runs in a VM of its own
//! on a thread of its own, with a limit on time and memory, and sees nothing but the study that it is
//! given. What it wants done it returns as data ([`Deed`]); the host checks that against what the
//! plugin asked for and what the site granted, and does it elsewhere.
//!
//! - [`Source`] is its text, [`Vm`] the text at work, [`Fault`] what it did wrong.
//! - [`StudyView`] is what it sees.

mod description;
mod effect;
mod fault;
mod limits;
mod places;
mod sandbox;
mod settings;
mod source;
mod study;
mod values;
mod vm;
mod watchdog;

pub use description::{API, ColumnSpec, CommandSpec, Description, Permission};
pub use effect::{Deed, Effect, Raise};
pub use fault::{Fault, FaultKind};
pub use limits::Limits;
pub use settings::Setting;
pub use source::Source;
pub use study::{FilmView, FindingView, PatientView, StudyView};
pub use vm::{Call, Computed, StatusChange, Vm, tick};

#[cfg(test)]
mod hostile_tests;
