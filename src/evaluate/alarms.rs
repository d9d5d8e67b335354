//! Thresholds of all ranking labels chosen together, by what films without any finding do.

use serde::Serialize;

use super::{
    case::{Case, LabelInfo, patients, score},
    measure::any_alarm,
    metrics::{Ranked, Share},
    search::{Choice, ENOUGH, NoThresholdError, at_most},
};

/// Of the films without finding that may alert, one in so many may be critical.
const CRITICAL: f64 = 5.0;

/// Chooses alert and critical thresholds of every label that ranks: each label lets the same share of the films without
/// it through, as much as can be so that of the films without any finding no more than `share` alert for any label.
pub(super) fn choose(
    share: f64,
    labels: &[LabelInfo],
    cases: &[Case<'_>],
) -> Vec<Result<Choice, NoThresholdError>> {
    let clean: Vec<&Case<'_>> = cases.iter().filter(|case| case.is_without_finding()).collect();
    let negatives: Vec<Ranked> = (0..labels.len()).map(|n| without(n, cases)).collect();
    let few = too_few(share, &clean);
    let alerts = shared(share, labels, &clean, &negatives);
    let criticals = shared(share / CRITICAL, labels, &clean, &negatives);
    let choice = |n: usize| {
        if !labels[n].rank {
            return Err(NoThresholdError::NotRanked);
        }
        if let Some(few) = &few {
            return Err(few.clone());
        }
        let (alert, critical) = (alerts[n].clone()?, criticals[n].clone()?);
        // Shortened numbers may fall on each other, never past each other.
        Ok(Choice { alert, critical: Some(critical.max(alert)) })
    };
    (0..labels.len()).map(choice).collect()
}

/// The scores of the films that are known to be without a label, whatever else they have.
fn without(n: usize, cases: &[Case<'_>]) -> Ranked {
    let are = cases.iter().filter(|case| case.truths[n] == Some(false));
    Ranked::new(are.map(|case| (score(n, case), false)))
}

/// Why a share of films cannot be told from so few; none if it can.
fn too_few(share: f64, clean: &[&Case<'_>]) -> Option<NoThresholdError> {
    // One critical film must be a film.
    let needed = ((CRITICAL / share).ceil() as usize).max(ENOUGH as usize);
    let of_patients = patients(clean.iter().copied()).unwrap_or(clean.len() as u64);
    let is_too_few = clean.len() < needed || of_patients < ENOUGH;
    is_too_few.then_some(NoThresholdError::TooFew { films: clean.len(), patients: of_patients, needed })
}

/// A threshold a label, each of the same specificity, the lowest with which at most `share` of the clean films reach any
/// of those that rank.
fn shared(
    share: f64,
    labels: &[LabelInfo],
    clean: &[&Case<'_>],
    negatives: &[Ranked],
) -> Vec<Result<f64, NoThresholdError>> {
    let allowed = (share * clean.len() as f64 + 1e-9) as usize;
    let thresholds = |rate: f64| -> Vec<Result<f64, NoThresholdError>> {
        let threshold = |ranked: &Ranked| match ranked.cases() {
            0 => Err(NoThresholdError::NoNegative),
            all => at_most(ranked, (rate * all as f64 + 1e-9) as u64),
        };
        negatives.iter().map(threshold).collect()
    };
    let fits = |rate: f64| {
        let thresholds = thresholds(rate);
        let reaches = |case: &&&Case<'_>| {
            let reached =
                |n: usize| thresholds[n].as_ref().is_ok_and(|threshold| score(n, case) >= *threshold);
            (0..labels.len()).any(|n| labels[n].rank && reached(n))
        };
        clean.iter().filter(reaches).count() <= allowed
    };
    // Every share of films that a label can let through. More for each is never fewer for all.
    let counts = negatives.iter().map(Ranked::cases);
    let mut rates: Vec<f64> = counts.flat_map(|all| (0..all).map(move |n| n as f64 / all as f64)).collect();
    rates.sort_unstable_by(f64::total_cmp);
    rates.dedup();
    let fitting = rates.partition_point(|rate| fits(*rate));
    thresholds(fitting.checked_sub(1).map_or(0.0, |last| rates[last]))
}

/// How many films without any finding reach a threshold of any ranking label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WithoutFinding {
    /// Films without any finding.
    pub films: usize,
    /// Their patients, where they are known.
    pub patients: Option<u64>,
    /// The share that reaches `alert` now.
    pub alert_now: Option<Share>,
    /// The share that reaches `alert` with the proposed thresholds.
    pub alert_then: Option<Share>,
    /// The share that reaches `critical` now.
    pub critical_now: Option<Share>,
    /// The share that reaches `critical` with the proposed thresholds.
    pub critical_then: Option<Share>,
}

impl WithoutFinding {
    /// Says it in a sentence; `words` writes a share.
    pub(crate) fn sentence(&self, words: impl Fn(Option<Share>) -> String) -> String {
        let of = self.patients.map_or_else(String::new, |patients| format!(" of {patients} patients"));
        format!(
            "Of {} films without any finding{of}, {} reach alert for a ranking label now and {} critical; {} and {} with \
             what would be written.",
            self.films,
            words(self.alert_now),
            words(self.critical_now),
            words(self.alert_then),
            words(self.critical_then)
        )
    }
}

/// Counts what films without finding do now, and with the thresholds proposed: alert and critical of each label.
#[must_use]
pub fn without_finding(labels: &[LabelInfo], cases: &[Case<'_>], then: &[(f64, f64)]) -> WithoutFinding {
    let clean = || cases.iter().filter(|case| case.is_without_finding());
    WithoutFinding {
        films: clean().count(),
        patients: patients(clean()),
        alert_now: any_alarm(clean(), labels, |n| labels[n].alert),
        alert_then: any_alarm(clean(), labels, |n| then[n].0),
        critical_now: any_alarm(clean(), labels, |n| labels[n].critical),
        critical_then: any_alarm(clean(), labels, |n| then[n].1),
    }
}
