//! Presets by name.

use super::ImportError;
use crate::model::PRESETS;

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
    use crate::model::{Filter, Manifest, NetworkConfig, Step, VALIDATED_ABOVE};

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
    }

    /// The lower end of the 95 % interval of an AUC by Hanley and McNeil 1982, Radiology 143:29.
    fn lower_end(auc: f64, with: f64, without: f64) -> f64 {
        let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
        let square = auc * auc;
        let variance = auc * (1.0 - auc) + (with - 1.0) * (q1 - square) + (without - 1.0) * (q2 - square);
        auc - 1.959_964 * (variance / (with * without)).sqrt()
    }

    /// Their example: 51 abnormal and 58 normal images with an area of 0.893 have a standard error of 0.032.
    #[test]
    fn the_interval_is_that_of_hanley_and_mcneil() {
        assert!(((0.893 - lower_end(0.893, 51.0, 58.0)) / 1.959_964 - 0.032).abs() < 1e-3);
    }

    /// Films of the whole set with the finding, and without it: Wang et al. 2017 (112,120 films), and Irvin et
    /// al. 2019, table 1 (187,641 studies; those that do not mention a finding are not counted as without it there,
    /// so only "No Finding", 16,627, stands for them).
    const COUNTS: [(&str, u32, u32); 18] = [
        ("Atelectasis", 11_559, 100_561),
        ("Consolidation", 4_667, 107_453),
        ("Infiltration", 19_894, 92_226),
        ("Pneumothorax", 5_302, 106_818),
        ("Edema", 2_303, 109_817),
        ("Emphysema", 2_516, 109_604),
        ("Fibrosis", 1_686, 110_434),
        ("Effusion", 13_317, 98_803),
        ("Pneumonia", 1_431, 110_689),
        ("Pleural_Thickening", 3_385, 108_735),
        ("Cardiomegaly", 2_776, 109_344),
        ("Nodule", 6_331, 105_789),
        ("Mass", 5_782, 106_338),
        ("Hernia", 227, 111_893),
        ("Lung Lesion", 6_856, 16_627),
        ("Fracture", 7_270, 16_627),
        ("Lung Opacity", 92_669, 16_627),
        ("Enlarged Cardiomediastinum", 9_020, 16_627),
    ];

    /// The rule that the manifest states: half of the fifth that it was published on, and half a digit less.
    #[test]
    fn what_xrv_all_says_is_validated_is_so_with_half_of_the_films_at_worst() {
        for label in &manifest("xrv-all").labels {
            let (_, with, without) = COUNTS.iter().find(|(name, ..)| *name == label.name).unwrap();
            let auc = label.evaluation.unwrap().auc - 0.005;
            let low = lower_end(auc, f64::from(with / 10), f64::from(without / 10));
            assert_eq!(label.validated, low > VALIDATED_ABOVE, "{}: from {low:.3} on", label.name);
        }
    }

    /// Published on 420 films without counts: ten with the finding are taken to be there, half a digit less.
    #[test]
    fn what_the_course_says_is_validated_is_so_with_ten_films() {
        for label in &manifest("keras-course").labels {
            let low = lower_end(label.evaluation.unwrap().auc - 0.0005, 10.0, 410.0);
            assert_eq!(label.validated, low > VALIDATED_ABOVE, "{}: from {low:.3} on", label.name);
        }
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
