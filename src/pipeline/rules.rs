//! The rules for a model's findings: its manifest and the site's configuration, brought together.

use crate::{
    config::{self, ConfigError, LabelDefaults, Loaded},
    model::Manifest,
    study::{OperatingPoint, Rules},
};

/// The thresholds and validity that a model's manifest gives its labels, in the manifest's order.
#[must_use]
pub fn label_defaults(manifest: &Manifest) -> Vec<LabelDefaults<'_>> {
    manifest
        .labels
        .iter()
        .map(|label| LabelDefaults {
            name: &label.name,
            own: OperatingPoint { alert: label.alert, critical: label.critical },
            validated: label.validated,
        })
        .collect()
}

/// The rules that a site has for a model.
///
/// # Errors
/// The configuration names a label that the model does not have, or thresholds that contradict each other.
pub fn rules(loaded: &Loaded, manifest: &Manifest) -> Result<Rules, ConfigError> {
    config::rules(loaded, &manifest.name, &label_defaults(manifest))
}
