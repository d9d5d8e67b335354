//! How frequent findings are where a model is to be used, as somebody says it.

use std::str::FromStr;

/// The share of films that have a finding: of one label, or of all that nothing else is said of.
#[derive(Debug, Clone, PartialEq)]
pub struct Prevalence {
    /// The label, as it was written; none for all.
    pub label: Option<String>,
    /// The share, above 0 and under 1.
    pub share: f64,
}

/// A text that is no prevalence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no prevalence: a share above 0 and under 1, such as 0.02 or Edema=0.02")]
pub struct PrevalenceError(String);

impl FromStr for Prevalence {
    type Err = PrevalenceError;

    fn from_str(text: &str) -> Result<Self, PrevalenceError> {
        let (label, share) = match text.rsplit_once('=') {
            Some((label, share)) => (Some(label.trim()), share),
            None => (None, text),
        };
        let wrong = || PrevalenceError(text.to_owned());
        let share = share.trim().parse().ok().filter(|share: &f64| *share > 0.0 && *share < 1.0);
        if label == Some("") {
            return Err(wrong());
        }
        Ok(Self { label: label.map(str::to_owned), share: share.ok_or_else(wrong)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_or_one_a_label() {
        let of = |label: Option<&str>, share| Some(Prevalence { label: label.map(str::to_owned), share });
        for (text, expected) in [
            ("0.02", of(None, 0.02)),
            ("Edema=0.02", of(Some("Edema"), 0.02)),
            (" Lung Lesion = 0.1 ", of(Some("Lung Lesion"), 0.1)),
            ("2", None),
            ("0", None),
            ("1", None),
            ("NaN", None),
            ("=0.1", None),
            ("Edema=", None),
            ("Edema", None),
        ] {
            assert_eq!(text.parse::<Prevalence>().ok(), expected, "{text}");
        }
    }
}
