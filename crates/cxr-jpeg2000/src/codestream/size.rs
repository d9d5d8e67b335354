//! The SIZ segment: image area, tiles, components (ITU-T T.800, A.5.1 and annex B).

use super::super::{
    Limits,
    bytes::Bytes,
    error::{Error, Result},
    geometry::Rect,
};

/// Image area and tiles on the reference grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Size {
    pub(in super::super) image: Rect,
    tile_origin: (u32, u32),
    tile_size: (u32, u32),
    /// How many tiles there are across and down.
    grid: (usize, usize),
    pub(in super::super) components: Vec<ComponentSize>,
}

/// One component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct ComponentSize {
    /// Bits a sample, 1 to 16.
    pub(in super::super) precision: u8,
    pub(in super::super) signed: bool,
    /// Steps on the reference grid from one sample to the next, across and down; at least 1.
    pub(in super::super) step: (u8, u8),
}

impl Size {
    pub(super) fn read(mut siz: Bytes<'_>, limits: &Limits) -> Result<Self> {
        // Bit 14 of Rsiz: Part 15 (T.814, A.1).
        if siz.u16()? & 0x4000 != 0 {
            return Err(Error::HighThroughput);
        }
        let mut pair = || Ok::<_, Error>((siz.u32()?, siz.u32()?));
        let (far, near, tile_size, tile_origin) = (pair()?, pair()?, pair()?, pair()?);
        let image = Rect { x0: near.0, y0: near.1, x1: far.0, y1: far.1 };
        let reaches = |origin: u32, size: u32, near: u32| {
            origin <= near && u64::from(origin) + u64::from(size) > u64::from(near)
        };
        if near.0 >= far.0
            || near.1 >= far.1
            || !reaches(tile_origin.0, tile_size.0, near.0)
            || !reaches(tile_origin.1, tile_size.1, near.1)
        {
            return Err(Error::Damaged("its header gives it no area"));
        }
        let count = usize::from(siz.u16()?);
        if count == 0 || siz.len() < 3 * count {
            return Err(Error::Damaged("its header does not tell of all components"));
        }
        if count > usize::from(limits.components) {
            return Err(Error::TooLarge("it has more components than a film"));
        }
        let components = (0..count).map(|_| ComponentSize::read(&mut siz)).collect::<Result<Vec<_>>>()?;
        let areas = components.iter().map(|component| image.on_grid(component.step).area());
        let samples = areas.fold(0, u64::saturating_add);
        if samples > limits.samples {
            return Err(Error::TooLarge("it has more pixels than a film"));
        }
        let tiles = |far: u32, origin: u32, size: u32| (far - origin).div_ceil(size) as usize;
        let grid = (tiles(far.0, tile_origin.0, tile_size.0), tiles(far.1, tile_origin.1, tile_size.1));
        // Tiles are numbered in 16 bits.
        if grid.0.saturating_mul(grid.1) > 65_535 {
            return Err(Error::Damaged("its header asks for more tiles than there can be"));
        }
        Ok(Self { image, tile_origin, tile_size, grid, components })
    }

    pub(in super::super) fn tiles(&self) -> usize {
        self.grid.0 * self.grid.1
    }

    /// A tile on the reference grid (B.3).
    pub(in super::super) fn tile(&self, index: usize) -> Rect {
        let along = |number: usize, origin: u32, size: u32, near: u32, far: u32| {
            let start = u64::from(origin) + number as u64 * u64::from(size);
            let clamp = |at: u64| at.clamp(u64::from(near), u64::from(far)) as u32;
            (clamp(start), clamp(start + u64::from(size)))
        };
        let (image, origin, size) = (self.image, self.tile_origin, self.tile_size);
        let (x0, x1) = along(index % self.grid.0, origin.0, size.0, image.x0, image.x1);
        let (y0, y1) = along(index / self.grid.0, origin.1, size.1, image.y0, image.y1);
        Rect { x0, y0, x1, y1 }
    }
}

impl ComponentSize {
    fn read(siz: &mut Bytes<'_>) -> Result<Self> {
        let [depth, across, down] = [siz.u8()?, siz.u8()?, siz.u8()?];
        let precision = (depth & 0x7f) + 1;
        if across == 0 || down == 0 || precision > 38 {
            return Err(Error::Damaged("its header tells nonsense of a component"));
        }
        if precision > 16 {
            return Err(Error::Unsupported("its samples have more than 16 bits"));
        }
        Ok(Self { precision, signed: depth & 0x80 != 0, step: (across, down) })
    }
}
