//! Proposed thresholds.

use std::fmt::{self, Write};

use super::{escape, head, none, number, share};
use crate::evaluate::{
    Proposal, Thresholds,
    metrics::{AtThreshold, Share},
};

/// Writes what thresholds were proposed, and what they would change.
pub(super) fn write(page: &mut String, thresholds: &Thresholds) -> fmt::Result {
    writeln!(page, "<h2>Proposed thresholds</h2>\n<div class=\"wide\"><table class=\"figures\">")?;
    head(
        page,
        &[
            "Label",
            "Now",
            "Sens.",
            "Spec.",
            "Alarms per 100",
            "Proposed",
            "Critical",
            "Sens.",
            "Spec.",
            "Alarms per 100",
            "",
        ],
    )?;
    for proposal in &thresholds.proposals {
        row(page, proposal)?;
    }
    let patients =
        thresholds.patients.map_or_else(String::new, |patients| format!(" of {patients} patients"));
    writeln!(
        page,
        "</table></div>\n<p>At least one ranking label alerts on {} of 100 films now, on {} with what would be written.",
        percent(thresholds.any_alarm_now),
        percent(thresholds.any_alarm_then)
    )?;
    if let Some(clean) = &thresholds.without_finding {
        writeln!(page, " {}", clean.sentence(share))?;
    }
    writeln!(
        page,
        " These thresholds are chosen and measured on the same {} films{patients}: expect a little less on others.</p>",
        thresholds.films
    )
}

fn row(page: &mut String, proposal: &Proposal) -> fmt::Result {
    write!(page, "<tr><th scope=\"row\">{}</th>", escape(&proposal.label))?;
    let value = |share: Option<Share>| number(share.map(|share| share.value));
    let threshold = |at: Option<&AtThreshold>| at.map_or_else(none, |at| short(at.threshold));
    let shares = |at: Option<&AtThreshold>, alarms| {
        [value(at.and_then(|at| at.sensitivity)), value(at.and_then(|at| at.specificity)), percent(alarms)]
    };
    let then = proposal.then.as_ref();
    let cells = [threshold(Some(&proposal.now))]
        .into_iter()
        .chain(shares(Some(&proposal.now), proposal.alarms_now))
        .chain([threshold(then), proposal.critical.map_or_else(none, short)])
        .chain(shares(then, proposal.alarms_then));
    for cell in cells {
        write!(page, "<td>{cell}</td>")?;
    }
    let reason = proposal.not_written.as_deref().unwrap_or("");
    writeln!(page, "<td class=\"undefined\">{}</td></tr>", escape(reason))
}

fn percent(share: Option<Share>) -> String {
    share.map_or_else(none, |share| format!("{:.1}", share.value * 100.0))
}

/// A threshold to four decimals, or to all that it has if they are more.
fn short(threshold: f64) -> String {
    let (four, all) = (format!("{threshold:.4}"), threshold.to_string());
    if all.len() > four.len() { all } else { four }
}
