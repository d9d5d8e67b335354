//! Look-up tables of the Modality and VOI LUT modules (PS3.3 C.11.1.1, C.11.2.1.1).

use dicom_dictionary_std::tags;

use super::{
    attributes::{integers, little_endian},
    dataset::DataSet,
};

/// One table: whole numbers in, a fraction of its full range out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lut {
    /// The input that the first entry is for.
    first: i32,
    entries: Vec<u16>,
    /// The output that is white.
    max: u16,
}

/// Of how many entries one is few.
const SHORT: usize = 50;

/// A ramp of grey: the inputs that are black and white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Straight {
    black: f64,
    white: f64,
}

impl Straight {
    /// The ramp's output for an input, 0 to 1 between its ends.
    pub(super) fn at(self, input: f64) -> f64 {
        (input - self.black) / (self.white - self.black)
    }
}

impl Lut {
    /// Reads the table in a sequence item; `None` if it is none. The range of its `input` settles the sign of the
    /// first mapped value, which implicit VR leaves open and writers mistake.
    pub(super) fn read(item: &DataSet<'_>, input: (impl Into<f64>, impl Into<f64>)) -> Option<Self> {
        let [count, first, bits] = *integers(item, tags::LUT_DESCRIPTOR).as_slice() else { return None };
        // 65536 entries do not fit the field and are written as 0.
        let count = if count == 0 { 65_536 } else { usize::from(u16_of(count)?) };
        let data = little_endian(item.get(tags::LUT_DATA)?);
        let entries = entries(&data, count, bits)?;
        let largest = *entries.iter().max()?;
        Some(Self {
            first: first_mapped(first, entries.len(), (input.0.into(), input.1.into())),
            entries,
            max: white(bits, largest),
        })
    }

    /// The table's output for an input, 0 to 1; inputs beyond its ends take the end's (C.11.1.1).
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the table
    pub(super) fn at(&self, input: f64) -> f64 {
        let last = self.entries.len() - 1;
        let index = (input.round() - f64::from(self.first)).clamp(0.0, last as f64) as usize;
        f64::from(self.entries[index]) / f64::from(self.max)
    }

    /// The table without its bend: a ramp between its ends, or between where it is no longer level there. None for a
    /// table that turns back.
    pub(super) fn straight(&self) -> Option<Straight> {
        let rises = self.entries.is_sorted();
        if !rises && !self.entries.is_sorted_by(|a, b| a >= b) {
            return None;
        }
        let (first, last) = (*self.entries.first()?, *self.entries.last()?);
        let before = self.entries.iter().position(|&entry| entry != first)? - 1;
        let after = self.entries.iter().rev().position(|&entry| entry != last)? - 1;
        // The ends of a bend are level for a few entries, for these are whole numbers.
        let [before, after] =
            [before, after].map(|count| if count * SHORT < self.entries.len() { 0 } else { count });
        let start = f64::from(self.first) + before as f64;
        let end = f64::from(self.first) + (self.entries.len() - 1 - after) as f64;
        (start < end).then_some(if rises {
            Straight { black: start, white: end }
        } else {
            Straight { black: end, white: start }
        })
    }

    /// The largest output in the table's own units.
    pub(super) fn max(&self) -> f64 {
        f64::from(self.max)
    }
}

/// Entries lie one to a word, or with 8 bits two to a word, whatever the descriptor says of their bits. A table that
/// lacks its last entry is whole enough: inputs beyond it take the end's.
fn entries(data: &[u8], count: usize, bits: i32) -> Option<Vec<u16>> {
    let words = data.as_chunks().0.iter().take(count).map(|&pair| u16::from_le_bytes(pair));
    let bytes = data.iter().take(count).map(|&byte| byte.into());
    let are_bytes = data.len() == count || data.len() == count.next_multiple_of(2);
    if !are_bytes && !data.is_empty() && words.len() + 1 >= count {
        Some(words.collect())
    } else if are_bytes || bits == 8 && data.len() >= count {
        Some(bytes.collect())
    } else {
        None
    }
}

/// Reads the first mapped value as signed or not, by which the table covers more of its input.
fn first_mapped(first: i32, count: usize, (least, most): (f64, f64)) -> i32 {
    let covers = |first: i32| {
        let last = f64::from(first) + count as f64 - 1.0;
        last.min(most) - f64::from(first).max(least)
    };
    let other = if first > 32_767 { first - 65_536 } else { first + 65_536 };
    let may_differ = !(0..=32_767).contains(&first);
    if may_differ && covers(other) > covers(first) { other } else { first }
}

/// The output that is white: 2^bits - 1 by the descriptor. Where that is out of 8 to 16, too small for the entries, or
/// four times what they reach and more, it is that of the least depth that holds them: such a descriptor promises bits
/// that the table does not use (Agfa's say 16 of tables of 12), and the film would be black.
fn white(bits: i32, largest: u16) -> u16 {
    let full = |bits: i32| u16::MAX >> (16 - bits);
    let needed = (8..16).find(|&bits| largest <= full(bits)).unwrap_or(16);
    full(if (needed..=16).contains(&bits) && largest > full(bits) / 4 { bits } else { needed })
}

fn u16_of(value: i32) -> Option<u16> {
    // An implicit VR reader may have taken a count over 32767 for a negative number.
    u16::try_from(value).ok().or_else(|| u16::try_from(value + 65_536).ok())
}
