//! The VOI LUT module (PS3.3 C.11.2): which part of the grey scale a workstation shows at first.

use dicom_dictionary_std::tags;

use super::{
    attributes::{numbers, text},
    dataset::DataSet,
    lut::Lut,
};

/// The first transformation that the object offers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Voi {
    /// VOI LUT Sequence, first item.
    Table(Lut),
    /// Window Center and Window Width.
    Window { function: Function, center: f64, width: f64 },
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
    /// Reads the module. With both a table and a window either may be shown (C.11.2.1.1); the table is
    /// the finer statement and goes first. A table or window that makes no sense is passed over.
    pub(super) fn read(object: &DataSet<'_>, signed: bool) -> Self {
        let table = object.first_item(tags::VOILUT_SEQUENCE).and_then(|item| Lut::read(&item, signed));
        table.map(Self::Table).or_else(|| window(object)).unwrap_or(Self::Absent)
    }

    /// A value in modality units as a fraction of white, 0 to 1; `None` where there is no
    /// transformation.
    pub(super) fn apply(&self, value: f64) -> Option<f64> {
        match self {
            Self::Table(lut) => Some(lut.at(value)),
            Self::Window { function, center, width } => Some(function.apply(value, *center, *width)),
            Self::Absent => None,
        }
    }
}

/// The first of possibly several windows that has a sense: a width of 0 is a placeholder.
fn window(object: &DataSet<'_>) -> Option<Voi> {
    let function = match text(object, tags::VOILUT_FUNCTION).as_str() {
        "LINEAR_EXACT" => Function::LinearExact,
        "SIGMOID" => Function::Sigmoid,
        // The default, and what an unknown name is best taken for.
        _ => Function::Linear,
    };
    let least = if function == Function::Linear { 1.0 } else { f64::MIN_POSITIVE };
    let centers = numbers(object, tags::WINDOW_CENTER);
    let widths = numbers(object, tags::WINDOW_WIDTH);
    centers.into_iter().zip(widths).find(|&(_, width)| width >= least).map(|(center, width)| Voi::Window {
        function,
        center,
        width,
    })
}

impl Function {
    fn apply(self, x: f64, center: f64, width: f64) -> f64 {
        match self {
            // The comparisons come first, as in C.11.2.1.2.1: a width of 1 is a threshold, not 0/0.
            Self::Linear => ramp(x - (center - 0.5), width - 1.0),
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
        for (function, center, width, x, expected) in [
            // The examples of C.11.2.1.2.1 note 2 for 12-bit input, as fractions
            (Linear, 2048.0, 4096.0, 0.0, 0.0),
            (Linear, 2048.0, 4096.0, 4095.0, 1.0),
            (Linear, 2048.0, 1.0, 2047.0, 0.0),
            (Linear, 2048.0, 1.0, 2048.0, 1.0),
            (Linear, 0.0, 100.0, -50.0, 0.0),
            (Linear, 0.0, 100.0, 49.0, 1.0),
            (Linear, 0.0, 100.0, -0.5, 0.5),
            (LinearExact, 2048.0, 4096.0, 0.0, 0.0),
            (LinearExact, 2048.0, 4096.0, 4096.0, 1.0),
            (LinearExact, 2048.0, 4096.0, 3072.0, 0.75),
            (LinearExact, 0.5, 0.5, 0.75, 1.0),
            (Sigmoid, 2048.0, 4096.0, 2048.0, 0.5),
            (Sigmoid, 0.0, 4.0, 1.0, 0.731_058_578_630_004_9),
            (Sigmoid, 0.0, 4.0, -1e9, 0.0),
        ] {
            let got = function.apply(x, center, width);
            assert!((got - expected).abs() < 1e-12, "{function:?} {center}/{width} at {x}: {got}");
        }
    }
}
