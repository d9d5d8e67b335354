//! The site's thresholds for the workbench: read from the configuration file, and written into it.

use std::sync::Arc;

use super::setup::{Setup, label_defaults, rules};
use crate::{
    config::{self, ConfigError, Loaded},
    model::Manifest,
    session::{Thresholds, ThresholdsError},
    study::{Bench, BenchLabel, OperatingPoint, Setting, ThresholdChange},
};

pub(super) struct SiteThresholds {
    setup: Arc<Setup>,
    manifest: Manifest,
    /// Whether the films that are scored here are the site's own, not a demonstration's.
    is_real: bool,
}

impl SiteThresholds {
    pub(super) fn new(setup: Arc<Setup>, manifest: Manifest, is_real: bool) -> Self {
        Self { setup, manifest, is_real }
    }

    fn bench(&self, loaded: &Loaded) -> Result<Bench, ConfigError> {
        let manifest = &self.manifest;
        let rules = rules(loaded, manifest)?;
        let site = loaded.config.thresholds.get(&manifest.name);
        let label = |(rule, label): (crate::study::LabelRule, &crate::model::Label)| {
            let set = site.and_then(|site| site.labels.get(&rule.label)).cloned().unwrap_or_default();
            let own = OperatingPoint { alert: label.alert, critical: label.critical };
            BenchLabel { rule, own, site: Setting { alert: set.alert, critical: set.critical } }
        };
        Ok(Bench {
            model: manifest.name.clone(),
            labels: rules.labels.into_iter().zip(&manifest.labels).map(label).collect(),
            max_wait: loaded.config.triage.max_wait,
        })
    }
}

impl Thresholds for SiteThresholds {
    fn read(&self) -> Result<Bench, ThresholdsError> {
        let bench = self.setup.reload().and_then(|loaded| self.bench(&loaded));
        bench.map_err(|error| {
            ThresholdsError::because(format!("The configuration cannot be read: {}", error.short()), error)
        })
    }

    fn write(&self, changes: &[ThresholdChange]) -> Result<(), ThresholdsError> {
        if !self.is_real {
            return Err(ThresholdsError::new(
                "Not saved: this is the demonstration, and what is found with phantoms is not for patients.",
            ));
        }
        let not_saved =
            |error: ConfigError| ThresholdsError::because(format!("Not saved: {}", error.short()), error);
        let Some(path) = self.setup.reload().map_err(not_saved)?.path else {
            return Err(ThresholdsError::new(
                "Not saved: no configuration file is in use. Run `cxr-triage config init`, then save again.",
            ));
        };
        let manifest = &self.manifest;
        let settings: Vec<(&str, Setting)> =
            changes.iter().map(|change| (change.label.as_str(), change.to)).collect();
        config::write_thresholds(
            &path,
            &manifest.name,
            &manifest.sha256,
            &label_defaults(manifest),
            &settings,
        )
        .map_err(not_saved)
    }
}
