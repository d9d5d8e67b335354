use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::*;
use crate::{
    health::{Disk, OutboxFacts, OwnerState, PluginFacts, WorkerState},
    metrics::Outcome,
    study::Finding,
};

fn facts() -> Facts {
    let own = OwnerState {
        version: "0.1.0".to_owned(),
        model: "a \"model\"".to_owned(),
        started: Some(jiff::Timestamp::UNIX_EPOCH),
        workers: vec![WorkerState { busy_ms: Some(1_500) }],
        ..OwnerState::default()
    };
    let store = StoreFacts {
        bytes: 4_096,
        queued: 2,
        oldest_queued_seconds: Some(3),
        last_arrival_seconds: Some(4),
        unacknowledged: 1,
        outbox: vec![OutboxFacts { kind: "webhook".to_owned(), waiting: 3, failing: 1, given_up: 0 }],
        plugins: vec![PluginFacts { name: "page".to_owned(), runs: true, state: String::new() }],
        silence_seconds: None,
    };
    Facts {
        owner: Owner::Known { silent_ms: 1, own: Box::new(own) },
        store: Some(store),
        disks: vec![Disk { of: "store".to_owned(), free_bytes: Some(5), total_bytes: 10 }],
        ..Facts::default()
    }
}

fn counters() -> Counters {
    let counters = Counters::default();
    let finding = |label: &str, probability| Finding {
        label: label.to_owned(),
        probability,
        threshold: 0.5,
        critical: 0.9,
        score: probability,
        severity: Severity::Routine,
        rank: true,
        validated: true,
    };
    counters.film(Outcome::Scored, None);
    counters.film(Outcome::Scored, None);
    counters.film(Outcome::Held, Some(Gate::BodyPart));
    counters.findings("m", &[finding("Effusion", 0.5), finding("Mass", 0.4)]);
    counters.findings("m", &[finding("Effusion", 0.1), finding("Mass", 0.4)]);
    for seconds in [-3.0, 0.25, 0.375, 7.0, 90_000.0] {
        counters.seconds_to_row(seconds);
    }
    counters
}

fn page() -> String {
    let (facts, counters) = (facts(), counters());
    let mut waits = Waits::default();
    waits.unseen.insert(Severity::Critical, (2, 600));
    waits.seen.insert(Severity::Critical, (60, 240));
    let reasons = [Reason { check: Check::Feed, text: "silent".to_owned() }];
    Page { facts: &facts, reasons: &reasons, waits: Some(&waits), counters: &counters }.text()
}

#[test]
fn each_number_stands_under_its_name_and_labels() {
    let page = page();
    for line in [
        "cxr_triage_ready 0",
        "cxr_triage_check_ok{check=\"feed\"} 0",
        "cxr_triage_check_ok{check=\"store\"} 1",
        "cxr_triage_films_total{outcome=\"scored\",reason=\"\"} 2",
        "cxr_triage_films_total{outcome=\"held\",reason=\"body-part\"} 1",
        "cxr_triage_label_films_total{model=\"m\",label=\"Effusion\"} 2",
        "cxr_triage_label_alerts_total{model=\"m\",label=\"Effusion\"} 1",
        "cxr_triage_label_alerts_total{model=\"m\",label=\"Mass\"} 0",
        // A bound belongs to its bucket, and each bucket holds those before it.
        "cxr_triage_film_seconds_bucket{le=\"0.25\"} 2",
        "cxr_triage_film_seconds_bucket{le=\"0.5\"} 3",
        "cxr_triage_film_seconds_bucket{le=\"10\"} 4",
        "cxr_triage_film_seconds_bucket{le=\"+Inf\"} 5",
        "cxr_triage_film_seconds_count 5",
        "cxr_triage_film_seconds_sum 90007.625",
        "cxr_triage_queue_films 2",
        "cxr_triage_unacknowledged_critical_studies 1",
        "cxr_triage_outbox_deliveries{kind=\"webhook\",state=\"failing\"} 1",
        "cxr_triage_unseen_oldest_seconds{band=\"critical\"} 600",
        "cxr_triage_unseen_studies{band=\"routine\"} 0",
        "cxr_triage_wait_p90_seconds{band=\"critical\"} 240",
        "cxr_triage_worker_step_seconds 1.5",
        "cxr_triage_disk_free_bytes{of=\"store\"} 5",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    assert!(page.as_bytes().starts_with(Page::BEGINNING), "the next page would not be written over this one");
    assert!(page.contains("model=\"a \\\"model\\\"\""), "{page}");
}

#[test]
fn promtool_finds_no_fault() {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else {
        println!("skipped: promtool is not here (apt install prometheus)");
        return;
    };
    tool.stdin.take().unwrap().write_all(page().as_bytes()).unwrap();
    let said = tool.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && text.trim().is_empty(), "{text}");
}
