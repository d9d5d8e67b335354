//! The owner's work beside scoring: it tells how it goes, and applies the retention.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{CommandError, retention};
use crate::{
    config::Config,
    files,
    health::{Limits, Question, Reason, WorkerKind, duties_of, gather, judge, leaves_to_another},
    metrics::{Page, Waits},
    pipeline::{Gauges, Membership},
    service,
    store::{Duty, DutyKind, FileId, Member, ShiftQuestion, Store, StoreError},
    supervise::{Loss, OwnedThread, Supervisor},
};

/// How often the metrics are written and the service manager hears how it goes.
const EVERY: Duration = Duration::from_secs(15);
/// How often the retention is applied.
const RETENTION_EVERY: Duration = Duration::from_secs(600);
/// The waits that the metrics tell of ended within so long.
const WAITS_OF: SignedDuration = SignedDuration::from_hours(1);

/// How often it is looked which duties this process is to take.
const DUTIES_EVERY: Duration = Duration::from_secs(5);

/// The duties of one of several processes that share a store.
pub(super) struct SharedDuties {
    member: Member,
    /// Those that it takes where nobody has them.
    taken: Arc<ArcSwap<Vec<DutyKind>>>,
    kind: WorkerKind,
}

impl SharedDuties {
    /// Those of a member, by its command.
    pub(super) fn of(membership: &Membership, kind: WorkerKind) -> Self {
        Self { member: membership.member(), taken: membership.duties(), kind }
    }

    /// The duties that the configuration asks for, but for those that this process cannot do now.
    fn wanted(&self, config: &Config) -> Vec<DutyKind> {
        let mut wanted = duties_of(config, self.kind);
        wanted.retain(|kind| !self.member.duty(*kind).is_left());
        wanted
    }
}

/// The thread that does it; ended by being dropped.
pub(super) struct Upkeep {
    _thread: OwnedThread,
    config: Arc<ArcSwap<Config>>,
}

impl Upkeep {
    /// Starts it for the process that owns the pipeline of `store`, or, with `shared`, works for it.
    pub(super) fn start(
        store: Store,
        config: &Config,
        gauges: Arc<Gauges>,
        retention: Duty,
        shared: Option<SharedDuties>,
        supervisor: &Supervisor,
    ) -> Result<Self, CommandError> {
        let config = Arc::new(ArcSwap::from_pointee(config.clone()));
        shared.iter().for_each(|shared| gauges.vitals().set_takes(&shared.wanted(&config.load())));
        let mut work = Work {
            store,
            config: Arc::clone(&config),
            gauges,
            retention,
            shared,
            lineage: None,
            looked: Instant::now(),
            retained: None,
            looked_to: 0,
            told: Vec::new(),
            began: (Timestamp::now(), Instant::now()),
        };
        work.look_for_another_server();
        let thread = supervisor.spawn_owned(
            "upkeep",
            Loss::Vital("nobody looks whether the program is ready"),
            move |end| work.run(end),
        )?;
        Ok(Self { _thread: thread, config })
    }

    /// Where to put a changed configuration.
    pub(super) fn config(&self) -> Arc<ArcSwap<Config>> {
        Arc::clone(&self.config)
    }
}

struct Work {
    store: Store,
    config: Arc<ArcSwap<Config>>,
    gauges: Arc<Gauges>,
    /// The duty to apply the retention.
    retention: Duty,
    shared: Option<SharedDuties>,
    /// Which of the servers that have held the store it was last.
    lineage: Option<String>,
    /// When it was last looked how it goes.
    looked: Instant,
    /// When the retention was last applied.
    retained: Option<Instant>,
    /// The file up to which it has looked once more at those of forgotten patients.
    looked_to: FileId,
    /// The reasons that the log knows.
    told: Vec<Reason>,
    /// Both clocks, when it began.
    began: (Timestamp, Instant),
}

impl Work {
    fn run(&mut self, end: &Receiver<Infallible>) {
        let wait = if self.shared.is_some() { DUTIES_EVERY } else { EVERY };
        while matches!(end.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
            let config = self.config.load_full();
            self.look_for_another_server();
            self.choose_duties(&config);
            if self.looked.elapsed() < EVERY {
                continue;
            }
            self.looked = Instant::now();
            self.tell(&config);
            if self.retention.is_held() && self.retained.is_none_or(|last| last.elapsed() >= RETENTION_EVERY)
            {
                self.retained = Some(Instant::now());
                self.keep(&config, end);
            }
        }
    }

    /// Has every film of the inbox looked for anew where another server has taken the place of the one that held the store:
    /// what it was told last may not have reached this one.
    fn look_for_another_server(&mut self) {
        let Ok(Some(lineage)) = self.store.lineage() else { return };
        if self.lineage.replace(lineage.clone()).is_some_and(|before| before != lineage) {
            tracing::warn!(
                "another server holds the store now: what it does not know is looked for in the inbox"
            );
            self.gauges.look_again().ask();
        }
    }

    /// Takes the duties that the configuration asks for, but for those that another worker does better.
    fn choose_duties(&self, config: &Config) {
        let Some(shared) = &self.shared else { return };
        let mut wanted = shared.wanted(config);
        self.gauges.vitals().set_takes(&wanted);
        // What fails here, the membership tells of.
        if let Ok(workers) = self.store.workers() {
            wanted.retain(|duty| !leaves_to_another(shared.member.id(), *duty, &workers));
            shared.taken.store(Arc::new(wanted));
        }
    }

    /// Applies the retention, unless the age of everything is in doubt.
    fn keep(&mut self, config: &Config, end: &Receiver<Infallible>) {
        let (wall, steady) = self.began;
        if let Some(doubt) = retention::doubt(&self.retention) {
            tracing::warn!("{doubt}");
        } else if is_steady(Timestamp::now().duration_since(wall), steady.elapsed()) {
            let duty = self.retention.pinned();
            let Self { store, looked_to, .. } = self;
            store.under(&duty, |store| retention::keep(store, config, looked_to, end));
        } else {
            tracing::warn!("the clock was set since the start: the retention waits for the next one");
        }
    }

    /// Looks how it goes, and tells the service manager, the log and the metrics.
    fn tell(&mut self, config: &Config) {
        let now = Zoned::now();
        let facts = gather(&mut self.store, Question { config, now: &now });
        let reasons = judge(&facts, &Limits::of(&config.health));
        self.gauges.vitals().set_reasons(&reasons);
        service::status(&in_one_line(&reasons, facts.store.as_ref().map(|store| store.queued)));
        if reasons.iter().map(|reason| reason.check).ne(self.told.iter().map(|reason| reason.check)) {
            for reason in &reasons {
                tracing::warn!(check = reason.check.word(), "not ready: {}", reason.text);
            }
            if reasons.is_empty() {
                tracing::info!("ready");
            }
            self.told.clone_from(&reasons);
        }
        let Some(file) = &config.metrics.textfile else { return };
        let waits = self.waits(now.timestamp());
        let page = Page {
            facts: &facts,
            reasons: &reasons,
            waits: waits.as_ref().ok(),
            counters: self.gauges.counters(),
        };
        if let Err(error) = files::publish(file, page.text().as_bytes(), &[Page::BEGINNING]) {
            tracing::warn!(%error, "the metrics cannot be written");
        }
    }

    fn waits(&self, now: Timestamp) -> Result<Waits, StoreError> {
        let since = now.checked_sub(WAITS_OF).unwrap_or(Timestamp::MIN);
        let shift = self.store.shift(&ShiftQuestion { since, hours: Vec::new(), now })?;
        Ok(Waits::of(&shift, now))
    }
}

/// Says whether as much time passed by the wall clock as by the steady one, give or take what no age depends on. A clock that
/// was set ahead would make everything old enough to be deleted.
fn is_steady(wall: SignedDuration, steady: Duration) -> bool {
    let steady = SignedDuration::try_from(steady).unwrap_or(SignedDuration::MAX);
    wall.saturating_sub(steady).abs() <= retention::DOUBTFUL
}

fn in_one_line(reasons: &[Reason], queued: Option<u32>) -> String {
    match reasons {
        [] => match queued.unwrap_or(0) {
            1 => "ready, 1 film waits to be scored".to_owned(),
            films => format!("ready, {films} films wait to be scored"),
        },
        [first, rest @ ..] => match rest.len() {
            0 => format!("not ready: {}", first.text),
            more => format!("not ready: {} (and {more} more; cxr-triage health)", first.text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Check;

    #[test]
    fn nothing_is_deleted_by_a_clock_that_jumped() {
        let hours = SignedDuration::from_hours;
        for (wall, steady, is_sound) in [
            (hours(0), 0, true),
            (hours(48), 48, true),
            // Kept in step, and summer time, which no timestamp knows of.
            (hours(48) + SignedDuration::from_mins(20), 48, true),
            (hours(24 * 365), 1, false),
            (hours(-5), 1, false),
        ] {
            assert_eq!(
                is_steady(wall, Duration::from_secs(3_600 * steady)),
                is_sound,
                "{wall} in {steady} h"
            );
        }
    }

    #[test]
    fn the_service_manager_hears_one_line() {
        let reason = |text: &str| Reason { check: Check::Disk, text: text.to_owned() };
        assert_eq!(in_one_line(&[], Some(3)), "ready, 3 films wait to be scored");
        assert_eq!(in_one_line(&[], Some(1)), "ready, 1 film waits to be scored");
        assert_eq!(in_one_line(&[reason("full")], None), "not ready: full");
        let more = in_one_line(&[reason("full"), reason("away")], None);
        assert_eq!(more, "not ready: full (and 1 more; cxr-triage health)");
    }
}
