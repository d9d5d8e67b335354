//! Proposed thresholds.

use std::io::{self, Write};

use super::{none, number, percent, share};
use crate::{
    commands::output::{Lean, table},
    evaluate::{Thresholds, metrics::Share},
};

/// Writes what thresholds were proposed, and what they would change.
pub(super) fn write(out: &mut impl Write, thresholds: &Thresholds) -> io::Result<()> {
    let columns = [
        ("LABEL", Lean::Left),
        ("NOW", Lean::Right),
        ("SENS", Lean::Right),
        ("SPEC", Lean::Right),
        ("ALARMS", Lean::Right),
        ("PROPOSED", Lean::Right),
        ("CRITICAL", Lean::Right),
        ("SENS [95 %]", Lean::Left),
        ("SPEC [95 %]", Lean::Left),
        ("ALARMS", Lean::Right),
        ("", Lean::Left),
    ];
    // Alarms a day where the films a day are known, else of a hundred films.
    let alarms = |share: Option<Share>| match (share, thresholds.films_per_day) {
        (None, _) => none(),
        (Some(share), Some(films)) => format!("{:.1}/day", share.value * films),
        (Some(share), None) => format!("{:.1} %", share.value * 100.0),
    };
    let value = |share: Option<Share>| number(share.map(|share| share.value));
    let rows: Vec<Vec<String>> = thresholds
        .proposals
        .iter()
        .map(|proposal| {
            let then = proposal.then.as_ref();
            vec![
                proposal.label.clone(),
                format!("{:.4}", proposal.now.threshold),
                value(proposal.now.sensitivity),
                value(proposal.now.specificity),
                alarms(proposal.alarms_now),
                then.map_or_else(none, |at| at.threshold.to_string()),
                proposal.critical.map_or_else(none, |critical| critical.to_string()),
                then.map_or_else(none, |at| share(at.sensitivity)),
                then.map_or_else(none, |at| share(at.specificity)),
                alarms(proposal.alarms_then),
                proposal
                    .not_written
                    .as_ref()
                    .map_or_else(String::new, |reason| format!("not written: {reason}")),
            ]
        })
        .collect();
    writeln!(out)?;
    table(out, &columns, &rows)?;
    writeln!(
        out,
        "At least one ranking label alerts on {} of the films now, on {} with what would be written.",
        percent(thresholds.any_alarm_now),
        percent(thresholds.any_alarm_then)
    )?;
    let patients =
        thresholds.patients.map_or_else(String::new, |patients| format!(" of {patients} patients"));
    if let Some(clean) = &thresholds.without_finding {
        writeln!(out, "{}", clean.sentence(share))?;
    }
    writeln!(
        out,
        "Chosen and measured on the same {} films{patients}: expect a little less on others.",
        thresholds.films
    )
}
