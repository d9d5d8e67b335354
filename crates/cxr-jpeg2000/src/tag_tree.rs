//! Tag trees (ITU-T T.800, B.10.2): a table of numbers, told as minima of ever smaller areas.

use super::{bits::HeaderBits, error::Result};

/// A tag tree as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct TagTree {
    /// Leaves first, row by row, then each level above.
    nodes: Vec<Node>,
    /// Width of each level, and where its nodes start.
    levels: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// The value, or the least that it may still be.
    least: u32,
    known: bool,
}

impl TagTree {
    /// Memory for each leaf, with the nodes above it: a third as many, and more in narrow trees.
    pub(super) const BYTES_OF_LEAF: usize = 2 * size_of::<Node>();

    pub(super) fn new(width: u32, height: u32) -> Self {
        let (mut levels, mut count) = (Vec::new(), 0);
        let (mut wide, mut high) = (width, height);
        while wide > 0 && high > 0 {
            levels.push((wide, count));
            count += wide * high;
            if (wide, high) == (1, 1) {
                break;
            }
            (wide, high) = (wide.div_ceil(2), high.div_ceil(2));
        }
        Self { nodes: vec![Node::default(); count as usize], levels }
    }

    /// Reads until it is known whether the value of the leaf is below `limit`, and returns it if it is.
    pub(super) fn read(
        &mut self,
        x: u32,
        y: u32,
        limit: u32,
        bits: &mut HeaderBits<'_>,
    ) -> Result<Option<u32>> {
        let mut least = 0;
        let mut known = false;
        for (level, &(width, start)) in self.levels.iter().enumerate().rev() {
            let index = start + (y >> level) * width + (x >> level);
            let Some(node) = self.nodes.get_mut(index as usize) else { continue };
            node.least = node.least.max(least);
            while !node.known && node.least < limit {
                if bits.bit()? { node.known = true } else { node.least += 1 }
            }
            (least, known) = (node.least, node.known);
        }
        Ok((known && least < limit).then_some(least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_read() {
        // Figure B.12: 01111, 001 and 101 tell the first three values of the first row.
        let (mut tree, mut bits) = (TagTree::new(6, 3), HeaderBits::new(&[0b0111_1001, 0b1010_0000]));
        for (x, value) in [(0, 1), (1, 3), (2, 2)] {
            assert_eq!(tree.read(x, 0, 10, &mut bits), Ok(Some(value)));
        }
        // What is known needs no bits.
        assert_eq!(tree.read(1, 0, 10, &mut HeaderBits::new(&[])), Ok(Some(3)));
    }

    #[test]
    fn a_value_is_asked_for_layer_by_layer() {
        let (mut tree, mut bits) = (TagTree::new(1, 1), HeaderBits::new(&[0b0010_0000]));
        let told: Vec<_> = (1..=4).map(|limit| tree.read(0, 0, limit, &mut bits).unwrap()).collect();
        assert_eq!(told, [None, None, Some(2), Some(2)]);
    }
}
