//! Thresholds chosen on a labelled set.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{
    alarms,
    case::{Case, LabelInfo, of_label, score},
    measure::undefined,
    metrics::{AtThreshold, Ranked, Share, share},
    search::{Choice, ENOUGH, NoThresholdError, between, first, highest_count, lowest},
};

/// The goal that a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// At least this share of the films with the finding alert.
    Sensitivity(f64),
    /// At least this share of the films without it do not.
    Specificity(f64),
    /// Sensitivity and specificity add up to the most.
    Youden,
    /// At most so many films a day alert for the label.
    AlarmsPerDay(f64),
    /// Of the films without any finding at most this share alerts for any ranking label, and at most a fifth of it
    /// is critical; the labels share alike.
    Alarms(f64),
}

/// Why a text is no goal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoalError {
    /// It is none of the words, or its number is none.
    #[error("`{0}` is no goal: sensitivity=0.95, specificity=0.9, youden, alarms=0.10 or alarms-per-day=20")]
    Unknown(String),
    /// A share is none.
    #[error("{name} is a share above 0 and at most 1, such as 0.95; `{value}` is not")]
    Share {
        /// Of which goal.
        name: String,
        /// The text that was given.
        value: String,
    },
    /// So many alarms there are not.
    #[error("alarms-per-day is a number of films from 0 to 1000000, such as 20")]
    Alarms,
}

impl FromStr for Goal {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Self, GoalError> {
        let wrong = || GoalError::Unknown(text.to_owned());
        let Some((name, value)) = text.split_once('=') else {
            return if text == "youden" { Ok(Self::Youden) } else { Err(wrong()) };
        };
        let value: f64 = value.trim().parse().map_err(|_| wrong())?;
        let share = |goal: fn(f64) -> Self| match value {
            v if v > 0.0 && v <= 1.0 => Ok(goal(v)),
            _ => Err(GoalError::Share { name: name.to_owned(), value: value.to_string() }),
        };
        match name.trim() {
            "sensitivity" => share(Self::Sensitivity),
            "specificity" => share(Self::Specificity),
            "alarms" => share(Self::Alarms),
            "alarms-per-day" if (0.0..=1e6).contains(&value) => Ok(Self::AlarmsPerDay(value)),
            "alarms-per-day" => Err(GoalError::Alarms),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sensitivity(share) => write!(out, "sensitivity={share}"),
            Self::Specificity(share) => write!(out, "specificity={share}"),
            Self::Youden => out.write_str("youden"),
            Self::AlarmsPerDay(alarms) => write!(out, "alarms-per-day={alarms}"),
            Self::Alarms(share) => write!(out, "alarms={share}"),
        }
    }
}

/// A threshold proposed for one label, and what it would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The label.
    pub label: String,
    /// The figures of the threshold in force on this set.
    pub now: AtThreshold,
    /// The figures of the proposed one; none where none can be proposed.
    pub then: Option<AtThreshold>,
    /// The proposed critical threshold; none where the goal says nothing of it.
    pub critical: Option<f64>,
    /// Share of all scored films that alert for the label now.
    pub alarms_now: Option<Share>,
    /// That share with the proposed threshold.
    pub alarms_then: Option<Share>,
    /// Why it is not to be written: too few films to choose by, or nothing to choose.
    pub not_written: Option<String>,
}

/// A threshold for each label, in order. `films_per_day` is what [`Goal::AlarmsPerDay`] counts by.
#[must_use]
pub fn propose(goal: Goal, films_per_day: f64, labels: &[LabelInfo], cases: &[Case<'_>]) -> Vec<Proposal> {
    let together = match goal {
        Goal::Alarms(share) => alarms::choose(share, labels, cases),
        _ => Vec::new(),
    };
    let mut together = together.into_iter();
    let propose = |(n, label): (usize, &LabelInfo)| {
        let films = of_label(n, cases);
        let ranked = films.ranked();
        let all = Ranked::new(cases.iter().map(|case| (score(n, case), false)));
        let chosen = match goal {
            Goal::Alarms(_) => together.next().unwrap_or(Err(NoThresholdError::NoFilm)),
            Goal::AlarmsPerDay(alarms) => highest_count(&all, alarms / films_per_day).map(Choice::of_alert),
            _ if !ranked.has_both() => Err(NoThresholdError::OneKind(undefined(&ranked))),
            goal => choose(goal, &ranked).map(Choice::of_alert),
        };
        let is_by_class = !matches!(goal, Goal::AlarmsPerDay(_) | Goal::Alarms(_));
        let too_few = is_by_class && ranked.positives().min(ranked.negatives()) < ENOUGH;
        let not_written = match &chosen {
            Err(reason) => Some(reason.to_string()),
            Ok(_) if too_few => Some(format!(
                "too few to choose by: {} with, {} without, and {ENOUGH} of each are needed",
                ranked.positives(),
                ranked.negatives()
            )),
            Ok(_) => None,
        };
        let chosen = chosen.ok();
        let alarms = |threshold: f64| {
            share(cases.iter().map(|case| (case.whose.cluster, score(n, case) >= threshold)))
        };
        Proposal {
            label: label.name.clone(),
            now: films.at(label.alert),
            then: chosen.as_ref().map(|choice| films.at(choice.alert)),
            critical: chosen.as_ref().and_then(|choice| choice.critical),
            alarms_now: alarms(label.alert),
            alarms_then: chosen.as_ref().and_then(|choice| alarms(choice.alert)),
            not_written,
        }
    };
    labels.iter().enumerate().map(propose).collect()
}

fn choose(goal: Goal, ranked: &Ranked) -> Result<f64, NoThresholdError> {
    let steps = ranked.steps();
    // Where a score is chosen, any threshold above the next lower score does the same: the shortest.
    let at_step = |n: usize| between(steps.get(n + 1).map_or(0.0, |step| step.score), steps[n].score);
    match goal {
        Goal::Sensitivity(wanted) => {
            let enough = |n: &usize| {
                ranked.at(steps[*n].score).sensitivity.is_some_and(|share| share.value >= wanted - 1e-12)
            };
            Ok(at_step(first(steps.len(), enough)))
        }
        Goal::Specificity(wanted) => {
            lowest(ranked, |at| at.specificity.is_some_and(|share| share.value >= wanted - 1e-12))
        }
        Goal::Youden => {
            let threshold = ranked.youden().map_or(0.5, |point| point.threshold);
            Ok(at_step(steps.iter().position(|step| step.score == threshold).unwrap_or(0)))
        }
        Goal::AlarmsPerDay(_) | Goal::Alarms(_) => Err(NoThresholdError::OfAllFilms),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIVE: [(f64, bool); 6] =
        [(0.912_345, true), (0.8, false), (0.7001, true), (0.65, true), (0.4, false), (0.2, false)];

    #[test]
    fn goals_are_read_as_they_are_written() {
        for (text, goal) in [
            ("sensitivity=0.95", Some(Goal::Sensitivity(0.95))),
            ("specificity=1", Some(Goal::Specificity(1.0))),
            ("youden", Some(Goal::Youden)),
            ("alarms-per-day=20", Some(Goal::AlarmsPerDay(20.0))),
            ("alarms=0.10", Some(Goal::Alarms(0.1))),
            ("alarms=10", None),
            ("sensitivity=95", None),
            ("sensitivity=NaN", None),
            ("sensitivity", None),
            ("alarms-per-day=-1", None),
            ("auc=0.9", None),
        ] {
            assert_eq!(text.parse::<Goal>().ok(), goal, "{text}");
            if let Some(goal) = goal {
                assert_eq!(goal.to_string().parse(), Ok(goal), "as it is said it is read");
            }
        }
    }

    #[test]
    fn thresholds_are_short_and_do_what_they_are_for() {
        let ranked = Ranked::new(FIVE);
        for (goal, threshold) in [
            (Goal::Sensitivity(1.0), 0.65),
            (Goal::Sensitivity(0.34), 0.7),
            (Goal::Sensitivity(0.1), 0.91),
            (Goal::Specificity(1.0), 0.91),
            (Goal::Specificity(0.6), 0.65),
            (Goal::Specificity(0.1), 0.4),
            (Goal::Youden, 0.65),
        ] {
            assert_eq!(choose(goal, &ranked), Ok(threshold), "{goal:?}");
        }
        let all = Ranked::new(FIVE.map(|(score, _)| (score, false)));
        for (share, threshold) in [(0.0, 0.99), (0.5, 0.7), (1.0, 0.2)] {
            assert_eq!(highest_count(&all, share), Ok(threshold), "{share}");
        }
        let saturated = Ranked::new([(1.0, false), (0.5, true)]);
        assert!(choose(Goal::Specificity(1.0), &saturated).is_err());
    }

    proptest! {
        #[test]
        fn a_goal_is_reached_and_not_passed_without_need(
            cases in prop::collection::vec((0.001_f32..0.999, any::<bool>()), 4..60),
            wanted in 0.05_f64..1.0,
        ) {
            let ranked = Ranked::new(cases.into_iter().map(|(score, truth)| (f64::from(score), truth)));
            prop_assume!(ranked.has_both());
            let threshold = choose(Goal::Sensitivity(wanted), &ranked).unwrap();
            prop_assert!(threshold > 0.0 && threshold < 1.0);
            prop_assert!(ranked.at(threshold).sensitivity.unwrap().value >= wanted);
            // The next higher score would be too high.
            if let Some(above) = ranked.steps().iter().rev().find(|step| step.score > threshold) {
                let reached = ranked.at(threshold).true_positives + ranked.at(threshold).false_positives;
                let above = ranked.at(above.score);
                if above.true_positives + above.false_positives < reached {
                    prop_assert!(above.sensitivity.unwrap().value < wanted);
                }
            }
            let threshold = choose(Goal::Specificity(wanted), &ranked).unwrap();
            prop_assert!(ranked.at(threshold).specificity.unwrap().value >= wanted);
        }
    }
}
