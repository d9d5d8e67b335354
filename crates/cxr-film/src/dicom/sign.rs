//! The sign of compressed samples (PS3.5 8.2): the header says by Pixel Representation and Bits Stored which bit it is,
//! the frame by its precision, and JPEG 2000 also whether there is one. Where they differ, the picture tells: read in
//! the wrong way, its grey jumps from one end of the scale to the other.

use super::{codecs::Decoded, image_pixel::ImagePixel};

/// Extends the sign of decoded samples to 16 bits where they have one. A picture that the header calls unsigned and
/// that is not becomes so in its layout. `shift`: idle bits below the stored ones.
pub(super) fn settle(decoded: &mut Decoded, layout: &mut ImagePixel, shift: u32) {
    // Samples without a precision of their own lie as the header says.
    let Some(precision) = decoded.precision else { return };
    let told = (shift + layout.bits_stored).min(16);
    let jumps = |sign: Option<u32>| jumps(&decoded.samples, layout.columns, sign, told.min(precision));
    match (layout.signed, decoded.signed) {
        (true, true) | (false, false) => {}
        (true, false) => {
            let as_told = precision == told || jumps(Some(told)) <= jumps(Some(precision));
            let sign = if as_told { told } else { precision };
            for sample in &mut decoded.samples {
                *sample = extended(*sample, sign).cast_unsigned();
            }
        }
        (false, true) => {
            let mask = u16::MAX >> (16 - told.min(precision));
            if jumps(None) <= jumps(Some(16)) {
                decoded.samples.iter_mut().for_each(|sample| *sample &= mask);
            } else {
                layout.signed = true;
            }
        }
    }
}

/// A number in two's complement of so many bits.
fn extended(sample: u16, bits: u32) -> i16 {
    let idle = 16 - bits.clamp(1, 16);
    (sample << idle).cast_signed() >> idle
}

/// Counts how often the grey of neighbours in a row differs by more than half a scale of so many bits, if the sign is the
/// highest of `sign` bits or there is none.
fn jumps(samples: &[u16], columns: usize, sign: Option<u32>, bits: u32) -> usize {
    let scale = u16::MAX >> (16 - bits.clamp(1, 16));
    let value =
        |sample: u16| sign.map_or(i32::from(sample & scale), |sign| i32::from(extended(sample, sign)));
    let far = |two: &&[u16]| value(two[0]).abs_diff(value(two[1])) > u32::from(scale) / 2;
    samples.chunks(columns.max(1)).map(|row| row.windows(2).filter(far).count()).sum()
}
