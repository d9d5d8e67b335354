//! `health`: whether the program does its work, for people, scripts and probes.

use std::io::Write;

use jiff::{Timestamp, Zoned};
use serde::Serialize;

use super::{
    CommandError,
    cli::{GlobalArgs, HealthArgs},
    output::stdout,
    setup::overlay,
};
use crate::{
    config::{self, Config},
    health::{Facts, Limits, Question, Reason, gather_closed, judge},
};

/// The JSON object; docs/operations.md says what its fields are.
#[derive(Serialize)]
struct Report<'a> {
    ready: bool,
    time: Timestamp,
    reasons: &'a [Reason],
    #[serde(flatten)]
    facts: &'a Facts,
}

/// Runs `health`.
pub(super) fn run(args: &HealthArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    // It has no log: a probe that runs every few seconds would fill it.
    let (mut config, fault) = match config::load(global.config.as_deref()) {
        Ok(loaded) => (loaded.config, None),
        Err(error) => (Config::default(), Some(error.short())),
    };
    overlay(&mut config, global);
    let now = Zoned::now();
    let facts = facts(&config, fault, &now);
    let reasons = judge(&facts, &Limits::of(&config.health));
    let mut out = stdout();
    if args.json {
        out.json(&Report {
            ready: reasons.is_empty(),
            time: now.timestamp(),
            reasons: &reasons,
            facts: &facts,
        })?;
    } else if reasons.is_empty() {
        writeln!(out, "ready")?;
    } else {
        writeln!(out, "not ready")?;
        for reason in &reasons {
            writeln!(out, "{}: {}", reason.check.word(), reason.text)?;
        }
    }
    if !args.json {
        for worker in facts.hosts.shown() {
            writeln!(out, "worker {}", worker.in_words())?;
        }
    }
    out.flush()?;
    if reasons.is_empty() { Ok(()) } else { Err(CommandError::NotReady) }
}

fn facts(config: &Config, configuration_fault: Option<String>, now: &Zoned) -> Facts {
    match config.store_place() {
        Ok(place) => Facts { configuration_fault, ..gather_closed(&place, Question { config, now }) },
        Err(error) => {
            let fault = configuration_fault.or_else(|| Some(error.short()));
            Facts { configuration_fault: fault, ..Facts::default() }
        }
    }
}
