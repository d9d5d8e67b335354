//! Panels that lie over the screen, a folder each: `mod.rs` has what it knows and its keys, `draw.rs` its drawing.
//! Each is a [`Panel`](super::state::Panel); none knows another.

mod columns;
mod filter_line;
mod help;
mod notes;
mod palette;
mod plugins;
mod results;
mod senders;
pub(in crate::dashboard) mod shift;
pub(in crate::dashboard) mod similar;
mod who;
pub(in crate::dashboard) mod workbench;

pub use columns::Columns;
pub use filter_line::FilterLine;
pub use help::Help;
pub use notes::Notes;
pub use palette::{Palette, PaletteLine};
pub use plugins::{Line as PluginLine, Plugins};
pub(in crate::dashboard) use results::Results;
pub(in crate::dashboard) use senders::Senders;
pub use shift::ShiftPanel;
pub use similar::SimilarPanel;
pub use who::Who;
pub use workbench::{Workbench, bench_markdown};
