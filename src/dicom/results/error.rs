//! Why an object cannot be made.

/// Why an object cannot be made: a sentence for the person who wonders why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResultsError {
    /// The film's file is a picture, and says nothing of patient and study.
    #[error(
        "The film is no DICOM file, so that nobody can say to which study its result belongs: only results of DICOM films can be sent."
    )]
    NotDicom,
    /// The film's header cannot be read, or lacks what a reference to it needs.
    #[error(
        "The film has no valid {0}, so that a PACS could not file its result: have it sent again with one."
    )]
    Missing(&'static str),
    /// There is no film, or not this one, in the result.
    #[error("The result has no such film.")]
    NoFilm,
    /// The film was not scored: there is nothing to draw.
    #[error("The film was held, so that there is no heatmap and no finding to draw.")]
    Held,
    /// The films belong to several studies or patients.
    #[error("The films are of several studies or patients: a result belongs to one.")]
    SeveralStudies,
}
