//! The meaning of an alert where the finding is as frequent as somebody says.

use serde::Serialize;

use super::{AtThreshold, Share, Z95};

/// Predictive values at a prevalence that is not that of the set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Predictive {
    /// The share of all films that have the finding, as given.
    pub prevalence: f64,
    /// The share of films that alert that then have the finding; none where no film alerts.
    pub positive: Option<Likely>,
    /// The share of films that do not alert that then are without it; none where all films alert.
    pub negative: Option<Likely>,
}

/// A chance with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Likely {
    /// The chance.
    pub value: f64,
    /// Its interval.
    pub interval: [f64; 2],
}

/// Predictive values by Bayes' theorem from sensitivity and specificity. The intervals are the adjusted logit ones of
/// Mercaldo, Lau and Zhou 2007, Statistics in Medicine 26:2170 (half of z squared is added to hits and misses), on the
/// effective numbers of films, so by patient. None where sensitivity or specificity are not known.
#[must_use]
pub fn predictive(at: &AtThreshold, prevalence: f64) -> Option<Predictive> {
    let (sensitivity, specificity) = (at.sensitivity?, at.specificity?);
    let absent = 1.0 - prevalence;
    let (sens, spec) = (Adjusted::of(&sensitivity), Adjusted::of(&specificity));
    let positive = likely(
        (sensitivity.value * prevalence, (1.0 - specificity.value) * absent),
        (sens.value * prevalence / ((1.0 - spec.value) * absent)).ln(),
        sens.odds_against() / sens.films + 1.0 / spec.odds_against() / spec.films,
    );
    let negative = likely(
        (specificity.value * absent, (1.0 - sensitivity.value) * prevalence),
        (spec.value * absent / ((1.0 - sens.value) * prevalence)).ln(),
        1.0 / sens.odds_against() / sens.films + spec.odds_against() / spec.films,
    );
    Some(Predictive { prevalence, positive, negative })
}

/// A share drawn towards a half, which is never 0 or 1.
struct Adjusted {
    value: f64,
    films: f64,
}

impl Adjusted {
    fn of(share: &Share) -> Self {
        let z2 = Z95 * Z95;
        let films = share.effective + z2;
        Self { value: (share.value * share.effective + z2 / 2.0) / films, films }
    }

    fn odds_against(&self) -> f64 {
        (1.0 - self.value) / self.value
    }
}

/// A share of right and wrong, with an interval around an adjusted logit of that variance, which holds the value.
fn likely((right, wrong): (f64, f64), logit: f64, variance: f64) -> Option<Likely> {
    let value = (right + wrong > 0.0).then(|| right / (right + wrong))?;
    let reach = Z95 * variance.sqrt();
    let [low, high] = [logit - reach, logit + reach].map(|x| 1.0 / (1.0 + (-x).exp()));
    Some(Likely { value, interval: [low.min(value), high.max(value)] })
}
