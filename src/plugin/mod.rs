//! Plugins: the ward's own rules, in Luau, that can raise a study and nothing else.
//!
//! A plugin is a file that returns one table: a name, permissions, hooks. Each runs in a VM of its own
//! in a process of its own, with a limit on time and memory, and sees nothing but the study that it is
//! given. What it wants done it returns as data ([`RequestedEffect`]); the host checks that against what the
//! plugin asked for and what the site granted, and does it elsewhere.
//!
//! - [`Source`] is its text, [`Vm`] the text at work, [`PluginProcess`] the process that the VM is in, [`PluginError`] what
//!   it did wrong.
//! - [`StudyView`] is what it sees.

mod bound;
mod description;
mod details;
mod effect;
mod error;
mod events;
mod host;
mod limits;
mod manager;
mod on_duty;
mod parts;
mod policy;
mod process;
mod progress;
mod sandbox;
mod settings;
mod source;
mod study;
mod values;
mod vm;
mod watchdog;
mod worker;

pub use description::{API, ColumnSpec, CommandSpec, Description};
pub use effect::{Effect, Raise, RequestedEffect};
pub use error::{PluginError, PluginErrorKind};
pub use host::{Host, Waker};
pub use limits::Limits;
pub use on_duty::{OnDuty, Plugins};
pub use parts::{HostError, HostParts, Serves, SiteSettings};
pub use policy::{granted, without_secrets};
pub use process::{Ender, PluginProcess, serve_plugin, this_program};
pub use settings::Setting;
pub use source::Source;
pub use study::{FilmView, FindingView, PatientView, StudyView};
pub use vm::{Call, Computed, StatusChange, Vm, tick};
pub use worker::Pace;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

pub use crate::config::Permission;

use crate::config;

/// The plugins that the configuration enables, by name: the site's own, else those that come with the
/// program; each with its text, or why it has none.
#[must_use]
pub fn enabled(folder: &Path, config: &config::Plugins) -> BTreeMap<String, Result<Source, PluginError>> {
    let mut own = Source::read_folder(folder);
    let source = |name: &String| {
        let source = own.remove(name).or_else(|| Source::bundled(name).map(Ok));
        (name.clone(), source.unwrap_or_else(|| Err(host::missing(name, folder))))
    };
    // Named twice, it is the same one.
    let names: BTreeSet<&String> = config.enabled.iter().collect();
    names.into_iter().map(source).collect()
}

#[cfg(test)]
mod hostile_tests;
