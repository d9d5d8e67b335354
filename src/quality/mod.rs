//! Gates: is it a frontal chest film worth scoring? Every refusal has a reason a person can act on.
//!
//! Each gate looks at one thing. Those that need the header alone are asked first, and also of a film
//! whose pixels could not be decoded ([`hold`]): that it is a hip is the better reason than that its
//! compression is unknown.

mod header;
mod pixels;

use serde::{Deserialize, Serialize};

use crate::film::{Film, Header, Unreadable};

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
    /// The view is a lateral (or an oblique or decubitus one).
    View,
    /// More than one frame.
    Frames,
    /// Nothing to see: (nearly) constant grey.
    Blank,
    /// The model failed on it.
    Model,
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
    inspect_header(&film.header)?;
    refuse(Gate::Blank, pixels::blank(film))
}

/// Asks the gates that need no pixels. Fields that the file leaves empty refuse nothing.
///
/// # Errors
/// [`Held`] by the first gate that refuses it.
pub fn inspect_header(header: &Header) -> Result<(), Held> {
    refuse(Gate::Modality, header::modality(header))?;
    refuse(Gate::BodyPart, header::body_part(header))?;
    refuse(Gate::Frames, header::frames(header))?;
    refuse(Gate::View, header::view(header))
}

/// Why a file that could not be decoded is held: by its header's gate if there is one, else because
/// it is unreadable.
#[must_use]
pub fn hold(unreadable: &Unreadable) -> Held {
    let by_header = unreadable.header.as_deref().and_then(|header| inspect_header(header).err());
    by_header.unwrap_or_else(|| Held { gate: Gate::Unreadable, reason: unreadable.reason.clone() })
}

fn refuse(gate: Gate, reason: Option<String>) -> Result<(), Held> {
    reason.map_or(Ok(()), |reason| Err(Held { gate, reason }))
}
