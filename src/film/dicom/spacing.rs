//! The shape of a pixel (PS3.3 C.7.6.3.1.7, 10.7.1.3): some scanned films and portable detectors have pixels
//! that are not square.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{attributes::numbers, dataset::DataSet};

/// Beyond this a ratio is a slip of the sender's, not a detector.
const MOST: f64 = 4.0;
/// Within this a pixel is square: spacings are rounded when they are written.
const LEAST: f64 = 0.01;

/// The height of a pixel over its width; 1 where nothing says otherwise. The detector's own spacing is
/// asked first, for Pixel Spacing may be calibrated by hand; an aspect ratio stands only where no
/// spacing does.
pub(super) fn height_of_pixel(set: &DataSet<'_>) -> f64 {
    let ratio = |tag: Tag| match *numbers(set, tag).as_slice() {
        [vertical, horizontal] if vertical > 0.0 && horizontal > 0.0 => Some(vertical / horizontal),
        _ => None,
    };
    let told = ratio(tags::IMAGER_PIXEL_SPACING)
        .or_else(|| ratio(tags::PIXEL_SPACING))
        .or_else(|| ratio(tags::NOMINAL_SCANNED_PIXEL_SPACING))
        .or_else(|| ratio(tags::PIXEL_ASPECT_RATIO))
        .unwrap_or(1.0);
    let off = told.ln().abs();
    if off < LEAST || off > MOST.ln() { 1.0 } else { told }
}
