//! The thread that turns a picture into what the terminal understands.

use std::{fmt, sync::Arc, thread};

use crossbeam_channel::{Receiver, Sender, unbounded};
use image::{DynamicImage, RgbImage, imageops};
use ratatui::layout::Size;
use ratatui_image::{
    picker::ProtocolType,
    protocol::{Protocol, halfblocks::Halfblocks, iterm2::Iterm2, kitty::Kitty, sixel::Sixel},
};

use super::Canvas;
use crate::session::protocol::{PictureError, PictureRequest};

/// A picture to encode.
#[derive(Debug, Clone)]
pub struct EncodeJob {
    /// The request that the picture answers.
    pub request: PictureRequest,
    /// The picture.
    pub image: Arc<RgbImage>,
    /// The box on the screen, in cells.
    pub cells: Size,
    /// How the terminal shows pictures.
    pub canvas: Canvas,
}

/// A picture as the terminal understands it. Cloning is cheap.
#[derive(Clone)]
pub struct Print(Arc<Protocol>);

impl Print {
    /// The protocol's data.
    #[must_use]
    pub fn protocol(&self) -> &Protocol {
        &self.0
    }

    /// Its size in cells.
    #[must_use]
    pub fn size(&self) -> Size {
        self.0.size()
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Print({:?})", self.size())
    }
}

/// The answer to a job.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The request that the picture answers.
    pub request: PictureRequest,
    /// The picture, or why there is none.
    pub print: Result<Print, PictureError>,
}

/// Kitty keeps each picture under a number until that number is used again. A ring of numbers bounds
/// the terminal's memory; it is longer than the gallery, so that none is reused while it may be shown.
const KITTY_RING: u32 = 24;

impl EncodeJob {
    /// Does the job. `count` numbers this process's pictures.
    #[must_use]
    pub fn run(&self, count: u32) -> Encoded {
        let print = self.encode(count).map(|protocol| Print(Arc::new(protocol)));
        Encoded { request: self.request.clone(), print }
    }

    fn encode(&self, count: u32) -> Result<Protocol, PictureError> {
        let empty = || PictureError("the picture is empty".to_owned());
        let (image, size) = self.fitted().ok_or_else(empty)?;
        let tmux = self.canvas.passthrough;
        let encoded = match self.canvas.protocol {
            ProtocolType::Halfblocks => Halfblocks::new(image, size).map(Protocol::Halfblocks),
            ProtocolType::Sixel => Sixel::new(image, size, tmux).map(Protocol::Sixel),
            ProtocolType::Iterm2 => Iterm2::new(image, size, tmux).map(Protocol::ITerm2),
            ProtocolType::Kitty => {
                // The process's number keeps two dashboards in one window apart.
                let id = ((std::process::id() & 0xffff) << 8) | (1 + count % KITTY_RING);
                Kitty::new(image, size, id, tmux, self.canvas.compressed).map(Protocol::Kitty)
            }
        };
        encoded.map_err(|error| PictureError(format!("the terminal's picture could not be made: {error}")))
    }

    /// The picture scaled into the box with its shape kept, and how many cells it takes. CatmullRom,
    /// because picking nearest pixels makes thin lines (a pleura, a catheter) come and go.
    fn fitted(&self) -> Option<(DynamicImage, Size)> {
        // Half-blocks are pixels too: one column wide, half a row high.
        let (columns, rows) = if self.canvas.is_text() {
            (1.0, 2.0)
        } else {
            (f64::from(self.canvas.cell.0), f64::from(self.canvas.cell.1))
        };
        let (cell_width, cell_height) = (f64::from(self.canvas.cell.0), f64::from(self.canvas.cell.1));
        let (width, height) = (f64::from(self.image.width()), f64::from(self.image.height()));
        if width < 1.0 || height < 1.0 || self.cells.width == 0 || self.cells.height == 0 {
            return None;
        }
        let box_cells = (f64::from(self.cells.width), f64::from(self.cells.height));
        let scale = (box_cells.0 * cell_width / width).min(box_cells.1 * cell_height / height);
        let pixels = |length: f64, cell: f64, dots: f64, most: f64| {
            ((length * scale / cell * dots).round().clamp(1.0, most * dots)) as u32
        };
        let target_width = pixels(width, cell_width, columns, box_cells.0);
        let target_height = pixels(height, cell_height, rows, box_cells.1);
        let scaled = if (target_width, target_height) == self.image.dimensions() {
            (*self.image).clone()
        } else {
            imageops::resize(&*self.image, target_width, target_height, imageops::FilterType::CatmullRom)
        };
        let size = Size::new(
            (f64::from(target_width) / columns).ceil() as u16,
            (f64::from(target_height) / rows).ceil() as u16,
        );
        Some((DynamicImage::ImageRgb8(padded(scaled, &self.canvas, size)), size))
    }
}

/// Half-blocks are stretched to whole cells: an odd number of half rows gets a black one below.
fn padded(image: RgbImage, canvas: &Canvas, size: Size) -> RgbImage {
    let rows = u32::from(size.height) * 2;
    if !canvas.is_text() || image.height() == rows {
        return image;
    }
    let mut whole = RgbImage::new(image.width(), rows);
    imageops::replace(&mut whole, &image, 0, 0);
    whole
}

/// The thread's two ends. One job runs and one waits: of several that wait, the newest.
#[derive(Debug)]
pub(in crate::dashboard) struct Encoder {
    pub(in crate::dashboard) jobs: Sender<EncodeJob>,
    pub(in crate::dashboard) answers: Receiver<Encoded>,
}

impl Encoder {
    /// Starts the thread; it ends when this is dropped.
    pub(in crate::dashboard) fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = unbounded::<EncodeJob>();
        let (done, answers) = unbounded();
        thread::Builder::new().name("pictures".to_owned()).spawn(move || {
            let mut count = 0_u32;
            while let Ok(job) = waiting.recv() {
                let newest = waiting.try_iter().last().unwrap_or(job);
                count = count.wrapping_add(1);
                if done.send(newest.run(count)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { jobs, answers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Presentation;

    fn job(width: u32, height: u32, cells: (u16, u16), canvas: Canvas) -> EncodeJob {
        let request = PictureRequest {
            film: 1,
            heatmap: None,
            prior: None,
            presentation: Presentation::default(),
            width,
            height,
        };
        let image = Arc::new(RgbImage::from_pixel(width, height, image::Rgb([90, 120, 200])));
        EncodeJob { request, image, cells: cells.into(), canvas }
    }

    #[test]
    fn a_picture_fills_its_box_and_keeps_its_shape() {
        let graphics = |protocol| Canvas { protocol, cell: (8, 16), ..Canvas::halfblocks() };
        for (width, height, cells, canvas, expected) in [
            (100, 100, (40, 20), Canvas::halfblocks(), (40, 20)),
            (100, 100, (40, 10), Canvas::halfblocks(), (20, 10)),
            (100, 50, (40, 20), Canvas::halfblocks(), (40, 10)),
            // Eleven half rows take six whole ones.
            (100, 55, (20, 20), Canvas::halfblocks(), (20, 6)),
            (300, 300, (40, 10), graphics(ProtocolType::Sixel), (20, 10)),
            (50, 100, (40, 10), graphics(ProtocolType::Iterm2), (10, 10)),
            (64, 64, (3, 30), graphics(ProtocolType::Kitty), (3, 2)),
            (1, 4000, (40, 10), Canvas::halfblocks(), (1, 10)),
        ] {
            let encoded = job(width, height, cells, canvas).run(1);
            let size = encoded.print.expect("a picture").size();
            assert_eq!((size.width, size.height), expected, "{width}x{height} in {cells:?} by {canvas:?}");
        }
    }

    #[test]
    fn an_empty_picture_or_box_is_said_not_drawn() {
        assert!(job(0, 10, (10, 10), Canvas::halfblocks()).run(1).print.is_err());
        assert!(job(10, 10, (0, 10), Canvas::halfblocks()).run(1).print.is_err());
    }

    #[test]
    fn the_last_of_many_jobs_is_always_answered() {
        let encoder = Encoder::start().expect("a thread");
        for film in 1..=50 {
            let mut next = job(20, 20, (10, 10), Canvas::halfblocks());
            next.request.film = film;
            encoder.jobs.send(next).expect("the thread runs");
        }
        let last = encoder.answers.iter().find(|answer| answer.request.film == 50);
        assert!(last.is_some_and(|answer| answer.print.is_ok()));
    }
}
