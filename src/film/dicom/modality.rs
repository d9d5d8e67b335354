//! The Modality LUT module (PS3.3 C.11.1): stored values to the units that windows are given in.

use dicom_dictionary_std::tags;

use super::{Refusal, attributes::numbers, dataset::DataSet, lut::Lut};

/// The transformation, identity where the object has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Modality {
    /// Rescale Slope and Intercept.
    Rescale { slope: f64, intercept: f64 },
    /// Modality LUT Sequence, which excludes a rescale.
    Table(Lut),
}

impl Modality {
    pub(super) const IDENTITY: Self = Self::Rescale { slope: 1.0, intercept: 0.0 };

    /// Reads the module. A table that makes no sense is refused: without it grey may mean anything.
    pub(super) fn read(object: &DataSet<'_>, signed: bool) -> Result<Self, Refusal> {
        if let Some(item) = object.first_item(tags::MODALITY_LUT_SEQUENCE) {
            return Lut::read(&item, signed).map(Self::Table).ok_or_else(|| {
                "The film's Modality LUT is damaged, so its grey values mean nothing: send the film again.".to_owned()
            });
        }
        let number = |tag| numbers(object, tag).first().copied();
        // A slope of 0 or beyond all measure is a slip; a film as stored is the better guess.
        let slope = number(tags::RESCALE_SLOPE).filter(|slope| (1e-9..1e9).contains(&slope.abs()));
        let intercept = number(tags::RESCALE_INTERCEPT).filter(|intercept| intercept.abs() < 1e12);
        Ok(Self::Rescale { slope: slope.unwrap_or(1.0), intercept: intercept.unwrap_or(0.0) })
    }

    /// One stored value in modality units.
    pub(super) fn apply(&self, stored: i32) -> f64 {
        match self {
            Self::Rescale { slope, intercept } => f64::from(stored) * slope + intercept,
            Self::Table(lut) => lut.at(f64::from(stored)) * lut.max(),
        }
    }

    /// Least and largest possible result for stored values from `least` to `most`.
    pub(super) fn range(&self, least: i32, most: i32) -> (f64, f64) {
        match self {
            Self::Rescale { .. } => {
                let (a, b) = (self.apply(least), self.apply(most));
                (a.min(b), a.max(b))
            }
            Self::Table(lut) => (0.0, lut.max()),
        }
    }
}
