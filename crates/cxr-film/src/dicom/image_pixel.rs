//! The Image Pixel Module (PS3.3 C.7.6.3): how stored values lie in the pixel data.

use dicom_dictionary_std::tags;

use super::{
    Refusal,
    attributes::{text, unsigned},
    dataset::DataSet,
};

/// The meaning of the picture's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    /// The least value is white: a negative to be turned over.
    Monochrome1,
    /// The least value is black.
    Monochrome2,
    /// An index into a table of colours.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Luma and two colour differences, one of each a pixel.
    Ybr,
    /// YBR with colour differences shared by two pixels.
    Ybr422,
}

/// The layout of one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImagePixel {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Samples Per Pixel: 1 for grey, 3 for colour.
    pub(super) samples: usize,
    /// 8 or 16.
    pub(super) bits_allocated: u32,
    /// 1 to `bits_allocated`.
    pub(super) bits_stored: u32,
    /// Bits below the least significant stored bit, where High Bit is not Bits Stored - 1.
    pub(super) shift: u32,
    /// Pixel Representation: two's complement.
    pub(super) signed: bool,
    /// Planar Configuration: all red, then all green, then all blue.
    pub(super) planar: bool,
    pub(super) photometric: Photometric,
}

impl ImagePixel {
    /// Reads and checks the module.
    pub(super) fn read(object: &DataSet<'_>) -> Result<Self, Refusal> {
        let number = |tag| unsigned(object, tag);
        let (rows, columns) = (number(tags::ROWS).unwrap_or(0), number(tags::COLUMNS).unwrap_or(0));
        if rows == 0 || columns == 0 {
            return Err("The header gives the picture no size (Rows, Columns): check the sender.".to_owned());
        }
        let photometric = photometric(&text(object, tags::PHOTOMETRIC_INTERPRETATION))?;
        let samples = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let expected = if photometric.is_colour() { 3 } else { 1 };
        if samples != expected {
            return Err(format!(
                "The header contradicts itself ({samples} samples a pixel, {expected} by Photometric Interpretation): check \
                 the sender."
            ));
        }
        let bits_allocated = number(tags::BITS_ALLOCATED).unwrap_or(0);
        if bits_allocated != 8 && bits_allocated != 16 {
            return Err(format!(
                "Pixels of {bits_allocated} allocated bits are not read, films have 8 or 16: export the film again."
            ));
        }
        let bits_stored = number(tags::BITS_STORED).unwrap_or(bits_allocated);
        if !(1..=bits_allocated).contains(&bits_stored) {
            return Err(format!(
                "The header contradicts itself ({bits_stored} bits stored in {bits_allocated}): check the sender."
            ));
        }
        // A High Bit that does not fit its neighbours is a slip of the sender's; films have Bits Stored - 1.
        let high_bit = number(tags::HIGH_BIT).unwrap_or(bits_stored - 1);
        let shift = if high_bit < bits_allocated { (high_bit + 1).saturating_sub(bits_stored) } else { 0 };
        Ok(Self {
            rows: rows as usize,
            columns: columns as usize,
            samples: samples as usize,
            bits_allocated,
            bits_stored,
            shift,
            signed: number(tags::PIXEL_REPRESENTATION) == Some(1),
            planar: number(tags::PLANAR_CONFIGURATION) == Some(1),
            photometric,
        })
    }

    /// Returns how many pixels a frame has.
    pub(super) fn pixels(&self) -> usize {
        self.rows * self.columns
    }

    /// The largest value of [`super::pixels::stored`]: 2^BitsStored - 1.
    pub(super) fn max(&self) -> u16 {
        u16::try_from((1_u32 << self.bits_stored) - 1).unwrap_or(u16::MAX)
    }

    /// Takes the depth of the grey that a palette gives.
    pub(super) fn become_luma(&mut self, bits: u32) {
        (self.bits_stored, self.shift, self.signed) = (bits, 0, false);
    }

    /// The least and the largest stored value.
    pub(super) fn range(&self) -> (i32, i32) {
        (self.least(), self.least() + i32::from(self.max()))
    }

    /// The stored value that [`super::pixels::stored`] gives as 0: negative for signed pixels.
    pub(super) fn least(&self) -> i32 {
        if self.signed { -(1 << (self.bits_stored - 1)) } else { 0 }
    }
}

impl Photometric {
    /// Three samples a pixel.
    fn is_colour(self) -> bool {
        matches!(self, Self::Rgb | Self::Ybr | Self::Ybr422)
    }

    pub(super) fn is_grey(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }
}

/// Returns which way up the grey scale is comes from here alone (C.7.6.3.1.2). Presentation LUT Shape INVERSE
/// says the same thing again beside MONOCHROME1, so it is not looked at (never without it in 7,469 real headers).
fn photometric(name: &str) -> Result<Photometric, Refusal> {
    match name {
        "MONOCHROME1" => Ok(Photometric::Monochrome1),
        "MONOCHROME2" => Ok(Photometric::Monochrome2),
        // A JPEG 2000 decoder undoes its own colour transform.
        "RGB" | "YBR_RCT" | "YBR_ICT" => Ok(Photometric::Rgb),
        "PALETTE COLOR" => Ok(Photometric::Palette),
        "YBR_FULL" => Ok(Photometric::Ybr),
        "YBR_FULL_422" => Ok(Photometric::Ybr422),
        "" => Err(
            "The header does not say whether its grey scale is inverted (no Photometric Interpretation): \
                   check the sender."
                .to_owned(),
        ),
        other => Err(format!("Pictures of the kind {other} are not read: export the film as MONOCHROME2.")),
    }
}
