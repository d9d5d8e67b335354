//! In which order the packets of a tile follow each other (ITU-T T.800, B.12).

use super::{
    codestream::{Progression, Volume},
    error::{Error, Result},
    geometry::Rect,
    tile::TileComponent,
};

/// Most packets that are visited, those skipped since they came before among them.
const MAX_VISITS: u64 = 1 << 25;

/// A precinct by number: of its component, its resolution, and its place in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) component: u16,
    pub(super) resolution: u8,
    pub(super) precinct: u32,
}

/// The precincts of one volume in the order in which their packets come.
#[derive(Debug)]
struct Sequence {
    progression: Progression,
    places: Vec<Place>,
    layers: u16,
}

/// Calls `packet` for each packet of the tile in order; a layer of a precinct may come again where volumes overlap.
pub(super) fn for_each_packet(
    tile: Rect,
    components: &mut [TileComponent<'_>],
    volumes: &[Volume],
    layers: u16,
    mut packet: impl FnMut(&mut [TileComponent<'_>], Place, u16) -> Result<()>,
) -> Result<()> {
    let mut visits = 0;
    for volume in volumes {
        let sequence = Sequence::new(tile, components, *volume, layers);
        visits += 1 + sequence.places.len() as u64 * u64::from(sequence.layers);
        if visits > MAX_VISITS {
            return Err(Error::TooLarge("it asks for far more work than a film needs"));
        }
        sequence.for_each(|place, layer| packet(components, place, layer))?;
    }
    Ok(())
}

impl Sequence {
    fn new(tile: Rect, components: &[TileComponent<'_>], volume: Volume, layers: u16) -> Self {
        let mut keyed = Vec::new();
        for (number, component) in (0..).zip(components) {
            if !(volume.components.0..volume.components.1).contains(&number) {
                continue;
            }
            for (level, resolution) in (0..).zip(&component.resolutions) {
                if !(volume.resolutions.0..volume.resolutions.1).contains(&level) {
                    continue;
                }
                let cells = resolution.precinct_cells;
                let below = component.parameters.coding.levels - level;
                // Where a precinct comes in the reference grid: at its near corner, or where the tile begins.
                let on_grid = |cell: u32, exponent: u8, step: u8, near: u32| {
                    (u64::from(cell) << (exponent + below))
                        .saturating_mul(u64::from(step))
                        .max(u64::from(near))
                };
                let width = u64::from(cells.x1 - cells.x0).max(1);
                for precinct in 0..resolution.precincts.len() as u32 {
                    let x = cells.x0 + (u64::from(precinct) % width) as u32;
                    let y = cells.y0 + (u64::from(precinct) / width) as u32;
                    let x = on_grid(x, resolution.precinct_size.0, component.size.step.0, tile.x0);
                    let y = on_grid(y, resolution.precinct_size.1, component.size.step.1, tile.y0);
                    let (component, resolution) = (u64::from(number), u64::from(level));
                    let key = match volume.progression {
                        Progression::Lrcp | Progression::Rlcp => [resolution, component, 0, 0],
                        Progression::Rpcl => [resolution, y, x, component],
                        Progression::Pcrl => [y, x, component, resolution],
                        Progression::Cprl => [component, y, x, resolution],
                    };
                    keyed.push((key, Place { component: number, resolution: level, precinct }));
                }
            }
        }
        keyed.sort_unstable();
        Self {
            progression: volume.progression,
            places: keyed.into_iter().map(|(_, place)| place).collect(),
            layers: layers.min(volume.layers),
        }
    }

    fn for_each(&self, mut packet: impl FnMut(Place, u16) -> Result<()>) -> Result<()> {
        let same_turn = |a: &Place, b: &Place| match self.progression {
            Progression::Lrcp => true,
            Progression::Rlcp => a.resolution == b.resolution,
            _ => false,
        };
        for turn in self.places.chunk_by(same_turn) {
            for layer in 0..self.layers {
                for &place in turn {
                    packet(place, layer)?;
                }
            }
        }
        Ok(())
    }
}
