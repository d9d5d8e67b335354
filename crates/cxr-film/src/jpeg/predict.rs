//! Prediction of samples by their neighbours (ITU-T T.81, H.1.2.1 and table H.1).

use super::{
    HIERARCHICAL,
    error::{Error, Result},
};

/// How a sample is foreseen from those at its left (a), above it (b), and above at the left (c).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    Left,
    Above,
    AboveLeft,
    Plane,
    LeftAndHalfSlope,
    AboveAndHalfSlope,
    Mean,
}

impl Predictor {
    /// Reads a selection value, Ss of the scan header.
    pub(super) fn read(selection: u8) -> Result<Self> {
        Ok(match selection {
            1 => Self::Left,
            2 => Self::Above,
            3 => Self::AboveLeft,
            4 => Self::Plane,
            5 => Self::LeftAndHalfSlope,
            6 => Self::AboveAndHalfSlope,
            7 => Self::Mean,
            0 => return Err(Error::Unsupported(HIERARCHICAL)),
            _ => return Err(Error::Damaged("its header names no known predictor")),
        })
    }

    /// Turns the differences of a row into samples, modulo 65,536.
    pub(super) fn reconstruct(self, row: &mut [u16], above: &[u16]) {
        match self {
            Self::Left => by(row, above, |a, _, _| a),
            Self::Above => by(row, above, |_, b, _| b),
            Self::AboveLeft => by(row, above, |_, _, c| c),
            Self::Plane => by(row, above, |a, b, c| a + b - c),
            Self::LeftAndHalfSlope => by(row, above, |a, b, c| a + ((b - c) >> 1)),
            Self::AboveAndHalfSlope => by(row, above, |a, b, c| b + ((a - c) >> 1)),
            Self::Mean => by(row, above, |a, b, _| (a + b) >> 1),
        }
    }
}

/// Reconstructs the first row of a scan or restart interval, of which only the first sample is told from `start`.
pub(super) fn reconstruct_first(row: &mut [u16], start: u16) {
    let mut left = start;
    for sample in row {
        left = sample.wrapping_add(left);
        *sample = left;
    }
}

#[inline(always)]
fn by(row: &mut [u16], above: &[u16], predict: impl Fn(i32, i32, i32) -> i32) {
    let Some(((first, row), (&first_above, above))) = row.split_first_mut().zip(above.split_first()) else {
        return;
    };
    *first = first.wrapping_add(first_above);
    let (mut a, mut c) = (*first, first_above);
    for (sample, &b) in row.iter_mut().zip(above) {
        let predicted = predict(i32::from(a), i32::from(b), i32::from(c));
        a = sample.wrapping_add(predicted as u16);
        *sample = a;
        c = b;
    }
}
