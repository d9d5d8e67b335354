//! TIFF with a palette, which the decoder does not read: it is made a grey picture of indices (one number of
//! its directory is changed), and the luma of each index is handed along.

use super::tiff::Tiff;
use crate::luma::rec601;

const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const COLOR_MAP: u16 = 320;
const PALETTE: u64 = 3;
const BLACK_IS_ZERO: u64 = 1;

/// The file as a picture of 8-bit indices and the luma of each index; `None` if it is no such file (TIFF 6.0,
/// section 5).
pub(super) fn as_indices(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let tiff = Tiff::open(bytes)?;
    let directory = tiff.first()?;
    let photometric = tiff.entry(directory, PHOTOMETRIC_INTERPRETATION)?.field;
    let bits = tiff.entry(directory, BITS_PER_SAMPLE)?.field;
    let map = tiff.entry(directory, COLOR_MAP)?;
    if tiff.number(photometric, 2)? != PALETTE || tiff.number(bits, 2)? != 8 || map.count != 3 * 256 {
        return None;
    }
    let map = usize::try_from(tiff.offset(map)?).ok()?;
    // All reds, all greens, all blues, 16 bits each; the high byte is what all writers mean.
    let colour = |i: usize| u16::try_from(tiff.number(map.checked_add(2 * i)?, 2)? >> 8).ok();
    let luma = (0..256).map(|i| u8::try_from(rec601(colour(i)?, colour(i + 256)?, colour(i + 512)?)).ok());
    let luma: Vec<u8> = luma.collect::<Option<_>>()?;
    let mut indices = bytes.to_vec();
    tiff.put(&mut indices, photometric, 2, BLACK_IS_ZERO);
    Some((indices, luma))
}
