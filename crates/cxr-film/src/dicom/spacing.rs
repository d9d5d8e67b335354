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
/// spacing does. What could not be used is said in `doubts`.
pub(super) fn height_of_pixel(set: &DataSet<'_>, doubts: &mut Vec<String>) -> f64 {
    let told = TOLD_BY.into_iter().find_map(|(tag, name)| {
        let numbers = numbers(set, tag);
        if let Some(text) = numbers.unusable {
            doubts.push(format!("{name} is \"{text}\", which is no number: it is left alone."));
        }
        match *numbers.values.as_slice() {
            [Some(vertical), Some(horizontal)] if vertical > 0.0 && horizontal > 0.0 => {
                Some((name, vertical, horizontal))
            }
            _ => None,
        }
    });
    let Some((name, vertical, horizontal)) = told else { return 1.0 };
    let ratio = vertical / horizontal;
    let off = ratio.ln().abs();
    if off > MOST.ln() {
        doubts.push(format!(
            "{name} says pixels of {vertical} by {horizontal}, as no detector has them: they are taken for square."
        ));
    }
    if (LEAST..=MOST.ln()).contains(&off) { ratio } else { 1.0 }
}

/// Attributes that tell it, the first before the others.
const TOLD_BY: [(Tag, &str); 4] = [
    (tags::IMAGER_PIXEL_SPACING, "Imager Pixel Spacing"),
    (tags::PIXEL_SPACING, "Pixel Spacing"),
    (tags::NOMINAL_SCANNED_PIXEL_SPACING, "Nominal Scanned Pixel Spacing"),
    (tags::PIXEL_ASPECT_RATIO, "Pixel Aspect Ratio"),
];
