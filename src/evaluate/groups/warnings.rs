//! When the groups explain too much.

use super::{Column, GroupedLabel};
use crate::model::VALIDATED_ABOVE;

/// A score that tells groups apart with at least this AUC, its interval wholly above 0.5, is warned of.
const TELLING: f64 = 0.6;
/// An AUC that is by so much higher over all films than within groups, the interval of the difference wholly above 0,
/// is warned of.
const EXCESS: f64 = 0.05;

/// AUCs of a group and of the others that lie so far apart, the interval of the difference wholly on one side of 0, are
/// warned of.
const APART: f64 = 0.1;

/// Returns the warning about a column that cannot tell anything.
pub(super) fn of_column(column: &Column) -> Option<String> {
    let [group] = column.groups.as_slice() else { return None };
    let name = &column.name;
    Some(format!(
        "{name}: all films are of one group, {group}: no figure here says how good the model is on others, and none \
         can show what it owes to the {name}"
    ))
}

/// Returns the warnings about one label, a sentence each.
pub(super) fn of(label: &GroupedLabel, column: &Column) -> Vec<String> {
    let name = &label.label;
    let column = &column.name;
    let mut warnings = Vec::new();
    if let Some(tells) = &label.tells
        && let Some(interval) = tells.interval.filter(|[low, _]| tells.auc >= TELLING && *low > 0.5)
    {
        let without = match (tells.without_finding, tells.without_finding_interval) {
            (Some(auc), Some(interval)) => {
                format!("; among films without it alone {}", with_interval(auc, interval))
            }
            _ => String::new(),
        };
        warnings.push(format!(
            "{column}: the {name} score tells {} from {} with AUC {}{without}",
            tells.higher,
            tells.lower,
            with_interval(tells.auc, interval)
        ));
    }
    if let Some(within) = &label.within
        && let Some([low, high]) = within.excess_interval.filter(|[low, _]| *low > 0.0)
        && within.over_all - within.auc >= EXCESS
    {
        warnings.push(format!(
            "{column}: {name} has an AUC of {:.3} over all films, but {:.3} among films of one group: {low:.3} to \
             {high:.3} of it comes from the groups",
            within.over_all, within.auc
        ));
    }
    if let Some(apart) = &label.apart
        && let Some([low, high]) = apart.excess_interval
        && (low > 0.0 || high < 0.0)
        && (apart.auc - apart.elsewhere).abs() >= APART
    {
        let (least, most) = (low.abs().min(high.abs()), low.abs().max(high.abs()));
        warnings.push(format!(
            "{column}: {name} has an AUC of {:.3} in {}, but {:.3} elsewhere: {least:.3} to {most:.3} apart",
            apart.auc, apart.group, apart.elsewhere
        ));
    }
    if label.within.is_none() && label.alone.is_some() {
        warnings.push(format!(
            "{column}: films with and without {name} come from different groups, so its AUC may tell nothing but the \
             group"
        ));
    } else if let Some(alone) = &label.alone
        && let Some(interval) = alone.interval.filter(|[low, _]| *low > VALIDATED_ABOVE)
    {
        warnings.push(format!(
            "{column}: films with and without {name} come from different groups: the group alone, without any picture, \
             tells them apart with AUC {}",
            with_interval(alone.auc, interval)
        ));
    }
    warnings
}

fn with_interval(auc: f64, [low, high]: [f64; 2]) -> String {
    format!("{auc:.2} [{low:.2}, {high:.2}]")
}
