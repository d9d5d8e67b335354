use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// The figures that tests/golden/evaluate_peer.py wrote.
#[derive(Deserialize)]
struct Peer {
    name: String,
    truth: Vec<u8>,
    scores: Vec<f64>,
    auc: f64,
    standard_error: Option<f64>,
    interval: Option<[f64; 2]>,
    average_precision: f64,
    brier: f64,
    ece: f64,
    youden: f64,
    roc: Vec<[f64; 3]>,
    pr: Vec<[f64; 3]>,
}

fn near(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() < 1e-9, "{what}: {found} for {wanted}");
}

fn ranked(truth: &[u8], scores: &[f64]) -> Ranked {
    Ranked::new(scores.iter().copied().zip(truth.iter().map(|&truth| truth == 1)))
}

#[test]
fn all_agree_with_scikit_learn_and_with_delongs_definition() {
    let peers: Vec<Peer> =
        serde_json::from_str(include_str!("../../../tests/golden/evaluate_peer.json")).unwrap();
    assert!(peers.len() > 15);
    for peer in peers {
        let ours = ranked(&peer.truth, &peer.scores);
        let name = &peer.name;
        let auc = ours.auc().unwrap();
        near(auc.value, peer.auc, name);
        assert_eq!(auc.standard_error.is_some(), peer.standard_error.is_some(), "{name}");
        near(auc.standard_error.unwrap_or(0.0), peer.standard_error.unwrap_or(0.0), name);
        assert_eq!(auc.interval.is_some(), peer.interval.is_some(), "{name}");
        for (a, b) in auc.interval.iter().flatten().zip(peer.interval.iter().flatten()) {
            near(*a, *b, name);
        }
        near(ours.average_precision().unwrap(), peer.average_precision, name);
        let calibration = ours.calibration().unwrap();
        near(calibration.brier, peer.brier, name);
        near(calibration.ece, peer.ece, name);
        let youden = ours.youden().unwrap();
        near(youden.sensitivity + youden.specificity - 1.0, peer.youden, name);

        let roc = ours.roc().unwrap();
        assert_eq!(roc.len(), peer.roc.len() + 1, "{name}");
        for (point, [threshold, false_positives, true_positives]) in roc[1..].iter().zip(&peer.roc) {
            near(point.threshold, *threshold, name);
            near(point.false_positive_rate, *false_positives, name);
            near(point.true_positive_rate, *true_positives, name);
        }
        let pr = ours.precision_recall().unwrap();
        assert_eq!(pr.len(), peer.pr.len() + 1, "{name}");
        for (point, [threshold, recall, precision]) in pr.iter().zip(&peer.pr) {
            near(point.threshold, *threshold, name);
            near(point.recall, *recall, name);
            near(point.precision, *precision, name);
        }
        let last = pr.last().unwrap();
        assert_eq!((last.recall, last.precision), (0.0, 1.0));
    }
}

#[test]
fn one_class_only_has_no_auc_and_is_never_zero() {
    for truth in [[0, 0, 0], [1, 1, 1]] {
        let ranked = ranked(&truth, &[0.1, 0.5, 0.9]);
        assert_eq!(ranked.auc(), None);
        assert_eq!(ranked.roc(), None);
        assert_eq!(ranked.youden(), None);
        assert_eq!(ranked.average_precision(), None);
    }
    assert_eq!(Ranked::new([]).calibration(), None);
}

#[test]
fn a_film_at_the_threshold_alerts() {
    let at = ranked(&[1, 0, 1, 0], &[0.9, 0.4, 0.4, 0.1]).at(0.4);
    let counts = (at.true_positives, at.false_positives, at.true_negatives, at.false_negatives);
    assert_eq!(counts, (2, 1, 1, 0));
    assert_eq!(at.sensitivity.unwrap().value, 1.0);
    assert_eq!(at.specificity.unwrap().value, 0.5);
}

/// Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
#[test]
fn wilsons_interval_is_that_of_newcombes_table() {
    for (hits, of, low, high) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ] {
        let [a, b] = wilson(hits, of).unwrap().interval;
        assert!((a - low).abs() < 1e-4 && (b - high).abs() < 1e-4, "{hits} of {of}: {a} {b}");
    }
    assert_eq!(wilson(0, 0), None);
}

fn cases() -> impl Strategy<Value = Vec<(f64, bool)>> {
    // Tenths, so that ties are common.
    prop::collection::vec(((0_u8..=10).prop_map(|tenth| f64::from(tenth) / 10.0), any::<bool>()), 2..60)
}

proptest! {
    #[test]
    fn the_area_is_that_under_the_curve(cases in cases()) {
        let ranked = Ranked::new(cases);
        let (Some(auc), Some(roc), Some(corners)) = (ranked.auc(), ranked.roc(), ranked.roc_corners()) else {
            return Ok(());
        };
        let area = |points: &[RocPoint]| -> f64 {
            let strip = |pair: &[RocPoint]| {
                (pair[1].false_positive_rate - pair[0].false_positive_rate)
                    * (pair[0].true_positive_rate + pair[1].true_positive_rate) / 2.0
            };
            points.windows(2).map(strip).sum()
        };
        prop_assert!((area(&roc) - auc.value).abs() < 1e-12);
        prop_assert!((area(&corners) - auc.value).abs() < 1e-12);
        prop_assert!(corners.len() <= roc.len());
        if let Some([low, high]) = auc.interval {
            prop_assert!(0.0 <= low && low <= auc.value && auc.value <= high && high <= 1.0);
        }
    }

    #[test]
    fn order_of_cases_and_monotone_scales_change_nothing(cases in cases(), seed in any::<u64>()) {
        let auc = Ranked::new(cases.clone()).auc();
        let mut other: Vec<_> = cases.iter().map(|&(score, truth)| (score.powi(3) * 0.5, truth)).collect();
        let length = other.len();
        other.rotate_left(usize::try_from(seed % length as u64).unwrap());
        prop_assert_eq!(Ranked::new(other).auc(), auc);
    }

    #[test]
    fn turning_truth_around_turns_the_area_around(cases in cases()) {
        let turned = Ranked::new(cases.iter().map(|&(score, truth)| (score, !truth)));
        if let (Some(a), Some(b)) = (Ranked::new(cases).auc(), turned.auc()) {
            prop_assert!((a.value + b.value - 1.0).abs() < 1e-12);
            prop_assert!((a.standard_error.unwrap_or(0.0) - b.standard_error.unwrap_or(0.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn youdens_point_is_as_good_as_it_says(cases in cases()) {
        let ranked = Ranked::new(cases);
        if let Some(point) = ranked.youden() {
            let at = ranked.at(point.threshold);
            prop_assert!((at.sensitivity.unwrap().value - point.sensitivity).abs() < 1e-12);
            prop_assert!((at.specificity.unwrap().value - point.specificity).abs() < 1e-12);
        }
    }
}
