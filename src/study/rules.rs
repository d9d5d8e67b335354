//! A model's labels with the thresholds that are in force for them.

use super::Severity;

/// The rule of one label for a study's place in the list.
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

/// The thresholds that a model itself brings for a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// Probability at and above which the label makes a study urgent, in (0, 1).
    pub alert: f64,
    /// Probability at and above which it makes it critical, in (0, 1), `alert` or more, where the model has one.
    pub critical: Option<f64>,
}

impl OperatingPoint {
    /// The thresholds of a model that brings `alert` alone.
    #[must_use]
    pub const fn of_alert(alert: f64) -> Self {
        Self { alert, critical: None }
    }

    /// The critical threshold in force where the site sets none and `alert` is in force: the model's, but never below
    /// `alert`; of a model without one [`default_critical`].
    #[must_use]
    pub fn critical_above(self, alert: f64) -> f64 {
        self.critical.map_or_else(|| default_critical(alert), |own| own.max(alert))
    }
}

/// The critical threshold of a label for which neither site nor model has one: where the score reaches 0.8.
#[must_use]
pub fn default_critical(alert: f64) -> f64 {
    1.0 - 0.4 * (1.0 - alert)
}
