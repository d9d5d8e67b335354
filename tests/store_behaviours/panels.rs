//! The data of panels beside the list comes when a dashboard asks, and again when something changed.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use cxr_triage::{
    config,
    session::{
        self, External, Login,
        protocol::{Health, Period, Position, Request, ShiftWatch, Update},
    },
    similar::FeaturesId,
    store::{SenderNews, Shift, Status, Store},
    supervise::Supervisor,
};
use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::support::{Bench, scored};

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Dashboard {
    requests: Sender<Request>,
    updates: Receiver<Update>,
    _external: Sender<External>,
    threads: Vec<JoinHandle<()>>,
}

impl Dashboard {
    fn on(bench: &Bench) -> Self {
        Self::of(bench, "anna", None)
    }

    /// A dashboard of a person, who may have logged in.
    pub(super) fn of(bench: &Bench, person: &str, login: Option<Arc<Login>>) -> Self {
        let (updates_in, updates) = bounded(64);
        let (requests, requests_out) = unbounded();
        let (external_in, external) = session::external();
        let health = Health {
            position: Position::Follower,
            inbox: String::new(),
            fault: None,
            queued: 0,
            working_on: None,
            films_per_second: None,
            device: String::new(),
            model: String::new(),
            banner: String::new(),
            last_arrival: None,
            feed_alarm: None,
            reasons: Vec::new(),
            hosts: cxr_triage::health::HostsFacts::default(),
        };
        let parts = session::Parts {
            store: Store::open(&bench.place).unwrap(),
            pictures: Store::open(&bench.place).unwrap(),
            similar: (Store::open(&bench.place).unwrap(), FeaturesId::new("0".repeat(64))),
            health,
            gauges: None,
            feed_alarm: config::FeedAlarm::default(),
            thresholds: None,
            actor: person.to_owned(),
            login,
            external,
            supervisor: Supervisor::default(),
        };
        let threads = session::start(parts, requests_out, updates_in).unwrap();
        Self { requests, updates, _external: external_in, threads }
    }

    /// Leaves, and waits until the session has gone.
    pub(super) fn leave(self) {
        let Self { threads, requests, updates, .. } = self;
        drop((requests, updates));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    pub(super) fn ask(&self, request: Request) {
        self.requests.send(request).unwrap();
    }

    pub(super) fn wait<T>(&self, mut wanted: impl FnMut(Update) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.updates.recv_timeout(PATIENCE).unwrap()) {
                return found;
            }
        }
    }

    fn shift(&self) -> (Period, Shift) {
        self.wait(|update| match update {
            Update::Shift(period, shift) => Some((period, *shift)),
            _ => None,
        })
    }
}

#[test]
fn a_shift_is_counted_again_on_every_dashboard_when_somebody_looked_at_a_study() {
    let mut bench = Bench::new();
    let now = Timestamp::now();
    let study = bench.record("a", &scored("a", [0.9, 0.1, 0.1]), now).1.id;
    let dashboards = [Dashboard::on(&bench), Dashboard::on(&bench)];
    for dashboard in &dashboards {
        dashboard.ask(Request::Shift(Some(ShiftWatch { period: Period::Hours12, zone: TimeZone::UTC })));
        let (period, shift) = dashboard.shift();
        assert_eq!((period, shift.arrived, shift.scored, shift.seen_all), (Period::Hours12, 1, 1, None));
        assert_eq!(shift.unseen.values().map(|unseen| unseen.oldest).collect::<Vec<_>>(), [study]);
    }
    dashboards[0].ask(Request::Status(study, Status::Seen));
    for dashboard in &dashboards {
        let (_, shift) = dashboard.shift();
        assert_eq!((shift.seen_all.map(|seen| seen.studies), shift.unseen.len()), (Some(1), 0));
    }
}

#[test]
fn the_last_films_come_when_they_are_asked_for() {
    let mut bench = Bench::new();
    for n in 0_u8..30 {
        let name = format!("f{n}");
        bench.record(&name, &scored(&name, [f32::from(n) / 30.0, 0.1, 0.1]), Timestamp::now());
    }
    let dashboard = Dashboard::on(&bench);
    dashboard.ask(Request::Spread { model: "starter".to_owned(), model_sha256: "ab".repeat(32) });
    let spread = dashboard.wait(|update| match update {
        Update::Spread(spread) => Some(spread),
        _ => None,
    });
    assert_eq!((spread.model.as_str(), spread.of("Effusion").len()), ("starter", 30));
    assert!(spread.of("Effusion").is_sorted());
}

#[test]
fn results_on_their_way_come_when_they_are_looked_at_and_again_when_one_has_moved() {
    let mut bench = Bench::new();
    let study = bench.record("a", &scored("a", [0.9, 0.1, 0.1]), Timestamp::now()).1.id;
    let dashboard = Dashboard::on(&bench);
    dashboard.ask(Request::Sendings(true));
    let next = || {
        dashboard.wait(|update| match update {
            Update::Sendings(sendings) => Some(sendings),
            _ => None,
        })
    };
    assert_eq!(next(), []);
    bench.store.ask_to_send(study, "pacs", "anna", Timestamp::now()).unwrap();
    let sendings = next();
    assert_eq!((sendings.len(), sendings[0].study, sendings[0].destination.as_str()), (1, study, "pacs"));
}

#[test]
fn senders_come_when_the_feed_is_opened_and_again_when_one_of_them_is_heard_of() {
    let bench = Bench::new();
    let note = |films, reason: Option<&str>| {
        let now = Zoned::now();
        let news = SenderNews {
            title: "CR-1".to_owned(),
            address: "10.1.2.3".to_owned(),
            films,
            refusals: u64::from(reason.is_some()),
            reason: reason.map(str::to_owned),
        };
        let mut store = Store::open(&bench.place).unwrap();
        store.note_senders(&[news], &[], (now.date(), now.timestamp()), now.timestamp()).unwrap();
    };
    note(2, None);
    let dashboard = Dashboard::on(&bench);
    dashboard.ask(Request::Senders(true));
    let next = || {
        let senders = dashboard.wait(|update| match update {
            Update::Senders(senders) => Some(senders),
            _ => None,
        });
        let [sender] = &senders[..] else { panic!("{senders:?}") };
        (sender.films_today, sender.reason.clone())
    };
    assert_eq!(next(), (2, None));
    note(0, Some("no room"));
    assert_eq!(next(), (2, Some("no room".to_owned())));
}

#[test]
fn a_store_that_is_an_earlier_copy_of_itself_is_sent_anew() {
    let mut bench = Bench::new();
    for name in ["a", "b"] {
        bench.record(name, &scored(name, [0.9, 0.1, 0.1]), Timestamp::now());
    }
    let dashboard = Dashboard::on(&bench);
    let rows = || {
        dashboard.wait(|update| match update {
            Update::Studies(rows) => Some(rows.into_iter().map(|row| row.id).collect::<Vec<_>>()),
            _ => None,
        })
    };
    let first = rows();
    assert_eq!(first.len(), 2);
    // As a replica that lagged is when it is promoted: its changes have numbers that were seen already.
    bench.raw("UPDATE studies SET revision = revision - 100");
    let there = dashboard.wait(|update| match update {
        Update::Anew(there) => Some(there),
        _ => None,
    });
    assert_eq!(there.iter().copied().collect::<Vec<_>>(), first);
    assert_eq!(rows(), first);
    dashboard.leave();
}
