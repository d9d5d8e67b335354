//! Bits of entropy-coded data, and the Huffman codes in them (ITU-T T.81, F.2.2 and annex C).

use super::error::{Error, Result};

/// Bits of one restart interval, the first in the most significant place. Behind the end there are zeros, and
/// [`Bits::ran_out`] tells that some were taken.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    window: u64,
    /// Bits in the window, those behind the end among them.
    count: u32,
    /// Bits in the window, or taken from it, that lie behind the end.
    beyond: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, window: 0, count: 0, beyond: 0 }
    }

    /// Fills the window up to more than 56 bits.
    #[inline]
    fn refill(&mut self) {
        // Eight bytes without FF need no second look.
        if let Some(eight) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let next = u64::from_be_bytes(*eight);
            let inverse = !next;
            if inverse.wrapping_sub(0x0101_0101_0101_0101) & !inverse & 0x8080_8080_8080_8080 == 0 {
                let take = (64 - self.count) / 8;
                // A shift by 64 is none that the processor knows.
                let kept = if take == 8 { next } else { next >> (64 - 8 * take) << (64 - 8 * take) };
                self.window |= kept >> self.count;
                self.count += 8 * take;
                self.at += take as usize;
                return;
            }
        }
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at) {
                Some(0xff) => match self.bytes.get(self.at + 1) {
                    Some(0) => {
                        self.at += 2;
                        Some(0xff)
                    }
                    // Fill bytes before a marker, or what no encoder writes: the data end here.
                    _ => None,
                },
                Some(&byte) => {
                    self.at += 1;
                    Some(byte)
                }
                None => None,
            };
            self.beyond += if byte.is_none() { 8 } else { 0 };
            self.window |= u64::from(byte.unwrap_or(0)) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Makes sure of 32 bits, enough for a code and the number that follows it.
    #[inline]
    fn have_32(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    /// Takes up to 16 bits that are there already.
    #[inline]
    fn take(&mut self, count: u32) -> u32 {
        let bits = (self.window >> 32 >> (32 - count)) as u32;
        self.window <<= count;
        self.count -= count;
        bits
    }

    /// Returns whether more bits were taken than there are.
    pub(super) fn ran_out(&self) -> bool {
        self.beyond > self.count
    }

    /// The bytes that were not looked at.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Decodes a code and the number of as many bits that follows it (F.2.2.1, F.2.2.4 and H.1.2.2): the category in
    /// the low four bits of the code's value, 16 in lossless JPEG standing for 32768 without more bits.
    #[inline]
    pub(super) fn number(&mut self, table: &Table) -> Option<i32> {
        self.have_32();
        let category = u32::from(table.value(self)?);
        match category {
            0 => Some(0),
            1..=15 => {
                let bits = self.take(category) as i32;
                let negative = bits >> (category - 1) == 0;
                Some(if negative { bits - (1 << category) + 1 } else { bits })
            }
            _ => Some(32_768),
        }
    }

    /// Decodes a code and passes over as many bits as the low four of its value say.
    pub(super) fn skip_number(&mut self, table: &Table) -> Option<u8> {
        self.have_32();
        let value = table.value(self)?;
        self.take(u32::from(value & 15));
        Some(value)
    }
}

/// Codes of up to this length are looked up at once.
const QUICK: u32 = 9;

/// A Huffman table (C.2).
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// By the next bits: length of the code in the high byte, its value in the low one; 0 where it is longer.
    quick: Box<[u16; 1 << QUICK]>,
    /// By length: one more than the last code, moved to the top of 16 bits, and what makes an index into the values of a
    /// code.
    limits: [(u32, i32); 17],
    values: Vec<u8>,
}

impl Table {
    /// Reads a table from the front of a DHT segment behind its class and number, and returns the rest.
    pub(super) fn read(body: &[u8]) -> Result<(Self, &[u8])> {
        let cut = Error::Truncated("a Huffman table");
        let (counts, rest) = body.split_first_chunk::<16>().ok_or(cut)?;
        let total = counts.iter().map(|&count| usize::from(count)).sum();
        let (values, rest) = rest.split_at_checked(total).ok_or(cut)?;
        let mut table =
            Self { quick: Box::new([0; 1 << QUICK]), limits: [(0, 0); 17], values: values.to_vec() };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(counts) {
            let first = code;
            for &value in &values[index..index + usize::from(count)] {
                if code >= 1 << length {
                    return Err(Error::Damaged("a Huffman table has more codes than there can be"));
                }
                if length <= QUICK {
                    let start = (code << (QUICK - length)) as usize;
                    let entries = &mut table.quick[start..start + (1 << (QUICK - length))];
                    entries.fill((length << 8) as u16 | u16::from(value));
                }
                code += 1;
            }
            table.limits[length as usize] = (code << (16 - length), index as i32 - first as i32);
            index += usize::from(count);
            code <<= 1;
        }
        Ok((table, rest))
    }

    /// Returns whether all values are categories of lossless JPEG (table H.2).
    pub(super) fn is_of_differences(&self) -> bool {
        self.values.iter().all(|&value| value <= 16)
    }

    #[inline]
    fn value(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let quick = self.quick[(bits.window >> (64 - QUICK)) as usize];
        if quick != 0 {
            bits.take(u32::from(quick >> 8));
            return Some(quick as u8);
        }
        let next = (bits.window >> 48) as u32;
        let length = (QUICK + 1..=16).find(|&length| next < self.limits[length as usize].0)?;
        let code = bits.take(length) as i32;
        self.values.get((code + self.limits[length as usize].1) as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes 0, 10, 110 and one of 12 bits, of the categories 0, 1, 16 and 15.
    fn table() -> Table {
        let body = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 16, 15, 99];
        let (table, rest) = Table::read(&body).unwrap();
        assert_eq!(rest, [99]);
        table
    }

    #[test]
    fn numbers_follow_their_codes_across_stuffed_bytes_and_up_to_the_end() {
        // 0 | 10 0 | 10 1 | 110 | 111000000000 111111111111111 | 0 0 0 0
        let packed: u64 = 0b0_1001_0111_0111_0000_0000_0111_1111_1111_1111_0000 << 23;
        let mut bytes = Vec::new();
        for byte in &packed.to_be_bytes()[..6] {
            bytes.push(*byte);
            if *byte == 0xff {
                bytes.push(0);
            }
        }
        let mut bits = Bits::new(&bytes);
        let read: Vec<_> = (0..6).map(|_| bits.number(&table())).collect();
        assert_eq!(read, [0, -1, 1, 32_768, 32_767, 0].map(Some));
        assert!(!bits.ran_out());
        while !bits.ran_out() {
            bits.number(&table());
        }
        assert_eq!(bits.rest(), b"");
    }

    #[test]
    fn tables_that_contradict_themselves_are_refused() {
        let too_many = [&[3][..], &[0; 15], &[1, 2, 3]].concat();
        assert!(matches!(Table::read(&too_many), Err(Error::Damaged(_))));
        assert!(matches!(Table::read(&too_many[..18]), Err(Error::Truncated(_))));
        assert!(matches!(Table::read(&[0; 15]), Err(Error::Truncated(_))));
    }
}
