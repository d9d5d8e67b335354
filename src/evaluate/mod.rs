//! How good a model is on a labelled set: metrics, thresholds, localisation, plots and reports.
//!
//! Pure computing and drawing over plain data. Knows nothing of terminals, and nothing of how a film
//! gets its probabilities: `commands::evaluate` brings both together.
//!
//! A patient's films are one witness: every interval is by patient, where patients are known (`bootstrap`,
//! [`metrics::share`]).

#[cfg(test)]
mod alarm_tests;
mod alarms;
mod bootstrap;
mod boxes;
mod calibrate;
mod case;
mod compare;
mod explore;
mod groups;
mod html;
pub mod labels;
mod literature;
mod localise;
mod measure;
pub mod metrics;
#[cfg(test)]
mod peer_tests;
pub mod plot;
mod prevalence;
pub(crate) mod random;
mod report;
mod search;

pub use alarms::{WithoutFinding, without_finding};
pub use bootstrap::DRAWS;
pub use boxes::{FilmBox, read_boxes};
pub use calibrate::{Goal, GoalError, Proposal, propose};
pub use case::{Case, LabelInfo, ModelInfo, Published, Whose, patients, whose};
pub use compare::{ComparedLabel, ComparedMean, Comparison, OfModel, Scores, compare};
pub use explore::{Explored, FindingCount, Pair, explore};
pub use groups::{
    Apart, Column, ColumnReport, GroupAlone, GroupFigures, GroupedLabel, Tells, Within, by_column,
};
pub use html::{Plots, html};
pub use literature::{Elsewhere, SOURCES, SOURCES_IN_FULL, elsewhere};
pub use localise::{HOT, Localisation, Marked, Meeting, Rect, localise};
pub use measure::{LabelReport, MacroMean, Measured, Patients, any_alarm, measure};
pub use prevalence::{Prevalence, PrevalenceError};
pub use report::{HeldFilm, Intervals, Report, SetInfo, Thresholds};
pub use search::ENOUGH;
