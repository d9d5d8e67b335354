//! Packets: for one layer of one precinct, which code-blocks have more passes, and their bytes (ITU-T T.800, B.9 and
//! B.10).

use super::{
    bits::HeaderBits,
    block::Style,
    budget::Budget,
    codestream::{Parameters, Volume},
    error::{Error, Result},
    geometry::Rect,
    progression::for_each_packet,
    tile::{CodeBlock, Piece, Precinct, TileComponent},
};

/// A start of packet marker, followed by four bytes (A.8.1), and the end of a packet header (A.8.2).
const SOP: [u8; 2] = [0xff, 0x91];
const EPH: [u8; 2] = [0xff, 0x92];

/// The end of the codestream (A.4.4), which a tile-part without a length may have in it.
const EOC: [u8; 2] = [0xff, 0xd9];
/// Bytes of any kind that may be left behind the last packet of a tile.
const MAX_PADDING: usize = 16;

/// More all-zero bit-planes than a block can have: 31 + 7 - 1, and as many for a region of interest.
const TOO_MANY_PLANES: u32 = 75;

/// Reads all packets of a tile, and returns the pieces of its code-blocks. `headers` are the packet headers where they
/// stand apart from the packets, `budget` what is left for pieces.
pub(super) fn read_all(
    tile: Rect,
    components: &mut [TileComponent<'_>],
    parameters: &Parameters,
    volumes: &[Volume],
    packets: &[u8],
    headers: Option<&[u8]>,
    budget: Budget,
) -> Result<Vec<Piece>> {
    let mut reader = Reader {
        packets,
        at: 0,
        headers,
        pieces: Vec::new(),
        budget,
        marks_headers: parameters.marks_headers,
    };
    for_each_packet(tile, components, volumes, parameters.layers, |components, place, layer| {
        let component = &mut components[usize::from(place.component)];
        let style = component.parameters.coding.style;
        let resolution = &mut component.resolutions[usize::from(place.resolution)];
        let precinct = &mut resolution.precincts[place.precinct as usize];
        if layer < precinct.layers {
            return Ok(()); // it came in another volume
        }
        precinct.layers = layer + 1;
        reader.packet(precinct, u32::from(layer), style)
    })?;
    let precincts = components
        .iter()
        .flat_map(|component| &component.resolutions)
        .flat_map(|resolution| &resolution.precincts);
    if precincts.into_iter().any(|precinct| precinct.layers < parameters.layers) {
        return Err(Error::Damaged("its order leaves out a part of the picture"));
    }
    if reader.headers.is_some_and(|left| !left.is_empty()) {
        return Err(Error::Damaged("it has more packet headers than packets"));
    }
    // Encoders may pad, but so much that is left was meant to be read: a packet header told wrong.
    let left = reader.packets.get(reader.at..).unwrap_or_default();
    if left.len() > MAX_PADDING && !left.starts_with(&EOC) && left.iter().any(|&byte| byte != 0) {
        return Err(Error::Damaged("a tile has more data than its packets take"));
    }
    Ok(reader.pieces)
}

#[derive(Debug)]
struct Reader<'a> {
    packets: &'a [u8],
    /// Where the next packet begins.
    at: usize,
    headers: Option<&'a [u8]>,
    pieces: Vec<Piece>,
    budget: Budget,
    marks_headers: bool,
}

impl Reader<'_> {
    fn packet(&mut self, precinct: &mut Precinct, layer: u32, style: Style) -> Result<()> {
        let mut rest = self.packets.get(self.at..).unwrap_or_default();
        // Encoders that announce these markers may leave them out.
        if rest.starts_with(&SOP) {
            rest = rest.get(6..).ok_or(Error::Truncated("a packet"))?;
        }
        let mut bits = HeaderBits::new(self.headers.unwrap_or(rest));
        let first = self.pieces.len();
        self.read_header(precinct, layer, style, &mut bits)?;
        let length = bits.length()?;
        let header = self.headers.as_mut().unwrap_or(&mut rest);
        *header = header.get(length..).unwrap_or_default();
        if self.marks_headers && header.starts_with(&EPH) {
            *header = &header[2..];
        }
        // The bytes of all pieces follow in the order of the header.
        let mut at = self.packets.len() - rest.len();
        for piece in &mut self.pieces[first..] {
            piece.start = at;
            at += piece.length as usize;
        }
        if at > self.packets.len() {
            return Err(Error::Truncated("the data of a tile"));
        }
        self.at = at;
        Ok(())
    }

    fn read_header(
        &mut self,
        precinct: &mut Precinct,
        layer: u32,
        style: Style,
        bits: &mut HeaderBits<'_>,
    ) -> Result<()> {
        if !bits.bit()? {
            return Ok(()); // nothing in this layer
        }
        for band in &mut precinct.bands {
            for (index, block) in band.blocks.iter_mut().enumerate() {
                let (x, y) = ((index % band.width) as u32, (index / band.width) as u32);
                let included = if block.passes > 0 {
                    bits.bit()?
                } else {
                    band.inclusion.read(x, y, layer + 1, bits)?.is_some()
                };
                if !included {
                    continue;
                }
                if block.passes == 0 {
                    let zero_planes = band.zero_planes.read(x, y, TOO_MANY_PLANES, bits)?;
                    let zero_planes = zero_planes.ok_or(Error::Damaged("a packet header is garbled"))?;
                    block.zero_planes = zero_planes as u8;
                }
                let passes = read_passes(bits)?;
                while bits.bit()? {
                    block.length_bits += 1;
                    if block.length_bits > 32 {
                        return Err(Error::Damaged("a packet header is garbled"));
                    }
                }
                self.read_lengths(block, passes, style, bits)?;
            }
        }
        Ok(())
    }

    /// The lengths of the codeword segments that the passes are in (B.10.7).
    fn read_lengths(
        &mut self,
        block: &mut CodeBlock,
        mut passes: u32,
        style: Style,
        bits: &mut HeaderBits<'_>,
    ) -> Result<()> {
        while passes > 0 {
            let before = u32::from(block.passes);
            let run = passes.min(style.segment_end(before) - before);
            let count = u32::from(block.length_bits) + run.ilog2();
            if count > 32 {
                return Err(Error::Damaged("a packet header is garbled"));
            }
            let length = bits.number(count)?;
            if length as usize > self.packets.len() {
                return Err(Error::Truncated("the data of a tile"));
            }
            self.budget.take(size_of::<Piece>() as u64)?;
            let index = self.pieces.len() as u32;
            self.pieces.push(Piece { start: 0, length, passes: run, next: None });
            if let Some((_, last)) = block.pieces
                && let Some(last) = self.pieces.get_mut(last as usize)
            {
                last.next = Some(index);
            }
            block.pieces = Some((block.pieces.map_or(index, |(first, _)| first), index));
            block.passes += run as u16;
            // 30 bit-planes have 88 passes.
            if block.passes > 3 * 75 {
                return Err(Error::Damaged("a code-block has more passes than bit-planes for them"));
            }
            passes -= run;
        }
        Ok(())
    }
}

/// Returns how many passes of a block the packet holds, 1 to 164 (table B.4).
fn read_passes(bits: &mut HeaderBits<'_>) -> Result<u32> {
    for (width, base) in [(1, 1), (1, 2), (2, 3), (5, 6)] {
        // All ones: it goes on.
        let number = bits.number(width)?;
        if number < (1 << width) - 1 || width == 1 && number == 0 {
            return Ok(base + number);
        }
    }
    Ok(37 + bits.number(7)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_passes_are_read_as_table_b_4_tells() {
        for (bytes, passes) in [
            (&[0b0000_0000][..], 1),
            (&[0b1000_0000], 2),
            (&[0b1100_0000], 3),
            (&[0b1110_0000], 5),
            (&[0b1111_0000, 0], 6),
            (&[0b1111_0111, 0b1000_0000], 21),
            // After FF, the first bit is a stuffed one.
            (&[0b1111_1111, 0b0000_0000], 36),
            (&[0b1111_1111, 0b0100_0000, 0], 37),
            (&[0b1111_1111, 0b0111_1111, 0b1000_0000], 164),
        ] {
            assert_eq!(read_passes(&mut HeaderBits::new(bytes)), Ok(passes), "{bytes:02x?}");
        }
    }
}
