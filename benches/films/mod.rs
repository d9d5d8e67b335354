//! The films that the benches read: phantoms of 1024 x 1024, in the formats that departments send most.

use std::io::Cursor;

use cxr_triage::phantom::{Phantom, View};
use image::{GrayImage, ImageFormat};
use jiff::civil;

/// Rows and columns.
pub(crate) const SIDE: u32 = 1024;

/// The frontal phantom with this number of an endless series.
pub(crate) fn frontal(nth: u64) -> Phantom {
    (nth * 12..).map(|place| Phantom::nth(7, place)).find(|phantom| phantom.view == View::Frontal).unwrap()
}

/// 12 bits a pixel as 8.
pub(crate) fn eight_bit(pixels: &[u16]) -> GrayImage {
    let grey = pixels.iter().map(|&value| u8::try_from(value >> 4).unwrap()).collect();
    GrayImage::from_raw(SIDE, SIDE, grey).unwrap()
}

pub(crate) fn png(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// DICOM without compression.
pub(crate) fn dicom(phantom: &Phantom) -> Vec<u8> {
    phantom.dicom(SIDE, civil::date(2026, 1, 1).at(8, 0, 0, 0))
}
