//! The operands of products in bf16, as all instructions for it take them.

use super::PANEL;

/// Rows that are computed together: two AMX tiles.
pub(in super::super) const SHORT_ROWS: usize = 32;

/// Depth that one AMX tile holds.
pub(super) const STEP: usize = 32;

/// The sums of a product: `SHORT_ROWS` x 32.
pub(in super::super) type Sums = [f32; SHORT_ROWS * PANEL];

/// The left-hand matrix of a product: each row is `segments` runs of `steps` x 32 numbers.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Operand<'a> {
    pub(in super::super) values: &'a [u16],
    /// Where the first row begins.
    pub(in super::super) start: usize,
    /// From one row to the next.
    pub(in super::super) row: usize,
    /// From one run to the next.
    pub(in super::super) segment: usize,
    pub(in super::super) segments: usize,
    pub(in super::super) steps: usize,
}

impl Operand<'_> {
    /// Returns whether this many rows lie within the values, and the panel is as deep as they are.
    #[inline]
    pub(super) fn fits(&self, rows: usize, panel: &[u16]) -> bool {
        let last =
            self.start + (rows - 1) * self.row + (self.segments - 1) * self.segment + self.steps * STEP;
        self.segments > 0
            && last <= self.values.len()
            && panel.len() == self.segments * self.steps * STEP * PANEL
    }
}
