//! The VOI LUT module (PS3.3 C.11.2): which part of the grey scale a workstation shows at first.

use dicom_dictionary_std::tags;

use super::{
    attributes::{numbers, text},
    dataset::DataSet,
    lut::{Lut, Straight},
    modality::Modality,
};

/// The first transformation that the object offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Voi {
    /// VOI LUT Sequence, first item.
    Table(Lut),
    /// Window Center and Window Width, and the step between grey levels that a LINEAR one is counted in.
    Window { function: Function, center: f64, width: f64, unit: f64 },
    /// None: the whole range is shown.
    Absent,
}

/// VOI LUT Function (C.11.2.1.2, C.11.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Linear for windows counted in whole grey levels.
    Linear,
    /// Linear between `center - width/2` and `center + width/2`.
    LinearExact,
    /// Logistic.
    Sigmoid,
}

impl Voi {
    /// Reads the module, for results of `modality` over the `stored` range. With both a table and a window either may
    /// be shown (C.11.2.1.1); the table is the finer statement and goes first. A table or window that makes no sense
    /// is passed over, and said in `doubts`.
    pub(super) fn read(
        object: &DataSet<'_>,
        modality: &Modality,
        stored: (i32, i32),
        doubts: &mut Vec<String>,
    ) -> Self {
        let input = modality.range(stored);
        let tables = object.items(tags::VOILUT_SEQUENCE);
        if let Some(table) = tables.iter().find_map(|item| Lut::read(item, input)) {
            return Self::Table(table);
        }
        if !tables.is_empty() {
            doubts.push(
                "The VOI LUT is incomplete or contradicts itself: the film is shown without it.".to_owned(),
            );
        }
        window(object, modality.step(), doubts).unwrap_or(Self::Absent)
    }

    /// A value in modality units as a fraction of white, 0 to 1; `None` where there is no
    /// transformation.
    pub(super) fn apply(&self, value: f64) -> Option<f64> {
        match self {
            Self::Table(lut) => Some(lut.at(value)),
            Self::Window { function, center, width, unit } => {
                Some(function.apply(value, *center, *width, *unit))
            }
            Self::Absent => None,
        }
    }
}

impl Voi {
    /// Its name for people.
    pub(super) fn name(&self) -> &'static str {
        if matches!(self, Self::Table(_)) { "VOI LUT" } else { "window" }
    }

    /// A table without its bend, which the films that models are trained with do not have.
    pub(super) fn straight(&self) -> Option<Straight> {
        match self {
            Self::Table(lut) => lut.straight(),
            Self::Window { .. } | Self::Absent => None,
        }
    }
}

/// Below this many units a window is counted in steps of the rescale, where these are finer than a unit.
const NARROW: f64 = 16.0;

/// The first of possibly several windows that has a sense: a width of 0 is a placeholder. Where no centre has a width
/// in its own place, the first of either are taken for each other's.
fn window(object: &DataSet<'_>, step: f64, doubts: &mut Vec<String>) -> Option<Voi> {
    let centers = numbers(object, tags::WINDOW_CENTER);
    let widths = numbers(object, tags::WINDOW_WIDTH);
    object.get(tags::WINDOW_CENTER).or_else(|| object.get(tags::WINDOW_WIDTH))?;
    let function = function(object, doubts);
    // A LINEAR window narrower than a step would show no picture; with fine steps one of less than a unit does.
    let least = if function == Function::Linear { step.min(1.0) } else { f64::MIN_POSITIVE };
    let width = |width: &Option<f64>| width.filter(|width| *width >= least);
    let pairs = centers.values.iter().zip(&widths.values);
    let paired = pairs.clone().find_map(|(center, wide)| center.zip(width(wide)));
    let lone = || centers.first().zip(widths.values.iter().find_map(width));
    let found = paired.or_else(lone);
    for (name, unusable) in [("Window Center", &centers.unusable), ("Window Width", &widths.unusable)] {
        if let Some(text) = unusable {
            doubts.push(format!("{name} is \"{text}\", which is no number: {}.", instead(found.is_some())));
        }
    }
    if found.is_none() && centers.unusable.is_none() && widths.unusable.is_none() {
        let value =
            |tag| Some(text(object, tag)).filter(|text| !text.is_empty()).unwrap_or("empty".to_owned());
        doubts.push(format!(
            "Window Center is {} and Window Width {}, which make no window: {}.",
            value(tags::WINDOW_CENTER),
            value(tags::WINDOW_WIDTH),
            instead(false)
        ));
    }
    let (center, width) = found?;
    let unit = if width < NARROW { step.min(1.0) } else { 1.0 };
    Some(Voi::Window { function, center, width, unit })
}

/// The consequence of a value that cannot be used.
fn instead(another: bool) -> &'static str {
    if another { "another window of the film is used" } else { "the film is shown over its whole grey scale" }
}

/// The default is also what an unknown name is best taken for.
fn function(object: &DataSet<'_>, doubts: &mut Vec<String>) -> Function {
    let name = text(object, tags::VOILUT_FUNCTION);
    match name.to_ascii_uppercase().replace([' ', '-'], "_").as_str() {
        "LINEAR_EXACT" => Function::LinearExact,
        "SIGMOID" => Function::Sigmoid,
        "" | "LINEAR" => Function::Linear,
        _ => {
            doubts.push(format!(
                "VOI LUT Function is \"{name}\", which nobody defined: it is taken for LINEAR."
            ));
            Function::Linear
        }
    }
}

impl Function {
    /// Of windows that are counted in whole grey levels (`unit` 1) or in finer ones.
    fn apply(self, x: f64, center: f64, width: f64, unit: f64) -> f64 {
        match self {
            // The comparisons come first, as in C.11.2.1.2.1: a width of 1 is a threshold, not 0/0.
            Self::Linear => ramp(x - (center - unit / 2.0), width - unit),
            Self::LinearExact => ramp(x - center, width),
            Self::Sigmoid => 1.0 / (1.0 + (-4.0 * (x - center) / width).exp()),
        }
    }
}

/// 0 up to half a width below the centre, 1 beyond half a width above.
fn ramp(distance: f64, width: f64) -> f64 {
    if distance <= -width / 2.0 {
        0.0
    } else if distance > width / 2.0 {
        1.0
    } else {
        distance / width + 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::Function::{Linear, LinearExact, Sigmoid};

    #[test]
    fn windows_follow_the_standard() {
        for (function, center, width, unit, x, expected) in [
            // The examples of C.11.2.1.2.1 note 2 for 12-bit input, as fractions
            (Linear, 2048.0, 4096.0, 1.0, 0.0, 0.0),
            (Linear, 2048.0, 4096.0, 1.0, 4095.0, 1.0),
            (Linear, 2048.0, 1.0, 1.0, 2047.0, 0.0),
            (Linear, 2048.0, 1.0, 1.0, 2048.0, 1.0),
            (Linear, 0.0, 100.0, 1.0, -50.0, 0.0),
            (Linear, 0.0, 100.0, 1.0, 49.0, 1.0),
            (Linear, 0.0, 100.0, 1.0, -0.5, 0.5),
            // Counted in steps of a thousandth
            (Linear, 0.5, 0.1, 0.001, 0.45, 0.0),
            (Linear, 0.5, 0.1, 0.001, 0.549, 1.0),
            (Linear, 0.5, 0.001, 0.001, 0.499, 0.0),
            (Linear, 0.5, 0.001, 0.001, 0.5, 1.0),
            (LinearExact, 2048.0, 4096.0, 1.0, 0.0, 0.0),
            (LinearExact, 2048.0, 4096.0, 1.0, 4096.0, 1.0),
            (LinearExact, 2048.0, 4096.0, 1.0, 3072.0, 0.75),
            (LinearExact, 0.5, 0.5, 1.0, 0.75, 1.0),
            (Sigmoid, 2048.0, 4096.0, 1.0, 2048.0, 0.5),
            (Sigmoid, 0.0, 4.0, 1.0, 1.0, 0.731_058_578_630_004_9),
            (Sigmoid, 0.0, 4.0, 1.0, -1e9, 0.0),
        ] {
            let got = function.apply(x, center, width, unit);
            assert!((got - expected).abs() < 1e-12, "{function:?} {center}/{width} at {x}: {got}");
        }
    }
}
