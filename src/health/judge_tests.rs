use super::*;
use crate::health::{ClockStep, OutboxFacts, PluginFacts, WorkerState};

const LIMITS: Limits =
    Limits { longest_queue: Some(Duration::from_secs(900)), min_free: Some(Space::Bytes(1 << 30)) };

/// A program that does its work.
fn well() -> Facts {
    let own = OwnerState {
        pid: 7,
        recorder_silent_ms: 900,
        workers: vec![WorkerState { busy_ms: Some(400) }, WorkerState { busy_ms: None }],
        ..OwnerState::default()
    };
    let disk = Disk { of: "store".to_owned(), free_bytes: Some(1 << 40), total_bytes: 1 << 41 };
    Facts {
        owner: Owner::Known { silent_ms: 1_900, own: Box::new(own) },
        disks: vec![disk],
        store: Some(StoreFacts { queued: 3, oldest_queued_seconds: Some(4), ..StoreFacts::default() }),
        ..Facts::default()
    }
}

fn own(facts: &mut Facts) -> &mut OwnerState {
    match &mut facts.owner {
        Owner::Known { own, .. } => own,
        _ => panic!("there is no owner"),
    }
}

fn store(facts: &mut Facts) -> &mut StoreFacts {
    facts.store.as_mut().unwrap()
}

#[test]
fn each_fault_is_a_reason_of_its_own_and_what_is_within_its_limits_is_none() {
    type Spoil = fn(&mut Facts);
    // What happens, the check that says so, and words of its sentence.
    let faults: [(&str, Spoil, Check, &str); 22] = [
        (
            "config broken",
            |it| it.configuration_fault = Some("line 3: no".into()),
            Check::Configuration,
            "line 3",
        ),
        (
            "config broken while running",
            |it| own(it).configuration_fault = Some("line 4: no".into()),
            Check::Configuration,
            "the old one stays: line 4",
        ),
        ("store locked", |it| it.store_fault = Some("the store is locked".into()), Check::Store, "locked"),
        (
            "the last write failed",
            |it| own(it).store_fault = Some("the disk is full".into()),
            Check::Store,
            "the disk is full",
        ),
        (
            "full disk",
            |it| it.disks[0].free_bytes = Some(1 << 29),
            Check::Disk,
            "512.0 MiB left, 1.0 GiB are wanted",
        ),
        ("a disk that hangs", |it| it.disks[0].free_bytes = None, Check::Disk, "does not answer"),
        ("no owner", |it| it.owner = Owner::Missing, Check::Owner, "no process runs"),
        (
            "an owner that loads its model",
            |it| it.owner = Owner::Starting { pid: Some(9) },
            Check::Owner,
            "(process 9)",
        ),
        (
            "an owner that is stopped",
            |it| it.owner = Owner::Known { silent_ms: 12_000, own: Box::default() },
            Check::Owner,
            "no sign of life for 12 s",
        ),
        ("recorder hung", |it| own(it).recorder_silent_ms = 11_000, Check::Recorder, "for 11 s"),
        (
            "worker hung",
            |it| own(it).workers[1].busy_ms = Some(65_000),
            Check::Workers,
            "worker 2 of 2 has been at one film for 1 min 5 s",
        ),
        ("no workers", |it| own(it).workers.clear(), Check::Workers, "no worker runs"),
        (
            "worker stopped",
            |it| own(it).failure = Some("The thread failed.".into()),
            Check::Workers,
            "The thread failed.",
        ),
        ("inbox gone", |it| own(it).inbox_fault = Some("The inbox is away.".into()), Check::Inbox, "away"),
        ("port taken", |it| it.receiver_fault = Some("port 11112 is taken".into()), Check::Receiver, "11112"),
        (
            "model file gone",
            |it| own(it).model_fault = Some("model.toml is gone".into()),
            Check::Model,
            "is gone",
        ),
        (
            "a long queue",
            |it| store(it).oldest_queued_seconds = Some(1_000),
            Check::Queue,
            "3 films wait to be scored, the first for 16 min 40 s",
        ),
        (
            "feed silent",
            |it| store(it).silence_seconds = Some(3_700),
            Check::Feed,
            "no film has come for 1 h 1 min",
        ),
        (
            "outbox stuck",
            |it| {
                store(it).outbox.push(OutboxFacts {
                    kind: "webhook".into(),
                    waiting: 5,
                    failing: 2,
                    given_up: 0,
                });
            },
            Check::Outbox,
            "2 of 5 waiting deliveries (webhook) failed and are tried again: `cxr-triage plugins list` says why",
        ),
        (
            "a PACS that takes nothing",
            |it| {
                store(it).outbox.push(OutboxFacts {
                    kind: "send".into(),
                    waiting: 1,
                    failing: 1,
                    given_up: 0,
                });
            },
            Check::Outbox,
            "1 of 1 waiting deliveries (send) failed and are tried again: the key `R` of the dashboard says why",
        ),
        (
            "plugin off",
            |it| {
                let state = "switched off: line 2".to_owned();
                store(it).plugins.push(PluginFacts { name: "page".into(), runs: false, state });
            },
            Check::Plugins,
            "page does not run: switched off: line 2",
        ),
        (
            "clock back",
            |it| own(it).clock_step = Some(ClockStep { seconds: -7_200, ago_ms: 3_000 }),
            Check::Clock,
            "set back by 2 h, 3 s ago",
        ),
    ];
    assert_eq!(judge(&well(), &LIMITS), []);
    for (case, spoil, check, words) in faults {
        let mut facts = well();
        spoil(&mut facts);
        let reasons = judge(&facts, &LIMITS);
        assert_eq!(
            reasons.iter().map(|reason| reason.check).collect::<Vec<_>>(),
            [check],
            "{case}: {reasons:?}"
        );
        assert!(reasons[0].text.contains(words), "{case}: {}", reasons[0].text);
    }
}

#[test]
fn all_reasons_are_told_in_one_order_and_a_stalled_owner_answers_for_itself_alone() {
    let mut facts = well();
    store(&mut facts).silence_seconds = Some(9_000);
    own(&mut facts).inbox_fault = Some("The inbox is away.".to_owned());
    facts.disks[0].free_bytes = Some(0);
    let checks = |facts: &Facts| judge(facts, &LIMITS).iter().map(|reason| reason.check).collect::<Vec<_>>();
    assert_eq!(checks(&facts), [Check::Disk, Check::Inbox, Check::Feed]);
    if let Owner::Known { silent_ms, .. } = &mut facts.owner {
        *silent_ms = 60_000;
    }
    assert_eq!(checks(&facts), [Check::Disk, Check::Owner, Check::Feed], "what it said of the inbox is old");
}

#[test]
fn a_site_may_switch_limits_off() {
    let mut facts = well();
    facts.disks[0].free_bytes = Some(0);
    store(&mut facts).oldest_queued_seconds = Some(1_000_000);
    assert_eq!(judge(&facts, &Limits { longest_queue: None, min_free: None }), []);
}

#[test]
fn a_server_that_does_not_answer_is_one_reason() {
    let facts = Facts {
        store_fault: Some("it cannot be reached".to_owned()),
        owner: Owner::Unknown,
        ..Facts::default()
    };
    let checks: Vec<Check> = judge(&facts, &LIMITS).into_iter().map(|reason| reason.check).collect();
    assert_eq!(checks, [Check::Store]);
}
