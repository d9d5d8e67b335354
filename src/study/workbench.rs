//! Thresholds under somebody's hands: what the site sets of them, how far they can be moved, and the rules
//! that come of it.

use jiff::SignedDuration;

use super::{LabelRule, OperatingPoint, Rules};

/// The lowest and the highest threshold that can be reached by steps: at 0 everything would reach it, at 1 nothing.
const ENDS: (f64, f64) = (0.001, 0.999);

/// A site's settings of one label's thresholds; none: the default, which for `alert` is the model's own and for
/// `critical` is [`OperatingPoint::critical_above`] `alert`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Setting {
    /// Probability at and above which the label makes a study urgent, in (0, 1).
    pub alert: Option<f64>,
    /// Probability at and above which it makes it critical, in (0, 1), `alert` or more.
    pub critical: Option<f64>,
}

/// One of a label's two thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// From here on urgent.
    Alert,
    /// From here on critical.
    Critical,
}

impl Mark {
    /// The name that the configuration has for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Critical => "critical",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Alert => Self::Critical,
            Self::Critical => Self::Alert,
        }
    }
}

/// Why a threshold cannot be moved further.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// Thresholds lie between 0 and 1.
    End,
    /// `alert` has met the `critical` that the site set.
    AtCritical(f64),
    /// `critical` has met `alert`.
    AtAlert(f64),
}

impl Setting {
    /// The threshold that is in force with this setting; `own` are the model's.
    #[must_use]
    pub fn value(self, mark: Mark, own: OperatingPoint) -> f64 {
        let alert = self.alert.unwrap_or(own.alert);
        match mark {
            Mark::Alert => alert,
            Mark::Critical => self.critical.unwrap_or_else(|| own.critical_above(alert)),
        }
    }

    /// One threshold moved by `by`, rounded to thousandths, and not past the other one.
    ///
    /// # Errors
    /// It cannot be moved that way at all.
    pub fn moved(self, mark: Mark, by: f64, own: OperatingPoint) -> Result<Self, Stop> {
        let now = self.value(mark, own);
        let wanted = thousandths(now + by);
        let (low, high, stop) = match mark {
            Mark::Alert => match self.critical {
                Some(critical) if critical < ENDS.1 => (ENDS.0, critical, Stop::AtCritical(critical)),
                _ => (ENDS.0, ENDS.1, Stop::End),
            },
            Mark::Critical => {
                let alert = self.value(Mark::Alert, own);
                (alert, ENDS.1.max(alert), Stop::AtAlert(alert))
            }
        };
        let stop = match (mark, by > 0.0) {
            (Mark::Alert, false) | (Mark::Critical, true) => Stop::End,
            _ => stop,
        };
        let reached = wanted.max(low).min(high);
        // Rounding may not turn a step round, or take one that goes nowhere.
        if (reached - now) * by <= 0.0 {
            return Err(stop);
        }
        Ok(match mark {
            Mark::Alert => Self { alert: Some(reached), ..self },
            Mark::Critical => Self { critical: Some(reached), ..self },
        })
    }
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A label as it comes onto the bench.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchLabel {
    /// The rule in force.
    pub rule: LabelRule,
    /// The thresholds that the model itself brings.
    pub own: OperatingPoint,
    /// The site's settings.
    pub site: Setting,
}

/// All labels of the model that scores, with what is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench {
    /// The model's name.
    pub model: String,
    /// In the model's order.
    pub labels: Vec<BenchLabel>,
    /// How long a study may wait unseen before it is promoted.
    pub max_wait: Option<SignedDuration>,
}

impl Bench {
    /// The site's settings, a label each.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        self.labels.iter().map(|label| label.site).collect()
    }

    /// The rules in force.
    #[must_use]
    pub fn in_force(&self) -> Rules {
        let labels = self.labels.iter().map(|label| label.rule.clone()).collect();
        Rules { model: self.model.clone(), labels }
    }

    /// The rules with other settings, one a label; a label without one stays as it is.
    #[must_use]
    pub fn rules(&self, settings: &[Setting]) -> Rules {
        let mut rules = self.in_force();
        for ((rule, label), setting) in rules.labels.iter_mut().zip(&self.labels).zip(settings) {
            rule.alert = setting.value(Mark::Alert, label.own);
            rule.critical = setting.value(Mark::Critical, label.own);
        }
        rules
    }
}

/// Another setting for one label, and the one that it replaces.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdChange {
    /// The label's name.
    pub label: String,
    /// The site's setting until now.
    pub from: Setting,
    /// The new setting.
    pub to: Setting,
}

impl ThresholdChange {
    /// The change that takes this one back.
    #[must_use]
    pub fn back(&self) -> Self {
        Self { label: self.label.clone(), from: self.to, to: self.from }
    }
}

#[cfg(test)]
#[path = "workbench_tests.rs"]
mod tests;
