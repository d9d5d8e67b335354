//! The secondary capture (PS3.3 A.8.1): a picture that any viewer shows.

use dicom_dictionary_std::tags;

use super::{
    Object, ResultsError, StudyResult, What, codes::Code, content::frame, drawing::draw, set::DataSet,
};
use crate::model::Heatmap;
use cxr_film::Film;

const PURPOSE: Code = Code::dcm("121322", "Source image for image processing operation");

/// See [`super::secondary_capture`].
pub(super) fn secondary_capture(
    result: &StudyResult,
    place: usize,
    film: &Film,
    heatmap: Option<&Heatmap>,
) -> Result<Object, ResultsError> {
    let shown = result.films.get(place).ok_or(ResultsError::NoFilm)?;
    let picture = draw(result, shown, film, heatmap)?;
    let mut source = frame(&shown.source);
    source.items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![PURPOSE.to_set()]);
    // Text stands around the film: one pixel of the picture is not one of the film.
    source.text(tags::SPATIAL_LOCATIONS_PRESERVED, "NO");
    let [columns, rows] =
        [picture.width(), picture.height()].map(|size| u16::try_from(size).unwrap_or(u16::MAX));
    let number = u64::from(result.version.saturating_sub(1)) * 100 + place as u64 + 1;
    let mut set = DataSet::default();
    set.text(tags::CONVERSION_TYPE, "WSD")
        .text(tags::INSTANCE_NUMBER, &number.to_string())
        .text(tags::IMAGE_TYPE, "DERIVED\\SECONDARY")
        .text(tags::BURNED_IN_ANNOTATION, "YES")
        .text(
            tags::DERIVATION_DESCRIPTION,
            "Film made smaller, with heatmap and findings of a model; not for diagnosis",
        )
        .text(tags::IMAGE_COMMENTS, "Not for diagnosis")
        .items(tags::SOURCE_IMAGE_SEQUENCE, vec![source])
        .number(tags::SAMPLES_PER_PIXEL, 3)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "RGB")
        .number(tags::PLANAR_CONFIGURATION, 0)
        .number(tags::ROWS, rows)
        .number(tags::COLUMNS, columns)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .bytes(tags::PIXEL_DATA, picture.into_raw());
    Object::of(What::Sc, result, Some(&shown.source), set)
}
