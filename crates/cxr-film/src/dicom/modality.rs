//! The Modality LUT module (PS3.3 C.11.1): stored values to the units that windows are given in.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{Refusal, attributes::numbers, dataset::DataSet, image_pixel::ImagePixel, lut::Lut};

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

    /// Reads the module. A table or slope that makes no grey is refused; text that is no number is taken for absent,
    /// and said in `doubts`.
    pub(super) fn read(
        object: &DataSet<'_>,
        layout: &ImagePixel,
        doubts: &mut Vec<String>,
    ) -> Result<Self, Refusal> {
        if let Some(item) = object.first_item(tags::MODALITY_LUT_SEQUENCE) {
            return Lut::read(&item, layout.range()).map(Self::Table).ok_or_else(|| {
                "The film's Modality LUT is incomplete or contradicts itself, so its grey values mean nothing: check \
                 the sender."
                    .to_owned()
            });
        }
        let mut number = |tag: Tag, name: &str, absent: f64| {
            let numbers = numbers(object, tag);
            if let Some(text) = numbers.unusable {
                if text.parse::<f64>().is_ok() {
                    return Err(format!(
                        "{name} is {text}, which makes no grey values: check the sender, and read the film on its \
                         workstation."
                    ));
                }
                doubts.push(format!("{name} is \"{text}\", which is no number: it is taken for {absent}."));
            }
            Ok(numbers.values.first().copied().flatten().unwrap_or(absent))
        };
        let slope = number(tags::RESCALE_SLOPE, "Rescale Slope", 1.0)?;
        let intercept = number(tags::RESCALE_INTERCEPT, "Rescale Intercept", 0.0)?;
        if slope == 0.0 {
            return Err("Rescale Slope is 0, which makes one grey of all: check the sender, and read the film on its \
                        workstation."
                .to_owned());
        }
        Ok(Self::Rescale { slope, intercept })
    }

    /// One stored value in modality units.
    pub(super) fn apply(&self, stored: i32) -> f64 {
        match self {
            Self::Rescale { slope, intercept } => f64::from(stored) * slope + intercept,
            Self::Table(lut) => lut.at(f64::from(stored)) * lut.max(),
        }
    }

    /// Least and largest possible result for stored values of a range.
    pub(super) fn range(&self, (least, most): (i32, i32)) -> (f64, f64) {
        match self {
            Self::Rescale { .. } => {
                let (a, b) = (self.apply(least), self.apply(most));
                (a.min(b), a.max(b))
            }
            Self::Table(lut) => (0.0, lut.max()),
        }
    }

    /// Returns how far the results of neighbouring stored values lie apart.
    pub(super) fn step(&self) -> f64 {
        match self {
            Self::Rescale { slope, .. } => slope.abs(),
            Self::Table(_) => 1.0,
        }
    }
}
