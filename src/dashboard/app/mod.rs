//! The running dashboard: its event loop, the terminal, the dispatch of messages and keys, the whole frame.

mod act;
mod draw;
mod event_loop;
mod finish;
mod heard;
mod line;
mod mouse;
mod terminal;
mod update;

pub use draw::draw;
pub use event_loop::run;
pub use terminal::check as require_terminal;
pub use update::{settle, update};
