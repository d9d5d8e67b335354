//! The whole page: all families, by the conventions of Prometheus (base units, `_total` for counters, one prefix).

use std::collections::BTreeMap;

use super::{
    counters::{BOUNDS, Counted, Counters},
    family::{Kind, Text},
};
use crate::{
    health::{Check, Facts, Owner, Reason, StoreFacts},
    quality::Gate,
    store::Shift,
    study::Severity,
};

/// How long studies wait to be seen, as the store counts it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waits {
    /// For each band: studies that nobody has seen, and the seconds for which the first has waited.
    pub unseen: BTreeMap<Severity, (u32, i64)>,
    /// For each band: median and ninth decile, in seconds, of the waits that ended within the last hour.
    pub seen: BTreeMap<Severity, (i64, i64)>,
}

impl Waits {
    /// The waits of a shift, at its moment.
    #[must_use]
    pub fn of(shift: &Shift, now: jiff::Timestamp) -> Self {
        let unseen = shift.unseen.iter().map(|(band, unseen)| {
            (*band, (unseen.studies, now.duration_since(unseen.since).as_secs().max(0)))
        });
        let seen =
            shift.seen.iter().map(|(band, seen)| (*band, (seen.median.as_secs(), seen.most.as_secs())));
        Self { unseen: unseen.collect(), seen: seen.collect() }
    }
}

/// The parts of the page.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The facts that health is judged by.
    pub facts: &'a Facts,
    /// Why the program is not ready.
    pub reasons: &'a [Reason],
    /// The waits; none where the store could not be asked.
    pub waits: Option<&'a Waits>,
    /// Films and findings since the start.
    pub counters: &'a Counters,
}

impl Page<'_> {
    /// How a page begins, so that nothing else is written over.
    pub const BEGINNING: &'static [u8] = b"# HELP cxr_triage_";

    /// The page as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = Text::default();
        health(&mut text, self.facts, self.reasons);
        films(&mut text, &self.counters.counted());
        if let Some(store) = &self.facts.store {
            of_store(&mut text, store);
        }
        if let Some(waits) = self.waits {
            of_waits(&mut text, waits);
        }
        disks(&mut text, self.facts);
        text.into_string()
    }
}

fn number(value: u64) -> f64 {
    value as f64
}

fn seconds(value: i64) -> f64 {
    value as f64
}

/// A gate's word, as JSON and store have it.
fn word_of(gate: Gate) -> String {
    serde_json::to_value(gate).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn health(text: &mut Text, facts: &Facts, reasons: &[Reason]) {
    text.gauge(
        "cxr_triage_ready",
        "Whether the program is ready: 1 or 0.",
        f64::from(u8::from(reasons.is_empty())),
    );
    let name = "cxr_triage_check_ok";
    text.family(name, Kind::Gauge, "Whether a check of health finds no fault: 1 or 0.");
    for check in Check::ALL {
        let is_ok = reasons.iter().all(|reason| reason.check != check);
        text.sample(name, &[("check", check.word())], f64::from(u8::from(is_ok)));
    }
    let Owner::Known { own, .. } = &facts.owner else { return };
    let name = "cxr_triage_info";
    text.family(name, Kind::Gauge, "The version, and the model that scores.");
    let digits = own.model_sha256.get(..12).unwrap_or_default();
    let labels =
        [("version", &*own.version), ("model", &*own.model), ("weights", digits), ("device", &*own.device)];
    text.sample(name, &labels, 1.0);
    if let Some(started) = own.started {
        text.gauge(
            "cxr_triage_start_time_seconds",
            "When the program started, in seconds since 1970.",
            started.as_duration().as_secs_f64(),
        );
    }
    text.gauge("cxr_triage_workers", "Workers.", number(own.workers.len() as u64));
    let name = "cxr_triage_recorder_silence_seconds";
    text.gauge(name, "Time since the recorder's last sign of life.", number(own.recorder_silent_ms) / 1e3);
    let busy = own.workers.iter().filter_map(|worker| worker.busy_ms).max().unwrap_or(0);
    let name = "cxr_triage_worker_step_seconds";
    text.gauge(name, "The longest that a worker has been at its present step.", number(busy) / 1e3);
}

fn films(text: &mut Text, counted: &Counted) {
    let name = "cxr_triage_films_total";
    text.family(name, Kind::Counter, "Films that came to an end, by outcome and the gate that held them.");
    for ((outcome, gate), films) in &counted.films {
        let reason = gate.map(word_of).unwrap_or_default();
        text.sample(name, &[("outcome", outcome.word()), ("reason", reason.as_str())], number(*films));
    }
    for (name, help, alerts) in [
        ("cxr_triage_label_films_total", "Scored films, by model and label.", false),
        ("cxr_triage_label_alerts_total", "Films at or above the alert threshold, by model and label.", true),
    ] {
        text.family(name, Kind::Counter, help);
        for ((model, label), (films, alerting)) in &counted.labels {
            let value = if alerts { alerting } else { films };
            text.sample(name, &[("model", model.as_str()), ("label", label.as_str())], number(*value));
        }
    }
    let name = "cxr_triage_film_seconds";
    text.family(name, Kind::Histogram, "Time from the file's arrival to its row in the store.");
    let (bucket, mut below) = (format!("{name}_bucket"), 0);
    for (bound, films) in BOUNDS.iter().zip(&counted.waits) {
        below += films;
        text.sample(&bucket, &[("le", &bound.to_string())], number(below));
    }
    let all = counted.waits.iter().sum();
    text.sample(&bucket, &[("le", "+Inf")], number(all));
    text.sample(&format!("{name}_sum"), &[], counted.waited);
    text.sample(&format!("{name}_count"), &[], number(all));
}

fn of_store(text: &mut Text, store: &StoreFacts) {
    text.gauge("cxr_triage_queue_films", "Films that wait to be read.", f64::from(store.queued));
    let name = "cxr_triage_queue_oldest_seconds";
    text.gauge(
        name,
        "How long the first of them has waited.",
        seconds(store.oldest_queued_seconds.unwrap_or(0)),
    );
    if let Some(silence) = store.last_arrival_seconds {
        text.gauge("cxr_triage_feed_silence_seconds", "Time since the last film came.", seconds(silence));
    }
    let name = "cxr_triage_unacknowledged_critical_studies";
    text.gauge(name, "Critical studies that nobody has acknowledged.", f64::from(store.unacknowledged));
    text.gauge("cxr_triage_store_bytes", "Size of the store's files.", number(store.bytes));
    let name = "cxr_triage_outbox_deliveries";
    text.family(name, Kind::Gauge, "Deliveries that are not done, by kind and state.");
    for outbox in &store.outbox {
        for (state, value) in
            [("waiting", outbox.waiting), ("failing", outbox.failing), ("given_up", outbox.given_up)]
        {
            text.sample(name, &[("kind", outbox.kind.as_str()), ("state", state)], f64::from(value));
        }
    }
    let name = "cxr_triage_plugin_running";
    text.family(name, Kind::Gauge, "Whether an enabled plugin runs: 1 or 0.");
    for plugin in &store.plugins {
        text.sample(name, &[("plugin", plugin.name.as_str())], f64::from(u8::from(plugin.runs)));
    }
}

fn of_waits(text: &mut Text, waits: &Waits) {
    let name = "cxr_triage_unseen_studies";
    text.family(name, Kind::Gauge, "Studies that nobody has seen, by band.");
    for band in Severity::ALL {
        let studies = waits.unseen.get(&band).map_or(0, |(studies, _)| *studies);
        text.sample(name, &[("band", band.word())], f64::from(studies));
    }
    let name = "cxr_triage_unseen_oldest_seconds";
    text.family(name, Kind::Gauge, "How long the first of them has waited, by band.");
    for (band, (_, oldest)) in &waits.unseen {
        text.sample(name, &[("band", band.word())], seconds(*oldest));
    }
    let name = "cxr_triage_wait_median_seconds";
    text.family(name, Kind::Gauge, "Median of the waits that ended within the last hour, by band.");
    for (band, (median, _)) in &waits.seen {
        text.sample(name, &[("band", band.word())], seconds(*median));
    }
    let name = "cxr_triage_wait_p90_seconds";
    text.family(name, Kind::Gauge, "Ninth decile of the waits that ended within the last hour, by band.");
    for (band, (_, most)) in &waits.seen {
        text.sample(name, &[("band", band.word())], seconds(*most));
    }
}

fn disks(text: &mut Text, facts: &Facts) {
    for (name, help, of_free) in [
        ("cxr_triage_disk_free_bytes", "Free room on the disks of store and inbox.", true),
        ("cxr_triage_disk_size_bytes", "Size of the disks of store and inbox.", false),
    ] {
        text.family(name, Kind::Gauge, help);
        for disk in &facts.disks {
            let Some(free) = disk.free_bytes else { continue };
            let value = if of_free { free } else { disk.total_bytes };
            text.sample(name, &[("of", disk.of.as_str())], number(value));
        }
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
