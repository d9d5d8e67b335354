use proptest::prelude::*;

use super::*;
use crate::study::default_critical;

fn rule(label: &str, alert: f64, critical: f64) -> LabelRule {
    LabelRule { label: label.into(), alert, critical, cap: Severity::Critical, rank: true, validated: true }
}

#[test]
fn a_score_is_the_probability_against_its_threshold() {
    // probability, threshold, score
    let cases = [
        (0.0, 0.3, 0.0),
        (0.15, 0.3, 0.25),
        (0.3, 0.3, 0.5),
        (0.65, 0.3, 0.75),
        (1.0, 0.3, 1.0),
        (0.0022490358, 0.0022490358, 0.5),
        (0.999, 0.999, 0.5),
        (-0.1, 0.3, 0.0),
        (1.1, 0.3, 1.0),
        (f64::NAN, 0.3, 0.0),
        (0.3, f64::NAN, 0.0),
        (0.0, 0.0, 0.5),
        (1.0, 1.0, 1.0),
    ];
    for (probability, threshold, expected) in cases {
        let found = score(probability, threshold);
        assert!((found - expected).abs() < 1e-12, "score({probability}, {threshold}) is {found}");
    }
}

#[test]
fn a_band_is_reached_at_its_threshold_and_never_passes_the_cap() {
    use Severity::{Critical, Held, Routine, Urgent};
    // probability, cap, band; alert is 0.5 and critical 0.75
    let cases = [
        (0.0, Critical, Routine),
        (0.499, Critical, Routine),
        (0.5, Critical, Urgent),
        (0.749, Critical, Urgent),
        (0.75, Critical, Critical),
        (1.0, Critical, Critical),
        (1.0, Urgent, Urgent),
        (0.6, Urgent, Urgent),
        (1.0, Routine, Routine),
        (1.0, Held, Routine),
        (f32::NAN, Critical, Routine),
    ];
    for (probability, cap, expected) in cases {
        let rules = Rules { model: "m".into(), labels: vec![LabelRule { cap, ..rule("Mass", 0.5, 0.75) }] };
        let found = assess(&[probability], &rules).findings[0].severity;
        assert_eq!(found, expected, "probability {probability}, cap {cap:?}");
    }
}

#[test]
fn a_film_keeps_the_labels_and_thresholds_it_was_judged_by() {
    let unranked = LabelRule { rank: false, validated: false, ..rule("Hernia", 0.2, 0.9) };
    let rules = Rules { model: "m".into(), labels: vec![rule("Mass", 0.5, 0.75), unranked] };
    let film = assess(&[0.25, 0.95], &rules);
    let expected = [
        ("Mass", 0.25, 0.5, 0.75, Severity::Routine, true, true),
        // Does not rank, yet its own band is known, to colour its bar.
        ("Hernia", f64::from(0.95_f32), 0.2, 0.9, Severity::Critical, false, false),
    ];
    let found: Vec<_> = film
        .findings
        .iter()
        .map(|f| (f.label.as_str(), f.probability, f.threshold, f.critical, f.severity, f.rank, f.validated))
        .collect();
    assert_eq!(found, expected);
}

/// A finding written as `label band score`, with `-` before the label if it does not rank.
fn finding(text: &str) -> Finding {
    let words: Vec<&str> = text.split_whitespace().collect();
    Finding {
        label: words[0].trim_start_matches('-').into(),
        probability: 0.5,
        threshold: 0.5,
        critical: 0.75,
        score: words[2].parse().unwrap(),
        severity: Severity::from_word(words[1]).unwrap(),
        rank: !words[0].starts_with('-'),
        validated: true,
    }
}

#[test]
fn a_study_takes_the_highest_band_and_in_it_the_highest_score() {
    // films, each a list of findings; the study's band, score and top label
    type Case = (&'static [&'static [&'static str]], (&'static str, Option<f64>, Option<&'static str>));
    let cases: &[Case] = &[
        (&[], ("held", None, None)),
        (&[&[]], ("routine", None, None)),
        (&[&["-a critical 0.9"]], ("routine", None, None)),
        (&[&["a routine 0.1", "b routine 0.4"]], ("routine", Some(0.4), Some("b"))),
        (&[&["a urgent 0.6"], &["b urgent 0.7"]], ("urgent", Some(0.7), Some("b"))),
        // A critical threshold set low: the band decides before the score.
        (&[&["a urgent 0.95", "b critical 0.6"]], ("critical", Some(0.6), Some("b"))),
        (&[&["-a critical 0.99", "b urgent 0.6"]], ("urgent", Some(0.6), Some("b"))),
        (&[&["a urgent 0.6", "b urgent 0.6"]], ("urgent", Some(0.6), Some("a"))),
        (&[&[], &["a routine 0.2"]], ("routine", Some(0.2), Some("a"))),
        (&[&["a critical NaN", "b routine 0.2"]], ("routine", Some(0.2), Some("b"))),
        (&[&["a critical NaN"]], ("routine", None, None)),
    ];
    for (films, (band, score, top)) in cases {
        let judged: Vec<Vec<Finding>> =
            films.iter().map(|film| film.iter().map(|text| finding(text)).collect()).collect();
        let study = combine(judged.iter().map(Vec::as_slice));
        let found = (study.severity.word(), study.score, study.top.as_deref());
        assert_eq!(found, (*band, *score, *top), "{films:?}");
    }
}

proptest! {
    #[test]
    fn a_higher_probability_never_scores_less(
        p in 0.0..=1.0_f64, q in 0.0..=1.0_f64, t in 1e-6..0.999_999_f64,
    ) {
        let (low, high) = if p <= q { (p, q) } else { (q, p) };
        prop_assert!(score(low, t) <= score(high, t));
        prop_assert!((0.0..=1.0).contains(&score(p, t)));
    }

    #[test]
    fn a_score_of_one_half_is_the_threshold(t in 1e-6..0.999_999_f64, p in 0.0..=1.0_f64) {
        prop_assert_eq!(score(t, t), 0.5);
        prop_assert_eq!((score(0.0, t), score(1.0, t)), (0.0, 1.0));
        // The slope is at most that of the steeper half, so that a small step stays small.
        let step = 1e-9;
        let slope = 0.5 / t.min(1.0 - t);
        prop_assert!(score((p + step).min(1.0), t) - score(p, t) <= slope * step + 1e-12);
    }

    #[test]
    fn the_default_critical_threshold_is_a_score_of_four_fifths(t in 1e-6..0.999_999_f64) {
        let critical = default_critical(t);
        prop_assert!(t < critical && critical < 1.0);
        prop_assert!((score(critical, t) - 0.8).abs() < 1e-9);
    }

    #[test]
    fn a_higher_probability_never_lowers_a_study(
        p in prop::collection::vec(0.0..=1.0_f32, 3), raise in 0.0..=1.0_f32, which in 0..3_usize,
    ) {
        let capped = LabelRule { cap: Severity::Urgent, ..rule("b", 0.3, 0.6) };
        let labels = vec![rule("a", 0.5, 0.75), capped, LabelRule { rank: false, ..rule("c", 0.1, 0.2) }];
        let rules = Rules { model: "m".into(), labels };
        let mut higher = p.clone();
        higher[which] = higher[which].max(raise);
        let study = |p: &[f32]| combine([assess(p, &rules).findings.as_slice()]);
        let (before, after) = (study(&p), study(&higher));
        prop_assert!((before.severity, before.score) <= (after.severity, after.score));
    }
}
