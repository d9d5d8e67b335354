//! A tile taken apart: components, resolutions, sub-bands, precincts and code-blocks (ITU-T T.800, annex B).

use super::{
    budget::Budget,
    codestream::{ComponentParameters, ComponentSize, Parameters},
    context::Orientation,
    error::Result,
    geometry::Rect,
    tag_tree::TagTree,
};

/// Bytes that the allocator adds to a precinct in a sub-band, which has several small pieces of memory.
const HEAP_OF_BAND: usize = 128;

/// One component of one tile.
#[derive(Debug)]
pub(super) struct TileComponent<'a> {
    pub(super) size: ComponentSize,
    pub(super) parameters: ComponentParameters<'a>,
    /// Its samples, in the component's own coordinates.
    pub(super) area: Rect,
    /// From the lowest up: one more than there are decompositions.
    pub(super) resolutions: Vec<Resolution>,
}

/// The sub-bands that one more decomposition level adds to a tile-component.
#[derive(Debug)]
pub(super) struct Resolution {
    pub(super) area: Rect,
    /// LL alone in the lowest, else HL, LH and HH.
    pub(super) bands: Vec<Band>,
    /// The precincts it touches, in units of their size, whose binary logarithms are `precinct_size`.
    pub(super) precinct_cells: Rect,
    pub(super) precinct_size: (u8, u8),
    /// Row by row.
    pub(super) precincts: Vec<Precinct>,
}

/// One sub-band.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    pub(super) orientation: Orientation,
    pub(super) area: Rect,
    /// Magnitude bit-planes, Mb, with those of the region of interest (equations E-2 and H-1).
    pub(super) planes: u32,
    /// The quantisation step, as a fraction of the nominal range of samples: exponent and mantissa.
    pub(super) step: (u8, u16),
}

/// A precinct: what of each sub-band one packet of each layer tells of.
#[derive(Debug)]
pub(super) struct Precinct {
    /// Layers that have been read.
    pub(super) layers: u16,
    /// One for each sub-band of the resolution.
    pub(super) bands: Vec<PrecinctBand>,
}

/// The code-blocks of a precinct in one sub-band.
#[derive(Debug)]
pub(super) struct PrecinctBand {
    /// Blocks across.
    pub(super) width: usize,
    /// Row by row.
    pub(super) blocks: Vec<CodeBlock>,
    /// The first layer of each block.
    pub(super) inclusion: TagTree,
    /// How many of the most significant bit-planes of each block are all zero.
    pub(super) zero_planes: TagTree,
}

/// A code-block as far as packets have told of it.
#[derive(Debug)]
pub(super) struct CodeBlock {
    /// In the sub-band's coordinates.
    pub(super) area: Rect,
    pub(super) zero_planes: u8,
    /// Lblock, from which lengths have their number of bits (B.10.7.1).
    pub(super) length_bits: u8,
    /// Passes so far.
    pub(super) passes: u16,
    /// Its first and last piece of data, if it has any.
    pub(super) pieces: Option<(u32, u32)>,
}

/// A run of a code-block's passes, all of one packet and one codeword segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Where its bytes are among those of the tile.
    pub(super) start: usize,
    pub(super) length: u32,
    pub(super) passes: u32,
    /// The piece of the same block that follows.
    pub(super) next: Option<u32>,
}

impl<'a> TileComponent<'a> {
    /// `budget` is lowered by what the component takes.
    pub(super) fn new(
        tile: Rect,
        size: ComponentSize,
        parameters: ComponentParameters<'a>,
        layers: u16,
        budget: &mut Budget,
    ) -> Result<Self> {
        let area = tile.on_grid(size.step);
        let resolutions = (0..=parameters.coding.levels)
            .map(|number| {
                let mut resolution = Resolution::new(area, number, &parameters)?;
                let block = resolution.block(parameters.coding.block, number);
                budget.take_packets(resolution.precinct_cells.area().saturating_mul(u64::from(layers)))?;
                budget.take(resolution.bytes_of_precincts(block))?;
                resolution.make_precincts(block, number);
                Ok(resolution)
            })
            .collect::<Result<_>>()?;
        Ok(Self { size, parameters, area, resolutions })
    }
}

impl Resolution {
    fn new(component: Rect, number: u8, parameters: &ComponentParameters<'_>) -> Result<Self> {
        let levels = parameters.coding.levels;
        let area = component.decomposed(levels - number, (false, false));
        let orientations: &[_] = match number {
            0 => &[(0, Orientation::Ll, (false, false))],
            _ => &[
                (1, Orientation::Hl, (true, false)),
                (2, Orientation::Lh, (false, true)),
                (3, Orientation::Hh, (true, true)),
            ],
        };
        let times = if number == 0 { levels } else { levels + 1 - number };
        let bands = orientations
            .iter()
            .map(|&(index, orientation, high)| {
                let (guard_bits, exponent, mantissa) = parameters.quantisation.step(number, index)?;
                Ok(Band {
                    orientation,
                    area: component.decomposed(times, high),
                    planes: (u32::from(guard_bits) + u32::from(exponent)).saturating_sub(1)
                        + u32::from(parameters.roi_shift),
                    step: (exponent, mantissa),
                })
            })
            .collect::<Result<_>>()?;
        let precinct_size = parameters.coding.precinct(number);
        Ok(Self {
            area,
            bands,
            precinct_cells: area.cells(precinct_size),
            precinct_size,
            precincts: Vec::new(),
        })
    }

    /// The size of precincts in the sub-bands.
    fn precinct_in_bands(&self, number: u8) -> (u8, u8) {
        // There a precinct is half as wide and high, but for LL (B.7).
        let halved = u8::from(number > 0);
        (self.precinct_size.0 - halved, self.precinct_size.1 - halved)
    }

    /// The size of code-blocks, of which one lies in no more than one precinct.
    fn block(&self, largest: (u8, u8), number: u8) -> (u8, u8) {
        let precinct = self.precinct_in_bands(number);
        (largest.0.min(precinct.0), largest.1.min(precinct.1))
    }

    /// Returns how much memory the precincts will take.
    fn bytes_of_precincts(&self, block: (u8, u8)) -> u64 {
        let blocks: u64 = self.bands.iter().map(|band| band.area.cells(block).area()).sum();
        let precinct = size_of::<Precinct>() + self.bands.len() * (size_of::<PrecinctBand>() + HEAP_OF_BAND);
        let precincts = self.precinct_cells.area().saturating_mul(precinct as u64);
        precincts.saturating_add(
            blocks.saturating_mul((size_of::<CodeBlock>() + 2 * TagTree::BYTES_OF_LEAF) as u64),
        )
    }

    fn make_precincts(&mut self, block: (u8, u8), number: u8) {
        let size = self.precinct_in_bands(number);
        let cells = self.precinct_cells;
        self.precincts = (cells.y0..cells.y1)
            .flat_map(|y| (cells.x0..cells.x1).map(move |x| (x, y)))
            .map(|(x, y)| Precinct {
                layers: 0,
                bands: self
                    .bands
                    .iter()
                    .map(|band| PrecinctBand::new(band.area.cell(x, y, size), block))
                    .collect(),
            })
            .collect();
    }
}

impl PrecinctBand {
    fn new(area: Rect, block: (u8, u8)) -> Self {
        let cells = area.cells(block);
        let blocks = (cells.y0..cells.y1)
            .flat_map(|y| (cells.x0..cells.x1).map(move |x| (x, y)))
            .map(|(x, y)| CodeBlock {
                area: area.cell(x, y, block),
                zero_planes: 0,
                length_bits: 3,
                passes: 0,
                pieces: None,
            })
            .collect();
        let (width, height) = (cells.x1 - cells.x0, cells.y1 - cells.y0);
        Self {
            width: width as usize,
            blocks,
            inclusion: TagTree::new(width, height),
            zero_planes: TagTree::new(width, height),
        }
    }
}

/// All components of a tile, of which `bytes` of packets are there, and the budget that is left.
pub(super) fn components<'a>(
    tile: Rect,
    sizes: &[ComponentSize],
    parameters: &'a Parameters,
    bytes: usize,
) -> Result<(Vec<TileComponent<'a>>, Budget)> {
    let mut budget = Budget::new(bytes as u64, tile, sizes);
    let components = sizes
        .iter()
        .enumerate()
        .map(|(index, &size)| {
            TileComponent::new(tile, size, parameters.component(index)?, parameters.layers, &mut budget)
        })
        .collect::<Result<_>>()?;
    Ok((components, budget))
}
