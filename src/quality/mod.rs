//! Gates: is it a frontal chest film worth scoring? Each finding is a sentence that a person can act on.
//!
//! Each gate looks at one thing, and the site says what follows: the film is held, or scored with the
//! sentence beside it, or the gate is off. Those that need the header alone are asked first, and also of
//! a film whose pixels could not be decoded ([`hold`]): that it is a hip is the better reason than that
//! its compression is unknown. One gate ([`inspect_distance`]) is asked after the model.
//! `docs/quality.md` says how well each does.

mod gates;
mod header;
mod inverted;
mod pixels;
mod terms;

use serde::{Deserialize, Serialize};

pub use gates::{Action, Gates};

use crate::model::{Distance, Limits};
use cxr_film::{DecodeError, Film, Header};

/// A gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The file could not be decoded.
    Unreadable,
    /// Modality is not that of a projection film.
    Modality,
    /// Body Part Examined is filled and is not the chest.
    BodyPart,
    /// The view is a lateral (or an oblique or decubitus one).
    View,
    /// More than one frame.
    Frames,
    /// Fewer pixels than a finding needs.
    Small,
    /// Nothing to see: (nearly) constant grey.
    Blank,
    /// The picture uses little of the grey scale.
    Flat,
    /// Much of the field is clipped to black or white.
    Clipped,
    /// A photograph in colour.
    Colour,
    /// A negative: bone is dark.
    Inverted,
    /// Far from what the model was trained on.
    OutOfDistribution,
    /// Something in the file could not be used, or not as it stands ([`Film::warnings`]). It never holds a film.
    Reading,
    /// The model failed on it.
    Model,
    /// It stopped the program each time that it was tried.
    Crash,
    /// It is the image for processing of an exposure of which the one for presentation is scored. No gate that
    /// asks a film by itself: the store and `scan` tell it from the study's other films.
    Exposure,
}

/// The reason of a film that [`Gate::Exposure`] set aside.
pub const SAME_EXPOSURE: &str = "The same exposure for processing: listed with its study, not scored. The one for \
    presentation is scored, and an exposure counts once.";

impl Gate {
    /// Returns whether a film that this gate refuses belongs beside a scored film of its study, so that nothing is amiss
    /// with a study of both.
    #[must_use]
    pub fn lists_beside(self) -> bool {
        matches!(self, Self::View | Self::Exposure)
    }

    /// Names the fault of a film that it refuses, in a word or two.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Modality => "other modality",
            Self::BodyPart => "not the chest",
            Self::View => "not frontal",
            Self::Frames => "several frames",
            Self::Small => "too small",
            Self::Blank => "blank",
            Self::Flat => "flat",
            Self::Clipped => "clipped",
            Self::Colour => "colour photograph",
            Self::Inverted => "negative",
            Self::OutOfDistribution => "unlike the training films",
            Self::Reading => "read with doubts",
            Self::Model => "the model failed",
            Self::Crash => "stopped the program",
            Self::Exposure => "second image of an exposure",
        }
    }
}

/// Why a film is not scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The gate that refused it.
    pub gate: Gate,
    /// One sentence that a person can act on.
    pub reason: String,
}

impl Held {
    /// Adds what of the file could not be used: the picture may be wrong by that, and no fault of the film's.
    fn with_doubts(mut self, warnings: &[Warning]) -> Self {
        let doubts = warnings.iter().filter(|warning| warning.gate == Gate::Reading);
        let doubts: Vec<&str> = doubts.map(|warning| warning.sentence.as_str()).collect();
        if !doubts.is_empty() {
            self.reason = format!("{} It may only have been read wrongly: {}", self.reason, doubts.join(" "));
        }
        self
    }
}

/// A warning about a film that is scored all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The gate that found it.
    pub gate: Gate,
    /// One sentence that a person can act on.
    pub sentence: String,
}

/// Looks whether a film may be scored, and what is to be said beside its score.
///
/// # Errors
/// [`Held`] by the first gate that refuses it.
pub fn inspect(film: &Film, gates: &Gates) -> Result<Vec<Warning>, Held> {
    let mut warnings = inspect_header(&film.header, gates)?;
    let doubts = film.warnings.iter().cloned().map(|sentence| Warning { gate: Gate::Reading, sentence });
    warnings.extend(doubts);
    let mut ask = |gate, look: &dyn Fn() -> Option<String>| {
        let asked = follow(gates, gate, look).map_err(|held| held.with_doubts(&warnings))?;
        warnings.extend(asked);
        Ok(())
    };
    let greys = film.grey_counts();
    ask(Gate::Blank, &|| pixels::blank(&greys))?;
    ask(Gate::Colour, &|| pixels::colour(film))?;
    ask(Gate::Inverted, &|| inverted::inverted(film))?;
    ask(Gate::Small, &|| pixels::small(film))?;
    ask(Gate::Flat, &|| pixels::flat(&greys))?;
    ask(Gate::Clipped, &|| pixels::clipped(&greys))?;
    Ok(warnings)
}

/// Asks the gates that need no pixels. Fields that the file leaves empty refuse nothing.
///
/// # Errors
/// [`Held`] by the first gate that refuses it.
pub fn inspect_header(header: &Header, gates: &Gates) -> Result<Vec<Warning>, Held> {
    let mut warnings = Vec::new();
    warnings.extend(follow(gates, Gate::Modality, || header::modality(header, &gates.allow_modalities))?);
    warnings.extend(follow(gates, Gate::BodyPart, || header::body_part(header))?);
    warnings.extend(follow(gates, Gate::Frames, || header::frames(header))?);
    warnings.extend(follow(gates, Gate::View, || header::view(header))?);
    warnings.extend(doubts(gates, Gate::BodyPart, || header::unknown_body_part(header)));
    warnings.extend(doubts(gates, Gate::View, || header::doubtful_view(header)));
    Ok(warnings)
}

/// Asks a gate that is not off for what it cannot be sure of, and does not hold a film for.
fn doubts(gates: &Gates, gate: Gate, look: impl FnOnce() -> Option<String>) -> Option<Warning> {
    let sentence = if gates.action(gate) == Action::Off { None } else { look() };
    sentence.map(|sentence| Warning { gate, sentence })
}

/// Looks, after the model, how far a film is from those that the model was trained on. `None`: the model
/// brings no profile of them, and nobody can say. `warnings` are those of [`inspect`], for the reason.
///
/// # Errors
/// [`Held`] beyond the cut-off; then its findings are not to be ranked.
pub fn inspect_distance(
    distance: Option<Distance>,
    warnings: &[Warning],
    gates: &Gates,
) -> Result<Option<Warning>, Held> {
    let asked = follow(gates, Gate::OutOfDistribution, || {
        let distance = distance?;
        let Distance { value, turned, limits: Limits { cut_off, turned_cut_off } } = distance;
        if distance.is_far() {
            Some(format!(
                "This does not look like the films that the model was trained on (distance {value:.2}, \
                 cut-off {cut_off:.2}): if it is a frontal chest film, read it without the score."
            ))
        } else {
            distance.is_turned().then(|| {
                format!(
                    "This seems to be no whole, upright frontal chest film: it may lie on its head or side, or \
                     be cut ({turned:.2}, cut-off {turned_cut_off:.2}): turn it and send it again, or read it \
                     without the score."
                )
            })
        }
    });
    asked.map_err(|held| held.with_doubts(warnings))
}

/// Returns why a file that could not be decoded is held: by its header's gate if there is one, else because
/// it is unreadable.
#[must_use]
pub fn hold(unreadable: &DecodeError, gates: &Gates) -> Held {
    let by_header = unreadable.header.as_deref().and_then(|header| inspect_header(header, gates).err());
    by_header.unwrap_or_else(|| Held { gate: Gate::Unreadable, reason: unreadable.reason.clone() })
}

/// Asks a gate that is not off, and does what the site wants of it.
fn follow(gates: &Gates, gate: Gate, look: impl FnOnce() -> Option<String>) -> Result<Option<Warning>, Held> {
    match gates.action(gate) {
        Action::Off => Ok(None),
        Action::Warn => Ok(look().map(|sentence| Warning { gate, sentence })),
        Action::Hold => look().map_or(Ok(None), |reason| Err(Held { gate, reason })),
    }
}

#[cfg(test)]
mod tests;
