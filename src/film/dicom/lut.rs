//! Look-up tables of the Modality and VOI LUT modules (PS3.3 C.11.1.1, C.11.2.1.1).

use dicom_dictionary_std::tags;

use super::{
    attributes::{integers, little_endian},
    dataset::DataSet,
};

/// One table: whole numbers in, a fraction of its full range out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lut {
    /// The input that the first entry is for.
    first: i32,
    entries: Vec<u16>,
    /// The largest output that the table's bits allow.
    max: u16,
}

impl Lut {
    /// Reads the table in a sequence item; `None` if it is none. `signed_input` settles the sign of
    /// the first mapped value, which implicit VR leaves open.
    pub(super) fn read(item: &DataSet<'_>, signed_input: bool) -> Option<Self> {
        let [count, first, bits] = *integers(item, tags::LUT_DESCRIPTOR).as_slice() else { return None };
        // 65536 entries do not fit the field and are written as 0.
        let count = if count == 0 { 65_536 } else { usize::from(u16_of(count)?) };
        let first = if signed_input && first > 32_767 { first - 65_536 } else { first };

        let data = little_endian(item.get(tags::LUT_DATA)?);
        let entries: Vec<u16> = if data.len() >= count * 2 {
            data.chunks_exact(2).take(count).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
        } else if data.len() >= count {
            // 8-bit entries, two to a word
            data.iter().take(count).map(|&byte| u16::from(byte)).collect()
        } else {
            return None;
        };
        let largest = *entries.iter().max()?;
        Some(Self { first, entries, max: full_scale(bits, largest) })
    }

    /// The table's output for an input, 0 to 1; inputs beyond its ends take the end's (C.11.1.1).
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the table
    pub(super) fn at(&self, input: f64) -> f64 {
        let last = self.entries.len() - 1;
        let index = (input.round() - f64::from(self.first)).clamp(0.0, last as f64) as usize;
        f64::from(self.entries[index]) / f64::from(self.max)
    }

    /// The largest output in the table's own units.
    pub(super) fn max(&self) -> f64 {
        f64::from(self.max)
    }
}

/// 2^bits - 1 by the descriptor; where that is out of 8 to 16 or too small for the entries (both
/// occur), by the least depth that holds them.
fn full_scale(bits: i32, largest: u16) -> u16 {
    let full = |bits: i32| u16::MAX >> (16 - bits);
    let needed = (8..16).find(|&bits| largest <= full(bits)).unwrap_or(16);
    full(if (needed..=16).contains(&bits) { bits } else { needed })
}

fn u16_of(value: i32) -> Option<u16> {
    // An implicit VR reader may have taken a count over 32767 for a negative number.
    u16::try_from(value).ok().or_else(|| u16::try_from(value + 65_536).ok())
}
