//! One picture at the cursor, by viuer, in the way that this terminal can show it.
//!
//! viuer asks the terminal too, waits for the answer as long as it takes, and lets it be echoed meanwhile. So the
//! terminal is asked here first, with a deadline, and viuer only for what was answered; and nothing is echoed.

use std::io::{self, IsTerminal, Write};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use image::{DynamicImage, RgbImage};
use ratatui_image::picker::ProtocolType;

use super::{CommandError, output::terminal};
use crate::{
    config::Pictures,
    dashboard::{Canvas, canvas_of_terminal},
};

/// viuer sends sixels of so many pixels a cell, whatever the terminal's are, and no wider than that.
const SIXEL_CELL: (u32, u32) = (6, 12);
const SIXEL_WIDEST: u32 = 1000;

/// The way in which this terminal shows pictures.
pub(super) struct Printer {
    canvas: Canvas,
}

/// No echo, and keys as they come, while this lives.
struct Quiet;

impl Quiet {
    fn begin() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}

impl Printer {
    /// Asks the terminal, where the site wants more than half-blocks and somebody is there to answer.
    pub(super) fn of_terminal(wanted: Pictures) -> Self {
        if wanted == Pictures::Halfblocks || !io::stdin().is_terminal() {
            return Self { canvas: Canvas::halfblocks() };
        }
        let Ok(_quiet) = Quiet::begin() else { return Self { canvas: Canvas::halfblocks() } };
        let mut canvas = canvas_of_terminal();
        // viuer knows one more of iTerm2's kind by the environment, and no way through tmux.
        if canvas.passthrough {
            canvas.protocol = ProtocolType::Halfblocks;
        } else if canvas.protocol == ProtocolType::Halfblocks && viuer::is_iterm_supported() {
            canvas.protocol = ProtocolType::Iterm2;
        }
        Self { canvas }
    }

    /// The pixels that so many columns and lines have.
    pub(super) fn pixels(&self, room: (u16, u16)) -> (u32, u32) {
        let (width, height) = self.canvas.cell;
        (u32::from(room.0) * u32::from(width.max(1)), u32::from(room.1) * u32::from(height.max(1)))
    }

    /// Prints a picture into so many columns and lines at most, with its aspect kept; the cursor then stands at the
    /// beginning of the line below it.
    pub(super) fn print(&self, picture: RgbImage, room: (u16, u16)) -> Result<(), CommandError> {
        let protocol = self.canvas.protocol;
        let shown = fit(picture.dimensions(), self.pixels(room));
        let cells = match protocol {
            ProtocolType::Sixel => cells(fit(shown, (shown.0.min(SIXEL_WIDEST), shown.1)), SIXEL_CELL),
            _ => cells(shown, (u32::from(self.canvas.cell.0), u32::from(self.canvas.cell.1))),
        };
        let config = viuer::Config {
            absolute_offset: false,
            width: Some(cells.0),
            height: Some(cells.1),
            use_kitty: protocol == ProtocolType::Kitty,
            use_iterm: protocol == ProtocolType::Iterm2,
            use_sixel: protocol == ProtocolType::Sixel,
            ..viuer::Config::default()
        };
        // Half-blocks are lines, which a terminal that is not quiet ends as it should, and they ask nothing.
        let quiet = (protocol != ProtocolType::Halfblocks).then(Quiet::begin).transpose()?;
        let printed = viuer::print(&DynamicImage::ImageRgb8(picture), &config);
        if quiet.is_some() {
            // A sixel leaves the cursor in its last line.
            let ending = if protocol == ProtocolType::Sixel { "\r\n" } else { "\r" };
            terminal().write_all(ending.as_bytes()).and_then(|()| terminal().flush())?;
        }
        drop(quiet);
        printed.map(|_| ()).map_err(|error| {
            CommandError::failed(format!("cannot draw in this terminal: {error}; --out saves the picture"))
        })
    }
}

/// The largest size in a box with the aspect of a picture.
fn fit((width, height): (u32, u32), (most_width, most_height): (u32, u32)) -> (u32, u32) {
    let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let scale = (f64::from(most_width) / width).min(f64::from(most_height) / height);
    ((width * scale).round().max(1.0) as u32, (height * scale).round().max(1.0) as u32)
}

/// How many cells so many pixels are, one at least.
fn cells((width, height): (u32, u32), cell: (u32, u32)) -> (u32, u32) {
    let cells = |pixels: u32, cell: u32| ((pixels + cell / 2) / cell.max(1)).max(1);
    (cells(width, cell.0), cells(height, cell.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_aspect_in_any_box() {
        for (picture, most, shown) in [
            ((1000, 1000), (800, 400), (400, 400)),
            ((2000, 1000), (800, 800), (800, 400)),
            ((100, 50), (800, 800), (800, 400)),
            ((1, 9_000), (10, 90), (1, 90)),
            ((0, 0), (10, 90), (10, 10)),
        ] {
            assert_eq!(fit(picture, most), shown, "{picture:?} in {most:?}");
        }
    }

    #[test]
    fn pixels_are_rounded_to_cells_and_never_to_none() {
        for (pixels, cell, expected) in
            [((100, 200), (10, 20), (10, 10)), ((104, 211), (10, 20), (10, 11)), ((1, 1), (10, 20), (1, 1))]
        {
            assert_eq!(cells(pixels, cell), expected, "{pixels:?} of {cell:?}");
        }
    }
}
