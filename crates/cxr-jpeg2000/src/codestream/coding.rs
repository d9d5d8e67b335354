//! COD and COC segments: how components are transformed and coded (ITU-T T.800, A.6.1 and A.6.2).

use super::super::{
    block::Style,
    bytes::Bytes,
    error::{Error, Result},
};

/// In which order packets follow each other (table A.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Progression {
    /// Layer, resolution, component, position.
    Lrcp,
    /// Resolution, layer, component, position.
    Rlcp,
    /// Resolution, position, component, layer.
    Rpcl,
    /// Position, component, resolution, layer.
    Pcrl,
    /// Component, position, resolution, layer.
    Cprl,
}

impl Progression {
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Self> {
        Ok(match bytes.u8()? {
            0 => Self::Lrcp,
            1 => Self::Rlcp,
            2 => Self::Rpcl,
            3 => Self::Pcrl,
            4 => Self::Cprl,
            _ => return Err(Error::Damaged("its data follow in no known order")),
        })
    }
}

/// How one component is transformed and coded (table A.20).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Coding {
    /// Decompositions, at most 32.
    pub(in super::super) levels: u8,
    /// Binary logarithms of the width and height of code-blocks: 2 to 10, at most 12 together.
    pub(in super::super) block: (u8, u8),
    pub(in super::super) style: Style,
    /// The reversible 5/3 wavelet, else the irreversible 9/7.
    pub(in super::super) reversible: bool,
    /// Binary logarithms of the width (low four bits) and height of precincts, by resolution.
    precincts: [u8; 33],
}

impl Coding {
    /// Reads from the number of decompositions on. `sized`: whether precinct sizes follow.
    pub(super) fn read(bytes: &mut Bytes<'_>, sized: bool) -> Result<Self> {
        let [levels, width, height, style, transform] =
            [bytes.u8()?, bytes.u8()?, bytes.u8()?, bytes.u8()?, bytes.u8()?];
        if levels > 32 || width > 8 || height > 8 || width + height > 8 || transform > 1 {
            return Err(Error::Damaged("its coding parameters are out of range"));
        }
        match style {
            0..0x40 => {}
            0x40..0x80 => return Err(Error::HighThroughput),
            _ => return Err(Error::Damaged("its coding parameters are out of range")),
        }
        let mut precincts = [0xff; 33];
        if sized {
            for (resolution, precinct) in precincts.iter_mut().take(usize::from(levels) + 1).enumerate() {
                *precinct = bytes.u8()?;
                // Sub-bands have half of it, and half of 1 is nothing.
                if resolution > 0 && (*precinct & 15 == 0 || *precinct >> 4 == 0) {
                    return Err(Error::Damaged("its precincts are too small"));
                }
            }
        }
        let block = (width + 2, height + 2);
        Ok(Self { levels, block, style: Style(style), reversible: transform == 1, precincts })
    }

    /// Binary logarithms of the width and height of the precincts of a resolution.
    pub(in super::super) fn precinct(&self, resolution: u8) -> (u8, u8) {
        let size = self.precincts[usize::from(resolution).min(32)];
        (size & 15, size >> 4)
    }
}
