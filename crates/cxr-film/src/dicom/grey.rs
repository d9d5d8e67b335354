//! The grey chain of one film as one table over its stored values: Modality LUT, VOI LUT, polarity, in
//! the order of PS3.4 N.2. Screen and model read the same table, and where they are to differ it says so.

use dicom_dictionary_std::tags;

use super::{
    Refusal,
    attributes::text,
    dataset::DataSet,
    image_pixel::{ImagePixel, Photometric},
    modality::Modality,
    padding::Padding,
    suited::{self, Shown},
    voi::Voi,
};
use crate::{marks, tone};

/// Linear and display grey for every stored value 0 to 2^BitsStored - 1.
#[derive(Debug)]
pub(super) struct Curve {
    steps: Vec<Step>,
    linear_max: f32,
}

/// The grey that one stored value becomes.
#[derive(Debug, Clone, Copy)]
struct Step {
    linear: f32,
    display: u8,
    /// Display grey for a model; none for a mark that is no part of the picture.
    scored: Option<u8>,
}

impl Curve {
    /// Reads the transformations of an object and tabulates them. The stored values tell which part of
    /// the range is in use, which matters where no window says so. What could not be used is said in `doubts`.
    pub(super) fn read(
        object: &DataSet<'_>,
        layout: &ImagePixel,
        stored: &[u16],
        doubts: &mut Vec<String>,
    ) -> Result<Self, Refusal> {
        // Windows and LUTs are defined for grey alone (PS3.3 C.11.1, C.11.2); colour was made grey as it is.
        let (modality, voi) = if layout.photometric.is_grey() {
            let modality = Modality::read(object, layout, doubts)?;
            let voi = Voi::read(object, &modality, layout.range(), doubts);
            presentation(object, layout, doubts);
            (modality, voi)
        } else {
            (Modality::IDENTITY, Voi::Absent)
        };
        let padding = Padding::read(object, layout, doubts);
        let mut counts = tone::counts(layout.max(), stored);
        for (value, count) in (0..=layout.max()).zip(&mut counts) {
            if padding.holds(value) {
                *count = 0;
            }
        }
        Self::tabulate(layout, &modality, &voi, &padding, &counts, doubts)
    }

    /// Linear grey spreads the modality range over `0..=linear_max`: without a Modality LUT, and with a
    /// rescale of positive slope, that is the stored value itself (from its least, if signed). `counts` tell how many
    /// pixels of the picture have each stored value.
    #[allow(clippy::cast_possible_truncation)] // up to 65535 with 16 bits behind the point is enough
    fn tabulate(
        layout: &ImagePixel,
        modality: &Modality,
        voi: &Voi,
        padding: &Padding,
        counts: &[u32],
        doubts: &mut Vec<String>,
    ) -> Result<Self, Refusal> {
        let max = layout.max();
        let linear_max = f32::from(max);
        let (least, most) = modality.range(layout.range());
        let units: Vec<f64> =
            (0..=i32::from(max)).map(|step| modality.apply(layout.least() + step)).collect();
        keeps_apart(modality, &units, most - least)?;
        let linear: Vec<f32> =
            units.iter().map(|unit| ((unit - least) / (most - least) * f64::from(max)) as f32).collect();

        let by_grey = by_grey(&linear, counts);
        let (black, white) = tone::ends(&by_grey);
        let whole: Vec<f64> = linear.iter().map(|grey| f64::from((grey - black) / (white - black))).collect();
        let inverted = layout.photometric == Photometric::Monochrome1;
        let window = through(voi, &units)?;
        let fault = window
            .as_deref()
            .and_then(|window| suited::fault(Shown { window, whole: &whole, counts, inverted }));
        doubts.extend(fault.as_ref().map(|fault| unsuited(voi, fault)));
        let window = window.filter(|_| fault.is_none());
        let straight = voi.straight().filter(|_| window.is_some());
        let marks = if window.is_none() { tone::apart_from_marks(&by_grey) } else { None };
        let is_mark = |grey: f32| marks.as_ref().is_some_and(|picture| !picture.contains(&level(grey)));
        let shown = window.as_deref().unwrap_or(&whole);

        let polarised = |grey: f64| if inverted { 255 - tone::grey(grey) } else { tone::grey(grey) };
        let steps =
            (0..=max).zip(units.iter().zip(linear).zip(shown)).map(|(stored, ((&unit, linear), &shown))| {
                if padding.holds(stored) {
                    // What is no part of the picture is black, whichever way up the scale is.
                    return Step { linear: 0.0, display: 0, scored: Some(0) };
                }
                let scored = straight.map_or(shown, |straight| straight.at(unit));
                Step {
                    linear: if inverted { linear_max - linear } else { linear },
                    display: polarised(shown),
                    scored: (!is_mark(linear)).then(|| polarised(scored)),
                }
            });
        Ok(Self { steps: steps.collect(), linear_max })
    }

    pub(super) fn linear_max(&self) -> f32 {
        self.linear_max
    }

    pub(super) fn linear(&self, stored: u16) -> f32 {
        self.steps[usize::from(stored)].linear
    }

    pub(super) fn display(&self, stored: u16) -> u8 {
        self.steps[usize::from(stored)].display
    }

    /// Display grey for a model, of these stored values in rows of `width`; none where it is display grey itself.
    pub(super) fn scored(&self, stored: &[u16], width: usize) -> Option<Vec<u8>> {
        let differs = self.steps.iter().any(|step| step.scored != Some(step.display));
        differs.then(|| {
            let step = |value: u16| self.steps[usize::from(value)];
            let grey = stored.iter().map(|&value| step(value).scored.unwrap_or_default()).collect();
            marks::without(grey, width, |at| step(stored[at]).scored.is_none())
        })
    }
}

/// Says what of a Presentation LUT (PS3.3 C.11.6) does not go into the picture.
fn presentation(object: &DataSet<'_>, layout: &ImagePixel, doubts: &mut Vec<String>) {
    let is_inverse = text(object, tags::PRESENTATION_LUT_SHAPE).eq_ignore_ascii_case("INVERSE");
    if is_inverse && layout.photometric == Photometric::Monochrome2 {
        doubts.push(
            "Presentation LUT Shape is INVERSE beside MONOCHROME2, which contradict each other: the film is shown by \
             the latter."
                .to_owned(),
        );
    }
    if object.get(tags::PRESENTATION_LUT_SEQUENCE).is_some() {
        doubts.push(
            "The film brings a Presentation LUT, which is for printers: it is shown without it.".to_owned(),
        );
    }
}

/// Refuses a rescale beside whose intercept samples get lost, or that leaves the range of numbers: its film would be
/// without grey, or without some of it.
fn keeps_apart(modality: &Modality, units: &[f64], span: f64) -> Result<(), Refusal> {
    let finite = span.is_finite() && units.iter().all(|unit| unit.is_finite());
    if !finite {
        return Err(no_grey("grey values that are no numbers"));
    }
    let is_rescale = matches!(modality, Modality::Rescale { .. });
    if is_rescale && units.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(no_grey("one grey value of different samples"));
    }
    Ok(())
}

fn no_grey(what: &str) -> Refusal {
    format!(
        "Rescale Slope, Rescale Intercept and the window make {what}: check what the sender writes there, and read the \
         film on its workstation."
    )
}

/// Each of these values through the window or table, as a fraction of white; none where there is no such.
fn through(voi: &Voi, units: &[f64]) -> Result<Option<Vec<f64>>, Refusal> {
    let shown: Option<Vec<f64>> = units.iter().map(|&unit| voi.apply(unit)).collect();
    match shown {
        Some(shown) if !shown.iter().all(|grey| grey.is_finite()) => {
            Err(no_grey("grey values that are no numbers"))
        }
        shown => Ok(shown),
    }
}

fn unsuited(voi: &Voi, fault: &str) -> String {
    format!(
        "The film's {} {fault}, so it is hardly that film's own: it is shown and scored over its whole grey scale.",
        voi.name()
    )
}

/// Linear grey to the nearest whole level.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to the largest stored value
fn level(linear: f32) -> usize {
    linear.round() as usize
}

/// Returns how many pixels have each grey, to the nearest whole one.
fn by_grey(linear: &[f32], counts: &[u32]) -> Vec<u32> {
    let mut by_grey = vec![0; counts.len()];
    for (grey, count) in linear.iter().zip(counts) {
        if let Some(sum) = by_grey.get_mut(level(*grey)) {
            *sum += count;
        }
    }
    by_grey
}
