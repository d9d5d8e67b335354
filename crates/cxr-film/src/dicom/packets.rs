//! How much a JPEG 2000 codestream makes its decoder keep: a few bytes may ask for millions of precincts
//! and layers, each with a structure of its own (ITU-T T.800, B.6 and B.9).

/// More packets than any film has: a film of 35 megapixels in precincts of 128 x 128 with 12 layers
/// and 6 resolutions has under 200,000.
const MAX_PACKETS: u64 = 1_000_000;
/// More tiles than any film has.
const MAX_TILES: u64 = 16_384;

const SIZ: u8 = 0x51;
const COD: u8 = 0x52;
const COC: u8 = 0x53;
const SOT: u8 = 0x90;
const SOD: u8 = 0x93;

/// Returns whether the coding parameters, of the picture and of each of its tiles, stay within what a film needs.
/// Garbage stays within: its decoder will tell.
pub(super) fn are_bearable(codestream: &[u8]) -> bool {
    let Some(start) = codestream.windows(4).take(1024).position(|w| w == [0xff, 0x4f, 0xff, SIZ]) else {
        return true;
    };
    let mut rest = &codestream[start + 2..];
    let mut picture = Picture { columns: 1, rows: 1, components: 1, tiles: 1 };
    // Where the tile part that is being read ends.
    let mut next_part: Option<&[u8]> = None;
    while let [0xff, marker, tail @ ..] = rest {
        if *marker == SOD {
            match next_part.take() {
                Some(next) if next.len() < rest.len() => rest = next,
                _ => break,
            }
            continue;
        }
        let Some(&[high, low]) = tail.first_chunk() else { break };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(segment) = tail.get(2..length) else { break };
        match *marker {
            SIZ => match Picture::read(segment) {
                Some(read) if read.tiles <= MAX_TILES => picture = read,
                Some(_) => return false,
                None => {}
            },
            COD if picture.packets(segment.get(2..4), segment.first(), segment.get(5..)) > MAX_PACKETS => {
                return false;
            }
            COC => {
                let parameters =
                    segment.get(if picture.components < 257 { 1.. } else { 2.. }).unwrap_or_default();
                if picture.packets(None, parameters.first(), parameters.get(1..)) > MAX_PACKETS {
                    return false;
                }
            }
            SOT => {
                let part =
                    segment.get(2..6).and_then(|four| <[u8; 4]>::try_from(four).ok()).map(u32::from_be_bytes);
                next_part = part.filter(|&part| part > 0).and_then(|part| rest.get(part as usize..));
            }
            _ => {}
        }
        rest = &tail[length..];
    }
    true
}

#[derive(Debug, Clone, Copy)]
struct Picture {
    columns: u64,
    rows: u64,
    components: u64,
    tiles: u64,
}

impl Picture {
    fn read(siz: &[u8]) -> Option<Self> {
        let long = |at: usize| {
            let four = siz.get(at..at + 4)?.try_into().ok()?;
            Some(u64::from(u32::from_be_bytes(four)))
        };
        let (columns, rows) = (long(2)?, long(6)?);
        let (tile_columns, tile_rows) = (long(18)?.max(1), long(22)?.max(1));
        Some(Self {
            columns,
            rows,
            components: u64::from(u16::from_be_bytes([*siz.get(34)?, *siz.get(35)?])),
            tiles: columns.div_ceil(tile_columns).saturating_mul(rows.div_ceil(tile_rows)),
        })
    }

    /// Returns how many packets the picture has at most: precincts of the finest partition, times layers,
    /// resolutions and components. `style` tells whether precinct sizes follow; `levels` starts with
    /// the number of decompositions and ends with those sizes.
    fn packets(&self, layers: Option<&[u8]>, style: Option<&u8>, levels: Option<&[u8]>) -> u64 {
        let layers = layers.map_or(1, |two| two.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)));
        let Some(&count) = levels.and_then(<[u8]>::first) else { return 0 };
        let sizes = levels.and_then(|levels| levels.get(5..)).unwrap_or_default();
        let sized = style.is_some_and(|style| style & 1 == 1);
        let precincts = (0..=u32::from(count.min(32))).map(|resolution| {
            let size = if sized { sizes.get(resolution as usize).copied().unwrap_or(0xff) } else { 0xff };
            let reduction = u32::from(count) - resolution;
            let along = |length: u64, power: u8| (length >> reduction.min(63)).max(1).div_ceil(1 << power);
            along(self.columns, size & 15).saturating_mul(along(self.rows, size >> 4))
        });
        let all: u64 = precincts.fold(0, u64::saturating_add);
        all.max(self.tiles).saturating_mul(layers.max(1)).saturating_mul(self.components.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A main header: the picture, its tiles, layers, decompositions and precinct sizes.
    fn header(size: (u32, u32), tile: (u32, u32), layers: u16, levels: u8, sizes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0x4f, 0xff, SIZ, 0, 41, 0, 0];
        for long in [size.0, size.1, 0, 0, tile.0, tile.1, 0, 0] {
            bytes.extend(long.to_be_bytes());
        }
        bytes.extend([0, 1, 11, 1, 1]);
        let length = u8::try_from(12 + sizes.len()).unwrap();
        bytes.extend([0xff, COD, 0, length, u8::from(!sizes.is_empty()), 0]);
        bytes.extend(layers.to_be_bytes());
        bytes.extend([0, levels, 4, 4, 0, 1]);
        bytes.extend(sizes);
        bytes
    }

    #[test]
    fn what_a_film_needs_is_borne_and_bombs_are_not() {
        let film = (6000, 6000);
        for (what, bytes, bearable) in [
            ("usual", header(film, film, 1, 5, &[]), true),
            ("precincts of 128, 12 layers", header(film, film, 12, 5, &[0x77; 6]), true),
            ("tiles of 512", header(film, (512, 512), 1, 5, &[]), true),
            ("a tile a pixel", header(film, (1, 1), 1, 0, &[]), false),
            ("a precinct a pixel", header(film, film, 1, 0, &[0]), false),
            ("layers without end", header(film, film, 65_535, 5, &[0x77; 6]), false),
        ] {
            assert_eq!(are_bearable(&bytes), bearable, "{what}");
            for length in 0..bytes.len() {
                are_bearable(&bytes[..length]);
            }
        }
        // A tile part that overrides the parameters of the picture
        let mut bytes = header(film, film, 1, 0, &[]);
        bytes.extend([0xff, SOT, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([0xff, COD, 0, 13, 1, 0, 0, 1, 0, 0, 4, 4, 0, 1, 0]);
        assert!(!are_bearable(&bytes));
    }
}
