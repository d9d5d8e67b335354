//! Figures by patient against scikit-learn, statsmodels and numpy: what tests/golden/evaluate_patients_peer.py wrote.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Case, Column, ComparedLabel, LabelInfo, ModelInfo, Scores, Whose, by_column, compare,
    measure::measure,
    metrics::{Likely, Mcnemar, Share, mcnemar},
};

#[derive(Deserialize)]
struct Peers {
    cases: Vec<Peer>,
    mcnemar: Vec<(u64, u64, f64)>,
}

#[derive(Deserialize)]
struct Peer {
    name: String,
    cluster: Vec<usize>,
    truth: Vec<u8>,
    group: Vec<usize>,
    first: Vec<f64>,
    second: Vec<f64>,
    /// Low end, high end, standard deviation over the draws.
    spreads: BTreeMap<String, [f64; 3]>,
    within: f64,
    sensitivity: PeerShare,
    specificity: PeerShare,
    predictive: Vec<PeerPredictive>,
    delong: PeerDelong,
    with_finding: PeerMcnemar,
    without_finding: PeerMcnemar,
}

#[derive(Deserialize)]
struct PeerShare {
    value: f64,
    interval: [f64; 2],
    effective: f64,
}

#[derive(Deserialize)]
struct PeerPredictive {
    prevalence: f64,
    positive: PeerLikely,
    negative: PeerLikely,
}

#[derive(Deserialize)]
struct PeerLikely {
    value: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct PeerDelong {
    difference: f64,
    standard_error: f64,
    interval: [f64; 2],
    p: f64,
}

#[derive(Deserialize)]
struct PeerMcnemar {
    only_first: u64,
    only_second: u64,
    p: f64,
}

fn peers() -> Peers {
    serde_json::from_str(include_str!("../../tests/golden/evaluate_patients_peer.json")).unwrap()
}

fn near(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() < 1e-9, "{what}: {found} for {wanted}");
}

fn near_both(found: [f64; 2], wanted: [f64; 2], what: &str) {
    near(found[0], wanted[0], what);
    near(found[1], wanted[1], what);
}

fn near_share(found: Option<Share>, wanted: &PeerShare, what: &str) {
    let found = found.unwrap();
    near(found.value, wanted.value, what);
    near(found.effective, wanted.effective, what);
    near_both(found.interval, wanted.interval, what);
}

fn near_likely(found: Option<Likely>, wanted: &PeerLikely, what: &str) {
    near(found.unwrap().value, wanted.value, what);
    near_both(found.unwrap().interval, wanted.interval, what);
}

fn near_mcnemar(found: Mcnemar, wanted: &PeerMcnemar, what: &str) {
    assert_eq!((found.only_first, found.only_second), (wanted.only_first, wanted.only_second), "{what}");
    near(found.p, wanted.p, what);
}

impl Peer {
    /// Films are scored in single precision, so the scores that both sides rank are single ones, too.
    fn scores(&self, of: &[f64]) -> Vec<[f32; 1]> {
        of.iter().map(|score| [*score as f32]).collect()
    }

    fn cases<'a>(&self, scores: &'a [[f32; 1]]) -> Vec<Case<'a>> {
        let case = |(n, score): (usize, &'a [f32; 1])| Case {
            probabilities: score,
            truths: vec![Some(self.truth[n] == 1)],
            whose: Whose::patient(self.cluster[n]),
        };
        scores.iter().enumerate().map(case).collect()
    }

    fn spread(&self, of: &str) -> ([f64; 2], f64) {
        let [low, high, error] = self.spreads[of];
        ([low, high], error)
    }

    fn compared(&self) -> ComparedLabel {
        let (first, second) = (self.scores(&self.first), self.scores(&self.second));
        let (first, second) = (self.cases(&first), self.cases(&second));
        let labels = [LabelInfo::plain("A", 0.5)];
        let model = ModelInfo {
            name: String::new(),
            title: String::new(),
            banner: String::new(),
            sha256: String::new(),
            evaluation: String::new(),
            device: String::new(),
        };
        let of = |cases| Scores { labels: &labels, cases };
        compare(model, of(&first), of(&second), 0).labels.remove(0)
    }
}

#[test]
fn intervals_by_patient_are_those_of_scikit_learn_over_the_same_draws() {
    for peer in peers().cases {
        let (name, scores) = (&peer.name, peer.scores(&peer.first));
        let cases = peer.cases(&scores);
        let found = measure(&[LabelInfo::plain("A", 0.5)], &cases);
        let report = &found.labels[0];
        let (interval, error) = peer.spread("auc");
        near_both(report.auc.unwrap().interval.unwrap(), interval, name);
        near(report.auc.unwrap().standard_error.unwrap(), error, name);
        near_both(found.macro_mean.unwrap().interval.unwrap(), interval, name);
        near_both(report.average_precision_interval.unwrap(), peer.spread("average_precision").0, name);
        near_share(report.at_threshold.sensitivity, &peer.sensitivity, name);
        near_share(report.at_threshold.specificity, &peer.specificity, name);

        let groups: Vec<String> = peer.group.iter().map(ToString::to_string).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let grouped = by_column(&Column::of("Source", &groups), &[LabelInfo::plain("A", 0.5)], &cases);
        let within = grouped.labels[0].within.unwrap();
        near(within.auc, peer.within, name);
        near_both(within.excess_interval.unwrap(), peer.spread("excess").0, name);
    }
}

#[test]
fn predictive_values_are_those_of_the_formulas() {
    for peer in peers().cases {
        let (name, scores) = (&peer.name, peer.scores(&peer.first));
        let cases = peer.cases(&scores);
        for wanted in &peer.predictive {
            let info = LabelInfo { prevalence: Some(wanted.prevalence), ..LabelInfo::plain("A", 0.5) };
            let found = measure(&[info], &cases).labels[0].predictive.unwrap();
            near_likely(found.positive, &wanted.positive, name);
            near_likely(found.negative, &wanted.negative, name);
        }
    }
}

#[test]
fn two_models_differ_as_delong_and_mcnemar_say() {
    let peers = peers();
    for peer in &peers.cases {
        let (name, found) = (&peer.name, peer.compared());
        let delong = found.delong.unwrap();
        near(delong.difference, peer.delong.difference, name);
        near(delong.standard_error, peer.delong.standard_error, name);
        near_both(delong.interval, peer.delong.interval, name);
        near(delong.p, peer.delong.p, name);
        near_both(found.interval.unwrap(), peer.spread("difference").0, name);
        near_both(found.second.auc_interval.unwrap(), peer.spread("second_auc").0, name);
        near_mcnemar(found.with_finding, &peer.with_finding, name);
        near_mcnemar(found.without_finding, &peer.without_finding, name);
    }
    for (only_first, only_second, p) in peers.mcnemar {
        let found = mcnemar(only_first, only_second).p;
        assert!((found - p).abs() <= 1e-9 * p.max(1e-300), "{only_first} {only_second}: {found:e} for {p:e}");
    }
}
