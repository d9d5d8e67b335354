//! Pixel Padding Value (PS3.3 C.7.5.1.1.2): what surrounds the picture and is no part of it.

use std::ops::RangeInclusive;

use dicom_dictionary_std::tags;

use super::{attributes::integers, dataset::DataSet, image_pixel::ImagePixel};

/// The stored values, counted as in [`super::pixels::stored`], that are padding.
#[derive(Debug, Default)]
pub(super) struct Padding(Option<RangeInclusive<u16>>);

impl Padding {
    /// Reads Pixel Padding Value and, where the padding is a range, its limit.
    pub(super) fn read(set: &DataSet<'_>, layout: &ImagePixel, doubts: &mut Vec<String>) -> Self {
        if !layout.photometric.is_grey() {
            return Self(None); // colour was made grey, the value is none of it
        }
        let mut step = |tag, name: &str| {
            let value = *integers(set, tag).first()?;
            // Implicit VR does not tell US from SS, and writers mistake them.
            let value = if layout.signed && value > 32_767 { value - 65_536 } else { value };
            let value = if layout.signed { value } else { value & 0xffff };
            // A value that Bits Stored cannot hold would, masked, be somebody's lung.
            let step = value.checked_sub(layout.least()).and_then(|step| u16::try_from(step).ok());
            let step = step.filter(|step| *step <= layout.max());
            if step.is_none() {
                let bits = layout.bits_stored;
                doubts.push(format!(
                    "{name} is {value}, which no pixel of {bits} bits can have: it is left alone."
                ));
            }
            step
        };
        let value = step(tags::PIXEL_PADDING_VALUE, "Pixel Padding Value");
        let limit = step(tags::PIXEL_PADDING_RANGE_LIMIT, "Pixel Padding Range Limit").or(value);
        Self(value.zip(limit).map(|(value, limit)| value.min(limit)..=value.max(limit)))
    }

    /// Returns whether a stored value is padding.
    pub(super) fn holds(&self, stored: u16) -> bool {
        self.0.as_ref().is_some_and(|range| range.contains(&stored))
    }
}
