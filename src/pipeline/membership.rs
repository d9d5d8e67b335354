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
    health::wrong_clock,
    store::{DutyKind, LEASE, Member, NewWorker, Store, StoreError},
    supervise::{Loss, OwnedThread, Supervisor, checkpoint},
};

/// How often it looks whether something is due.
const LOOK: Duration = Duration::from_secs(2);
/// How often a heartbeat, the claims and the duties are renewed: four times within their lease.
const RENEW: Duration = Duration::from_secs(5);
/// How often workers that are long gone are forgotten.
const FORGET: Duration = Duration::from_secs(3_600);

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
    /// Enters this process among the workers of the store that `store` is a connection to; it takes such duties as nobody
    /// has, of these.
    ///
    /// # Errors
    /// The store cannot be written, or there is no thread to be had.
    pub fn begin(
        mut store: Store,
        new: NewWorker,
        duties: &[DutyKind],
        supervisor: &Supervisor,
    ) -> Result<Self, MembershipError> {
        let member = store.join(new)?;
        let duties = Arc::new(ArcSwap::from_pointee(duties.to_vec()));
        let mut work = Work {
            store,
            member: member.clone(),
            duties: Arc::clone(&duties),
            steady_since: None,
            renewed: None,
            forgot: None,
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
    /// Since when every renewal has gone well.
    steady_since: Option<Instant>,
    renewed: Option<Instant>,
    forgot: Option<Instant>,
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
        let now = Instant::now();
        let is_due = self.renewed.is_none_or(|renewed| renewed.elapsed() >= RENEW);
        if is_due {
            let ahead = self.steadily(|work| work.store.beat(&work.member))?;
            self.check_clock(ahead);
        }
        let duties = self.duties.load_full();
        for kind in DutyKind::ALL {
            let duty = self.member.duty(kind).clone();
            match (duties.contains(&kind), duty.is_held()) {
                (true, held) if is_due || !held => {
                    self.steadily(|work| work.store.take_duty(&work.member, &duty).map(|_| ()))?;
                }
                (false, true) => self.steadily(|work| work.store.give_up_duty(&work.member, &duty))?,
                _ => {}
            }
        }
        if is_due {
            self.renewed = Some(now);
            self.steady_since.get_or_insert(now);
        }
        // After a time in which no worker could reach the store, all have as long to renew their claims.
        if self.steady_since.is_some_and(|since| since.elapsed() > LEASE) {
            let films = self.steadily(|work| work.store.take_back_claims())?;
            if films > 0 {
                tracing::warn!(
                    films,
                    "the worker that had these films is not heard of: another one takes them"
                );
            }
        }
        if self.member.duty(DutyKind::Studies).is_held()
            && self.forgot.is_none_or(|forgot| forgot.elapsed() >= FORGET)
        {
            self.steadily(|work| work.store.forget_workers())?;
            self.forgot = Some(now);
        }
        Ok(())
    }

    fn steadily<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = step(self);
        if done.is_err() {
            (self.steady_since, self.renewed) = (None, None);
        }
        done
    }

    /// A clock that is not in step is told of once.
    fn check_clock(&mut self, ahead: SignedDuration) {
        let fault = wrong_clock(self.member.host(), ahead.as_secs());
        if let (Some(fault), false) = (&fault, self.has_wrong_clock) {
            self.supervisor.tell(format!("This host is out of step: {fault}"));
        }
        self.has_wrong_clock = fault.is_some();
    }

    /// A store that fails is told of once, and tried again.
    fn tell(&mut self, error: &StoreError) {
        let fault = error.to_string();
        if self.told != fault {
            self.supervisor.tell(format!(
                "This worker cannot say that it goes on; its films are another's if that lasts: {fault}"
            ));
            self.told = fault;
        }
    }
}
