//! The bits of packet headers (ITU-T T.800, B.10.1): after a byte FF comes a stuffed 0.

use super::error::{Error, Result};

/// Reads a packet header bit by bit.
#[derive(Debug)]
pub(super) struct HeaderBits<'a> {
    bytes: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl<'a> HeaderBits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, byte: 0, left: 0 }
    }

    pub(super) fn bit(&mut self) -> Result<bool> {
        if self.left == 0 {
            self.left = if self.byte == 0xff { 7 } else { 8 };
            self.byte = *self.bytes.get(self.at).ok_or(Error::Truncated("a packet header"))?;
            self.at += 1;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 == 1)
    }

    /// A number of `count` bits, at most 32.
    pub(super) fn number(&mut self, count: u32) -> Result<u32> {
        (0..count).try_fold(0, |number, _| Ok(number << 1 | u32::from(self.bit()?)))
    }

    /// How many bytes the header has, to the byte boundary. Its last is never FF: another follows for the stuffed bit.
    pub(super) fn length(&self) -> Result<usize> {
        let length = if self.byte == 0xff { self.at + 1 } else { self.at };
        if length > self.bytes.len() { Err(Error::Truncated("a packet header")) } else { Ok(length) }
    }
}
