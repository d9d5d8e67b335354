//! Decoding of one code-block (ITU-T T.800, annex D): its codeword segments, one after the other, and the passes in
//! them.

use std::cell::Cell;

use super::{
    context::{self, Orientation},
    error::{Error, Result},
    mq::{Coder, Contexts, Mq, PADDING, Raw},
    passes::{Block, Column},
};

/// Most bit-planes that are decoded: with the half of a step below them and the sign they fill 32 bits.
pub(super) const MAX_PLANES: u32 = 30;

/// How the code-blocks of a component are coded (table A.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style(pub(super) u8);

impl Style {
    pub(super) fn bypasses(self) -> bool {
        self.0 & 1 != 0
    }

    fn resets(self) -> bool {
        self.0 & 2 != 0
    }

    pub(super) fn terminates(self) -> bool {
        self.0 & 4 != 0
    }

    fn is_causal(self) -> bool {
        self.0 & 8 != 0
    }

    fn marks_segments(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// Returns whether a pass is of raw bits: the first two of a bit-plane, from the fifth bit-plane on (table D.9).
    fn is_raw(self, pass: u32) -> bool {
        self.bypasses() && pass >= 10 && !pass.is_multiple_of(3)
    }

    /// The pass before which the codeword segment ends that holds `pass` (D.4 and D.6).
    pub(super) fn segment_end(self, pass: u32) -> u32 {
        match pass {
            _ if self.terminates() => pass + 1,
            _ if !self.bypasses() => u32::MAX,
            0..10 => 10,
            _ if pass % 3 == 1 => pass + 2,
            _ => pass + 1,
        }
    }
}

/// The properties of a code-block, besides its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) orientation: Orientation,
    pub(super) style: Style,
    /// Magnitude bit-planes, those that are all zero left out.
    pub(super) planes: u32,
}

/// Room for decoding code-blocks one after the other.
#[derive(Debug)]
pub(super) struct BlockDecoder {
    /// One for each column of each stripe, and a border of one around them.
    words: Vec<u64>,
    columns: Vec<Column>,
    segment: Vec<u8>,
    contexts: Contexts,
}

impl BlockDecoder {
    pub(super) fn new() -> Self {
        Self { words: Vec::new(), columns: Vec::new(), segment: Vec::new(), contexts: Contexts::new() }
    }

    /// Decodes the passes of a block, given as pieces of data with the number of passes in each. The columns of the
    /// first four rows come first, then those of the next.
    pub(super) fn decode<'a>(
        &mut self,
        shape: Shape,
        pieces: impl Iterator<Item = (&'a [u8], u32)>,
        roi_shift: u8,
    ) -> Result<&[Column]> {
        let Shape { width, height, .. } = shape;
        if shape.planes > MAX_PLANES {
            return Err(Error::Unsupported("it has more bit-planes than any film"));
        }
        let stripes = height.div_ceil(4);
        self.columns.clear();
        self.columns.resize(width * stripes, [0; 4]);
        self.words.clear();
        self.words.resize((width + 2) * (stripes + 2), 0);
        self.contexts = Contexts::new();
        let mut pieces = pieces.peekable();
        let mut pass = 0;
        while pieces.peek().is_some() {
            let (start, end) = (pass, shape.style.segment_end(pass));
            self.segment.clear();
            self.segment.push(0);
            while let Some((data, passes)) = pieces.next_if(|_| pass < end) {
                self.segment.extend_from_slice(data);
                pass += passes;
            }
            self.segment.extend_from_slice(&PADDING);
            // Three passes a bit-plane; the first has the last of them alone.
            if pass > (3 * shape.planes).saturating_sub(2) {
                return Err(Error::Damaged("a code-block has more passes than bit-planes for them"));
            }
            self.decode_segment(shape, start, pass)?;
        }
        if roi_shift > 0 {
            unshift(self.columns.as_flattened_mut(), u32::from(roi_shift));
        }
        Ok(&self.columns)
    }

    fn decode_segment(&mut self, shape: Shape, start: u32, end: u32) -> Result<()> {
        let mut block = Block {
            words: Cell::from_mut(&mut self.words[..]).as_slice_of_cells(),
            columns: &mut self.columns,
            contexts: &mut self.contexts,
            significance: context::of_significance(shape.orientation),
            width: shape.width,
            height: shape.height,
            plane: 0,
        };
        if shape.style.is_raw(start) {
            let mut raw = Raw::new(&self.segment);
            for pass in start..end {
                block.plane = shape.planes - 1 - pass.div_ceil(3);
                match (pass % 3 == 1, shape.style.is_causal()) {
                    (true, false) => block.significance_pass::<_, false>(&mut raw),
                    (true, true) => block.significance_pass::<_, true>(&mut raw),
                    _ => block.refinement_pass(&mut raw),
                }
                if shape.style.resets() {
                    *block.contexts = Contexts::new();
                }
            }
            return Ok(());
        }
        let mut mq = Mq::new(&self.segment);
        for pass in start..end {
            block.plane = shape.planes - 1 - pass.div_ceil(3);
            match (pass % 3, shape.style.is_causal()) {
                (1, false) => block.significance_pass::<_, false>(&mut mq),
                (1, true) => block.significance_pass::<_, true>(&mut mq),
                (2, _) => block.refinement_pass(&mut mq),
                (_, false) => block.cleanup_pass::<false>(&mut mq),
                (_, true) => block.cleanup_pass::<true>(&mut mq),
            }
            if pass % 3 == 0 && shape.style.marks_segments() {
                // D.5: a cleanup pass ends with 1010.
                let symbol =
                    (0..4).fold(0, |symbol, _| symbol << 1 | mq.bit(block.contexts, context::UNIFORM));
                if symbol != 0b1010 {
                    return Err(Error::Damaged("a code-block's data are corrupt"));
                }
            }
            if shape.style.resets() {
                *block.contexts = Contexts::new();
            }
        }
        Ok(())
    }
}

/// Brings the coefficients of the region of interest back down: all that reach above what the background has (H.1).
fn unshift(coefficients: &mut [u32], shift: u32) {
    for coefficient in coefficients {
        let (sign, magnitude) = (*coefficient & 1 << 31, *coefficient & !(1 << 31));
        // In halves, the background stays below 2^(shift + 1).
        let magnitude =
            if magnitude.checked_shr(shift + 1).unwrap_or(0) != 0 { magnitude >> shift } else { magnitude };
        *coefficient = sign | magnitude;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_end_where_the_style_says() {
        let ends = |style: u8| {
            let mut ends = vec![Style(style).segment_end(0)];
            while ends.last().is_some_and(|&end| end < 17) {
                ends.push(Style(style).segment_end(ends[ends.len() - 1]));
            }
            ends
        };
        assert_eq!(ends(0), [u32::MAX]);
        assert_eq!(ends(1), [10, 12, 13, 15, 16, 18]);
        assert_eq!(ends(4), (1..=17).collect::<Vec<_>>());
        assert_eq!(ends(5), ends(4));
    }

    #[test]
    fn more_passes_than_bit_planes_and_wrong_segmentation_symbols_are_errors() {
        let shape = |planes, style| Shape {
            width: 4,
            height: 4,
            orientation: Orientation::Ll,
            style: Style(style),
            planes,
        };
        let mut decoder = BlockDecoder::new();
        let pieces = |passes| [(&[0_u8; 8][..], passes)].into_iter();
        assert!(decoder.decode(shape(2, 0), pieces(4), 0).is_ok());
        assert!(decoder.decode(shape(2, 0), pieces(5), 0).is_err());
        assert!(decoder.decode(shape(0, 0), pieces(1), 0).is_err());
        assert!(decoder.decode(shape(MAX_PLANES + 1, 0), pieces(1), 0).is_err());
        assert!(decoder.decode(shape(2, 0x20), pieces(4), 0).is_err());
    }

    #[test]
    fn the_region_of_interest_comes_down_and_the_background_stays() {
        let mut coefficients = [0, 1 << 31 | 0b1111, 0b1_0000, 1 << 31 | 0b101_1000];
        unshift(&mut coefficients, 3);
        assert_eq!(coefficients, [0, 1 << 31 | 0b1111, 0b10, 1 << 31 | 0b1011]);
    }
}
