//! The site's choice for each gate.

use serde::{Deserialize, Serialize};

use super::Gate;

/// The consequence of a gate's finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The film is not scored, and is listed with the reason.
    Hold,
    /// The film is scored, and the reason stands beside its findings.
    Warn,
    /// Nobody asks.
    Off,
}

/// The setting of each gate. A configuration file writes it as a section, with these keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section")]
pub struct Gates {
    /// Modalities that are scored beside CR and DX.
    pub allow_modalities: Vec<String>,
    /// [`Gate::Modality`].
    pub modality: Action,
    /// [`Gate::BodyPart`].
    pub body_part: Action,
    /// [`Gate::View`]; `lateral` in older files.
    #[serde(alias = "lateral")]
    pub view: Action,
    /// [`Gate::Frames`]; `multi_frame` in older files.
    #[serde(alias = "multi_frame")]
    pub frames: Action,
    /// [`Gate::Small`].
    pub small: Action,
    /// [`Gate::Blank`].
    pub blank: Action,
    /// [`Gate::Flat`].
    pub flat: Action,
    /// [`Gate::Clipped`].
    pub clipped: Action,
    /// [`Gate::Colour`].
    pub colour: Action,
    /// [`Gate::Inverted`].
    pub inverted: Action,
    /// [`Gate::OutOfDistribution`].
    pub out_of_distribution: Action,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            allow_modalities: Vec::new(),
            modality: Action::Hold,
            body_part: Action::Hold,
            view: Action::Hold,
            frames: Action::Hold,
            small: Action::Warn,
            blank: Action::Hold,
            flat: Action::Warn,
            clipped: Action::Warn,
            colour: Action::Hold,
            inverted: Action::Hold,
            out_of_distribution: Action::Hold,
        }
    }
}

impl Gates {
    /// Returns the gates for a film that a person wants scored: what would hold it is said beside its score.
    #[must_use]
    pub fn warning_only(&self) -> Self {
        let soften = |action| if action == Action::Hold { Action::Warn } else { action };
        Self {
            allow_modalities: self.allow_modalities.clone(),
            modality: soften(self.modality),
            body_part: soften(self.body_part),
            view: soften(self.view),
            frames: soften(self.frames),
            small: soften(self.small),
            blank: soften(self.blank),
            flat: soften(self.flat),
            clipped: soften(self.clipped),
            colour: soften(self.colour),
            inverted: soften(self.inverted),
            out_of_distribution: soften(self.out_of_distribution),
        }
    }

    /// Returns the setting of a gate. A file that could not be decoded, or that the model failed on, has no score.
    #[must_use]
    pub fn action(&self, gate: Gate) -> Action {
        match gate {
            Gate::Unreadable | Gate::Model | Gate::Crash | Gate::Exposure => Action::Hold,
            Gate::Reading => Action::Warn,
            Gate::Modality => self.modality,
            Gate::BodyPart => self.body_part,
            Gate::View => self.view,
            Gate::Frames => self.frames,
            Gate::Small => self.small,
            Gate::Blank => self.blank,
            Gate::Flat => self.flat,
            Gate::Clipped => self.clipped,
            Gate::Colour => self.colour,
            Gate::Inverted => self.inverted,
            Gate::OutOfDistribution => self.out_of_distribution,
        }
    }
}
