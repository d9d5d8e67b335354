//! The passes over a code-block (ITU-T T.800, annex D): bit-planes from the most significant down, each in three passes
//! over stripes of four rows, column by column.
//!
//! What is known of a column of four coefficients and its neighbours stands in one word, in steps of three bits, so
//! that shifting by three times the row number brings each row to the same place:
//!
//! | bits after the shift | meaning |
//! |---|---|
//! | 0 to 8 | significance of the neighbourhood, as `context` reads it |
//! | 18, 21, 24 | the coefficient above, this one, the one below is negative |
//! | 19 | decided in the significance pass of this bit-plane |
//! | 20 | refined before |

use std::cell::Cell;

use super::{
    context::{self, Significance},
    mq::{Coder, Contexts, Mq},
};

/// Bit 0 of each row of a column.
const ROWS: u64 = 0b001_001_001_001;
const NEIGHBOURHOOD: u64 = (1 << 18) - 1;
const OWN: u32 = 4;
const NEGATIVE: u32 = 21;
const DECIDED: u32 = 19;
const REFINED: u32 = 20;

/// Four coefficients below each other: the sign at bit 31, the magnitude in halves of a quantisation step below, with
/// the half that stands for the middle of its interval.
pub(super) type Column = [u32; 4];

/// A block while one of its passes is decoded.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) words: &'a [Cell<u64>],
    pub(super) columns: &'a mut [Column],
    pub(super) contexts: &'a mut Contexts,
    pub(super) significance: &'static Significance,
    pub(super) width: usize,
    pub(super) height: usize,
    /// The bit-plane, 0 being the least significant.
    pub(super) plane: u32,
}

/// The words of a column and those around it: west, itself, east.
#[derive(Debug, Clone, Copy)]
struct Words<'a> {
    above: &'a [Cell<u64>; 3],
    own: &'a [Cell<u64>; 3],
    below: &'a [Cell<u64>; 3],
}

/// Walks over the stripes: the columns of each with their words, and which of its rows there are.
fn stripes<'a>(
    words: &'a [Cell<u64>],
    columns: &'a mut [Column],
    width: usize,
    height: usize,
) -> impl Iterator<Item = (impl Iterator<Item = (Words<'a>, &'a mut Column)>, u64)> {
    let words = words.chunks_exact(width + 2);
    let neighbours = words.clone().zip(words.clone().skip(1)).zip(words.skip(2));
    neighbours.zip(columns.chunks_exact_mut(width)).enumerate().map(
        move |(stripe, (((above, own), below), columns))| {
            let words = above.array_windows().zip(own.array_windows()).zip(below.array_windows());
            let words = words.map(|((above, own), below)| Words { above, own, below });
            let rows = (height - 4 * stripe).min(4);
            (words.zip(columns), ROWS & ((1 << (3 * rows)) - 1))
        },
    )
}

impl Block<'_> {
    /// Significance propagation (D.3.1): coefficients with a significant neighbour.
    #[inline(never)]
    pub(super) fn significance_pass<C: Coder, const CAUSAL: bool>(&mut self, state: &mut C) {
        let mut coder = *state;
        let mut values = Values { contexts: self.contexts, plane: self.plane };
        for (columns, rows) in stripes(self.words, self.columns, self.width, self.height) {
            for (words, column) in columns {
                let mut word = words.own[1].get();
                if word & NEIGHBOURHOOD == 0 {
                    continue;
                }
                let free = !(word >> OWN) & rows;
                let beside = word | word >> 1 | word >> 2;
                let mut left = (beside | beside >> 3 | beside >> 6) & free;
                let mut decided = 0;
                while left != 0 {
                    let row = left.trailing_zeros();
                    let this = left & left.wrapping_neg();
                    left ^= this;
                    decided |= this;
                    let context = self.significance[(word >> row) as usize % 512];
                    if coder.even_bit(values.contexts, context) != 0 {
                        word = values.set_significant::<C, CAUSAL>(&mut coder, word, row, words, column);
                        // Now the one below has a significant neighbour.
                        left |= this << 3 & free;
                    }
                }
                words.own[1].set(word | decided << DECIDED);
            }
        }
        *state = coder;
    }

    /// Magnitude refinement (D.3.3): coefficients that were significant before this bit-plane.
    #[inline(never)]
    pub(super) fn refinement_pass<C: Coder>(&mut self, state: &mut C) {
        let mut coder = *state;
        let half = 1_u32 << self.plane;
        for (columns, _) in stripes(self.words, self.columns, self.width, self.height) {
            for (words, column) in columns {
                let word = words.own[1].get();
                let mut left = word >> OWN & !(word >> DECIDED) & ROWS;
                if left == 0 {
                    continue;
                }
                words.own[1].set(word | left << REFINED);
                while left != 0 {
                    let row = left.trailing_zeros();
                    left &= left - 1;
                    let near = word >> row;
                    let first = context::REFINEMENT + u8::from(near & 0x1ef != 0);
                    let context = if near >> REFINED & 1 != 0 { context::REFINEMENT + 2 } else { first };
                    let bit = coder.even_bit(self.contexts, context);
                    let coefficient = &mut column[row_number(row)];
                    *coefficient = coefficient.wrapping_add(bit << 1 << self.plane).wrapping_sub(half);
                }
            }
        }
        *state = coder;
    }

    /// Cleanup (D.3.4): all that the other passes left.
    #[inline(never)]
    pub(super) fn cleanup_pass<const CAUSAL: bool>(&mut self, state: &mut Mq<'_>) {
        let mut coder = *state;
        let mut values = Values { contexts: self.contexts, plane: self.plane };
        for (columns, rows) in stripes(self.words, self.columns, self.width, self.height) {
            for (words, column) in columns {
                let mut word = words.own[1].get();
                let mut left = !(word >> OWN | word >> DECIDED) & rows;
                if word & NEIGHBOURHOOD == 0 && rows == ROWS {
                    if coder.bit(values.contexts, context::RUN) == 0 {
                        continue;
                    }
                    let high = coder.even_bit(values.contexts, context::UNIFORM);
                    let row = 3 * (2 * high + coder.even_bit(values.contexts, context::UNIFORM));
                    word = values.set_significant::<_, CAUSAL>(&mut coder, word, row, words, column);
                    left &= !0 << 1 << row;
                }
                while left != 0 {
                    let row = left.trailing_zeros();
                    left &= left - 1;
                    let context = self.significance[(word >> row) as usize % 512];
                    if coder.even_bit(values.contexts, context) != 0 {
                        word = values.set_significant::<_, CAUSAL>(&mut coder, word, row, words, column);
                    }
                }
                words.own[1].set(word & !(ROWS << DECIDED));
            }
        }
        *state = coder;
    }
}

/// The number of a row by where its bits are.
#[inline(always)]
fn row_number(row: u32) -> usize {
    row as usize * 11 / 32 % 4
}

/// The state that a coefficient needs to become significant.
#[derive(Debug)]
struct Values<'a> {
    contexts: &'a mut Contexts,
    plane: u32,
}

impl Values<'_> {
    /// Decodes the sign of a coefficient that became significant (D.3.2), and tells its neighbours. `row` is three
    /// times the row number in the stripe. Returns the column's word, which is not written back.
    #[inline(always)]
    fn set_significant<C: Coder, const CAUSAL: bool>(
        &mut self,
        coder: &mut C,
        word: u64,
        row: u32,
        words: Words<'_>,
        column: &mut Column,
    ) -> u64 {
        let Words { above, own, below } = words;
        let (west, east) = (own[0].get(), own[2].get());
        let near = word >> row;
        let index = near & 0xaa | near >> 18 & 0x41 | west >> (row + 19) & 4 | east >> (row + 17) & 0x10;
        let negative = if C::ADAPTS {
            let sign = context::SIGN[index as usize % 256];
            coder.even_bit(self.contexts, sign & 31) ^ u32::from(sign >> 7)
        } else {
            coder.bit(self.contexts, 0)
        };
        // One and a half times the value of the bit-plane, in halves.
        column[row_number(row)] = negative << 31 | 3 << self.plane;
        let negative = u64::from(negative);
        own[0].set(west | 1 << (row + 5));
        own[2].set(east | 1 << (row + 3));
        let also = |word: &Cell<u64>, bits: u64| word.set(word.get() | bits);
        if row == 0 && !CAUSAL {
            also(&above[0], 1 << 17);
            also(&above[1], 1 << 16 | negative << 33);
            also(&above[2], 1 << 15);
        } else if row == 9 {
            also(&below[0], 1 << 2);
            also(&below[1], 1 << 1 | negative << 18);
            also(&below[2], 1);
        }
        word | 1 << (row + OWN) | negative << (row + NEGATIVE)
    }
}
