//! The alarm over every sequence of what films, thresholds, waiting and people do.

use proptest::prelude::*;

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

/// A study of one scored film that nobody has seen.
pub(crate) fn study(severity: Severity) -> StudyRow {
    StudyRow {
        complete: true,
        scored_films: 1,
        severity,
        assessed: severity,
        score: Some(0.9),
        top: Some("Effusion".to_owned()),
        revision: 1,
        ..StudyRow::new(1, "1.2.3".to_owned(), at(0))
    }
}

/// Something that happens to a study.
#[derive(Debug, Clone)]
enum Step {
    Films(Severity, &'static str),
    Thresholds(Severity, &'static str),
    Raise(Severity),
    Wait,
    Reopen,
    Status(Status, &'static str),
    Acknowledge(&'static str),
}

impl Step {
    fn is_a_persons(&self) -> bool {
        matches!(self, Self::Status(..) | Self::Acknowledge(_))
    }

    fn apply(&self, row: &mut StudyRow, now: Timestamp) {
        let judged =
            |severity, top: &str| StudyAssessment { severity, score: Some(0.9), top: Some(top.to_owned()) };
        match self {
            Self::Films(severity, top) => row.take_assessment(&judged(*severity, top), Cause::Films, now),
            Self::Thresholds(severity, top) => {
                row.take_assessment(&judged(*severity, top), Cause::Thresholds, now);
            }
            Self::Raise(floor) => {
                row.raise(OutsidePriority { floor: *floor, source: "STAT".to_owned() }, now);
            }
            Self::Wait => {
                row.promote_if_overdue(SignedDuration::from_mins(1), now);
            }
            Self::Reopen => {
                row.reopen();
            }
            Self::Status(status, by) => {
                row.set_status(*status, by, now);
            }
            Self::Acknowledge(by) => {
                row.acknowledge(by, now);
            }
        }
    }
}

fn band() -> impl Strategy<Value = Severity> {
    prop::sample::select(Severity::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    let top = || prop::sample::select(vec!["Effusion", "Mass"]);
    let who = || prop::sample::select(vec!["anna", "ben"]);
    prop_oneof![
        (band(), top()).prop_map(|(band, top)| Step::Films(band, top)),
        (band(), top()).prop_map(|(band, top)| Step::Thresholds(band, top)),
        band().prop_map(Step::Raise),
        Just(Step::Wait),
        Just(Step::Reopen),
        (prop::sample::select(Status::ALL.to_vec()), who()).prop_map(|(status, by)| Step::Status(status, by)),
        who().prop_map(Step::Acknowledge),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..24)
}

/// The study after each of the steps, a minute apart.
fn after(steps: &[Step]) -> Vec<StudyRow> {
    let mut row = study(Severity::Critical);
    let mut rows = vec![row.clone()];
    for (minute, step) in (1..).zip(steps) {
        step.apply(&mut row, at(minute));
        rows.push(row.clone());
    }
    rows
}

proptest! {
    #[test]
    fn nothing_but_a_person_silences_a_critical_study(steps in steps()) {
        for (pair, step) in after(&steps).windows(2).zip(&steps) {
            let [before, after] = pair else { unreachable!() };
            if !before.is_alarm() || after.is_alarm() || step.is_a_persons() {
                continue;
            }
            prop_assert!(after.severity != Severity::Critical, "{step:?} silenced {before:?}");
            let told = after.was_critical_until.is_some();
            prop_assert_eq!(told, after.status == Status::New, "{:?} of a study that nobody saw", step);
        }
    }

    #[test]
    fn only_claiming_finishing_and_acknowledging_silence(steps in steps()) {
        for (pair, step) in after(&steps).windows(2).zip(&steps) {
            let [before, after] = pair else { unreachable!() };
            if before.is_alarm() && !after.is_alarm() && step.is_a_persons() {
                let knows = matches!(
                    step,
                    Step::Status(Status::Claimed | Status::Done, _) | Step::Acknowledge(_)
                );
                prop_assert!(knows, "{step:?} silenced {before:?}");
                prop_assert!(after.acknowledged.is_some(), "nobody is named");
            }
        }
    }

    #[test]
    fn another_leading_finding_rings_again(steps in steps(), now in 100_i64..200) {
        let mut row = after(&steps).pop().expect("the first one");
        row.reopen();
        let worse = if row.top.as_deref() == Some("Mass") { "Effusion" } else { "Mass" };
        Step::Films(Severity::Critical, worse).apply(&mut row, at(now));
        prop_assert!(row.is_alarm(), "{row:?}");
    }

    #[test]
    fn what_becomes_critical_anew_rings_whatever_raised_it(steps in steps(), now in 100_i64..200) {
        let mut row = after(&steps).pop().expect("the first one");
        row.reopen();
        Step::Films(Severity::Routine, "Mass").apply(&mut row, at(now));
        for raising in [Step::Thresholds(Severity::Critical, "Mass"), Step::Raise(Severity::Critical)] {
            let mut raised = row.clone();
            let before = raised.severity;
            raising.apply(&mut raised, at(now + 1));
            if before != Severity::Critical {
                prop_assert!(raised.is_alarm(), "{raising:?} of {row:?}");
            }
        }
    }

    #[test]
    fn taking_back_restores_what_a_person_changed(steps in steps(), last in step()) {
        let before = after(&steps).pop().expect("the first one");
        let mut row = before.clone();
        if last.is_a_persons() {
            last.apply(&mut row, at(100));
            let changed = row != before;
            prop_assert_eq!(row.take_back(&before.handling()), changed);
            prop_assert_eq!(row, before);
        }
    }

    #[test]
    fn taking_back_never_silences_what_has_begun_to_ring_since(steps in steps(), from in 0_usize..24) {
        let rows = after(&steps);
        let remembered = rows[from.min(rows.len() - 1)].handling();
        let mut row = rows.last().expect("the first one").clone();
        let rang = row.is_alarm();
        row.take_back(&remembered);
        if rang && !row.is_alarm() {
            prop_assert!(
                remembered.acknowledged.is_none() && remembered.status == Status::Done,
                "it was done, and not acknowledged, when it was remembered: {remembered:?}"
            );
        }
    }
}

#[test]
fn a_study_rings_while_it_is_critical_not_done_and_not_acknowledged() {
    for severity in Severity::ALL {
        for status in Status::ALL {
            for is_acknowledged in [false, true] {
                let expected = severity == Severity::Critical && status != Status::Done && !is_acknowledged;
                assert_eq!(rings(severity, status, is_acknowledged), expected, "{severity:?} {status:?}");
            }
        }
    }
    let gone = StudyRow { scored_films: 0, ..study(Severity::Critical) };
    assert!(
        !gone.is_alarm() && study(Severity::Critical).is_alarm(),
        "a study without films is not on the list"
    );
}

#[test]
fn who_has_only_opened_a_study_need_not_know_of_its_alarm() {
    for (status, knows) in
        [(Status::New, false), (Status::Seen, false), (Status::Claimed, true), (Status::Done, true)]
    {
        let mut row = study(Severity::Critical);
        let change = row.set_status(status, "anna", at(1));
        let acknowledged = change.is_some_and(|change| change.acknowledged);
        assert_eq!((acknowledged, row.acknowledged.is_some()), (knows, knows), "{status:?}");
    }
}

#[test]
fn the_same_status_by_the_same_person_is_no_change() {
    let mut row = study(Severity::Routine);
    for (status, by, changes) in [
        (Status::New, "anna", false),
        (Status::Seen, "anna", true),
        (Status::Seen, "anna", false),
        (Status::Seen, "ben", true),
        (Status::New, "anna", true),
    ] {
        assert_eq!(row.set_status(status, by, at(1)).is_some(), changes, "{status:?} by {by}");
    }
    assert_eq!((row.status_by.as_str(), row.status_at), ("", None), "nobody has it who is new");
}

#[test]
fn other_thresholds_alone_do_not_ring_for_films_that_people_know() {
    let mut row = study(Severity::Critical);
    row.acknowledge("anna", at(1));
    Step::Thresholds(Severity::Critical, "Mass").apply(&mut row, at(2));
    assert!(!row.is_alarm());
    Step::Films(Severity::Critical, "Effusion").apply(&mut row, at(3));
    assert!(row.is_alarm(), "a film does");
}
