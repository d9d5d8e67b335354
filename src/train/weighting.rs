//! The weight of a film in the loss, so that a rare finding is not drowned by the films without it.

use std::fmt;

/// The rule for the weights of films with and without a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weighting {
    /// Each class by the other's frequency: w_pos = share of the films without, w_neg = share of those with it.
    #[default]
    Frequency,
    /// Each class as one half of all: films / (2 x films of the class).
    Balanced,
    /// Every film as one.
    None,
}

impl Weighting {
    /// Returns what a film without the finding counts, and what one with it, where there are so many of each.
    #[must_use]
    pub fn weights(self, without: usize, with: usize) -> [f64; 2] {
        let (absent, present) = (without as f64, with as f64);
        let all = absent + present;
        match self {
            Self::Frequency => [present / all, absent / all],
            Self::Balanced => [all / (2.0 * absent), all / (2.0 * present)],
            Self::None => [1.0, 1.0],
        }
    }
}

impl fmt::Display for Weighting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Frequency => "frequency",
            Self::Balanced => "balanced",
            Self::None => "none",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Weighting;

    /// The formula of the course's loss: over all films both classes count alike.
    #[test]
    fn each_class_counts_by_the_others_frequency() {
        let [absent, present] = Weighting::Frequency.weights(90, 10);
        assert_eq!([absent, present], [0.1, 0.9]);
        assert!((absent * 90.0 - present * 10.0).abs() < 1e-12);
        let [absent, present] = Weighting::Balanced.weights(90, 10);
        assert_eq!([absent * 90.0, present * 10.0], [50.0, 50.0]);
        assert_eq!(Weighting::None.weights(90, 10), [1.0, 1.0]);
    }
}
