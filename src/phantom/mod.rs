//! Phantom films: chests made of simple solids, so that the program can be tried, shown and loaded without
//! a patient's film. A seed gives a phantom, a phantom gives a picture, always the same one; no I/O here.
//!
//! Rays are summed through ellipsoids and tubes, weakened after Beer and Lambert, and a share of scatter
//! and the noise of the quanta is added. "SYNTHETIC PHANTOM" is burned in, and every name is invented.

mod anatomy;
mod dicom;
mod letters;
mod noise;
mod solids;

use jiff::civil;

use anatomy::Chest;
use dicom::Writer;
use noise::{Clouds, Dice};

/// The text that is burned into every picture.
pub const MARK: &str = "SYNTHETIC PHANTOM";

/// Our root for UIDs: one of those that a UUID gives to everybody (PS3.5 B.2).
const ROOT: &str = "2.25.283109572841077384119234521150127";
/// Computed Radiography Image Storage.
const COMPUTED_RADIOGRAPHY: &str = "1.2.840.10008.5.1.4.1.1.1";
/// The largest stored value: 12 bits.
const MAX: f32 = 4095.0;
/// Quanta a pixel in the open beam, in a picture of 1000 x 1000.
const QUANTA: f32 = 60_000.0;
/// Half the picture's width and height in metres.
const HALF: f32 = 0.195;

/// A finding that a phantom may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Disease {
    Cardiomegaly,
    Effusion,
    Mass,
    Pneumothorax,
}

/// The patient's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Left,
    Right,
}

/// How much of a finding there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Extent {
    Small,
    Moderate,
    Large,
}

/// From where the film is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// From behind: what is scored.
    Frontal,
    /// From the side: what a gate holds.
    Lateral,
}

/// Somebody who does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// `FAMILY^Given`.
    pub name: String,
    /// Patient ID.
    pub id: String,
    /// Patient's Sex.
    pub is_female: bool,
}

/// One film of somebody who does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phantom {
    /// The seed, from which everything follows that is not said below.
    pub seed: u64,
    /// The invented patient.
    pub patient: Patient,
    /// From where.
    pub view: View,
    /// The findings to draw. Cardiomegaly's side means nothing.
    pub diseases: Vec<(Disease, Side, Extent)>,
    /// How many years before the others the film was taken: a prior of the same patient.
    pub years_ago: i16,
}

/// Families that are birds, so that nobody takes them for people.
const FAMILIES: [&str; 16] = [
    "AVOCET",
    "BUNTING",
    "CURLEW",
    "DUNNOCK",
    "FULMAR",
    "GANNET",
    "HERON",
    "KESTREL",
    "LINNET",
    "MERLIN",
    "OUZEL",
    "PLOVER",
    "REDSTART",
    "SISKIN",
    "TURNSTONE",
    "WHIMBREL",
];
const GIVEN: [(&str, bool); 8] = [
    ("Ada", true),
    ("Bruno", false),
    ("Carla", true),
    ("Dimitri", false),
    ("Esi", true),
    ("Fumio", false),
    ("Greta", true),
    ("Hugo", false),
];

/// The findings in turn, so that the first dozen of a demonstration shows each, and about one film in eight has a finding
/// that cannot wait: a pneumothorax or a large effusion.
const PROGRAMME: [Option<(Disease, Extent)>; 24] = [
    None,
    Some((Disease::Effusion, Extent::Moderate)),
    Some((Disease::Cardiomegaly, Extent::Moderate)),
    None, // lateral
    Some((Disease::Mass, Extent::Moderate)),
    None,
    Some((Disease::Pneumothorax, Extent::Large)),
    None,
    Some((Disease::Effusion, Extent::Small)),
    Some((Disease::Cardiomegaly, Extent::Moderate)),
    None,
    Some((Disease::Effusion, Extent::Large)),
    None,
    Some((Disease::Mass, Extent::Small)),
    None,
    None,
    Some((Disease::Effusion, Extent::Moderate)),
    None,
    Some((Disease::Cardiomegaly, Extent::Small)),
    None,
    Some((Disease::Mass, Extent::Large)),
    None,
    Some((Disease::Effusion, Extent::Small)),
    None,
];
/// The place of a round at which the film is a lateral one.
const LATERAL: u64 = 3;
/// Of a round of the programme, these are earlier films of the patients that came so many places before.
const PRIORS: [(u64, u64); 2] = [(5, 4), (10, 1)];

impl Phantom {
    /// The phantom at a place of an endless series, which `seed` chooses. It follows a programme of 24,
    /// each disease in several extents, a lateral film and two prior films among them.
    #[must_use]
    pub fn nth(seed: u64, place: u64) -> Self {
        let in_round = place % PROGRAMME.len() as u64;
        let disease = PROGRAMME[usize::try_from(in_round).unwrap_or(0)];
        let earlier = PRIORS.iter().find(|(at, _)| *at == in_round).map(|(_, before)| *before);
        let who = place - earlier.unwrap_or(0);
        let mut dice = Dice::new(seed ^ place.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let side = if dice.one_of(2) == 0 { Side::Left } else { Side::Right };
        Self {
            seed: dice.next(),
            patient: Patient::nth(seed, who),
            view: if in_round == LATERAL { View::Lateral } else { View::Frontal },
            diseases: disease.map(|(disease, extent)| (disease, side, extent)).into_iter().collect(),
            years_ago: if earlier.is_some() { 1 } else { 0 },
        }
    }

    /// Returns whether it suffers from this.
    #[must_use]
    pub fn has(&self, disease: Disease) -> bool {
        self.extent(disease).is_some()
    }

    /// Returns how much of this it suffers from.
    #[must_use]
    pub fn extent(&self, disease: Disease) -> Option<Extent> {
        self.diseases.iter().find(|(known, ..)| *known == disease).map(|(_, _, extent)| *extent)
    }

    /// The picture, `side` x `side` stored values of 12 bits, row by row from the top left; more weakening
    /// is brighter (MONOCHROME2).
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=4095
    pub fn picture(&self, side: u32) -> Vec<u16> {
        let (Pose { chest, clouds, stance }, mut dice) = Pose::of(self);
        // As many in a square millimetre, whatever the pixels' size.
        let quanta = QUANTA * (1000.0 / side as f32).powi(2);
        let mut picture = Vec::with_capacity(side as usize * side as usize);
        for row in 0..side {
            for column in 0..side {
                let (x, y) = stance.within(column, row, side);
                let weakened = match &chest {
                    Some(chest) => chest.weakening(x, y),
                    None => anatomy::lateral(x, y, &clouds),
                };
                picture.push((MAX * exposed(weakened, quanta, &mut dice)).clamp(0.0, MAX) as u16);
            }
        }
        self.burn_in(&mut picture, side as usize);
        picture
    }

    /// Where a finding lies in the picture of that side, row by row from the top left; nowhere if the phantom does not
    /// suffer from it, or is seen from the side. For cardiomegaly the whole heart counts.
    #[must_use]
    pub fn lesion(&self, disease: Disease, side: u32) -> Vec<bool> {
        let (Pose { chest, stance, .. }, _) = Pose::of(self);
        let chest = chest.filter(|_| self.has(disease));
        let is_there = |row: u32, column: u32| {
            let (x, y) = stance.within(column, row, side);
            chest.as_ref().is_some_and(|chest| chest.is_lesion(disease, x, y))
        };
        let is_there = &is_there;
        (0..side).flat_map(|row| (0..side).map(move |column| is_there(row, column))).collect()
    }

    /// The mark below, and the side's letter above, in white.
    fn burn_in(&self, picture: &mut [u16], side: usize) {
        // Wide enough for a third of the picture, and never less than a dot a pixel.
        let dot = (side / 240).max(1);
        let mut write = |text: &str, left: usize, top: usize, dot: usize| {
            for (column, row) in letters::dots(text) {
                for (dx, dy) in (0..dot).flat_map(|dy| (0..dot).map(move |dx| (dx, dy))) {
                    let (x, y) = (left + column * dot + dx, top + row * dot + dy);
                    if x < side && y < side {
                        picture[y * side + x] = MAX as u16;
                    }
                }
            }
        };
        let width = MARK.len() * 6 * dot;
        write(MARK, side.saturating_sub(width) / 2, side.saturating_sub(9 * dot), dot);
        if self.view == View::Frontal {
            write("L", side - side / 10, side / 16, dot * 3);
        }
    }

    /// The film as a DICOM file, taken at that time.
    #[must_use]
    pub fn dicom(&self, side: u32, taken: civil::DateTime) -> Vec<u8> {
        let mut dice = Dice::new(self.seed ^ 0xD1C0);
        let mut uid = || format!("2.25.{}", u128::from(dice.next()) << 64 | u128::from(dice.next()));
        let (study, series, instance) = (uid(), uid(), uid());
        let taken = taken.checked_sub(jiff::Span::new().years(self.years_ago)).unwrap_or(taken);
        let (date, time) = (taken.strftime("%Y%m%d").to_string(), taken.strftime("%H%M%S").to_string());
        let short = u16::try_from(side).unwrap_or(u16::MAX);
        // The direction of the rows and of the columns (PS3.3 C.7.6.1.1.1).
        let (view, orientation) = match self.view {
            View::Frontal => ("PA", "L\\F"),
            View::Lateral => ("LL", "P\\F"),
        };
        let spacing = 1000.0 * 2.0 * HALF / side.max(1) as f32;
        Writer::default()
            .text((0x0008, 0x0005), b"CS", "ISO_IR 192")
            .text((0x0008, 0x0008), b"CS", "ORIGINAL\\PRIMARY")
            .text((0x0008, 0x0016), b"UI", COMPUTED_RADIOGRAPHY)
            .text((0x0008, 0x0018), b"UI", &instance)
            .text((0x0008, 0x0020), b"DA", &date)
            .text((0x0008, 0x0030), b"TM", &time)
            .text((0x0008, 0x0050), b"SH", &format!("A{:06}", self.seed % 1_000_000))
            .text((0x0008, 0x0060), b"CS", "CR")
            .text((0x0008, 0x0070), b"LO", "cxr-triage")
            .text((0x0008, 0x1030), b"LO", "SYNTHETIC PHANTOM CHEST")
            .text((0x0010, 0x0010), b"PN", &self.patient.name)
            .text((0x0010, 0x0020), b"LO", &self.patient.id)
            .text((0x0010, 0x0040), b"CS", if self.patient.is_female { "F" } else { "M" })
            .text((0x0018, 0x0015), b"CS", "CHEST")
            .text((0x0018, 0x1164), b"DS", &format!("{spacing:.5}\\{spacing:.5}"))
            .text((0x0018, 0x5101), b"CS", view)
            .text((0x0020, 0x000D), b"UI", &study)
            .text((0x0020, 0x000E), b"UI", &series)
            .text((0x0020, 0x0013), b"IS", "1")
            .text((0x0020, 0x0020), b"CS", orientation)
            .number((0x0028, 0x0002), 1)
            .text((0x0028, 0x0004), b"CS", "MONOCHROME2")
            .number((0x0028, 0x0010), short)
            .number((0x0028, 0x0011), short)
            .number((0x0028, 0x0100), 16)
            .number((0x0028, 0x0101), 12)
            .number((0x0028, 0x0102), 11)
            .number((0x0028, 0x0103), 0)
            .text((0x0028, 0x0301), b"CS", "YES")
            .text((0x0028, 0x1050), b"DS", "2048")
            .text((0x0028, 0x1051), b"DS", "4096")
            .words((0x7FE0, 0x0010), &self.picture(u32::from(short)))
            .file(COMPUTED_RADIOGRAPHY, &instance)
    }
}

/// A phantom before the detector.
struct Pose {
    /// None from the side.
    chest: Option<Chest>,
    clouds: Clouds,
    stance: Stance,
}

impl Pose {
    /// With the numbers that are still to be drawn.
    fn of(phantom: &Phantom) -> (Self, Dice) {
        let mut dice = Dice::new(phantom.seed);
        let chest = (phantom.view == View::Frontal).then(|| Chest::of(phantom, &mut dice));
        let clouds = Clouds::new(&mut dice);
        // Nobody stands quite alike.
        let (scale, left, up) =
            (dice.between(0.95, 1.06), dice.between(-0.008, 0.008), dice.between(-0.01, 0.012));
        (Self { chest, clouds, stance: Stance { scale, left, up } }, dice)
    }
}

/// How large somebody is, and how far out of the middle, in metres.
#[derive(Debug, Clone, Copy)]
struct Stance {
    scale: f32,
    left: f32,
    up: f32,
}

impl Stance {
    /// The place in the body, in metres, that a pixel of a picture of that side shows.
    fn within(self, column: u32, row: u32, side: u32) -> (f32, f32) {
        let metre = |at: u32| (2.0 * (at as f32 + 0.5) / side as f32 - 1.0) * HALF;
        ((metre(column) - self.left) / self.scale, (metre(row) - self.up) / self.scale)
    }
}

impl Patient {
    fn nth(seed: u64, place: u64) -> Self {
        let mut dice = Dice::new(seed.rotate_left(17) ^ place.wrapping_mul(0xA24B_AED4_963E_E407));
        let (given, is_female) = GIVEN[dice.one_of(GIVEN.len())];
        let family = FAMILIES[dice.one_of(FAMILIES.len())];
        Self { name: format!("{family}^{given}"), id: format!("SYN-{:04}", place + 1), is_female }
    }
}

/// The detector's answer to a weakened beam, 0 to 1: Beer and Lambert, scatter, noise that goes with the
/// root of the exposure, and the logarithm that a CR reader takes.
fn exposed(weakened: f32, quanta: f32, dice: &mut Dice) -> f32 {
    const SCATTER: f32 = 0.0045;
    const DARKEST: f32 = 0.9;
    const BRIGHTEST: f32 = 5.0;
    let beam = (-weakened).exp() + SCATTER;
    let noisy = beam + dice.normal() * (beam / quanta).sqrt();
    let density = -noisy.max(1e-4).ln();
    let grey = ((density - DARKEST) / (BRIGHTEST - DARKEST)).clamp(0.0, 1.0);
    // The gentle foot and shoulder of a film.
    0.35 * grey + 0.65 * (grey * grey * (3.0 - 2.0 * grey))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
