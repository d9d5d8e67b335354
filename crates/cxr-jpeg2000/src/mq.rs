//! The adaptive binary arithmetic decoder (ITU-T T.800, annex C), and the reader of raw bits that may stand in for
//! it (D.6).
//!
//! The registers A and C of the standard, of 16 and 16 + 16 bits, stand at the top of 64-bit words here, so that C
//! holds up to 48 bits that the decisions have not reached yet and most of them find no byte to fetch. A byte after
//! FF adds its carry bit to C earlier than in figure C.19, which changes no decision: an encoder has never written
//! less than the sum of the sub-intervals below its own (C.2), carry or no carry.

use std::hint::select_unpredictable;

/// Bytes that follow the data of a [`Mq`] or [`Raw`]: FF FF, which ends all coded data, and room for one fetch.
pub(super) const PADDING: [u8; 8] = [0xff; 8];

/// How probable the next decision of one context is (C.2.5): an entry of table C.2 with the sense of its more
/// probable symbol, all that a decision needs in one word.
#[derive(Debug, Clone, Copy)]
struct State(u64);

impl State {
    /// Index of the state after a renormalisation by the more and, eight bits higher, by the less probable symbol.
    const NEXT: u32 = 8;
    /// By how many bits the sub-interval of the less probable symbol is below 0x8000.
    const SHIFT: u32 = 32;

    const fn new(at: usize) -> Self {
        let (qe, more, less, switch) = PROBABILITIES[at / 2];
        let likely = at as u64 % 2;
        let next_likely = 2 * more as u64 + likely;
        let next_unlikely = 2 * less as u64 + (likely ^ switch as u64);
        let next = next_likely | next_unlikely << 8;
        Self((qe as u64) << 48 | (qe.leading_zeros() as u64) << Self::SHIFT | next << Self::NEXT | likely)
    }

    /// Sub-interval of the less probable symbol, Qe, at the top of the word.
    #[inline(always)]
    fn interval(self) -> u64 {
        self.0 & 0xffff << 48
    }

    #[inline(always)]
    fn shift(self) -> u32 {
        (self.0 >> Self::SHIFT) as u32 & 31
    }

    /// The state after a renormalisation by the more probable symbol.
    #[inline(always)]
    fn after_likely(self) -> Self {
        STATES[(self.0 >> Self::NEXT) as usize % 128]
    }

    /// The state after a renormalisation by the less probable symbol.
    #[inline(always)]
    fn after_unlikely(self) -> Self {
        STATES[(self.0 >> (Self::NEXT + 8)) as usize % 128]
    }

    /// The symbol decided.
    #[inline(always)]
    fn symbol(self, unlikely: bool) -> u32 {
        self.0 as u32 & 1 ^ u32::from(unlikely)
    }
}

/// Table C.2: Qe, the next states after the more and the less probable symbol, and whether the sense switches.
const PROBABILITIES: [(u16, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0ac1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1c01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1c01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0ac1, 31, 28, false),
    (0x09c1, 32, 29, false),
    (0x08a1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02a1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// All states: entry i of table C.2 at 2i with a more probable symbol 0, at 2i + 1 with 1.
static STATES: [State; 128] = {
    let mut states = [State(0); 128];
    let mut at = 0;
    while at < 2 * PROBABILITIES.len() {
        states[at] = State::new(at);
        at += 1;
    }
    states
};

/// The states of a code-block's 19 contexts.
#[derive(Debug, Clone)]
pub(super) struct Contexts([State; 256]);

impl Contexts {
    /// All contexts in the states that table D.7 gives.
    pub(super) fn new() -> Self {
        let mut states = [const { State::new(0) }; 256];
        states[0] = const { State::new(2 * 4) };
        states[super::context::RUN as usize] = const { State::new(2 * 3) };
        states[super::context::UNIFORM as usize] = const { State::new(2 * 46) };
        Self(states)
    }
}

/// A decoder of decisions, each by the probability of its context.
pub(super) trait Coder: Copy {
    /// Whether bits are told apart by context; else they are raw.
    const ADAPTS: bool;
    /// The next decision, 0 or 1.
    fn bit(&mut self, contexts: &mut Contexts, context: u8) -> u32;
    /// The next decision, of a kind that nobody can foresee: found without a branch that depends on it.
    fn even_bit(&mut self, contexts: &mut Contexts, context: u8) -> u32;
}

/// The arithmetic decoder over one codeword segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mq<'a> {
    /// A zero, the segment, then [`PADDING`].
    bytes: &'a [u8],
    /// The next byte to fetch.
    at: usize,
    a: u64,
    c: u64,
    /// How many bits beyond the 16 that are compared C holds; after a fetch never negative.
    ahead: i32,
}

impl<'a> Mq<'a> {
    /// Starts on a segment that follows a zero byte and is followed by [`PADDING`] (INITDEC, C.3.5).
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { bytes, at: 1, a: 0x8000 << 48, c: 0, ahead: -15 };
        decoder.fetch();
        decoder
    }

    /// Fills C (BYTEIN, C.3.4), six bytes at once where none of them follows an FF.
    #[inline(always)]
    fn fetch(&mut self) {
        let next = self.bytes.get(self.at - 1..).and_then(<[u8]>::first_chunk);
        if let Some(&next) = next {
            let word = u64::from_be_bytes(next);
            let inverse = !word | 0xffff;
            if inverse.wrapping_sub(0x0101_0101_0101_0101) & !inverse & 0x8080_8080_8080_8080 == 0 {
                self.c = self.c.wrapping_add((word >> 8 & 0xffff_ffff_ffff) << (-self.ahead & 63));
                self.ahead += 48;
                self.at += 6;
                return;
            }
        }
        // By value, so that the registers need no place in memory.
        *self = self.fetched_by_byte();
    }

    #[cold]
    #[inline(never)]
    fn fetched_by_byte(mut self) -> Self {
        while self.ahead <= 32 {
            let before = self.bytes.get(self.at - 1).copied().unwrap_or(0xff);
            let byte = self.bytes.get(self.at).copied().unwrap_or(0xff);
            let (value, bits, step) = match (before, byte) {
                (0xff, 0x90..) => (0xff, 8, 0), // a marker: all that follows is ones
                (0xff, _) => (byte, 7, 1),
                _ => (byte, 8, 1),
            };
            self.c = self.c.wrapping_add(u64::from(value) << (48 - bits - self.ahead));
            self.ahead += bits;
            self.at += step;
        }
        self
    }

    #[inline(always)]
    fn shift(&mut self, bits: u32) {
        self.a <<= bits;
        self.c <<= bits;
        self.ahead -= bits as i32;
        if self.ahead < 0 {
            self.fetch();
        }
    }
}

impl Coder for Mq<'_> {
    const ADAPTS: bool = true;

    /// DECODE (C.3.2).
    #[inline(always)]
    fn bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        let state = contexts.0[usize::from(context)];
        let interval = state.interval();
        self.a -= interval;
        if self.c >= interval {
            self.c -= interval;
            if self.a >> 63 != 0 {
                return state.symbol(false);
            }
            let unlikely = self.a < interval;
            contexts.0[usize::from(context)] =
                if unlikely { state.after_unlikely() } else { state.after_likely() };
            self.shift(shift_of_upper(self.a));
            state.symbol(unlikely)
        } else {
            let unlikely = self.a >= interval;
            contexts.0[usize::from(context)] =
                if unlikely { state.after_unlikely() } else { state.after_likely() };
            self.a = interval;
            self.shift(state.shift());
            state.symbol(unlikely)
        }
    }

    #[inline(always)]
    fn even_bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        let state = contexts.0[usize::from(context)];
        let interval = state.interval();
        let upper = self.a - interval;
        let lower = self.c < interval;
        let unlikely = lower ^ (upper < interval);
        let bits = select_unpredictable(lower, state.shift(), shift_of_upper(upper));
        self.a = select_unpredictable(lower, interval, upper);
        self.c = select_unpredictable(lower, self.c, self.c.wrapping_sub(interval));
        let next = select_unpredictable(unlikely, state.after_unlikely(), state.after_likely());
        contexts.0[usize::from(context)] = select_unpredictable(bits != 0, next, state);
        self.shift(bits);
        state.symbol(unlikely)
    }
}

/// Returns how many bits the upper sub-interval is below 0x8000: two at most, since Qe is at most 0x5601.
#[inline(always)]
fn shift_of_upper(upper: u64) -> u32 {
    0x12 >> (upper >> 60 & 0b1100) & 3
}

/// Raw bits of a pass that bypasses the arithmetic decoder: after FF comes a stuffed 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    bytes: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl<'a> Raw<'a> {
    /// Starts on a segment that follows a zero byte and is followed by [`PADDING`].
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 1, byte: 0, left: 0 }
    }
}

impl Coder for Raw<'_> {
    const ADAPTS: bool = false;

    #[inline(always)]
    fn bit(&mut self, _: &mut Contexts, _: u8) -> u32 {
        if self.left == 0 {
            self.left = if self.byte == 0xff { 7 } else { 8 };
            // Behind the data are ones.
            self.byte = self.bytes.get(self.at).copied().unwrap_or(0xff);
            self.at += 1;
        }
        self.left -= 1;
        u32::from(self.byte >> self.left & 1)
    }

    #[inline(always)]
    fn even_bit(&mut self, contexts: &mut Contexts, context: u8) -> u32 {
        self.bit(contexts, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test sequence of ITU-T T.88, H.2: 256 decisions of one context, and their code.
    const DECISIONS: [u8; 32] = [
        0x00, 0x02, 0x00, 0x51, 0x00, 0x00, 0x00, 0xc0, 0x03, 0x52, 0x87, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x82,
        0xc0, 0x20, 0x00, 0xfc, 0xd7, 0x9e, 0xf6, 0xbf, 0x7f, 0xed, 0x90, 0x4f, 0x46, 0xa3, 0xbf,
    ];
    const CODE: [u8; 28] = [
        0x84, 0xc7, 0x3b, 0xfc, 0xe1, 0xa1, 0x43, 0x04, 0x02, 0x20, 0x00, 0x00, 0x41, 0x0d, 0xbb, 0x86, 0xf4,
        0x31, 0x7f, 0xff, 0x88, 0xff, 0x37, 0x47, 0x1a, 0xdb, 0x6a, 0xdf,
    ];

    fn decode(decide: impl Fn(&mut Mq<'_>, &mut Contexts, usize) -> u32) -> Vec<u8> {
        let bytes = [&[0][..], &CODE, &PADDING].concat();
        let (mut mq, mut contexts) = (Mq::new(&bytes), Contexts::new());
        let mut byte = |at: usize| {
            (0..8).fold(0, |byte, bit| byte << 1 | decide(&mut mq, &mut contexts, 8 * at + bit) as u8)
        };
        (0..32).map(&mut byte).collect()
    }

    #[test]
    fn the_test_sequence_of_the_standard_is_decoded_in_either_way() {
        assert_eq!(decode(|mq, contexts, _| mq.bit(contexts, 1)), DECISIONS);
        assert_eq!(decode(|mq, contexts, _| mq.even_bit(contexts, 1)), DECISIONS);
        let by_turns = |mq: &mut Mq<'_>, contexts: &mut Contexts, at| {
            if at % 3 == 0 { mq.bit(contexts, 1) } else { mq.even_bit(contexts, 1) }
        };
        assert_eq!(decode(by_turns), DECISIONS);
    }

    #[test]
    fn raw_bits_skip_the_stuffed_one_and_end_in_ones() {
        let bytes = [&[0, 0b1010_0000, 0xff, 0b0110_0000][..], &PADDING].concat();
        let (mut raw, mut contexts) = (Raw::new(&bytes), Contexts::new());
        let bits: Vec<u32> = (0..40).map(|_| raw.bit(&mut contexts, 0)).collect();
        assert_eq!(bits[..8], [1, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(bits[8..23], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(bits[23..], [1; 17]);
    }
}
