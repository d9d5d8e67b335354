//! The lightbox itself: ratatui and crossterm. It holds a state, turns keys into actions, and draws.
//!
//! It knows nothing of Candle, SQL or files: it receives [`Update`]s and sends [`Request`]s, and both
//! are answered on other threads, so that the render thread never waits.

mod feed;

pub use feed::{Feed, Health, Notice, NoticeLevel, Picture, PictureRequest, Request, Role, Site, Update};
