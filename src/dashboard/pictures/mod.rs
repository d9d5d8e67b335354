//! Films on a terminal: which protocol, made by a thread of their own, kept while they are of use.

mod bytes;
mod detail;
mod detect;
mod encoder;
mod gallery;
mod probe;

pub use detail::Detail;
pub use detect::canvas_of_terminal;
pub use encoder::{EncodeJob, Encoded, Past, Print};
pub use gallery::Gallery;
pub(super) use gallery::Scene;

pub(super) use detail::STRIP;
pub(super) use detect::{Probe, window_cell};
pub(super) use encoder::Encoder;

use ratatui_image::picker::ProtocolType;

use crate::config::Bandwidth;

/// How this terminal shows pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// The protocol.
    pub protocol: ProtocolType,
    /// Width and height of a character cell in pixels, as far as is known.
    pub cell: (u16, u16),
    /// Whether the terminal's sequences must be wrapped to pass through tmux.
    pub passthrough: bool,
    /// Whether Kitty's pictures are sent compressed.
    pub compressed: bool,
    /// The speed of a slow line to the terminal; none: pictures are sent whole.
    pub bandwidth: Option<Bandwidth>,
}

impl Canvas {
    /// Half-blocks, which every terminal can show: two pixels a cell. The cell's size only gives its
    /// shape.
    #[must_use]
    pub fn halfblocks() -> Self {
        Self {
            protocol: ProtocolType::Halfblocks,
            cell: (10, 20),
            passthrough: false,
            compressed: false,
            bandwidth: None,
        }
    }

    /// Returns whether pictures are text, so that a popup can lie over them.
    pub(super) fn is_text(&self) -> bool {
        self.protocol == ProtocolType::Halfblocks
    }

    /// Returns how many pixels a cell to ask for. Half-blocks show one by two; asking for about four times that
    /// lets the encoder average instead of pick.
    pub(super) fn density(&self) -> (u32, u32) {
        let (width, height) = (u32::from(self.cell.0.max(1)), u32::from(self.cell.1.max(1)));
        if self.is_text() { (4, (4 * height).div_ceil(width)) } else { (width, height) }
    }
}
