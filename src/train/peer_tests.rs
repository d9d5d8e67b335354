//! Heads against scikit-learn's: what tests/golden/train_peer.py wrote.

use serde::Deserialize;

use super::{
    Weighting,
    logistic::{Design, Regression, sigmoid},
    scale::Scale,
};

#[derive(Deserialize)]
struct Peer {
    weighting: String,
    channels: usize,
    features: Vec<f32>,
    /// 1, 0, or -1 for unknown.
    truth: Vec<i8>,
    c: f64,
    weights: [f64; 2],
    probabilities: Vec<f64>,
}

fn peers() -> Vec<Peer> {
    serde_json::from_str(include_str!("../../tests/golden/train_peer.json")).unwrap()
}

/// scikit-learn's LogisticRegression (tol 1e-10) on StandardScaler's features, with the same weights of films and the
/// same penalty: every film's probability, unknown ones included, to 1e-6.
#[test]
fn probabilities_are_those_of_scikit_learn() {
    let peers = peers();
    assert!(peers.len() >= 6);
    for peer in peers {
        let weighting = match peer.weighting.as_str() {
            "frequency" => Weighting::Frequency,
            "balanced" => Weighting::Balanced,
            _ => Weighting::None,
        };
        let count = |kind: i8| peer.truth.iter().filter(|truth| **truth == kind).count();
        let of_class = weighting.weights(count(0), count(1));
        for (ours, theirs) in of_class.iter().zip(peer.weights) {
            assert!((ours - theirs).abs() < 1e-12, "{}: {of_class:?} {:?}", peer.weighting, peer.weights);
        }
        let weight = |truth: &i8| usize::try_from(*truth).map_or(0.0, |class| of_class[class]);
        let weights: Vec<f64> = peer.truth.iter().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let targets: Vec<f64> = peer.truth.iter().map(|truth| f64::from(*truth == 1)).collect();
        let scale = Scale::of(&peer.features, peer.channels);
        let design = Design::new(scale.with_intercept(&peer.features), peer.channels + 1).unwrap();
        let one = Regression {
            targets: &targets,
            weights: weights.iter().map(|weight| weight / sum).collect(),
            strength: 1.0 / (peer.c * sum),
        };
        let start = vec![0.0; peer.channels + 1];
        let (point, slope) = design.minimise(&[one], vec![start], 1e-11, &|| false).unwrap().remove(0);
        assert!(slope < 1e-8, "{slope}");
        let logits = design.logits(&[&point]).unwrap();
        let worst =
            logits.iter().zip(&peer.probabilities).map(|(logit, theirs)| (sigmoid(*logit) - theirs).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst < 1e-6, "{} with C {}: {worst}", peer.weighting, peer.c);
        // As the network will compute it: in f32, on features as they are.
        let (raw, bias) = scale.undone(&point);
        for (film, theirs) in peer.features.chunks(peer.channels).zip(&peer.probabilities) {
            let logit: f32 = film.iter().zip(&raw).map(|(value, weight)| value * weight).sum::<f32>() + bias;
            assert!((sigmoid(f64::from(logit)) - theirs).abs() < 2e-5);
        }
    }
}
