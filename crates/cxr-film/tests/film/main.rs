//! Films that come in, read as their department meant them, or refused with a sentence.

mod dicom;
mod peer;
mod raster;
mod variants;
