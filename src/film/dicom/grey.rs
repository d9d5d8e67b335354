//! The grey chain of one film as one table over its stored values: Modality LUT, VOI LUT, polarity, in
//! the order of PS3.4 N.2. Screen and model read the same table, so they cannot disagree.

use super::{
    Refusal,
    dataset::DataSet,
    image_pixel::{ImagePixel, Photometric},
    modality::Modality,
    padding::Padding,
    voi::Voi,
};
use crate::film::tone;

/// Linear and display grey for every stored value 0 to 2^BitsStored - 1.
#[derive(Debug)]
pub(super) struct Curve {
    steps: Vec<(f32, u8)>,
    linear_max: f32,
}

impl Curve {
    /// Reads the transformations of an object and tabulates them. The stored values tell which part of
    /// the range is in use, which matters where no window says so.
    pub(super) fn read(object: &DataSet<'_>, layout: &ImagePixel, stored: &[u16]) -> Result<Self, Refusal> {
        // Windows and LUTs are defined for grey alone (PS3.3 C.11.1, C.11.2); colour was made grey as it is.
        let (modality, voi) = if layout.photometric.is_grey() {
            let modality = Modality::read(object, layout.signed)?;
            let (least, _) = modality.range(layout.least(), layout.least() + i32::from(layout.max()));
            let voi = Voi::read(object, least < 0.0);
            (modality, voi)
        } else {
            (Modality::IDENTITY, Voi::Absent)
        };
        let padding = Padding::read(object, layout);
        Ok(Self::tabulate(layout, &modality, &voi, &padding, stored))
    }

    /// Linear grey spreads the modality range over `0..=linear_max`: without a Modality LUT, and with a
    /// rescale of positive slope, that is the stored value itself (from its least, if signed).
    #[allow(clippy::cast_possible_truncation)] // up to 65535 with 16 bits behind the point is enough
    fn tabulate(
        layout: &ImagePixel,
        modality: &Modality,
        voi: &Voi,
        padding: &Padding,
        stored: &[u16],
    ) -> Self {
        let max = layout.max();
        let linear_max = f32::from(max);
        let (least, most) = modality.range(layout.least(), layout.least() + i32::from(max));
        let units: Vec<f64> =
            (0..=i32::from(max)).map(|step| modality.apply(layout.least() + step)).collect();
        let linear: Vec<f32> =
            units.iter().map(|unit| ((unit - least) / (most - least) * f64::from(max)) as f32).collect();

        let used = stored.iter().filter(|&&value| !padding.holds(value)).fold(
            (f32::MAX, f32::MIN),
            |(low, high), &value| {
                let grey = linear[usize::from(value)];
                (low.min(grey), high.max(grey))
            },
        );
        let (black, white) = tone::ends(linear_max, used);
        let steps = (0..=max).zip(units.iter().zip(linear)).map(|(stored, (&unit, linear))| {
            if padding.holds(stored) {
                return (0.0, 0); // what is no part of the picture is black, whichever way up the scale is
            }
            let shown = voi.apply(unit).unwrap_or_else(|| f64::from((linear - black) / (white - black)));
            let display = tone::grey(shown);
            match layout.photometric {
                Photometric::Monochrome1 => (linear_max - linear, 255 - display),
                _ => (linear, display),
            }
        });
        Self { steps: steps.collect(), linear_max }
    }

    pub(super) fn linear_max(&self) -> f32 {
        self.linear_max
    }

    pub(super) fn linear(&self, stored: u16) -> f32 {
        self.steps[usize::from(stored)].0
    }

    pub(super) fn display(&self, stored: u16) -> u8 {
        self.steps[usize::from(stored)].1
    }
}
