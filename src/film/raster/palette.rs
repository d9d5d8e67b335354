//! TIFF with a palette, which the decoder does not read: it is made a grey picture of indices (one number of
//! its directory is changed), and the luma of each index is handed along.

use crate::film::luma::rec601;

const BITS_PER_SAMPLE: u16 = 258;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const COLOR_MAP: u16 = 320;
const PALETTE: u16 = 3;
const BLACK_IS_ZERO: u16 = 1;

/// The file as a picture of 8-bit indices and the luma of each index; `None` if it is no such file (TIFF 6.0,
/// section 5).
pub(super) fn as_indices(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let order = match bytes.get(..4)? {
        b"II*\0" => Order::Little,
        b"MM\0*" => Order::Big,
        _ => return None,
    };
    let directory = order.long(bytes, 4)? as usize;
    let count = usize::from(order.short(bytes, directory)?);
    // Where the value of an entry lies, or for longer ones its offset.
    let entry = |tag| {
        let at =
            (0..count).map(|i| directory + 2 + 12 * i).find(|&at| order.short(bytes, at) == Some(tag))?;
        Some((order.long(bytes, at + 4)?, at + 8))
    };
    let (_, photometric) = entry(PHOTOMETRIC_INTERPRETATION)?;
    let (_, bits) = entry(BITS_PER_SAMPLE)?;
    let (entries, map) = entry(COLOR_MAP)?;
    if order.short(bytes, photometric)? != PALETTE || order.short(bytes, bits)? != 8 || entries != 3 * 256 {
        return None;
    }
    let map = order.long(bytes, map)? as usize;
    // All reds, all greens, all blues, 16 bits each; the high byte is what all writers mean.
    let colour = |i: usize| Some(order.short(bytes, map.checked_add(2 * i)?)? >> 8);
    let luma = (0..256).map(|i| u8::try_from(rec601(colour(i)?, colour(i + 256)?, colour(i + 512)?)).ok());
    let luma: Vec<u8> = luma.collect::<Option<_>>()?;
    let mut indices = bytes.to_vec();
    indices.get_mut(photometric..photometric + 2)?.copy_from_slice(&order.bytes(BLACK_IS_ZERO));
    Some((indices, luma))
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        let two = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(two),
            Self::Big => u16::from_be_bytes(two),
        })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(four),
            Self::Big => u32::from_be_bytes(four),
        })
    }

    fn bytes(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}
