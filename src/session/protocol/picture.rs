//! Pictures of films: the request for one, and the answer.

use std::sync::Arc;

use image::RgbImage;

use crate::{picture::Presentation, store::FilmId};

/// A picture to make, and how large at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureRequest {
    /// The film.
    pub film: FilmId,
    /// The label whose heatmap lies over it; none: the film alone.
    pub heatmap: Option<String>,
    /// A film to stand beside it: an earlier one of the same patient, or a similar one of another.
    pub prior: Option<FilmId>,
    /// Films that stand one below the other in place of all that, each bare in an equal share of the height: a sheet of
    /// small pictures. `film` is the first of them.
    pub sheet: Vec<FilmId>,
    /// How it is to be presented.
    pub presentation: Presentation,
    /// The box that the picture must fit, in pixels of the terminal.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

impl PictureRequest {
    /// Whether it is a sheet of small pictures.
    #[must_use]
    pub fn is_sheet(&self) -> bool {
        !self.sheet.is_empty()
    }
}

/// A picture, ready to be encoded for the terminal.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The request.
    pub request: PictureRequest,
    /// The picture, fitted into the box with its aspect kept; or why there is none.
    pub image: Result<Arc<RgbImage>, PictureError>,
}

/// Why there is no picture: a sentence for the place where it would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PictureError(pub String);
