//! Manifests of weights that people know by name, without the weights.

use super::ImportError;

/// The presets by name, with their manifests. Their `sha256` is missing: it is that of the converted weights,
/// which `weights import` fills in.
pub const PRESETS: [(&str, &str); 7] = [
    ("xrv-all", include_str!("presets/xrv-all.toml")),
    ("xrv-pc", include_str!("presets/xrv-pc.toml")),
    ("xrv-rsna", include_str!("presets/xrv-rsna.toml")),
    ("xrv-mimic-ch", include_str!("presets/xrv-mimic-ch.toml")),
    ("xrv-chex", include_str!("presets/xrv-chex.toml")),
    ("xrv-resnet50", include_str!("presets/xrv-resnet50.toml")),
    ("keras-course", include_str!("presets/keras-course.toml")),
];

/// The manifest of a preset.
///
/// # Errors
/// [`ImportError::NoPreset`] with the names that there are.
pub fn preset(name: &str) -> Result<&'static str, ImportError> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|&(_, text)| text).ok_or_else(|| {
        let known = PRESETS.iter().map(|&(known, _)| known.to_owned()).collect();
        ImportError::NoPreset { name: crate::text::clean(name), known }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Filter, Manifest, NetworkConfig, Step};

    fn manifest(name: &str) -> Manifest {
        Manifest::draft(preset(name).unwrap(), name).unwrap()
    }

    #[test]
    fn every_preset_can_be_used_under_its_own_name() {
        for (name, _) in PRESETS {
            assert_eq!(manifest(name).name, name);
        }
        assert!(preset("xrv").unwrap_err().to_string().contains("xrv-all, xrv-pc"));
    }

    #[test]
    fn outputs_that_were_not_trained_have_no_label() {
        for (name, outputs, labels) in [
            ("xrv-all", 18, 18),
            ("xrv-pc", 18, 15),
            ("xrv-rsna", 18, 2),
            ("xrv-mimic-ch", 18, 11),
            ("xrv-chex", 18, 11),
            ("xrv-resnet50", 18, 16),
            ("keras-course", 14, 14),
        ] {
            let manifest = manifest(name);
            assert_eq!((manifest.outputs, manifest.labels.len()), (outputs, labels), "{name}");
        }
        let rsna = manifest("xrv-rsna");
        let outputs: Vec<_> = rsna.labels.iter().map(|label| (label.name.as_str(), label.output)).collect();
        assert_eq!(outputs, [("Pneumonia", 8), ("Lung Opacity", 16)]);
    }

    #[test]
    fn the_resize_is_the_one_that_torchxrayvision_trains_with() {
        for (name, size) in [("xrv-all", 224), ("xrv-pc", 224), ("xrv-resnet50", 512)] {
            let wanted = Step::Resize { size, filter: Filter::Order1Gaussian, eight_bit: false };
            assert_eq!(manifest(name).preprocessing.last(), Some(&wanted), "{name}");
        }
    }

    /// The thresholds of ResNet-50 are derived, so none of its labels may rank by itself.
    #[test]
    fn what_nobody_measured_is_not_validated() {
        for name in ["xrv-resnet50", "xrv-pc", "xrv-rsna", "xrv-mimic-ch", "xrv-chex"] {
            assert!(manifest(name).labels.iter().all(|label| !label.validated), "{name}");
        }
        assert!(manifest("xrv-all").labels.iter().all(|label| label.validated && label.evaluation.is_some()));
    }

    #[test]
    fn keras_adds_another_epsilon() {
        let NetworkConfig::DenseNet(config) = manifest("keras-course").network() else {
            panic!("a DenseNet")
        };
        assert!((config.epsilon - 1.001e-5).abs() < 1e-12);
        assert_eq!((config.channels, config.outputs), (3, 14));
    }
}
