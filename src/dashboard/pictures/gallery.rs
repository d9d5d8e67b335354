//! The pictures that the screen has, and the one that it wants.

use std::{collections::VecDeque, sync::Arc};

use image::RgbImage;
use ratatui::layout::Size;
use ratatui_image::protocol::Protocol;

use super::{Canvas, EncodeJob, Encoded, Print};
use crate::{
    picture::Presentation,
    session::protocol::{Picture, PictureError, PictureRequest},
    store::FilmId,
};

/// How many encoded pictures are cached: the neighbours of the selection, with and without heatmap.
const CACHED: usize = 8;

/// The film that the screen wants a picture of, and how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dashboard) struct Scene {
    pub(in crate::dashboard) film: FilmId,
    pub(in crate::dashboard) heatmap: Option<String>,
    pub(in crate::dashboard) beside: Option<FilmId>,
    pub(in crate::dashboard) presentation: Presentation,
}

/// The pictures that the film pane has, and the one that it wants.
#[derive(Debug)]
pub struct Gallery {
    /// How the terminal shows pictures.
    canvas: Canvas,
    /// The picture that the screen wants now, and its box in cells.
    wanted: Option<(PictureRequest, Size)>,
    /// The picture on the screen; it stays until the wanted one is there.
    shown: Option<(PictureRequest, Print)>,
    /// How many of its strips are on the screen, from the top: all of them, unless the line is slow.
    sent: usize,
    /// Whether something lies over it that would have to be sent anew with it.
    covered: bool,
    /// Why the wanted picture cannot be had.
    failure: Option<String>,
    /// Encoded pictures, the newest last. Dropped in the order in which they were made, which the ring
    /// of Kitty's numbers relies on.
    cached: VecDeque<(PictureRequest, Print)>,
}

impl Gallery {
    /// An empty gallery.
    #[must_use]
    pub fn new(canvas: Canvas) -> Self {
        Self {
            canvas,
            wanted: None,
            shown: None,
            sent: 0,
            covered: false,
            failure: None,
            cached: VecDeque::new(),
        }
    }

    /// Returns how the terminal shows pictures.
    #[must_use]
    pub fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    /// The picture on the screen and what it is of.
    #[must_use]
    pub fn shown(&self) -> Option<(&PictureRequest, &Print)> {
        self.shown.as_ref().map(|(request, print)| (request, print))
    }

    /// The strips of the picture that are on the screen, from the top.
    #[must_use]
    pub fn strips(&self) -> &[Protocol] {
        self.shown.as_ref().map_or(&[], |(_, print)| &print.strips()[..self.sent.min(print.strips().len())])
    }

    /// Returns whether strips of the picture are still to be sent.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.covered && self.shown.as_ref().is_some_and(|(_, print)| self.sent < print.strips().len())
    }

    /// Sends one strip more, if there is one.
    pub(in crate::dashboard) fn send_strip(&mut self) {
        self.sent += usize::from(self.has_more());
    }

    /// Over a slow line: the terminal has lost the picture, which is sent anew, strip by strip.
    pub(in crate::dashboard) fn send_again(&mut self) {
        if self.canvas.bandwidth.is_some() {
            self.sent = 0;
        }
    }

    /// Over a slow line: something lies over the picture, which goes and comes again afterwards.
    pub(in crate::dashboard) fn cover(&mut self, covered: bool) {
        self.covered = covered && self.canvas.bandwidth.is_some();
        if self.covered {
            self.sent = 0;
        }
    }

    fn show(&mut self, request: PictureRequest, print: Print) {
        self.sent = if self.canvas.bandwidth.is_some() { 0 } else { print.strips().len() };
        self.shown = Some((request, print));
    }

    /// Returns why the wanted picture cannot be had.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Returns whether the wanted picture is still being made.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        let shown = self.shown.as_ref().map(|(request, _)| request);
        let is_another = self.wanted.as_ref().is_some_and(|(wanted, _)| Some(wanted) != shown);
        self.failure.is_none() && (is_another || self.has_more())
    }

    /// Takes a new size of the character cell; every picture has to be made anew.
    pub(in crate::dashboard) fn set_cell(&mut self, cell: (u16, u16)) {
        if self.canvas.cell != cell {
            self.canvas.cell = cell;
            self.cached.clear();
            self.wanted = None;
        }
    }

    /// Takes another way to show pictures; every picture has to be made anew.
    pub(in crate::dashboard) fn set_canvas(&mut self, canvas: Canvas) {
        if self.canvas != canvas {
            self.canvas = canvas;
            self.cached.clear();
            self.wanted = None;
        }
    }

    /// Says which picture the screen wants in a box of so many cells. Returns the request to send, if it
    /// neither has it nor waits for it.
    pub(in crate::dashboard) fn want(&mut self, scene: Option<Scene>, cells: Size) -> Option<PictureRequest> {
        let Some(Scene { film, heatmap, beside, presentation }) =
            scene.filter(|_| cells.width > 0 && cells.height > 0)
        else {
            (self.wanted, self.shown, self.failure) = (None, None, None);
            return None;
        };
        let density = self.canvas.density();
        let request = PictureRequest {
            film,
            heatmap,
            prior: beside,
            sheet: Vec::new(),
            presentation,
            width: u32::from(cells.width) * density.0,
            height: u32::from(cells.height) * density.1,
        };
        self.ask(request, cells)
    }

    /// Says which films the screen wants one below the other in a box of so many cells; as [`want`](Self::want).
    pub(in crate::dashboard) fn want_sheet(
        &mut self,
        films: Vec<FilmId>,
        cells: Size,
    ) -> Option<PictureRequest> {
        let Some(&film) = films.first().filter(|_| cells.width > 0 && cells.height > 0) else {
            (self.wanted, self.shown, self.failure) = (None, None, None);
            return None;
        };
        let density = self.canvas.density();
        let request = PictureRequest {
            film,
            heatmap: None,
            prior: None,
            sheet: films,
            presentation: Presentation::default(),
            width: u32::from(cells.width) * density.0,
            height: u32::from(cells.height) * density.1,
        };
        self.ask(request, cells)
    }

    fn ask(&mut self, request: PictureRequest, cells: Size) -> Option<PictureRequest> {
        if self.wanted.as_ref().is_some_and(|(wanted, _)| *wanted == request) {
            return None;
        }
        self.wanted = Some((request.clone(), cells));
        self.failure = None;
        if let Some((request, print)) = self.cached.iter().find(|(cached, _)| *cached == request).cloned() {
            self.show(request, print);
            return None;
        }
        Some(request)
    }

    /// Takes the answer to a request. Returns the job for the encoder, if the picture is still wanted.
    pub(in crate::dashboard) fn receive(&mut self, picture: Picture) -> Option<EncodeJob> {
        let (request, cells) = self.wanted.clone().filter(|(wanted, _)| *wanted == picture.request)?;
        match picture.image {
            Ok(image) => Some(self.job(request, image, cells)),
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn job(&self, request: PictureRequest, image: Arc<RgbImage>, cells: Size) -> EncodeJob {
        EncodeJob { request, image, cells, canvas: self.canvas }
    }

    fn fail(&mut self, error: &PictureError) {
        self.failure = Some(error.to_string());
        self.shown = None;
    }

    /// Takes the encoder's answer.
    pub(in crate::dashboard) fn insert(&mut self, encoded: Encoded) {
        let is_wanted = self.wanted.as_ref().is_some_and(|(wanted, _)| *wanted == encoded.request);
        match encoded.print {
            Ok(print) => {
                if self.cached.len() == CACHED {
                    self.cached.pop_front();
                }
                self.cached.push_back((encoded.request.clone(), print.clone()));
                if is_wanted {
                    self.show(encoded.request, print);
                }
            }
            Err(error) if is_wanted => self.fail(&error),
            Err(_) => {}
        }
    }
}
