//! What comes in, read as its department meant it, or refused with a sentence.

mod dicom;
mod peer;
mod raster;
mod variants;
