use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key<'a>(severity: &str, score: Option<f64>, second: i64, study: &'a str) -> RankKey<'a> {
    RankKey { severity: Severity::from_word(severity).unwrap(), score, since: at(second), study }
}

#[test]
fn the_list_is_ordered_by_band_then_score_then_waiting_time() {
    let expected = [
        key("critical", Some(0.6), 9, "critical, low score"),
        key("urgent", Some(0.9), 5, "urgent, high score"),
        key("urgent", Some(0.7), 1, "urgent, same score, waited longest"),
        key("urgent", Some(0.7), 2, "urgent, same score, same time: a"),
        key("urgent", Some(0.7), 2, "urgent, same score, same time: b"),
        key("urgent", None, 0, "urgent by its order, no score"),
        key("routine", Some(0.4), 3, "routine"),
        key("routine", Some(f64::NAN), 0, "not a number"),
        key("held", None, 0, "held"),
    ];
    let mut sorted = expected.clone();
    sorted.reverse();
    sorted.sort();
    let names = |keys: &[RankKey<'_>]| keys.iter().map(|key| key.study.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&sorted), names(&expected));
}

#[test]
fn a_wait_is_overdue_only_past_the_limit_and_unseen() {
    let hours = SignedDuration::from_hours;
    // limit in hours, seen, waited seconds, overdue
    let cases = [
        (Some(4), false, 4 * 3600 - 1, false),
        (Some(4), false, 4 * 3600, false),
        (Some(4), false, 4 * 3600 + 1, true),
        (Some(4), true, 9 * 3600, false),
        (None, false, 999 * 3600, false),
        (Some(0), false, 1, true),
        (Some(4), false, -10, false),
    ];
    for (limit, seen, waited, expected) in cases {
        let waiting = Waiting { since: at(1000), seen, limit: limit.map(hours) };
        assert_eq!(waiting.is_overdue(at(1000 + waited)), expected, "{waiting:?} after {waited} s");
    }
}

#[test]
fn what_is_reported_is_raised_and_promoted_but_never_lowered() {
    // assessed, floor from outside, promoted, reported
    let cases = [
        ("routine", None, false, "routine"),
        ("routine", None, true, "urgent"),
        ("urgent", None, true, "critical"),
        ("critical", None, true, "critical"),
        ("routine", Some("urgent"), false, "urgent"),
        ("routine", Some("urgent"), true, "critical"),
        ("critical", Some("urgent"), false, "critical"),
        ("critical", Some("routine"), false, "critical"),
        ("urgent", Some("held"), false, "urgent"),
        ("held", Some("critical"), true, "held"),
        ("held", None, true, "held"),
    ];
    let band = |word| Severity::from_word(word).unwrap();
    for (assessed, floor, promoted, expected) in cases {
        let found = reported(band(assessed), floor.map(band), promoted);
        assert_eq!(found.word(), expected, "{assessed}, floor {floor:?}, promoted {promoted}");
    }
}

fn any_band() -> impl Strategy<Value = Severity> {
    prop::sample::select(Severity::ALL.to_vec())
}

fn any_key() -> impl Strategy<Value = (Severity, Option<f64>, i64, &'static str)> {
    let score = prop_oneof![Just(None), Just(Some(f64::NAN)), Just(Some(0.5)), (0.0..1.0).prop_map(Some)];
    (any_band(), score, 0..3_i64, prop::sample::select(vec!["a", "b"]))
}

fn build((severity, score, second, study): (Severity, Option<f64>, i64, &'static str)) -> RankKey<'static> {
    RankKey { severity, score, since: at(second), study }
}

proptest! {
    #[test]
    fn the_order_is_total(a in any_key(), b in any_key(), c in any_key()) {
        let (a, b, c) = (build(a), build(b), build(c));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&a), Ordering::Equal);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a == b {
            prop_assert_eq!(a.cmp(&c), b.cmp(&c));
            prop_assert_eq!(a.study, b.study);
        }
    }

    #[test]
    fn raising_never_lowers_and_promotion_is_one_band(
        assessed in any_band(), floor in prop::option::of(any_band()), promoted: bool,
    ) {
        let raised = reported(assessed, floor, false);
        let found = reported(assessed, floor, promoted);
        prop_assert!(found >= raised && raised >= assessed);
        prop_assert!(found == raised || found == raised.promoted());
    }
}
