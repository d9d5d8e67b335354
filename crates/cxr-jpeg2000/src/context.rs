//! Which context a decision has (ITU-T T.800, D.3): tables over the state of the eight neighbours.
//!
//! A neighbourhood is nine bits, row by row from the one above: bit 0 is the north-west neighbour, bit 1 the north,
//! bit 3 the west, bit 4 the coefficient itself, bit 5 the east, bit 7 the south; set where it is significant.

/// Context of the first of the magnitude refinement decisions (table D.4).
pub(super) const REFINEMENT: u8 = 14;
/// Context of the decision whether four coefficients stay insignificant (D.3.4).
pub(super) const RUN: u8 = 17;
/// Context of evenly distributed decisions (D.3.4).
pub(super) const UNIFORM: u8 = 18;

/// The frequencies in a sub-band: low or high along rows, then along columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orientation {
    Ll,
    /// High along rows.
    Hl,
    /// High along columns.
    Lh,
    Hh,
}

/// Context of significance by neighbourhood.
pub(super) type Significance = [u8; 512];

/// Contexts of significance (table D.1) of LL and LH, HL, and HH.
static SIGNIFICANCE: [Significance; 3] =
    [significance(Orientation::Lh), significance(Orientation::Hl), significance(Orientation::Hh)];

/// The contexts of significance in a sub-band.
pub(super) fn of_significance(orientation: Orientation) -> &'static Significance {
    match orientation {
        Orientation::Ll | Orientation::Lh => &SIGNIFICANCE[0],
        Orientation::Hl => &SIGNIFICANCE[1],
        Orientation::Hh => &SIGNIFICANCE[2],
    }
}

const fn significance(orientation: Orientation) -> Significance {
    let mut table = [0; 512];
    let mut at = 0;
    while at < 512 {
        let along = (at >> 3 & 1) + (at >> 5 & 1);
        let across = (at >> 1 & 1) + (at >> 7 & 1);
        let diagonal = (at & 1) + (at >> 2 & 1) + (at >> 6 & 1) + (at >> 8 & 1);
        table[at] = match orientation {
            Orientation::Ll | Orientation::Lh => by_direction(along, across, diagonal),
            Orientation::Hl => by_direction(across, along, diagonal),
            Orientation::Hh => match (diagonal, along + across) {
                (0, 0) => 0,
                (0, 1) => 1,
                (0, _) => 2,
                (1, 0) => 3,
                (1, 1) => 4,
                (1, _) => 5,
                (2, 0) => 6,
                (2, _) => 7,
                _ => 8,
            },
        };
        at += 1;
    }
    table
}

const fn by_direction(first: usize, second: usize, diagonal: usize) -> u8 {
    match (first, second, diagonal) {
        (2, ..) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, 1) => 1,
        _ => 0,
    }
}

/// Context of a sign, with bit 7 set where the decision is inverted (tables D.2 and D.3). The index has the
/// significance of the north, west, east and south neighbours at bits 1, 3, 5 and 7, and below each whether it is
/// negative.
pub(super) static SIGN: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let along = contribution(at >> 2) + contribution(at >> 4);
        let across = contribution(at) + contribution(at >> 6);
        table[at] = match (along.signum(), across.signum()) {
            (1, 1) => 13,
            (1, 0) => 12,
            (1, _) => 11,
            (0, 1) => 10,
            (0, 0) => 9,
            (0, _) => 10 | 0x80,
            (_, 1) => 11 | 0x80,
            (_, 0) => 12 | 0x80,
            _ => 13 | 0x80,
        };
        at += 1;
    }
    table
};

const fn contribution(bits: usize) -> i32 {
    match bits & 3 {
        0b10 => 1,
        0b11 => -1,
        _ => 0,
    }
}
