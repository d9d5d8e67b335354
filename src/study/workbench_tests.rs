use proptest::prelude::*;

use super::*;

fn set(alert: Option<f64>, critical: Option<f64>) -> Setting {
    Setting { alert, critical }
}

#[test]
fn a_threshold_moves_by_steps_and_stops_where_the_configuration_would_refuse_it() {
    use Mark::{Alert, Critical};
    // The model's own alert is 0.4, so that critical is 0.76 by default.
    let cases = [
        (set(None, None), Alert, 0.01, Ok(set(Some(0.41), None))),
        (set(None, None), Critical, -0.01, Ok(set(None, Some(0.75)))),
        (set(Some(0.3), None), Alert, -0.001, Ok(set(Some(0.299), None))),
        // Towards the other one: up to it, and no further.
        (set(Some(0.3), Some(0.32)), Alert, 0.05, Ok(set(Some(0.32), Some(0.32)))),
        (set(Some(0.32), Some(0.32)), Alert, 0.01, Err(Stop::AtCritical(0.32))),
        (set(Some(0.3), Some(0.32)), Critical, -0.05, Ok(set(Some(0.3), Some(0.3)))),
        (set(Some(0.3), Some(0.3)), Critical, -0.01, Err(Stop::AtAlert(0.3))),
        // A critical that follows makes way.
        (set(Some(0.95), None), Alert, 0.05, Ok(set(Some(0.999), None))),
        (set(Some(0.999), None), Alert, 0.01, Err(Stop::End)),
        (set(Some(0.003), None), Alert, -0.01, Ok(set(Some(0.001), None))),
        (set(Some(0.001), None), Alert, -0.001, Err(Stop::End)),
        (set(None, Some(0.999)), Critical, 0.01, Err(Stop::End)),
    ];
    for (setting, mark, by, expected) in cases {
        assert_eq!(
            setting.moved(mark, by, OperatingPoint::of_alert(0.4)),
            expected,
            "{setting:?} {mark:?} {by}"
        );
    }
}

#[test]
fn a_models_own_critical_stays_where_it_is_until_alert_has_come_up_to_it() {
    let own = OperatingPoint { alert: 0.4, critical: Some(0.6) };
    for (alert, critical) in [(None, 0.6), (Some(0.1), 0.6), (Some(0.59), 0.6), (Some(0.7), 0.7)] {
        assert_eq!(set(alert, None).value(Mark::Critical, own), critical, "{alert:?}");
        assert_eq!(set(alert, Some(0.9)).value(Mark::Critical, own), 0.9, "the site's counts more");
    }
}

proptest! {
    #[test]
    fn whatever_is_pressed_the_thresholds_stay_in_range_and_in_order(
        alert in 0.01..0.99_f64,
        above in prop::option::of(0.0..1.0_f64),
        steps in prop::collection::vec((any::<bool>(), prop::sample::select(vec![-0.05, -0.01, -0.001, 0.001, 0.01, 0.05])), 0..60),
    ) {
        let own = OperatingPoint { alert, critical: above.map(|above| alert + above * (0.99 - alert)) };
        let mut setting = Setting::default();
        for (is_alert, by) in steps {
            let mark = if is_alert { Mark::Alert } else { Mark::Critical };
            let before = setting.value(mark, own);
            if let Ok(moved) = setting.moved(mark, by, own) {
                prop_assert!((moved.value(mark, own) - before) * by > 0.0, "it went the other way");
                setting = moved;
            }
            let (alert, critical) = (setting.value(Mark::Alert, own), setting.value(Mark::Critical, own));
            prop_assert!(0.0 < alert && alert <= critical && critical < 1.0, "{alert} {critical}");
        }
    }
}
