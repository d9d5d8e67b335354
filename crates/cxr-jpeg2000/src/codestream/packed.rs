//! Packet headers that stand in the main header (PPM) or in tile-part headers (PPT) in place of the data (ITU-T T.800,
//! A.7.4 and A.7.5).

use std::borrow::Cow;

use super::super::{
    bytes::Bytes,
    error::{Error, Result},
};

/// The segments of one header, or of the tile-parts of one tile.
#[derive(Debug, Default)]
pub(super) struct PackedHeaders<'a> {
    /// Ready to be read in this order.
    ready: Vec<Cow<'a, [u8]>>,
    /// Segments with their numbers.
    numbered: Vec<(u8, &'a [u8])>,
}

impl<'a> PackedHeaders<'a> {
    /// A PPM or PPT segment, whose first byte is its number.
    pub(super) fn add(&mut self, mut segment: Bytes<'a>) -> Result<()> {
        let number = segment.u8()?;
        if self.numbered.iter().any(|&(other, _)| other == number) {
            return Err(Error::Damaged("two parts of its packed packet headers have one number"));
        }
        self.numbered.push((number, segment.rest()));
        Ok(())
    }

    /// Headers of the next tile-part, from the main header.
    pub(super) fn push(&mut self, headers: Vec<u8>) {
        self.ready.push(Cow::Owned(headers));
    }

    /// All headers of a tile, if it has any here.
    pub(super) fn all(&self) -> Result<Option<Vec<u8>>> {
        match (self.ready.is_empty(), self.numbered.is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Err(Error::Damaged("it has packed packet headers in two places")),
            (false, true) => Ok(Some(self.ready.concat())),
            (true, false) => Ok(Some(self.joined())),
        }
    }

    fn joined(&self) -> Vec<u8> {
        let mut numbered = self.numbered.clone();
        numbered.sort_unstable_by_key(|&(number, _)| number);
        numbered.iter().flat_map(|(_, bytes)| *bytes).copied().collect()
    }

    /// The packet headers of each tile-part in the segments of the main header, in the order of the tile-parts.
    pub(super) fn of_tile_parts(&self) -> Result<Option<Vec<Vec<u8>>>> {
        if self.numbered.is_empty() {
            return Ok(None);
        }
        let joined = self.joined();
        let mut bytes = Bytes::new(&joined, "its packed packet headers");
        let mut parts = Vec::new();
        while !bytes.is_empty() {
            let length = bytes.u32()? as usize;
            parts.push(bytes.take(length)?.to_vec());
        }
        Ok(Some(parts))
    }
}
