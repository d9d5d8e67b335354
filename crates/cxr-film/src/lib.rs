//! The bytes of one file become one [`Film`]: DICOM, PNG, JPEG and TIFF, normalised once for screen and model alike.
//! Knows nothing of models, of terminals, or of where the bytes came from. A file that is no film, or not a whole one,
//! is [`DecodeError`]: one sentence that says what is wrong and what to do.
//!
//! ```
//! let film = cxr_film::decode(&std::fs::read("tests/golden/film_variants/explicit-12in16-m2.dcm")?)?;
//! assert_eq!(film.linear.len(), film.width as usize * film.height as usize);
//! assert_eq!(film.header.photometric_interpretation, "MONOCHROME2");
//!
//! let refused = cxr_film::decode(b"<html>").expect_err("no film");
//! assert!(refused.reason.ends_with('.'));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Inside
//!
//! ```text
//! bytes ──sniff──▶ Kind ─┬─ dicom/  header, pixels ▶ modality ▶ voi ▶ polarity ─┬─▶ Film
//!                        └─ raster  PNG, JPEG, TIFF ▶ luma ──────────────────────┘
//! ```
//!
//! DICOM elements are read in place, without memory for what an element only claims. Of the codings of pixels, lossless
//! JPEG is decoded here and JPEG 2000 by [`cxr_jpeg2000`]; the rest goes to decoders in Rust, whose panics are caught
//! ([`guard`]).

mod dicom;
mod exposure;
pub mod guard;
mod header;
mod jpeg;
mod luma;
mod marks;
mod raster;
pub mod resize;
mod sniff;
mod square;
pub mod text;
mod tone;
mod watchdog;

pub use dicom::Values;
pub use header::Header;
pub use watchdog::{DECODE_LIMIT, decode_within_limit};

use sniff::Kind;

/// The most pixels that a film may have: nearly twice those of the finest detectors in use (about 35 megapixels),
/// and those of the largest film (35 x 43 cm) digitised at 50 micrometres. What claims more is refused before
/// anything is allocated for it. `docs/input.md` says how much memory a film of this size takes.
pub const MAX_PIXELS: u64 = 64_000_000;

/// One decoded film.
///
/// `linear` and `display` show the same picture with the same polarity: more attenuation (bone,
/// fluid) is brighter in both. They differ in the tone curve alone.
#[derive(Debug, Clone)]
pub struct Film {
    /// Columns. These and the rows are those of square pixels: where the stored ones are not, the film was
    /// stretched along one axis, and [`Header`] tells the stored size.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Grey in the units of the stored values after the Modality LUT or rescale, row by row from the
    /// top left, 0 to `linear_max`; MONOCHROME1 is already inverted.
    pub linear: Vec<f32>,
    /// The largest value that `linear` can take: 2^BitsStored - 1 for DICOM, 255 or 65535 else.
    pub linear_max: f32,
    /// Grey as a workstation shows it at first: after VOI LUT or window, 0 (black) to 255 (white).
    pub display: Vec<u8>,
    /// Display grey for a model, where that is not what a person sees: without the bend of a VOI LUT, and without
    /// marks that are no part of the picture. Nothing where it is `display`.
    pub scored: Option<Vec<u8>>,
    /// The film's header, as the file has it.
    pub header: Header,
    /// Sentences on what of the file could not be used, or not as it stands: a person reads them beside the
    /// findings. The pixels are whole all the same.
    pub warnings: Vec<String>,
}

impl Film {
    /// A film of 8-bit grey, 0 (black) to 255 (white), row by row from the top left, with an empty header: `linear` and
    /// `display` are both that grey. It holds `width` x `height` pixels.
    ///
    /// # Panics
    /// There are more or fewer pixels.
    #[must_use]
    pub fn of_grey(width: u32, height: u32, grey: Vec<u8>) -> Self {
        assert_eq!(grey.len() as u64, u64::from(width) * u64::from(height), "pixels of {width} x {height}");
        Self {
            width,
            height,
            linear: grey.iter().copied().map(f32::from).collect(),
            linear_max: 255.0,
            display: grey,
            scored: None,
            header: Header::default(),
            warnings: Vec::new(),
        }
    }

    /// Display grey as a model is given it.
    #[must_use]
    pub fn scored(&self) -> &[u8] {
        self.scored.as_deref().unwrap_or(&self.display)
    }

    /// How many pixels have each display grey, 0 to 255.
    ///
    /// ```
    /// let film = cxr_film::Film::of_grey(3, 3, vec![7, 0, 7, 255, 7, 0, 255, 7, 9]);
    /// let counts = film.grey_counts();
    /// assert_eq!([0, 7, 9, 255].map(|grey| counts[grey]), [2, 4, 1, 2]);
    /// assert_eq!(counts.iter().sum::<u32>(), 9);
    /// ```
    #[must_use]
    pub fn grey_counts(&self) -> [u32; 256] {
        // Neighbours are mostly alike, and an addition to a count waits for the one before it: each of four has its own.
        let mut counts = [[0; 256]; 4];
        let quads = self.display.chunks_exact(4);
        for &grey in quads.remainder() {
            counts[0][usize::from(grey)] += 1;
        }
        for quad in quads {
            for (counts, &grey) in counts.iter_mut().zip(quad) {
                counts[usize::from(grey)] += 1;
            }
        }
        std::array::from_fn(|grey| counts.iter().map(|counts| counts[grey]).sum())
    }
}

/// Why a file is no film. The message is one sentence that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DecodeError {
    /// One sentence: what is wrong, and where possible what to do.
    pub reason: String,
    /// The header, if it could be read before decoding failed.
    pub header: Option<Box<Header>>,
}

impl DecodeError {
    /// A file that says nothing of itself.
    fn nameless(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), header: None }
    }

    /// A file whose header could be read.
    fn of(header: Header, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), header: Some(Box::new(header)) }
    }
}

/// Decodes the bytes of one file: DICOM, PNG, JPEG or TIFF, told apart by content, not by name.
///
/// # Errors
/// [`DecodeError`], for everything from an empty file to a decoder that panicked.
pub fn decode(bytes: &[u8]) -> Result<Film, DecodeError> {
    match sniff::kind(bytes) {
        Kind::Dicom(offset) => dicom::decode(bytes, offset),
        Kind::Raster(format) => raster::decode(bytes, format),
        Kind::NoFilm(reason) => Err(DecodeError::nameless(reason)),
    }
}

/// Reads from the bytes of a DICOM file what it says of its film, and the values of `wanted` as they stand there, for an
/// object that belongs to the same patient and study. Pixels are not decoded, and need not be whole.
///
/// # Errors
/// [`DecodeError`], where the bytes are not DICOM, or its header makes the reader fail.
pub fn header(bytes: &[u8], wanted: &[dicom_core::Tag]) -> Result<(Header, Values), DecodeError> {
    match sniff::kind(bytes) {
        Kind::Dicom(offset) => dicom::header(bytes, offset, wanted),
        Kind::Raster(_) => Err(DecodeError::nameless("The file is a picture, not DICOM.")),
        Kind::NoFilm(reason) => Err(DecodeError::nameless(reason)),
    }
}

/// Returns whether the first bytes of a file, some 4,000, are those of a DICOM file or data set.
#[must_use]
pub fn is_dicom(head: &[u8]) -> bool {
    matches!(sniff::kind(head), Kind::Dicom(_))
}
