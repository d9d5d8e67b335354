//! The patient and the numbers of a film, by what its header says.

use cxr_film::Header;

use super::{Claim, Patient};

impl Patient {
    /// The patient whose film it is.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        Self::new(&header.patient_id, &header.patient_name, &header.patient_birth_date)
    }
}

impl Claim {
    /// Returns which film it is; `decoded` says whether its pixels could be.
    #[must_use]
    pub fn of(header: &Header, decoded: bool) -> Self {
        Self {
            sop_instance_uid: header.sop_instance_uid.clone(),
            study_instance_uid: header.study_instance_uid.clone(),
            patient: Patient::of(header),
            decoded,
            pixels: header.pixels.clone(),
        }
    }
}
