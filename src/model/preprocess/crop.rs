//! The middle square.

use super::plane::Plane;
use crate::model::Region;

/// Cuts the long side to the short one, from `long / 2 - short / 2` in whole numbers.
pub(super) fn centre(plane: Plane) -> Plane {
    let Plane { width, height, .. } = plane;
    if width == height {
        return plane;
    }
    let side = width.min(height);
    let (left, top) = (width / 2 - side / 2, height / 2 - side / 2);
    let values = plane
        .values
        .chunks_exact(width)
        .skip(top)
        .take(side)
        .flat_map(|row| &row[left..left + side])
        .copied()
        .collect();
    let (part_x, part_y) = (plane.region.width / width as f32, plane.region.height / height as f32);
    let region = Region {
        x: plane.region.x + left as f32 * part_x,
        y: plane.region.y + top as f32 * part_y,
        width: side as f32 * part_x,
        height: side as f32 * part_y,
    };
    Plane { region, ..plane.with(side, side, values) }
}
