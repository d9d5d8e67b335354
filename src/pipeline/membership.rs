//! This process among the workers of a shared store: it says every few seconds that it goes on, renews its claims and its
//! duties, takes duties that nobody has, and takes back the films of workers that are not heard of.
//!
//! It has a thread and a connection of its own, so that neither a long inference nor another writer holds it up.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use jiff::SignedDuration;

use crate::{
    health::{seconds_apart, wrong_clock},
    store::{DutyKind, LEASE, Member, NewWorker, Store, StoreError, StoreErrorKind},
    store_place::StorePlace,
    supervise::{Loss, OwnedThread, Supervisor, checkpoint},
};

/// How often it looks whether something is due.
const LOOK: Duration = Duration::from_secs(2);
/// How often a heartbeat, the claims and the duties are renewed: four times within their lease.
const RENEW: Duration = Duration::from_secs(5);
/// How often workers that are long gone are forgotten.
const FORGET: Duration = Duration::from_secs(3_600);
/// How often films are tried again here that this host could not open.
const TRY_AGAIN: Duration = Duration::from_secs(300);
/// A heartbeat waits for nobody longer: it is sent again.
const BUSY: Duration = Duration::from_secs(3);
/// Renewals that are farther apart were held up, perhaps those of all workers by the same cause.
const HELD_UP: Duration = Duration::from_secs(10);

/// The membership; it ends, with all claims and duties, when this is dropped.
pub struct Membership {
    _thread: OwnedThread,
    member: Member,
    duties: Arc<ArcSwap<Vec<DutyKind>>>,
}

/// Why a process could not become a member.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl Membership {
    /// Enters this process among the workers of a store; it takes such duties as nobody has, of these.
    ///
    /// # Errors
    /// The store cannot be written, or there is no thread to be had.
    pub fn begin(
        place: &StorePlace,
        new: NewWorker,
        duties: &[DutyKind],
        supervisor: &Supervisor,
    ) -> Result<Self, MembershipError> {
        // Its tables may only just be made: that is waited for.
        drop(Store::open(place)?);
        let mut store = Store::open_within(place, BUSY)?;
        let member = store.join(new)?;
        let duties = Arc::new(ArcSwap::from_pointee(duties.to_vec()));
        let mut work = Work {
            store,
            member: member.clone(),
            duties: Arc::clone(&duties),
            pace: Pace::default(),
            forgot: None,
            tried_again: Instant::now(),
            told: String::new(),
            has_wrong_clock: false,
            supervisor: supervisor.clone(),
        };
        // What nobody has is this process's from the start.
        work.step()?;
        let thread = supervisor.spawn_owned(
            "membership",
            Loss::Vital("others take the films of this worker"),
            move |end| work.run(end),
        )?;
        Ok(Self { _thread: thread, member, duties })
    }

    /// This process among the workers.
    #[must_use]
    pub fn member(&self) -> Member {
        self.member.clone()
    }

    /// Where to say which duties it takes from now on.
    #[must_use]
    pub fn duties(&self) -> Arc<ArcSwap<Vec<DutyKind>>> {
        Arc::clone(&self.duties)
    }
}

struct Work {
    store: Store,
    member: Member,
    duties: Arc<ArcSwap<Vec<DutyKind>>>,
    pace: Pace,
    forgot: Option<Instant>,
    tried_again: Instant,
    /// The last failure that was told, so that it is told once.
    told: String,
    has_wrong_clock: bool,
    supervisor: Supervisor,
}

impl Work {
    fn run(&mut self, end: &Receiver<Infallible>) {
        loop {
            checkpoint("membership");
            match self.step() {
                Ok(()) => self.told.clear(),
                Err(error) => self.tell(&error),
            }
            if !matches!(end.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                break;
            }
        }
        if let Err(error) = self.store.leave(&self.member) {
            tracing::warn!(%error, "it could not be noted that this worker ends: its films come back after a while");
        }
    }

    fn step(&mut self) -> Result<(), StoreError> {
        let is_due = self.pace.is_due(Instant::now());
        if is_due {
            let ahead = self.steadily(|work| work.store.beat(&work.member))?;
            self.pace.has_renewed(Instant::now());
            self.check_clock(ahead);
            if self.pace.may_take_back(Instant::now()) {
                self.take_back()?;
            }
        }
        let duties = self.duties.load_full();
        for kind in DutyKind::ALL {
            let duty = self.member.duty(kind).clone();
            match (duties.contains(&kind) && !duty.is_left(), duty.is_held()) {
                (true, held) if is_due || !held => {
                    self.steadily(|work| work.store.take_duty(&work.member, &duty).map(|_| ()))?;
                }
                (false, true) => self.steadily(|work| work.store.give_up_duty(&work.member, &duty))?,
                _ => {}
            }
        }
        if self.tried_again.elapsed() >= TRY_AGAIN {
            self.steadily(|work| work.store.try_again(&work.member))?;
            self.tried_again = Instant::now();
        }
        if self.member.duty(DutyKind::Studies).is_held()
            && self.forgot.is_none_or(|forgot| forgot.elapsed() >= FORGET)
        {
            self.steadily(|work| work.store.forget_workers())?;
            self.forgot = Some(Instant::now());
        }
        Ok(())
    }

    /// Takes back the films of workers that are not heard of.
    fn take_back(&mut self) -> Result<(), StoreError> {
        let films = self.steadily(|work| work.store.take_back_claims())?;
        if films > 0 {
            tracing::warn!(films, "the worker that had these films is not heard of: another one takes them");
        }
        Ok(())
    }

    fn steadily<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = step(self);
        if done.is_err() {
            self.pace = Pace::default();
        }
        done
    }

    /// A clock that is not in step is told of once.
    fn check_clock(&mut self, ahead: SignedDuration) {
        let fault = wrong_clock(self.member.host(), seconds_apart(ahead));
        if let (Some(fault), false) = (&fault, self.has_wrong_clock) {
            self.supervisor.tell(format!("This host is out of step: {fault}"));
        }
        self.has_wrong_clock = fault.is_some();
    }

    /// A store that fails is told of once, and tried again. One that a newer version of the program has taken over is not
    /// for this one any more.
    fn tell(&mut self, error: &StoreError) {
        let fault = error.to_string();
        if error.kind == StoreErrorKind::NewerVersion {
            self.supervisor.end(fault);
        } else if self.told != fault {
            self.supervisor.tell(format!(
                "The database does not hear from this computer: others take over its films if that lasts: {fault}"
            ));
            self.told = fault;
        }
    }
}

/// How regularly this worker says that it goes on.
#[derive(Debug, Default)]
struct Pace {
    renewed: Option<Instant>,
    /// Since when every renewal has gone well and come in time.
    steady_since: Option<Instant>,
}

impl Pace {
    /// Whether a renewal is due.
    fn is_due(&self, now: Instant) -> bool {
        self.renewed.is_none_or(|renewed| now.saturating_duration_since(renewed) >= RENEW)
    }

    /// Notes that one has gone well.
    fn has_renewed(&mut self, now: Instant) {
        let last = self.renewed.replace(now);
        let was_held_up = last.is_none_or(|last| now.saturating_duration_since(last) > HELD_UP);
        if was_held_up || self.steady_since.is_none() {
            self.steady_since = Some(now);
        }
    }

    /// Whether a worker that is not heard of has gone. After a time in which this one could not say that it goes on, all have
    /// as long as a claim lasts to renew theirs.
    fn may_take_back(&self, now: Instant) -> bool {
        self.steady_since.is_some_and(|since| now.saturating_duration_since(since) > LEASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_taken_back_only_when_every_worker_had_time_to_renew() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        assert!(pace.is_due(at(0)));
        for seconds in [0, 5, 10, 15, 20] {
            pace.has_renewed(at(seconds));
            assert!(!pace.may_take_back(at(seconds)), "at {seconds} s");
        }
        pace.has_renewed(at(25));
        assert!(pace.may_take_back(at(25)) && !pace.is_due(at(29)) && pace.is_due(at(30)));
        // Somebody held a lock, or the server stood still: every other worker was held up as long.
        for seconds in [40, 45, 50, 55, 60] {
            pace.has_renewed(at(seconds));
            assert!(!pace.may_take_back(at(seconds)), "at {seconds} s");
        }
        pace.has_renewed(at(65));
        assert!(pace.may_take_back(at(65)));
        // A failure, too.
        pace = Pace::default();
        pace.has_renewed(at(67));
        assert!(!pace.may_take_back(at(67)) && !pace.may_take_back(at(86)));
    }
}
