//! Checks beyond types: numbers in their range, and numbers that must fit each other.

use super::{Config, ConfigError, LabelThresholds, document::Document, schema::Store};
use crate::store_place::ServerPlace;

/// The first mistake in a file whose types are right.
pub(super) fn check(config: &Config, document: &Document<'_>) -> Result<(), ConfigError> {
    for (model, thresholds) in &config.thresholds {
        for (label, thresholds) in &thresholds.labels {
            check_label(thresholds, &["thresholds", model, label], document)?;
        }
    }
    super::inboxes::check(&config.inboxes, document)?;
    check_store(&config.store, document)?;
    super::receive::check(&config.receive, document)?;
    super::send::check(&config.send, document)?;
    super::plugins::check(&config.plugins, document)
}

fn check_store(store: &Store, document: &Document<'_>) -> Result<(), ConfigError> {
    let Some(url) = &store.url else { return Ok(()) };
    let help = "write postgres://USER@HOST/DATABASE, with %XX for odd characters";
    if !ServerPlace::is_url(url) {
        return Err(document.error_at_value(
            &["store", "url"],
            "this is no URL of a PostgreSQL server",
            help,
        ));
    }
    if let Err(error) = ServerPlace::parse(url) {
        return Err(document.error_at_value(&["store", "url"], &error.to_string(), help));
    }
    if store.path.is_some() {
        let message = "a store lies in a file or on a server, and here are both";
        return Err(document.error_at_value(&["store", "path"], message, "leave `path` or `url` out"));
    }
    Ok(())
}

fn check_label(
    LabelThresholds { alert, critical, .. }: &LabelThresholds,
    section: &[&str; 3],
    document: &Document<'_>,
) -> Result<(), ConfigError> {
    let [thresholds, model, label] = section;
    for (key, value) in [("alert", alert), ("critical", critical)] {
        let Some(value) = value.filter(|value| !is_threshold(*value)) else { continue };
        let message = format!("threshold `{key}` is {value}, but it must lie between 0 and 1");
        let keys = [*thresholds, model, label, key];
        return Err(document.error_at_value(&keys, &message, &range_help(key, value)));
    }
    match (alert, critical) {
        (Some(alert), Some(critical)) if critical < alert => {
            Err(critical_below_alert(document, model, label, *critical, *alert, "set here"))
        }
        _ => Ok(()),
    }
}

/// Returns whether a probability can be a threshold: at 0 everything would reach it, and at 1 nothing.
pub(super) fn is_threshold(value: f64) -> bool {
    0.0 < value && value < 1.0
}

fn range_help(key: &str, value: f64) -> String {
    let instead = match key {
        "alert" => "to keep a label out of the ranking, write rank = false",
        _ => "to keep a label from ever being critical, write cap = \"urgent\"",
    };
    // From 2 on percent are meant; 1.4 is a slip of the finger.
    if (2.0..100.0).contains(&value) {
        format!("probabilities are not in percent: for {value} %, write {}", value / 100.0)
    } else if value >= 1.0 {
        format!("probabilities go from 0 to 1; {instead}")
    } else {
        "probabilities go from 0 to 1; write a number such as 0.4".to_owned()
    }
}

/// `critical` below the alert threshold in force, and where that one comes from.
pub(super) fn critical_below_alert(
    document: &Document<'_>,
    model: &str,
    label: &str,
    critical: f64,
    alert: f64,
    source: &str,
) -> ConfigError {
    let message =
        format!("threshold `critical` of {label} is {critical}, below its `alert`, {alert} ({source})");
    document.error_at_value(
        &["thresholds", model, label, "critical"],
        &message,
        "raise `critical`, or lower `alert`: what is critical must be urgent first",
    )
}
