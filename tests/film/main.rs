//! Films: what comes in, read as its department meant it, or refused with a sentence.

mod cases;
mod dicom;
mod peer;
mod raster;
mod real;
mod variants;
