//! The part of the configuration that the screen depends on.

use jiff::SignedDuration;

use super::{
    keymap::Keymap,
    theme::Theme,
    worklist::{Column, SavedViews},
};
use crate::config::DesktopNotice;

/// A change of the dashboard's own settings while it runs.
#[derive(Debug, Clone)]
pub enum Reconfigure {
    /// The changed configuration.
    Site(Box<Site>),
    /// Another theme, or the same one changed.
    Theme(Box<Theme>),
}

/// The configuration's settings that the screen needs. The default is that of a site that set none of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// How long a study may wait unseen before it is promoted.
    pub max_wait: Option<SignedDuration>,
    /// The columns of the list, in order.
    pub columns: Vec<Column>,
    /// The views on the number keys.
    pub views: SavedViews,
    /// The keys.
    pub keymap: Keymap,
    /// How often the bell rings while a critical study waits to be acknowledged; none: never.
    pub bell: Option<SignedDuration>,
    /// Whether the terminal's title says how many critical studies wait to be acknowledged.
    pub title: bool,
    /// How the desktop is told of a new one.
    pub desktop_notice: DesktopNotice,
    /// How long nobody may have been at the keys until names are hidden; none: for ever.
    pub hide_names_after: Option<SignedDuration>,
    /// The labels that are listed first among a film's findings, in order.
    pub findings_order: Vec<String>,
    /// The names of the destinations that results can be sent to.
    pub destinations: Vec<String>,
    /// A sentence if the site's thresholds may be meant for other weights.
    pub doubt: Option<String>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            max_wait: None,
            columns: Column::USUAL.into(),
            views: SavedViews::default(),
            keymap: Keymap::default(),
            bell: Some(SignedDuration::from_mins(1)),
            title: false,
            desktop_notice: DesktopNotice::Off,
            hide_names_after: None,
            findings_order: Vec::new(),
            destinations: Vec::new(),
            doubt: None,
        }
    }
}
