//! How much a tile may make its decoder hold. A few bytes of parameters ask for a structure a pixel, and each byte of
//! packets for several.

use super::{
    codestream::ComponentSize,
    error::{Error, Result},
    geometry::Rect,
};

/// Memory that a tile may take in any case, and the most that one may take.
const LEAST: u64 = 16 << 20;
const MOST: u64 = 512 << 20;
/// Memory for each byte of packets, and for each sample. In blocks of 64 x 64 a film takes a fiftieth of it.
const A_BYTE: u64 = 16;
const A_SAMPLE: u64 = 2;

/// Packets that the bytes of a tile may make, and memory for what they tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    packets: u64,
    bytes: u64,
}

impl Budget {
    /// For a tile of which `bytes` of packets are there.
    pub(super) fn new(bytes: u64, tile: Rect, components: &[ComponentSize]) -> Self {
        let samples: u64 = components.iter().map(|component| tile.on_grid(component.step).area()).sum();
        let budget = bytes
            .saturating_mul(A_BYTE)
            .saturating_add(samples.saturating_mul(A_SAMPLE))
            .saturating_add(LEAST);
        Self { packets: bytes, bytes: budget.min(MOST) }
    }

    /// Takes packets, each of which has a byte at least.
    pub(super) fn take_packets(&mut self, packets: u64) -> Result<()> {
        self.packets = self.packets.checked_sub(packets).ok_or(Error::Truncated("a tile"))?;
        Ok(())
    }

    /// Takes so many bytes of memory.
    pub(super) fn take(&mut self, bytes: u64) -> Result<()> {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.ok_or(Error::TooLarge("it is cut into far more parts than a film needs"))?;
        Ok(())
    }
}
