//! How good a model is on a labelled set: metrics, thresholds, localisation, plots and reports.
//!
//! Pure computing and drawing over plain data. Knows nothing of terminals, and nothing of how a film
//! gets its probabilities: `commands::evaluate` brings both together.

mod boxes;
mod calibrate;
mod explore;
mod html;
pub mod labels;
mod literature;
mod localise;
pub mod metrics;
pub mod plot;
mod report;

pub use boxes::{FilmBox, read_boxes};
pub use calibrate::{ENOUGH, Goal, GoalError, Proposal, propose};
pub use explore::{Explored, FindingCount, Pair, explore};
pub use html::{Plots, html};
pub use literature::{Elsewhere, SOURCES, SOURCES_IN_FULL, elsewhere};
pub use localise::{HOT, Localisation, Marked, Meeting, Rect, localise};
pub use report::{
    Case, HeldFilm, LabelInfo, LabelReport, ModelInfo, Published, Report, SetInfo, Thresholds, any_alarm,
    measure,
};
