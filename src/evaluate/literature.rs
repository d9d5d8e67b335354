//! AUCs that others published on ChestX-ray14, for a reader to hold a result against. Each used films and a
//! split of its own, so small differences between them, or from here, say nothing.

use serde::Serialize;

use super::labels::canonical;

/// The publications, in the order of the values.
pub const SOURCES: [&str; 4] = ["CheXNet", "Wang 2017", "xrv-all", "Keras course"];

/// Digits that each gave after the point.
const DECIMALS: [usize; 4] = [4, 3, 2, 3];

/// Where each is from, for a reader who wants to know.
pub const SOURCES_IN_FULL: &str = "CheXNet: Rajpurkar et al. 2017, arXiv:1711.05225. Wang 2017: the authors of \
     ChestX-ray14, arXiv:1705.02315. xrv-all: torchxrayvision on NIH, Cohen et al. 2022. Keras course: 420 films";

/// A label of ChestX-ray14, with what each source has for it.
const PUBLISHED: [(&str, [f64; 4]); 14] = [
    ("Atelectasis", [0.8094, 0.716, 0.76, 0.786]),
    ("Cardiomegaly", [0.9248, 0.807, 0.88, 0.896]),
    ("Effusion", [0.8638, 0.784, 0.85, 0.763]),
    ("Infiltration", [0.7345, 0.609, 0.68, 0.651]),
    ("Mass", [0.8676, 0.706, 0.80, 0.819]),
    ("Nodule", [0.7802, 0.671, 0.69, 0.656]),
    ("Pneumonia", [0.7680, 0.633, 0.71, 0.678]),
    ("Pneumothorax", [0.8887, 0.806, 0.75, 0.803]),
    ("Consolidation", [0.7901, 0.708, 0.77, 0.752]),
    ("Edema", [0.8878, 0.835, 0.85, 0.856]),
    ("Emphysema", [0.9371, 0.815, 0.73, 0.796]),
    ("Fibrosis", [0.8047, 0.769, 0.72, 0.728]),
    ("Pleural_Thickening", [0.8062, 0.708, 0.74, 0.712]),
    ("Hernia", [0.9164, 0.767, 0.91, 0.773]),
];

/// An AUC that others published for the same finding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Elsewhere {
    /// The publication: one of [`SOURCES`].
    pub source: &'static str,
    /// The area under the ROC curve.
    pub auc: f64,
    #[serde(skip)]
    decimals: usize,
}

impl std::fmt::Display for Elsewhere {
    /// The AUC with as many digits as were published.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.*}", self.decimals, self.auc)
    }
}

/// Returns what others published for a label, in the order of [`SOURCES`]; empty for one that ChestX-ray14 has not.
#[must_use]
pub fn elsewhere(label: &str) -> Vec<Elsewhere> {
    let names = PUBLISHED.map(|(name, _)| name);
    let found = canonical(label, &names).and_then(|name| PUBLISHED.iter().find(|(known, _)| *known == name));
    let values = found.map_or(&[][..], |(_, values)| values);
    let digits = SOURCES.iter().zip(DECIMALS);
    let known =
        |((&source, decimals), &auc): ((&&'static str, usize), &f64)| Elsewhere { source, auc, decimals };
    digits.zip(values).map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Manifest, preset};

    #[test]
    fn labels_are_found_however_they_are_spelt() {
        for name in ["Pleural_Thickening", "pleural thickening", "PleuralThickening"] {
            let found = elsewhere(name);
            assert_eq!(found.len(), SOURCES.len(), "{name}");
            assert_eq!((found[0].source, found[0].auc), ("CheXNet", 0.8062));
            assert_eq!((found[0].to_string(), found[2].to_string()), ("0.8062".into(), "0.74".into()));
        }
        assert!(elsewhere("Lung Opacity").is_empty());
    }

    /// The figures in the presets and those that stand here beside other models are the same.
    #[test]
    fn the_presets_say_the_same() {
        for (name, column) in [("xrv-all", 2), ("keras-course", 3)] {
            let manifest = Manifest::draft(preset(name).unwrap(), name).unwrap();
            for (label, values) in PUBLISHED {
                let (_, known) = manifest.label(label).unwrap();
                assert_eq!(known.evaluation.unwrap().auc, values[column], "{name}: {label}");
            }
        }
    }
}
