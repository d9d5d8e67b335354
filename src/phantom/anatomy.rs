//! A chest of solids, and what a ray meets on its way through it. The sizes are those of an adult.

use std::f32::consts::PI;

use super::{
    Disease, Extent, Phantom, Side,
    noise::{Clouds, Dice},
    solids::{Ellipsoid, Tube, step},
};

/// Weakening of the beam per metre at an effective 60 keV, as NIST's tables of water and bone have it.
const SOFT: f32 = 20.0;
const CORTEX: f32 = 38.0;
/// The part of a lung that is tissue and blood, at full breath.
const LUNG_TISSUE: f32 = 0.26;
/// The solids of the heart come first among those that displace lung.
const HEART: usize = 2;
/// Metres of fluid or of air on a ray that make a finding of it.
const SEEN: f32 = 0.01;

/// One lung, and the diaphragm below it.
struct Lung {
    /// -1 is the patient's right, which is the image's left.
    side: f32,
    whole: Ellipsoid,
    /// The dome's highest point.
    dome: f32,
    /// With its size, 0 to 1.
    disease: Option<(Disease, f32)>,
    /// Vessels: a line, and the radius at its root.
    vessels: Vec<([f32; 2], [f32; 2], f32)>,
}

/// A chest that rays can be sent through.
pub(super) struct Chest {
    torso: Vec<Ellipsoid>,
    lungs: Vec<Lung>,
    /// The solids that displace lung: heart, great vessels, mediastinum, hila, masses.
    displacing: Vec<Ellipsoid>,
    /// The masses among them.
    masses: Vec<Ellipsoid>,
    breasts: Vec<Ellipsoid>,
    gas: Vec<Ellipsoid>,
    bones: Vec<Tube>,
    clouds: Clouds,
}

impl Chest {
    /// The frontal chest of a phantom.
    pub(super) fn of(phantom: &Phantom, dice: &mut Dice) -> Self {
        let heart = match phantom.extent(Disease::Cardiomegaly) {
            Some(extent) => 1.25 + 0.4 * extent.size(dice),
            None => dice.between(0.9, 1.08),
        };
        let mut displacing = vec![
            Ellipsoid::new([0.024 * heart, 0.052], [0.062 * heart, 0.05 * heart], 0.045 * heart).turned(0.55),
            Ellipsoid::new([-0.016, 0.045], [0.036 * heart, 0.052], 0.04),
            Ellipsoid::new([0.0, -0.05], [0.03, 0.15], 0.05),
            Ellipsoid::new([0.026, -0.058], [0.017, 0.02], 0.02),
        ];
        let (mut lungs, mut masses) = (Vec::new(), Vec::new());
        for side in [-1.0_f32, 1.0] {
            let hilum = [side * dice.between(0.036, 0.042), dice.between(-0.012, 0.0)];
            displacing.push(Ellipsoid::new(hilum, [0.015, 0.026], 0.016).turned(side * 0.35));
            let reach = dice.between(0.058, 0.066);
            let whole = Ellipsoid::new([side * 0.074, 0.012], [reach, 0.158], 0.072).turned(side * -0.07);
            let disease = phantom.diseases.iter().find(|(_, where_, _)| where_.sign() == side);
            let disease = disease.map(|(disease, _, extent)| (*disease, extent.size(dice)));
            if let Some((Disease::Mass, size)) = disease {
                let place = [side * dice.between(0.07, 0.095), dice.between(-0.07, 0.03)];
                let size = 0.013 + 0.017 * size;
                masses.push(Ellipsoid::new(place, [size, size * 0.9], size * 1.6));
                displacing.extend(masses.last());
            }
            let dome = dice.between(0.078, 0.092) + if side > 0.0 { 0.01 } else { 0.0 };
            let vessels = vessels(side, hilum, dice);
            lungs.push(Lung { side, whole, dome, disease, vessels });
        }
        let bust = dice.between(0.8, 1.15);
        let breast =
            |side: f32| Ellipsoid::new([side * 0.085, 0.085], [0.062 * bust, 0.05 * bust], 0.014 * bust);
        let girth = dice.between(0.94, 1.1);
        Self {
            torso: vec![
                Ellipsoid::new([0.0, 0.10], [0.178, 0.42], 0.108 * girth),
                Ellipsoid::new([-0.155, -0.135], [0.085, 0.06], 0.055),
                Ellipsoid::new([0.155, -0.135], [0.085, 0.06], 0.055),
                Ellipsoid::new([0.0, -0.22], [0.062, 0.13], 0.06),
            ],
            lungs,
            displacing,
            masses,
            breasts: if phantom.patient.is_female { vec![breast(-1.0), breast(1.0)] } else { Vec::new() },
            gas: vec![
                // Windpipe and the bubble in the stomach.
                Ellipsoid::new([-0.002, -0.14], [0.0085, 0.1], 0.0085),
                Ellipsoid::new([0.072, 0.125], [0.03, 0.014], 0.02),
            ],
            bones: bones(dice),
            clouds: Clouds::new(dice),
        }
    }

    /// Returns how much the beam is weakened at (x, y): the sum over the solids of length times weakening.
    pub(super) fn weakening(&self, x: f32, y: f32) -> f32 {
        let body = self.torso.iter().map(|solid| solid.chord(x, y)).fold(0.0, f32::max);
        if body == 0.0 {
            return 0.0;
        }
        let displaced: f32 = self.displacing.iter().map(|solid| solid.chord(x, y)).sum();
        let missing: f32 = self.lungs.iter().map(|lung| self.air(lung, x, y, displaced)).sum();
        let gas: f32 = self.gas.iter().map(|solid| solid.chord(x, y)).sum();
        let breast: f32 = self.breasts.iter().map(|solid| solid.chord(x, y)).sum();
        let bone: f32 = self.bones.iter().map(|bone| bone.chord(x, y)).sum::<f32>() + spine(x, y);
        let grain = 1.0 + 0.02 * self.clouds.at(x, y, 0.012);
        let soft = (body + breast - missing - gas.min(0.6 * body)).max(0.02 * body);
        SOFT * soft * grain + CORTEX * bone
    }

    /// The length of air on the ray in one lung.
    fn air(&self, lung: &Lung, x: f32, y: f32, displaced: f32) -> f32 {
        let mut filled = lung.room(x, y, displaced);
        if filled == 0.0 {
            return 0.0;
        }
        let mut tissue = LUNG_TISSUE * (1.0 + 0.22 * self.clouds.at(x, y, 0.02));
        let mut vessels = lung.vessels(x, y);
        match lung.disease {
            Some((Disease::Effusion, size)) => filled *= 1.0 - lung.fluid(size, x, y),
            Some((Disease::Pneumothorax, size)) => {
                let inside = lung.collapsed(size).chord(x, y);
                if inside == 0.0 {
                    return filled * 0.995;
                }
                tissue = if inside < 0.012 { 0.85 } else { 0.42 };
                vessels *= 1.2;
            }
            _ => {}
        }
        (filled * (1.0 - tissue) - vessels).max(0.0)
    }

    /// Whether the ray at (x, y) meets this finding: the whole heart where it is too large; the fluid; the mass; the air
    /// beside a lung that has drawn back. Of fluid and air at least [`SEEN`] on the ray.
    pub(super) fn is_lesion(&self, disease: Disease, x: f32, y: f32) -> bool {
        let meets = |solids: &[Ellipsoid]| solids.iter().any(|solid| solid.chord(x, y) > 0.0);
        let displaced: f32 = self.displacing.iter().map(|solid| solid.chord(x, y)).sum();
        let in_lung = |lung: &Lung| {
            let room = lung.room(x, y, displaced);
            match lung.disease {
                Some((Disease::Effusion, size)) => room * lung.fluid(size, x, y) >= SEEN,
                Some((Disease::Pneumothorax, size)) => {
                    room >= SEEN && lung.collapsed(size).chord(x, y) == 0.0
                }
                _ => false,
            }
        };
        match disease {
            Disease::Cardiomegaly => meets(&self.displacing[..HEART]),
            Disease::Mass => meets(&self.masses),
            Disease::Effusion | Disease::Pneumothorax => self.lungs.iter().any(in_lung),
        }
    }
}

impl Lung {
    /// The length of the ray in the lung's place above the diaphragm, less what displaces it.
    fn room(&self, x: f32, y: f32, displaced: f32) -> f32 {
        let chord = self.whole.chord(x, y);
        if chord == 0.0 {
            return 0.0;
        }
        let outward = self.outward(x);
        let dome = self.dome + 9.0 * outward * outward;
        let above = 1.0 - step(dome - 0.003, dome + 0.003, y);
        (chord - displaced).max(0.0) * above
    }

    /// How far outwards of the lung's middle.
    fn outward(&self, x: f32) -> f32 {
        (x - self.whole.centre[0]) * self.side
    }

    /// The share of the ray that is in fluid, of an effusion of this size: a meniscus that climbs along the wall; a little
    /// of it fills the angle there alone.
    fn fluid(&self, size: f32, x: f32, y: f32) -> f32 {
        let climbs = (2.0 + 5.0 * size) * (self.outward(x) + 0.06).max(0.0).powi(2);
        let level = self.dome + 0.02 - 0.065 * size - climbs;
        step(level - 0.006, level + 0.006, y)
    }

    /// The lung that has drawn back from the wall; a fine line is its edge.
    fn collapsed(&self, size: f32) -> Ellipsoid {
        let mut left = self.whole.grown(0.9 - 0.26 * size);
        left.centre[0] -= self.side * (0.004 + 0.014 * size);
        left.centre[1] += 0.006 + 0.026 * size;
        left
    }

    /// The length of the ray in vessels, which taper from the hilum on.
    fn vessels(&self, x: f32, y: f32) -> f32 {
        let through = |&(from, to, radius): &([f32; 2], [f32; 2], f32)| {
            let (ax, ay) = (to[0] - from[0], to[1] - from[1]);
            let along = ((x - from[0]) * ax + (y - from[1]) * ay) / (ax * ax + ay * ay);
            if !(0.0..1.0).contains(&along) {
                return 0.0;
            }
            let off_squared = (x - from[0] - along * ax).powi(2) + (y - from[1] - along * ay).powi(2);
            let radius = radius * (1.0 - 0.8 * along);
            2.0 * (radius * radius - off_squared).max(0.0).sqrt()
        };
        self.vessels.iter().map(through).sum()
    }
}

/// Vessels that fan out from the hilum, with two branches each.
fn vessels(side: f32, hilum: [f32; 2], dice: &mut Dice) -> Vec<([f32; 2], [f32; 2], f32)> {
    let mut lines = Vec::new();
    for place in 0..9_u8 {
        let angle = PI * (-0.42 + 0.105 * f32::from(place)) + dice.between(-0.08, 0.08);
        let length = dice.between(0.055, 0.095);
        let end = [hilum[0] + side * angle.cos() * length, hilum[1] + angle.sin() * length * 1.15];
        lines.push((hilum, end, 0.0042));
        for _ in 0..2 {
            let share = dice.between(0.3, 0.7);
            let fork = [0, 1].map(|axis| hilum[axis] + share * (end[axis] - hilum[axis]));
            let bend = angle + dice.between(-0.6, 0.6);
            let reach = dice.between(0.025, 0.05);
            lines.push((fork, [fork[0] + side * bend.cos() * reach, fork[1] + bend.sin() * reach], 0.0022));
        }
    }
    lines
}

/// Vertebrae with discs between them.
fn spine(x: f32, y: f32) -> f32 {
    let across = 1.0 - step(0.015, 0.019, x.abs());
    let along = (y / 0.027).rem_euclid(1.0);
    let body = step(0.06, 0.12, along) * (1.0 - step(0.80, 0.86, along));
    let process = (1.0 - step(0.003, 0.006, x.abs())) * step(0.3, 0.5, along);
    across * (0.0035 + 0.0075 * body) + 0.004 * process
}

/// Ten pairs of ribs and two collar bones.
fn bones(dice: &mut Dice) -> Vec<Tube> {
    let mut bones = Vec::new();
    let tilt = dice.between(0.085, 0.11);
    for number in 0..10_u8 {
        let down = f32::from(number);
        let from = -0.148 + 0.0262 * down;
        let wide = 0.142 - 0.085 * (-0.62 * down).exp() - 0.0006 * (down - 6.0).powi(2);
        for side in [-1.0, 1.0] {
            // From the spine backwards, round the wall, and forwards down again: a ring seen from behind.
            let end = if number > 7 { 0.62 } else { 0.80 };
            let points = (0..=20_u8).map(|at| {
                let turn = PI * end * f32::from(at) / 20.0;
                [side * (0.016 + (wide - 0.016) * turn.sin()), from + tilt * (1.0 - turn.cos()) / 2.0]
            });
            bones.push(Tube::new(points.collect(), 0.0056));
        }
    }
    for side in [-1.0, 1.0] {
        let points = [[0.016, -0.128], [0.05, -0.139], [0.095, -0.15], [0.15, -0.147]];
        bones.push(Tube::new(points.map(|[x, y]| [side * x, y]).to_vec(), 0.0064));
    }
    bones
}

/// The chest from the side, which is enough for a gate to refuse it.
pub(super) fn lateral(x: f32, y: f32, clouds: &Clouds) -> f32 {
    let body = Ellipsoid::new([0.0, 0.08], [0.14, 0.42], 0.15).chord(x, y);
    let lung = Ellipsoid::new([0.005, 0.0], [0.098, 0.15], 0.115).chord(x, y);
    let dome = 0.07 + 0.35 * (x + 0.02);
    let heart = Ellipsoid::new([-0.035, 0.045], [0.05, 0.055], 0.05).turned(0.5).chord(x, y);
    let air = (lung - heart).max(0.0) * (1.0 - step(dome - 0.004, dome + 0.004, y)) * (1.0 - LUNG_TISSUE);
    let bone = spine(x - 0.085 - 0.12 * (y - 0.03).powi(2), y) + 0.5 * spine(x + 0.125, y * 0.2);
    let grain = 1.0 + 0.03 * clouds.at(x, y, 0.02);
    if body == 0.0 { 0.0 } else { SOFT * (body - air).max(0.0) * 0.75 * grain + CORTEX * bone }
}

/// Which side, as a sign of x.
impl Side {
    pub(super) fn sign(self) -> f32 {
        match self {
            Self::Right => -1.0,
            Self::Left => 1.0,
        }
    }
}

impl Extent {
    /// A size from 0 to 1, a third of which belongs to each extent.
    fn size(self, dice: &mut Dice) -> f32 {
        let from = match self {
            Self::Small => 0.0,
            Self::Moderate => 1.0,
            Self::Large => 2.0,
        };
        (from + dice.share()) / 3.0
    }
}
