//! PALETTE COLOR (PS3.3 C.7.6.3.1.5): stored values that stand for colours in three tables.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{
    Refusal,
    attributes::{integers, little_endian},
    dataset::DataSet,
};
use crate::luma::rec601;

/// The luma of each colour.
#[derive(Debug)]
pub(super) struct Palette {
    /// The stored value that the first entry is for.
    first: i32,
    luma: Vec<u16>,
    bits: u32,
}

impl Palette {
    /// Reads the tables. Segmented ones (C.7.9.2) occur with atlases and maps, not with films.
    pub(super) fn read(set: &DataSet<'_>) -> Result<Self, Refusal> {
        let table = |descriptor: Tag, data: Tag| {
            let &[count, first, bits] = integers(set, descriptor).as_slice() else { return None };
            let count = if count & 0xffff == 0 { 65_536 } else { usize::try_from(count & 0xffff).ok()? };
            let bytes = little_endian(set.get(data)?);
            let entries: Vec<u16> = match bits {
                16 => bytes.as_chunks().0.iter().take(count).map(|&pair| u16::from_le_bytes(pair)).collect(),
                // Entries of 8 bits lie two to a word, or against the standard one to a word.
                8 if bytes.len() >= count * 2 => {
                    bytes.iter().step_by(2).take(count).map(|&b| b.into()).collect()
                }
                8 => bytes.iter().take(count).map(|&byte| byte.into()).collect(),
                _ => return None,
            };
            (entries.len() == count).then_some((first, bits.cast_unsigned(), entries))
        };
        let read = || {
            let (first, bits, red) = table(
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            )?;
            let (_, green_bits, green) = table(
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            )?;
            let (_, blue_bits, blue) = table(
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            )?;
            if (green_bits, blue_bits) != (bits, bits) {
                return None;
            }
            let luma = red.into_iter().zip(green).zip(blue).map(|((r, g), b)| rec601(r, g, b)).collect();
            Some(Self { first, luma, bits })
        };
        read().ok_or_else(|| {
            "The picture's palette is missing, segmented or damaged: export the film as MONOCHROME2."
                .to_owned()
        })
    }

    /// Depth of the luma: 8 or 16.
    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// The luma of a stored value; those beyond the ends take the end's.
    pub(super) fn luma(&self, stored: i32) -> u16 {
        let last = self.luma.len().saturating_sub(1);
        let index = usize::try_from(stored.saturating_sub(self.first)).unwrap_or(0).min(last);
        self.luma.get(index).copied().unwrap_or(0)
    }
}
