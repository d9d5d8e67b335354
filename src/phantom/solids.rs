//! Solids that a ray passes through. Lengths are metres; x grows to the patient's left (the image's
//! right), y downwards, z from front to back. Rays run along z, as nearly parallel as those of a tube at
//! 1.8 m.

/// An ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ellipsoid {
    pub(super) centre: [f32; 2],
    pub(super) radii: [f32; 2],
    /// Half its depth along the ray.
    pub(super) depth: f32,
    /// How far it is turned in the picture's plane, in radians.
    pub(super) turn: f32,
}

impl Ellipsoid {
    pub(super) const fn new(centre: [f32; 2], radii: [f32; 2], depth: f32) -> Self {
        Self { centre, radii, depth, turn: 0.0 }
    }

    pub(super) const fn turned(self, turn: f32) -> Self {
        Self { turn, ..self }
    }

    /// The length of the ray at (x, y) inside.
    pub(super) fn chord(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (x - self.centre[0], y - self.centre[1]);
        let (sin, cos) = self.turn.sin_cos();
        let (u, v) = (dx * cos + dy * sin, dy * cos - dx * sin);
        let rest = 1.0 - (u / self.radii[0]).powi(2) - (v / self.radii[1]).powi(2);
        if rest > 0.0 { 2.0 * self.depth * rest.sqrt() } else { 0.0 }
    }

    /// The ellipsoid moved and scaled in the picture's plane.
    pub(super) fn grown(self, by: f32) -> Self {
        Self { radii: [self.radii[0] * by, self.radii[1] * by], depth: self.depth * by, ..self }
    }
}

/// A bone: a bent tube of marrow inside a shell of cortex.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tube {
    /// The line that it follows.
    points: Vec<[f32; 2]>,
    radius: f32,
    /// The box that it lies in: left, top, right, bottom.
    bounds: [f32; 4],
}

impl Tube {
    pub(super) fn new(points: Vec<[f32; 2]>, radius: f32) -> Self {
        let of = |axis: usize, start: f32, pick: fn(f32, f32) -> f32| {
            points.iter().map(|point| point[axis]).fold(start, pick)
        };
        let bounds = [
            of(0, f32::MAX, f32::min) - radius,
            of(1, f32::MAX, f32::min) - radius,
            of(0, f32::MIN, f32::max) + radius,
            of(1, f32::MIN, f32::max) + radius,
        ];
        Self { points, radius, bounds }
    }

    /// The length of the ray at (x, y) inside its cortex.
    pub(super) fn chord(&self, x: f32, y: f32) -> f32 {
        let [left, top, right, bottom] = self.bounds;
        if x < left || x > right || y < top || y > bottom {
            return 0.0;
        }
        let nearest = self.points.windows(2).map(|ends| distance_squared([x, y], ends[0], ends[1]));
        let distance_squared = nearest.fold(f32::MAX, f32::min);
        let through = |radius: f32| 2.0 * (radius * radius - distance_squared).max(0.0).sqrt();
        // The shell is a fifth of the radius; marrow weakens the ray like soft tissue.
        through(self.radius) - 0.75 * through(0.8 * self.radius)
    }
}

/// From a point to a line between two points, squared.
fn distance_squared(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let length = (along[0] * along[0] + along[1] * along[1]).max(f32::EPSILON);
    let share = ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0);
    (offset[0] - share * along[0]).powi(2) + (offset[1] - share * along[1]).powi(2)
}

/// 0 below `from`, 1 above `to`, smooth between.
pub(super) fn step(from: f32, to: f32, value: f32) -> f32 {
    let share = ((value - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_through_the_middle_is_as_long_as_the_solid_is_deep() {
        let ball = Ellipsoid::new([0.1, 0.2], [0.05, 0.08], 0.03);
        assert!((ball.chord(0.1, 0.2) - 0.06).abs() < 1e-6);
        assert_eq!(ball.chord(0.16, 0.2), 0.0);
        assert!(ball.turned(1.57).chord(0.17, 0.2) > 0.0, "turned, it lies along x");
        assert!((ball.grown(2.0).chord(0.1, 0.2) - 0.12).abs() < 1e-6);
    }

    #[test]
    fn a_tube_is_densest_at_its_rims() {
        let rib = Tube::new(vec![[0.0, 0.0], [0.1, 0.0]], 0.005);
        assert!(rib.chord(0.05, 0.0042) > rib.chord(0.05, 0.0), "the cortex shows");
        assert_eq!(rib.chord(0.05, 0.0051), 0.0);
        assert_eq!(rib.chord(0.2, 0.0), 0.0);
    }
}
