//! Decoding: the bytes of one file become one [`Film`], normalised once for screen and model alike.
//!
//! Knows nothing of models, of terminals, or of where the bytes came from.

mod header;

pub use header::Header;

/// One decoded film.
///
/// `linear` and `display` show the same picture with the same polarity: more attenuation (bone,
/// fluid) is brighter in both. They differ in the tone curve alone.
#[derive(Debug, Clone)]
pub struct Film {
    /// Columns.
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
    /// What the file says of the film.
    pub header: Header,
}

/// Why a file is no film. The message is one sentence that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// One sentence: what is wrong, and where possible what to do.
    pub reason: String,
    /// What the file said of itself before decoding failed, if it got that far.
    pub header: Option<Box<Header>>,
}

/// Decodes the bytes of one file: DICOM, PNG, JPEG or TIFF, told apart by content, not by name.
///
/// # Errors
/// [`Unreadable`], for everything from an empty file to a decoder that panicked.
pub fn decode(bytes: &[u8]) -> Result<Film, Unreadable> {
    let _ = bytes;
    unimplemented!()
}
