//! The decoders of codestreams by themselves, for fuzz targets and benchmarks: a file around them would only stand in
//! the way.

use super::{
    jpeg,
    jpeg2000::{self, Limits},
};

/// Decodes a JPEG 2000 codestream or JP2 file of up to so many samples, component by component.
///
/// # Errors
///
/// A sentence's end that says why it is not decoded.
pub fn jpeg2000(bytes: &[u8], max_samples: u64) -> Result<Vec<Vec<u16>>, String> {
    let image = jpeg2000::decode(bytes, &Limits { samples: max_samples, components: 4 });
    let components = image.map_err(|error| error.to_string())?.components;
    Ok(components.into_iter().map(|component| component.samples).collect())
}

/// Decodes a lossless JPEG of up to so many samples, the components of a pixel beside each other.
///
/// # Errors
///
/// A sentence's end that says why it is not decoded.
pub fn jpeg_lossless(bytes: &[u8], max_samples: u64) -> Result<Vec<u16>, String> {
    jpeg::lossless::decode(bytes, max_samples)
        .map(|picture| picture.samples)
        .map_err(|error| error.to_string())
}

/// Whether all blocks of a baseline or extended JPEG are in its coded data, or a progressive one has its end.
pub fn jpeg_is_whole(bytes: &[u8]) -> bool {
    jpeg::whole(bytes).is_ok()
}
