//! The thread that turns a picture into what the terminal understands.

use std::{fmt, sync::Arc, thread};

use crossbeam_channel::{Receiver, Sender, unbounded};
use image::{DynamicImage, RgbImage, imageops};
use ratatui::{
    backend::{Backend, CrosstermBackend},
    buffer::Buffer,
    layout::{Position, Rect, Size},
    widgets::Widget,
};
use ratatui_image::{
    Image,
    picker::ProtocolType,
    protocol::{Protocol, halfblocks::Halfblocks, iterm2::Iterm2, kitty::Kitty, sixel::Sixel},
};

use super::{
    Canvas, bytes,
    detail::{self, Detail},
};
use crate::{
    config::Bandwidth,
    session::protocol::{PictureError, PictureRequest},
};

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
pub struct Print {
    strips: Arc<[Protocol]>,
    size: Size,
    detail: Detail,
}

impl Print {
    /// The picture from top to bottom: in one piece, or in strips for a slow line.
    #[must_use]
    pub fn strips(&self) -> &[Protocol] {
        &self.strips
    }

    /// Its size in cells.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Returns how much of the picture it shows.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
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
/// Image numbers for the strips of pictures: a hundred for each of the gallery's.
const KITTY_RING_OF_STRIPS: u32 = 1_000;
/// So many numbers have room in the lowest byte, which is never 0.
const KITTY_LOW: u32 = 255;

/// The encoder's memory of the pictures before.
#[derive(Debug, Default)]
pub struct Past {
    /// Numbers this process's pictures and strips.
    count: u32,
    /// The step of detail that the last one had.
    step: usize,
}

impl Past {
    fn next(&mut self) -> u32 {
        self.count = self.count.wrapping_add(1);
        self.count
    }
}

/// A picture in strips, before they are encoded.
struct Cut {
    detail: Detail,
    size: Size,
    strips: Vec<(RgbImage, Size)>,
    /// The bytes of all, and of the longest.
    bytes: usize,
    longest: usize,
}

impl EncodeJob {
    /// Does the job.
    #[must_use]
    pub fn run(&self, past: &mut Past) -> Encoded {
        Encoded { request: self.request.clone(), print: self.encode(past) }
    }

    fn encode(&self, past: &mut Past) -> Result<Print, PictureError> {
        let cut = match self.canvas.bandwidth {
            None => {
                let (image, size) = self.fitted(Detail::WHOLE)?;
                Cut { detail: Detail::WHOLE, size, strips: vec![(image, size)], bytes: 0, longest: 0 }
            }
            Some(line) => self.reduced(line, past)?,
        };
        let (detail, size) = (cut.detail, cut.size);
        let strip = |(image, size): (RgbImage, Size)| self.protocol(detail, image, size, past.next());
        let strips: Result<Vec<Protocol>, _> = cut.strips.into_iter().map(strip).collect();
        Ok(Print { strips: strips?.into(), size, detail })
    }

    /// Cuts the picture down to what the line can take.
    fn reduced(&self, line: Bandwidth, past: &mut Past) -> Result<Cut, PictureError> {
        let mut cuts = Vec::new();
        past.step = detail::choose(past.step, detail::budget(line), |detail| {
            let most = detail::strip(line);
            let cut = self.cut(detail, most)?;
            // A row that is much too long for a strip holds up the keys, however few there are.
            let weight = if cut.longest > most + most / 2 { usize::MAX } else { cut.bytes };
            cuts.push(cut);
            Ok::<_, PictureError>(weight)
        })?;
        let chosen = detail::at(past.step);
        let cut = cuts.into_iter().find(|cut| cut.detail == chosen);
        cut.ok_or_else(|| PictureError("there is no detail in which it can be sent".to_owned()))
    }

    /// Cuts the picture into strips of so many bytes at most, or of one row of cells each where a row has more.
    fn cut(&self, detail: Detail, most: usize) -> Result<Cut, PictureError> {
        let (image, size) = self.fitted(detail)?;
        let pixels = self.dots(detail).1;
        let mut cut = Cut { detail, size, strips: Vec::new(), bytes: 0, longest: 0 };
        let (mut top, mut rows) = (0, size.height);
        while top < size.height {
            rows = rows.clamp(1, size.height - top);
            let (from, height) = (u32::from(top) * pixels, u32::from(rows) * pixels);
            let strip = imageops::crop_imm(&image, 0, from, image.width(), height).to_image();
            let strip_size = Size { height: rows, ..size };
            // Weighing counts as drawing, and Kitty's data are given out for drawing once: it is made again.
            let bytes = weight(&self.protocol(detail, strip.clone(), strip_size, 0)?);
            if bytes > most && rows > 1 {
                // As many rows as would do if all were alike; one fewer at least.
                let share = usize::from(rows) * most / bytes;
                rows = u16::try_from(share).unwrap_or(1).min(rows - 1);
                continue;
            }
            cut.strips.push((strip, strip_size));
            (cut.bytes, cut.longest, top) = (cut.bytes + bytes, cut.longest.max(bytes), top + rows);
        }
        Ok(cut)
    }

    fn protocol(
        &self,
        detail: Detail,
        image: RgbImage,
        size: Size,
        count: u32,
    ) -> Result<Protocol, PictureError> {
        let tmux = self.canvas.passthrough;
        let picture = DynamicImage::ImageRgb8;
        match (detail.protocol(self.canvas.protocol), detail.levels) {
            (ProtocolType::Halfblocks, _) => {
                Halfblocks::new(picture(image), size).map(Protocol::Halfblocks).map_err(failed)
            }
            (ProtocolType::Sixel, Some(_)) => {
                bytes::sixel(&picture(image), size, tmux).map(Protocol::Sixel).map_err(failed)
            }
            (ProtocolType::Sixel, None) => {
                Sixel::new(picture(image), size, tmux).map(Protocol::Sixel).map_err(failed)
            }
            (ProtocolType::Iterm2, Some(_)) => {
                bytes::iterm2(&image, size, tmux).map(Protocol::ITerm2).map_err(failed)
            }
            (ProtocolType::Iterm2, None) => {
                Iterm2::new(picture(image), size, tmux).map(Protocol::ITerm2).map_err(failed)
            }
            (ProtocolType::Kitty, _) => {
                let number = self.kitty_number(count);
                let kitty = Kitty::new(picture(image), size, number, tmux, self.canvas.compressed);
                kitty.map(Protocol::Kitty).map_err(failed)
            }
        }
    }

    /// The number of a picture or strip at the terminal. The process's own keeps two dashboards in one window apart.
    fn kitty_number(&self, count: u32) -> u32 {
        let ring = if self.canvas.bandwidth.is_some() { KITTY_RING_OF_STRIPS } else { KITTY_RING };
        let (high, low) = (count % ring / KITTY_LOW, count % ring % KITTY_LOW);
        (high << 24) | ((std::process::id() & 0xffff) << 8) | (1 + low)
    }

    /// Pixels of a cell, across and down. Half-blocks are pixels too: one column wide, half a row high.
    fn dots(&self, detail: Detail) -> (u32, u32) {
        match detail.protocol(self.canvas.protocol) {
            ProtocolType::Halfblocks => (1, 2),
            _ => (u32::from(self.canvas.cell.0), u32::from(self.canvas.cell.1)),
        }
    }

    /// The picture scaled into the box with its shape kept, and how many cells it takes. CatmullRom,
    /// because picking nearest pixels makes thin lines (a pleura, a catheter) come and go.
    fn fitted(&self, detail: Detail) -> Result<(RgbImage, Size), PictureError> {
        let (columns, rows) = self.dots(detail);
        let (columns, rows) = (f64::from(columns), f64::from(rows));
        let (cell_width, cell_height) = (f64::from(self.canvas.cell.0), f64::from(self.canvas.cell.1));
        let (width, height) = (f64::from(self.image.width()), f64::from(self.image.height()));
        if width < 1.0 || height < 1.0 || self.cells.width == 0 || self.cells.height == 0 {
            return Err(PictureError("the picture is empty".to_owned()));
        }
        let share = |cells: u16| (f64::from(cells) * f64::from(detail.percent) / 100.0).floor().max(1.0);
        let box_cells = (share(self.cells.width), share(self.cells.height));
        let scale = (box_cells.0 * cell_width / width).min(box_cells.1 * cell_height / height);
        let pixels = |length: f64, cell: f64, dots: f64, most: f64| {
            ((length * scale / cell * dots).round().clamp(1.0, most * dots)) as u32
        };
        let target_width = pixels(width, cell_width, columns, box_cells.0);
        let target_height = pixels(height, cell_height, rows, box_cells.1);
        let mut scaled = if (target_width, target_height) == self.image.dimensions() {
            (*self.image).clone()
        } else {
            imageops::resize(&*self.image, target_width, target_height, imageops::FilterType::CatmullRom)
        };
        let size = Size::new(
            (f64::from(target_width) / columns).ceil() as u16,
            (f64::from(target_height) / rows).ceil() as u16,
        );
        if let Some(levels) = detail.levels {
            detail::reduce(&mut scaled, levels);
        }
        let is_text = detail.protocol(self.canvas.protocol) == ProtocolType::Halfblocks;
        Ok((if is_text { padded(scaled, size) } else { scaled }, size))
    }
}

fn failed(error: impl fmt::Display) -> PictureError {
    PictureError(format!("the terminal's picture could not be made: {error}"))
}

/// The bytes that a picture is on its way to the terminal.
fn weight(picture: &Protocol) -> usize {
    let area = Rect::from((Position::ORIGIN, picture.size()));
    let (before, mut after) = (Buffer::empty(area), Buffer::empty(area));
    Image::new(picture).render(area, &mut after);
    let mut bytes = Vec::new();
    // Writing into memory does not fail.
    let _ = CrosstermBackend::new(&mut bytes).draw(before.diff(&after).into_iter());
    bytes.len()
}

/// Half-blocks are stretched to whole cells: an odd number of half rows gets a black one below.
fn padded(image: RgbImage, size: Size) -> RgbImage {
    let rows = u32::from(size.height) * 2;
    if image.height() == rows {
        return image;
    }
    let mut whole = RgbImage::new(image.width(), rows);
    imageops::replace(&mut whole, &image, 0, 0);
    whole
}

/// The thread's two ends. One job runs; of several that wait, the newest of a film and the newest of a sheet are done.
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
            let mut past = Past::default();
            while let Ok(job) = waiting.recv() {
                let jobs: Vec<EncodeJob> = std::iter::once(job).chain(waiting.try_iter()).collect();
                let (sheets, films): (Vec<_>, Vec<_>) =
                    jobs.into_iter().partition(|job| job.request.is_sheet());
                for mut newest in [films, sheets] {
                    if newest.pop().is_some_and(|job| done.send(job.run(&mut past)).is_err()) {
                        return;
                    }
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
            sheet: Vec::new(),
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
            let encoded = job(width, height, cells, canvas).run(&mut Past::default());
            let size = encoded.print.expect("a picture").size();
            assert_eq!((size.width, size.height), expected, "{width}x{height} in {cells:?} by {canvas:?}");
        }
    }

    #[test]
    fn an_empty_picture_or_box_is_said_not_drawn() {
        assert!(job(0, 10, (10, 10), Canvas::halfblocks()).run(&mut Past::default()).print.is_err());
        assert!(job(10, 10, (0, 10), Canvas::halfblocks()).run(&mut Past::default()).print.is_err());
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
