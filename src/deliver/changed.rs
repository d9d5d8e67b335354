//! Follows the audit for results that have come about or changed, and puts them into the outbox.

use super::study_result;
use crate::{
    config::{Destination, Destinations, When},
    store::{Status, Store, StoreError, StudyRow},
    study::Severity,
};

/// Events that are looked at together.
const TOGETHER: u32 = 50;

/// Puts into the outbox what is to be sent by itself. May be called by several threads at once.
pub(super) fn put_changed_results(store: &mut Store, destinations: &Destinations) -> Result<(), StoreError> {
    for (name, destination) in destinations {
        while put_some(store, name, destination)? {}
    }
    Ok(())
}

/// Looks at some events; whether there may be more.
fn put_some(store: &mut Store, name: &str, destination: &Destination) -> Result<bool, StoreError> {
    let changed = store.changed_results(name, TOGETHER)?;
    let mut results = Vec::new();
    for (study, by_rules) in &changed.studies {
        let Some(detail) = store.detail(*study)? else { continue };
        let was_sent = store.last_send(*study, name)?;
        if is_wanted(destination, &detail.study, *by_rules, was_sent.is_some()) {
            results.extend(study_result::digest(&detail, destination).map(|digest| (*study, digest)));
        }
    }
    if !changed.is_new {
        return Ok(false);
    }
    store.put_results(name, changed.until, &results, store.now())?;
    Ok(changed.is_part)
}

/// Whether the result of a complete study goes to a destination by itself. `by_rules`: other thresholds made it another
/// one. `was_sent`: an earlier one was sent there, which this one takes the place of.
fn is_wanted(destination: &Destination, row: &StudyRow, by_rules: bool, was_sent: bool) -> bool {
    // Keys with a colon are those of films without a study, and of patients that were forgotten.
    if !row.complete || row.is_gone() || row.key.contains(':') {
        return false;
    }
    let is_of_the_past = by_rules && row.status == Status::Done;
    let is_held = destination.held && row.assessed == Severity::Held && destination.when != When::OnCommand;
    was_sent || !is_of_the_past && (destination.when.includes(row.assessed) || is_held)
}

#[cfg(test)]
#[path = "changed_tests.rs"]
mod tests;
