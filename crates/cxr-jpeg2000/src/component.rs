//! From code-blocks to the samples of a tile-component: dequantisation (ITU-T T.800, annex E) and the levels of the
//! wavelet transform.

use super::{
    block::{BlockDecoder, MAX_PLANES, Shape},
    codestream::ComponentParameters,
    context::Orientation,
    error::{Error, Result},
    passes::Column,
    tile::{Band, CodeBlock, Piece, Resolution, TileComponent},
    wavelet::{Bands, Irreversible, Plane, Reversible, Wavelet, synthesise},
};

/// A wavelet whose coefficients can be had from what code-blocks hold.
pub(super) trait Dequantise: Wavelet {
    /// Makes a coefficient of a quantisation index in halves with the sign at bit 31; `step` is half a quantisation
    /// step.
    fn dequantise(index: u32, step: f32) -> Self::Sample;
}

impl Dequantise for Reversible {
    #[inline(always)]
    fn dequantise(index: u32, _: f32) -> i32 {
        let sign = index.cast_signed() >> 31;
        (((index & 0x7fff_ffff) >> 1).cast_signed() ^ sign) - sign
    }
}

impl Dequantise for Irreversible {
    #[inline(always)]
    fn dequantise(index: u32, step: f32) -> f32 {
        let magnitude = (index & 0x7fff_ffff).cast_signed() as f32 * step;
        f32::from_bits(magnitude.to_bits() | index & 0x8000_0000)
    }
}

/// The tile whose components are decoded: its packets, and the pieces of code-blocks in them.
#[derive(Debug)]
pub(super) struct TileSource<'a> {
    pub(super) packets: &'a [u8],
    pub(super) pieces: &'a [Piece],
}

/// Decodes one component of a tile; its rows, from above, go to `sink`.
pub(super) fn decode<W: Dequantise>(
    component: &TileComponent<'_>,
    source: &TileSource<'_>,
    decoder: &mut BlockDecoder,
    mut sink: impl FnMut(&[W::Sample]),
) -> Result<()> {
    let mut low = Plane::new(0, 0);
    let highest = component.resolutions.len() - 1;
    for (number, resolution) in component.resolutions.iter().enumerate() {
        let mut bands = Vec::with_capacity(3);
        for index in 0..resolution.bands.len() {
            bands.push(decode_band::<W>(component, number, index, source, decoder)?);
        }
        let area = resolution.area;
        match &mut bands[..] {
            [hl, lh, hh] => {
                let mut bands = Bands { ll: &mut low, hl, lh, hh };
                if number == highest {
                    synthesise::<W>(area, &mut bands, &mut sink);
                } else {
                    let mut next = Plane::with_capacity(area.width(), area.height());
                    synthesise::<W>(area, &mut bands, |row| next.push(row));
                    low = next;
                }
            }
            _ => {
                low = bands.pop().unwrap_or(low);
                if number == highest {
                    low.rows(0).for_each(|row| sink(row));
                }
            }
        }
    }
    Ok(())
}

/// The coefficients of a sub-band.
fn decode_band<W: Dequantise>(
    component: &TileComponent<'_>,
    number: usize,
    index: usize,
    source: &TileSource<'_>,
    decoder: &mut BlockDecoder,
) -> Result<Plane<W::Sample>> {
    let resolution: &Resolution = &component.resolutions[number];
    let band = &resolution.bands[index];
    let mut plane = Plane::new(band.area.width(), band.area.height());
    let step = half_step(component, number, band);
    let blocks = resolution.precincts.iter().flat_map(|precinct| &precinct.bands[index].blocks);
    for block in blocks {
        let Some((first, _)) = block.pieces else { continue };
        let columns = decode_block(block, first, band, &component.parameters, source, decoder)?;
        let (x, y) = ((block.area.x0 - band.area.x0) as usize, (block.area.y0 - band.area.y0) as usize);
        let (across, down) = (block.area.width(), block.area.height());
        for (row, samples) in plane.rows(y).take(down).enumerate() {
            let columns = &columns[row / 4 * across..];
            for (sample, column) in samples[x..x + across].iter_mut().zip(columns) {
                *sample = W::dequantise(column[row % 4], step);
            }
        }
    }
    Ok(plane)
}

fn decode_block<'a>(
    block: &CodeBlock,
    first: u32,
    band: &Band,
    parameters: &ComponentParameters<'_>,
    source: &TileSource<'_>,
    decoder: &'a mut BlockDecoder,
) -> Result<&'a [Column]> {
    let planes = band.planes.checked_sub(u32::from(block.zero_planes));
    let planes = planes.ok_or(Error::Damaged("a code-block has fewer bit-planes than none"))?;
    if planes > MAX_PLANES {
        return Err(Error::Unsupported("it has more bit-planes than any film"));
    }
    let shape = Shape {
        width: block.area.width(),
        height: block.area.height(),
        orientation: band.orientation,
        style: parameters.coding.style,
        planes,
    };
    let pieces = std::iter::successors(source.pieces.get(first as usize), |piece| {
        piece.next.and_then(|next| source.pieces.get(next as usize))
    })
    .map(|piece| {
        let bytes = source.packets.get(piece.start..piece.start + piece.length as usize);
        (bytes.unwrap_or_default(), piece.passes)
    });
    decoder.decode(shape, pieces, parameters.roi_shift)
}

/// Half a quantisation step of a sub-band (equation E-3), with the factors of the wavelet that its coefficients pass
/// on the way to samples.
fn half_step(component: &TileComponent<'_>, number: usize, band: &Band) -> f32 {
    let levels = i32::from(component.parameters.coding.levels);
    let number = number as i32;
    // Binary logarithm of the sub-band's gain (table E.1), and how often more it is low than high.
    let (gain, factors) = match band.orientation {
        Orientation::Ll => (0, 2 * levels),
        Orientation::Hl | Orientation::Lh => (1, 2 * (levels - number)),
        Orientation::Hh => (2, 2 * (levels - number) - 2),
    };
    let (exponent, mantissa) = band.step;
    let range = i32::from(component.size.precision) + gain - i32::from(exponent);
    let step = f64::from(range).exp2() * (1.0 + f64::from(mantissa) / 2048.0) / 2.0;
    (step * f64::from(Irreversible::K).powi(factors)) as f32
}
