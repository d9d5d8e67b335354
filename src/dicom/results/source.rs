//! Whose film it is, as its own header says.

use super::ResultsError;

/// The film that a result is about: patient, study and number of the film, as its header has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {}

impl Source {
    /// Reads it from the bytes of a film's file; of the pixel data nothing is decoded.
    ///
    /// # Errors
    /// [`ResultsError::NotDicom`] for a picture, [`ResultsError::Missing`] for a film without UIDs.
    pub fn read(bytes: &[u8]) -> Result<Self, ResultsError> {
        let _ = bytes;
        Err(ResultsError::NotDicom)
    }

    /// Study Instance UID.
    #[must_use]
    pub fn study_instance_uid(&self) -> &str {
        ""
    }

    /// SOP Instance UID.
    #[must_use]
    pub fn sop_instance_uid(&self) -> &str {
        ""
    }
}
