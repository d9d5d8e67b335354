//! The stored form: a header, each label's maximum as f32, then every cell as its share of that
//! maximum in f16. All little-endian.
//!
//! ```text
//! "HM" version:u8 0:u8 labels:u16 rows:u16 columns:u16 x:f32 y:f32 width:f32 height:f32
//! maximum:f32 x labels    share:f16 x labels x rows x columns
//! ```

use half::f16;

use super::{Heatmap, Region};

const MAGIC: [u8; 4] = *b"HM\x01\0";

pub(super) fn write(map: &Heatmap) -> Vec<u8> {
    let Region { x, y, width, height } = map.region;
    let mut bytes = Vec::with_capacity(26 + map.labels * 4 + map.values.len() * 2);
    bytes.extend(MAGIC);
    for count in [map.labels, map.rows, map.columns] {
        bytes.extend(u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
    }
    for edge in [x, y, width, height] {
        bytes.extend(edge.to_le_bytes());
    }
    let grids = || (0..map.labels).filter_map(|label| map.grid(label));
    let maximum = |grid: &[f32]| grid.iter().copied().fold(0.0, f32::max);
    for grid in grids() {
        bytes.extend(maximum(grid).to_le_bytes());
    }
    for grid in grids() {
        let maximum = maximum(grid).max(f32::MIN_POSITIVE);
        for value in grid {
            bytes.extend(f16::from_f32(value / maximum).to_le_bytes());
        }
    }
    bytes
}

pub(super) fn read(bytes: &[u8]) -> Option<Heatmap> {
    let mut reader = Reader { rest: bytes };
    if reader.take()? != MAGIC {
        return None;
    }
    let mut count = || reader.take().map(u16::from_le_bytes).map(usize::from);
    let (labels, rows, columns) = (count()?, count()?, count()?);
    let mut edge = || reader.take().map(f32::from_le_bytes).filter(|edge| (0.0..=1.0).contains(edge));
    let region = Region { x: edge()?, y: edge()?, width: edge()?, height: edge()? };
    let cells = rows * columns;
    // Checked before anything is reserved: a damaged count must not ask for gigabytes.
    if cells == 0 || labels.checked_mul(4 + 2 * cells) != Some(reader.rest.len()) {
        return None;
    }
    let sound = |value: &f32| value.is_finite() && *value >= 0.0;
    let maxima: Vec<f32> =
        (0..labels).map(|_| reader.take().map(f32::from_le_bytes).filter(sound)).collect::<Option<_>>()?;
    let values = (0..labels * cells)
        .map(|n| {
            let share = f16::from_le_bytes(reader.take()?).to_f32();
            Some(share * maxima[n / cells]).filter(sound)
        })
        .collect::<Option<_>>()?;
    Some(Heatmap { labels, rows, columns, values, region })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*head)
    }
}
