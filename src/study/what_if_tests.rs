use proptest::prelude::*;

use super::*;
use crate::study::{LabelRule, default_critical};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + 60 * minute).unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Rules for labels A, B, ...: alert, critical.
fn rules(thresholds: &[(f64, f64)]) -> Rules {
    let label = |(name, (alert, critical)): (char, &(f64, f64))| LabelRule {
        label: name.to_string(),
        alert: *alert,
        critical: *critical,
        cap: Severity::Critical,
        rank: true,
        validated: true,
    };
    Rules { model: "m".to_owned(), labels: ('A'..).zip(thresholds).map(label).collect() }
}

fn study(study: i64, came: i64, opened: Option<i64>, films: &[&[f32]]) -> PastStudy {
    PastStudy {
        study,
        key: format!("{study:04}"),
        since: at(came),
        opened: opened.map(at),
        outside: None,
        films: films.iter().map(|film| film.to_vec()).collect(),
    }
}

fn words(moves: &[Move]) -> Vec<(i64, &'static str, &'static str)> {
    moves.iter().map(|it| (it.study, it.from.word(), it.to.word())).collect()
}

#[test]
fn studies_enter_and_leave_bands_as_the_thresholds_pass_them() {
    let mut raised = study(5, 4, None, &[&[0.1]]);
    raised.outside = Some(Severity::Urgent);
    let past = [
        study(1, 0, None, &[&[0.2]]),
        study(2, 1, None, &[&[0.45]]),
        // The film that is worst counts.
        study(3, 2, None, &[&[0.1], &[0.55]]),
        study(4, 3, None, &[&[0.9]]),
        raised,
    ];
    let now = rules(&[(0.5, 0.8)]);
    // alert, critical; urgent and critical studies then; moves, the highest first
    let cases = [
        ((0.5, 0.8), (2, 1), vec![]),
        ((0.4, 0.8), (3, 1), vec![(2, "routine", "urgent")]),
        ((0.6, 0.8), (1, 1), vec![(3, "urgent", "routine")]),
        ((0.5, 0.55), (1, 2), vec![(3, "urgent", "critical")]),
        (
            (0.2, 0.44),
            (2, 3),
            vec![(3, "urgent", "critical"), (2, "routine", "critical"), (1, "routine", "urgent")],
        ),
        // What an outside priority holds up stays.
        ((0.95, 0.99), (1, 0), vec![(4, "critical", "routine"), (3, "urgent", "routine")]),
    ];
    for (thresholds, (urgent, critical), moves) in cases {
        let found = what_if(&past, &now, &rules(&[thresholds]), None);
        let counts = (found.after.bands[1].studies, found.after.bands[0].studies);
        assert_eq!(counts, (urgent, critical), "{thresholds:?}");
        assert_eq!(words(&found.moves), moves, "{thresholds:?}");
        let before = found.before.bands.map(|band| band.studies);
        assert_eq!(before, [1, 2, 2], "{thresholds:?}");
        assert_eq!(found.before.labels, [(2, 1)], "{thresholds:?}");
    }
}

#[test]
fn the_queue_is_replayed_at_the_moments_at_which_somebody_opened_a_study() {
    // They came in the first three minutes and were opened as they came, ten minutes apart.
    let past = [
        study(1, 0, Some(10), &[&[0.1]]),
        study(2, 1, Some(20), &[&[0.3]]),
        study(3, 2, Some(30), &[&[0.45]]),
        // Nobody has opened it: it waits until the last such moment, at least.
        study(4, 3, None, &[&[0.0]]),
        // Nothing was opened after it came.
        study(5, 40, None, &[&[0.9]]),
    ];
    let (never, at_04) = (rules(&[(0.98, 0.99)]), rules(&[(0.4, 0.99)]));
    let judged = judge(&past, &at_04);
    let expected = [Some(minutes(30)), Some(minutes(19)), Some(minutes(8)), Some(minutes(27)), None];
    assert_eq!(replay(&past, &judged, None), expected, "by score within the band");

    // Past five minutes without anybody each is promoted: urgent to critical, routine to urgent.
    assert_eq!(replay(&past, &judged, Some(minutes(5))), expected, "all are, and the order stays");
    // Only the first is overdue at ten: urgent like the third by then, and of a lower score.
    assert_eq!(replay(&past, &judge(&past, &never), Some(minutes(9)))[0], Some(minutes(10)));

    let found = what_if(&past, &never, &at_04, None);
    let (before, after) = found.risen.unwrap();
    assert_eq!((before.median, after.median), (minutes(8), minutes(8)), "it led the routine ones already");
    assert_eq!(found.after.bands[1].wait, Some(Wait { median: minutes(8), most: minutes(8) }));
    let routine = found.after.bands[2].wait.unwrap();
    assert_eq!((routine.median, routine.most), (minutes(27), minutes(30)));
}

#[test]
fn a_study_that_rises_waits_less_and_others_wait_more() {
    // Label B makes the first urgent; the second is behind it until A's threshold lets it pass.
    let past = [study(1, 0, Some(10), &[&[0.0, 0.6]]), study(2, 1, Some(20), &[&[0.5, 0.0]])];
    let (now, proposed) = (rules(&[(0.6, 0.9), (0.5, 0.9)]), rules(&[(0.2, 0.9), (0.5, 0.9)]));
    let found = what_if(&past, &now, &proposed, None);
    assert_eq!(words(&found.moves), [(2, "routine", "urgent")]);
    let (before, after) = found.risen.unwrap();
    assert_eq!((before.median, after.median), (minutes(19), minutes(9)));
    let top = found.moves[0].top.clone().unwrap();
    assert_eq!((top.0.as_str(), top.1), ("A", crate::study::score(0.5, 0.2)));
}

#[test]
fn without_studies_there_is_nothing_to_say() {
    let found = what_if(&[], &rules(&[(0.5, 0.8)]), &rules(&[(0.1, 0.2)]), None);
    assert_eq!(
        found,
        WhatIf {
            before: Side { labels: vec![(0, 0)], ..Side::default() },
            after: Side { labels: vec![(0, 0)], ..Side::default() },
            ..WhatIf::default()
        }
    );
    assert_eq!(Sample::of(&[], 1), Sample { histograms: vec![[0; BINS]], ..Sample::default() });
}

#[test]
fn a_sample_counts_the_highest_probability_of_each_study() {
    let past = [study(1, 0, Some(3), &[&[0.0, f32::NAN], &[0.5]]), study(2, 2 * 1440, None, &[&[1.0, 0.01]])];
    let sample = Sample::of(&past, 2);
    assert_eq!((sample.studies, sample.opened, sample.days()), (2, 1, Some(2.0)));
    assert_eq!((sample.histograms[0][25], sample.histograms[0][BINS - 1]), (1, 1));
    assert_eq!(sample.histograms[1][0], 2);
    let short = Sample::of(&past[..1], 2);
    assert_eq!(short.days(), None, "a rate a day of less than a day would be made up");
}

fn any_past() -> impl Strategy<Value = Vec<PastStudy>> {
    let film = prop::collection::vec(0.0..=1.0_f32, 2);
    let one = (
        0..200_i64,
        prop::option::of(0..100_i64),
        prop::option::of(prop::sample::select(vec![Severity::Urgent, Severity::Critical])),
        prop::collection::vec(film, 1..3),
    );
    prop::collection::vec(one, 0..30).prop_map(|studies| {
        let made = studies.into_iter().zip(1..).map(|((came, waited, outside, films), number)| PastStudy {
            outside,
            films,
            ..study(number, came, waited.map(|waited| came + waited), &[])
        });
        made.collect()
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    prop::collection::vec(0.01..0.99_f64, 2).prop_map(|alerts| {
        rules(&[(alerts[0], default_critical(alerts[0])), (alerts[1], default_critical(alerts[1]))])
    })
}

proptest! {
    #[test]
    fn the_same_rules_change_nothing(past in any_past(), rules in any_rules(), limit in prop::option::of(0..90_i64)) {
        let found = what_if(&past, &rules, &rules, limit.map(minutes));
        prop_assert_eq!(&found.before, &found.after);
        prop_assert!(found.moves.is_empty() && found.risen.is_none());
    }

    #[test]
    fn a_lower_alert_never_takes_an_alarm_away(past in any_past(), now in any_rules(), down in 0.0..1.0_f64) {
        let mut lower = now.clone();
        lower.labels[0].alert *= down.max(0.01);
        lower.labels[0].critical = default_critical(lower.labels[0].alert).min(now.labels[0].critical);
        let found = what_if(&past, &now, &lower, None);
        prop_assert!(found.moves.iter().all(|it| it.to > it.from), "{:?}", found.moves);
        prop_assert!(found.after.labels[0].0 >= found.before.labels[0].0);
    }

    #[test]
    fn every_study_is_in_one_band_and_no_wait_is_negative(past in any_past(), now in any_rules(), then in any_rules()) {
        let found = what_if(&past, &now, &then, Some(minutes(30)));
        for side in [&found.before, &found.after] {
            prop_assert_eq!(side.bands.iter().map(|band| band.studies).sum::<usize>(), past.len());
            for wait in side.bands.iter().filter_map(|band| band.wait) {
                prop_assert!(SignedDuration::ZERO <= wait.median && wait.median <= wait.most);
            }
        }
        // Whatever the order, as many are opened at the same moments.
        let served = |rules| replay(&past, &judge(&past, rules), None).iter().flatten().count();
        prop_assert_eq!(served(&now), served(&then));
    }
}
