//! Gates: is it a frontal chest film worth scoring? Every refusal has a reason a person can act on.

use serde::{Deserialize, Serialize};

use crate::film::Film;

/// The gate that refused a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// The file could not be decoded.
    Unreadable,
    /// Modality is not that of a projection film.
    Modality,
    /// Body Part Examined is filled and is not the chest.
    BodyPart,
    /// The view is a lateral.
    View,
    /// More than one frame.
    Frames,
    /// Nothing to see: (nearly) constant grey.
    Blank,
}

/// Why a film is not scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The gate that refused it.
    pub gate: Gate,
    /// One sentence that a person can act on.
    pub reason: String,
}

/// Looks whether a film may be scored.
///
/// # Errors
/// [`Held`] by the first gate that refuses it.
pub fn inspect(film: &Film) -> Result<(), Held> {
    let _ = film;
    unimplemented!()
}
