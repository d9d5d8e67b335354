//! The lightbox itself: ratatui and crossterm. It holds a state, turns keys into actions, and draws.
//!
//! It knows nothing of Candle, SQL or files: it receives [`Update`](crate::session::protocol::Update)s and sends [`Request`](crate::session::protocol::Request)s, and both
//! are answered on other threads, so that the render thread never waits.
//!
//! ```text
//! keys, updates, pictures, clock ──Message──▶ update(State) ──Effect──▶ requests, encoder, quit
//!                                                  │
//!                                                  ▼
//!                                            draw(&State)
//! ```
//!
//! [`update`] is pure: everything that it knows is in the [`State`] and the [`Message`], everything that
//! it wants done is an [`Effect`]. What can be done is one table, [`action::ACTIONS`].

mod app;
mod cells;
mod chrome;
mod error;
mod film;
mod findings;
mod keymap;
mod layout;
mod list;
mod message;
mod panels;
mod pictures;
mod plain;
mod site;
mod state;
mod theme;
mod tmux;
mod widgets;
mod words;
mod worklist;

pub use app::{draw, require_terminal, run, settle, update};
pub use error::DashboardError;
pub use keymap::{Chord, Key, Keymap, KeymapError, Meaning, UnknownKeyError, action};
pub use layout::View;
pub use message::{Effect, Message};
pub use panels::{
    Columns, FilterLine, Help, Notes, Palette, PaletteLine, PluginLine, Plugins, ShiftPanel, SimilarPanel,
    Who, Workbench, bench_markdown,
};
pub use pictures::{Canvas, Detail, EncodeJob, Encoded, Gallery, Past, Print, canvas_of_terminal};
pub use plain::{Plain, Reply};
pub use site::{Reconfigure, Site};
pub use state::{Command, Handled, Next, Panel, State};
pub use theme::{Depth, Theme, ThemeSource, built_in_text, catalogue, contrast, known_themes};
pub use widgets::Input;
pub use worklist::{
    Column, Completion, Filter, FilterError, MOST_VIEWS, Order, Row, SavedView, SavedViews, Worklist,
};

use jiff::tz::TimeZone;

use crate::{
    config::{Bandwidth, Pictures},
    study::PersonRole,
};

/// The settings of a dashboard at its start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The way to show pictures.
    pub pictures: Pictures,
    /// The speed of a slow line to the terminal; none: pictures are sent whole.
    pub bandwidth: Option<Bandwidth>,
    /// Whether the heatmap lies over the film at the start.
    pub heatmap: bool,
    /// The theme at first; [`Reconfigure::Theme`] changes it.
    pub theme: Theme,
    /// The site's settings at first; [`Reconfigure::Site`] changes them.
    pub site: Site,
    /// Whether changes that no key asked for come onto the screen together, every few seconds.
    pub calm: bool,
    /// The person at the keys, as far as the account tells.
    pub who: String,
    /// Whether to ask.
    pub asks_who: bool,
    /// The role of a person who has logged in; none: the user of an account. Such a person gets no shell: neither by
    /// stopping the program, nor by a program that it would run.
    pub role: Option<PersonRole>,
    /// Where times of day are told.
    pub zone: TimeZone,
}

impl Options {
    /// The dark theme, pictures as the terminal can show them, the system's time zone.
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            pictures: Pictures::Auto,
            bandwidth: None,
            heatmap: true,
            theme: Theme::standard(),
            site: Site::default(),
            calm: false,
            who: String::new(),
            asks_who: false,
            role: None,
            zone: TimeZone::system(),
        }
    }
}
