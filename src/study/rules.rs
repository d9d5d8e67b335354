//! A model's labels with the thresholds that are in force for them.

use super::Severity;

/// What one label may do to a study's place in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRule {
    /// The label's name, as the model's manifest has it.
    pub label: String,
    /// Probability at and above which the label makes a study urgent; in (0, 1).
    pub alert: f64,
    /// Probability at and above which it makes it critical; `alert` or more, 1 or less.
    pub critical: f64,
    /// The highest band that this label may give.
    pub cap: Severity,
    /// Whether the label ranks at all; if not it is shown, and nothing else.
    pub rank: bool,
    /// Whether the label is validated for the model (see DESIGN: a 95 % interval of its AUC on
    /// unseen films wholly above 0.65). Labels that are not are shown dimmed.
    pub validated: bool,
}

/// The rules of all labels of one model, in the model's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The model that the rules belong to.
    pub model: String,
    /// One rule a label, in the order of the model's outputs.
    pub labels: Vec<LabelRule>,
}

/// The critical threshold of a label whose site set none: where the score reaches 0.8.
#[must_use]
pub fn default_critical(alert: f64) -> f64 {
    1.0 - 0.4 * (1.0 - alert)
}
