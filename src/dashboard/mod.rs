//! The lightbox itself: ratatui and crossterm. It holds a state, turns keys into actions, and draws.
//!
//! It knows nothing of Candle, SQL or files: it receives [`Update`]s and sends [`Request`]s, and both
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

pub mod action;
mod cells;
mod column;
mod error;
mod event_loop;
mod feed;
mod filter;
mod keymap;
mod layout;
mod making;
mod mouse;
mod order;
mod overlay;
mod pictures;
mod plain;
mod plugins;
mod render;
mod row;
mod shift;
mod spread;
mod standing;
mod state;
mod terminal;
mod theme;
mod update;
mod viewing;
mod views;
mod words;
mod worklist;

pub use column::Column;
pub use error::DashboardError;
pub use event_loop::run;
pub use feed::{
    BenchRequest, BenchUpdate, Feed, Health, Notice, NoticeLevel, Picture, PictureError, PictureRequest,
    Request, Role, Site, Update,
};
pub use filter::{Completion, Filter, FilterError};
pub use keymap::{Chord, Key, Keymap, KeymapError, Meaning, UnknownKeyError};
pub use layout::View;
pub use order::Order;
pub use overlay::{
    Columns, FilterLine, Help, Input, Notes, Overlay, Palette, PaletteLine, PluginLine, Plugins, ShiftPanel,
    Who, Workbench, bench_markdown,
};
pub use pictures::{Canvas, EncodeJob, Encoded, Gallery, Print, canvas_of_terminal};
pub use plain::{Plain, Reply};
pub use plugins::Command;
pub use render::draw;
pub use shift::{Period, ShiftWatch};
pub use state::State;
pub use terminal::check as require_terminal;
pub use theme::{Depth, Theme, ThemeSource, built_in_text, catalogue, contrast, known_themes};
pub use update::{Effect, Message, settle, update};
pub use views::{MOST_VIEWS, SavedView, SavedViews};
pub use worklist::{Row, Worklist};

use jiff::tz::TimeZone;

use crate::config::Pictures;

/// How the dashboard is to look.
#[derive(Debug, Clone)]
pub struct Options {
    /// What pictures are shown with.
    pub pictures: Pictures,
    /// Whether the heatmap lies over the film at the start.
    pub heatmap: bool,
    /// What it looks like at first; [`Update::Theme`] changes it.
    pub theme: Theme,
    /// Whether changes that no key asked for come onto the screen together, every few seconds.
    pub calm: bool,
    /// Who is at the keys, as far as the account tells.
    pub who: String,
    /// Whether to ask.
    pub asks_who: bool,
    /// Where times of day are told.
    pub zone: TimeZone,
}

impl Options {
    /// The dark theme, pictures as the terminal can show them, the system's time zone.
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            pictures: Pictures::Auto,
            heatmap: true,
            theme: Theme::standard(),
            calm: false,
            who: String::new(),
            asks_who: false,
            zone: TimeZone::system(),
        }
    }
}
