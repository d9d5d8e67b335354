//! The films that the benches read: phantoms of 1024 x 1024 and 12 bits.

use cxr_triage::phantom::{Phantom, View};
use jiff::civil;

/// Rows and columns.
pub(crate) const SIDE: u32 = 1024;

/// The frontal phantom with this number of an endless series.
pub(crate) fn frontal(nth: u64) -> Phantom {
    (nth * 12..).map(|place| Phantom::nth(7, place)).find(|phantom| phantom.view == View::Frontal).unwrap()
}

/// DICOM without compression.
pub(crate) fn dicom(phantom: &Phantom) -> Vec<u8> {
    phantom.dicom(SIDE, civil::date(2026, 1, 1).at(8, 0, 0, 0))
}
