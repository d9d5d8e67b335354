//! The configuration: one TOML file, whose every setting has a default.
//!
//! [`load`] finds and reads it, [`rules`] gives the thresholds of one model, [`watch`] says when the
//! file changed. A mistake is a [`ConfigError`] that points at its line and says what to do.
//! Relative paths in the file start at the folder that the file lies in; defaults and command lines
//! start at the working directory.

mod bandwidth;
mod checks;
mod document;
mod edit;
mod error;
mod feed_alarm;
mod inboxes;
mod load;
mod operations;
mod permission;
mod plain_words;
mod plugins;
mod receive;
mod rules;
mod schema;
mod send;
mod template;
#[cfg(test)]
mod tests;
mod values;
mod watch;

pub use bandwidth::{Bandwidth, BandwidthError};
pub use edit::{affirm, doubt, with_alerts, with_thresholds, write_alerts, write_thresholds};
pub use error::{ConfigError, Excerpt};
pub use feed_alarm::{Day, FeedAlarm, Hours};
pub use inboxes::{Inboxes, mounts};
pub use load::{CONFIG_VARIABLE, Loaded, Places, data_folder, is_theme_file, load, parse, read, reload};
pub use operations::{Health, Metrics, People, Retention, Similar};
pub use permission::Permission;
pub use plugins::{PluginSite, Plugins};
pub use receive::{Receive, Senders, is_title};
pub use rules::{LabelDefaults, findings_order, rules};
pub use schema::{
    Borders, Config, Dashboard, DesktopNotice, Device, Inbox, Keys, LabelThresholds, Log, LogLevel, Model,
    ModelThresholds, Motion, Pictures, Precision, RasterStudy, Store, Thresholds, Triage, Weights,
};
pub use send::{Destination, Destinations, When};
pub use template::TEMPLATE;
pub use watch::{WatchError, Watcher, watch};
