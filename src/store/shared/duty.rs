//! A duty, as the process knows it that has it or wants it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use super::super::WorkerId;
use crate::lock::lock;

/// A duty's name is a word of the store and of `health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DutyKind {
    /// Studies that fall quiet, or have waited too long; other thresholds; what is tried again.
    Studies,
    /// The plugins, and what they send out.
    Plugins,
    /// The results that are sent by DICOM.
    Sending,
    /// The deletion of old films and of patients' data.
    Retention,
}

impl DutyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Studies, Self::Plugins, Self::Sending, Self::Retention];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Studies => "studies",
            Self::Plugins => "plugins",
            Self::Sending => "sending",
            Self::Retention => "retention",
        }
    }
}

/// Clocks that differ by less are as good as in step.
const IN_STEP: SignedDuration = SignedDuration::from_secs(1);

/// How far this host's clock is ahead of the server's, as it was last measured. Each clone is the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct ClockAhead(Arc<AtomicI64>);

impl ClockAhead {
    pub(super) fn set(&self, ahead: SignedDuration) {
        self.0.store(i64::try_from(ahead.as_micros()).unwrap_or_default(), Ordering::Relaxed);
    }

    fn get(&self) -> SignedDuration {
        SignedDuration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Whether this process has a duty, as far as it knows. Each clone knows the same.
#[derive(Debug, Clone)]
pub struct Duty {
    kind: DutyKind,
    /// None: the owner of a store that has one, who has every duty.
    held: Option<Arc<Mutex<Option<Held>>>>,
    /// The one time of having it that counts; none: any.
    pinned: Option<Pin>,
    /// Until when this process leaves it to others.
    left_until: Arc<Mutex<Option<Instant>>>,
    clock: ClockAhead,
}

/// One time of having a duty. Each clone is the same one.
#[derive(Debug, Clone)]
struct Pin {
    token: i64,
    /// Whether anybody was told that it is over: what was ended then must not go on, though nobody else had the duty.
    is_over: Arc<AtomicBool>,
}

/// The right to a duty, while it lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) holder: WorkerId,
    pub(super) token: i64,
    /// By this host's steady clock, which began to count before the server's did.
    pub(super) until: Instant,
}

impl Duty {
    /// The duty of a store's owner.
    #[must_use]
    pub fn of_owner(kind: DutyKind) -> Self {
        Self { kind, held: None, pinned: None, left_until: Arc::default(), clock: ClockAhead::default() }
    }

    /// A duty that is held by nobody here yet.
    pub(super) fn shared(kind: DutyKind, clock: &ClockAhead) -> Self {
        let (held, left_until) = (Some(Arc::default()), Arc::default());
        Self { kind, held, pinned: None, left_until, clock: clock.clone() }
    }

    /// The duty as this process has it now, for whoever begins something under it: once it is lost, it stays lost, also
    /// where this process gets it again.
    #[must_use]
    pub fn pinned(&self) -> Self {
        // Times are counted from 1.
        let token = self.now_held().map_or(0, |held| held.token);
        Self { pinned: Some(Pin { token, is_over: Arc::default() }), ..self.clone() }
    }

    /// Which duty.
    #[must_use]
    pub fn kind(&self) -> DutyKind {
        self.kind
    }

    /// Leaves it to other processes for so long, for this one cannot do it: it is given up at the next renewal.
    pub fn leave_for(&self, time: Duration) {
        *lock(&self.left_until) = Some(Instant::now() + time);
    }

    /// Whether this process leaves it to others now.
    #[must_use]
    pub fn is_left(&self) -> bool {
        lock(&self.left_until).is_some_and(|until| Instant::now() < until)
    }

    /// How far this host's clock is ahead of the server's; an owner of a store has no other clock.
    #[must_use]
    pub fn clock_ahead(&self) -> SignedDuration {
        self.clock.get()
    }

    /// Notes how far this host's clock is ahead of the server's.
    pub(super) fn is_ahead_by(&self, ahead: SignedDuration) {
        self.clock.set(ahead);
    }

    /// The time by which what other hosts wrote is judged: that of the server, however wrong this host's clock is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let (now, ahead) = (Timestamp::now(), self.clock.get());
        if ahead.abs() < IN_STEP { now } else { now.checked_sub(ahead).unwrap_or(now) }
    }

    /// Whether it is an owner's, who need not renew it.
    pub(super) fn is_of_owner(&self) -> bool {
        self.held.is_none()
    }

    /// Whether this process has it now. It ends by itself when it is not renewed in time.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let is_held = self.is_of_owner() || self.now_held().is_some_and(|held| Instant::now() < held.until);
        if let (false, Some(pin)) = (is_held, &self.pinned) {
            pin.is_over.store(true, Ordering::Relaxed);
        }
        is_held
    }

    /// The right that this process has, or had last; none for an owner.
    pub(super) fn now_held(&self) -> Option<Held> {
        let held = self.held.as_ref().and_then(|held| *lock(held));
        let counts = |pin: &Pin, held: &Held| pin.token == held.token && !pin.is_over.load(Ordering::Relaxed);
        held.filter(|held| self.pinned.as_ref().is_none_or(|pin| counts(pin, held)))
    }

    /// Notes the right that this process has now.
    pub(super) fn set(&self, now: Option<Held>) {
        if let Some(held) = &self.held {
            *lock(held) = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::LEASE, *};

    #[test]
    fn a_duty_ends_by_itself_and_an_owner_has_every_one() {
        assert!(Duty::of_owner(DutyKind::Plugins).is_held());
        let duty = Duty::shared(DutyKind::Studies, &ClockAhead::default());
        let other = duty.clone();
        assert!(!duty.is_held());
        let ends = |until| Some(Held { holder: 1, token: 1, until });
        other.set(ends(Instant::now() + LEASE));
        assert!(duty.is_held());
        other.set(ends(Instant::now()));
        assert!(!duty.is_held());
    }

    #[test]
    fn a_duty_that_was_lost_and_regained_is_another_one_to_what_began_before() {
        let duty = Duty::shared(DutyKind::Plugins, &ClockAhead::default());
        let has = |token| duty.set(Some(Held { holder: 1, token, until: Instant::now() + LEASE }));
        assert!(!duty.pinned().is_held());
        has(1);
        let first = duty.pinned();
        has(1);
        assert!(first.is_held(), "it was renewed");
        has(3);
        assert!(!first.is_held() && first.now_held().is_none());
        assert!(duty.is_held() && duty.pinned().is_held() && first.clone().pinned().now_held().is_none());
        assert!(Duty::of_owner(DutyKind::Plugins).pinned().is_held());
    }

    #[test]
    fn a_duty_is_left_to_others_for_a_while_whichever_thread_leaves_it() {
        let duty = Duty::shared(DutyKind::Plugins, &ClockAhead::default());
        duty.set(Some(Held { holder: 1, token: 1, until: Instant::now() + LEASE }));
        let began = duty.pinned();
        assert!(!duty.is_left());
        began.leave_for(LEASE);
        assert!(duty.is_left() && duty.is_held(), "until it is given up");
        began.leave_for(Duration::ZERO);
        assert!(!duty.is_left());
    }

    #[test]
    fn a_duty_that_lapsed_and_that_nobody_took_is_the_same_one_to_whoever_was_not_told() {
        let duty = Duty::shared(DutyKind::Plugins, &ClockAhead::default());
        let has = |until| duty.set(Some(Held { holder: 1, token: 1, until }));
        has(Instant::now());
        let (told, untold) = (duty.pinned(), duty.pinned());
        let ended = told.clone();
        assert!(!told.is_held());
        has(Instant::now() + LEASE);
        assert!(untold.is_held() && untold.now_held().is_some());
        assert!(!told.is_held() && ended.now_held().is_none(), "what was ended stays so");
        assert!(duty.pinned().is_held());
    }

    #[test]
    fn a_duty_is_done_by_the_servers_clock() {
        let clock = ClockAhead::default();
        let duty = Duty::shared(DutyKind::Studies, &clock);
        for (ahead, expected) in [(600, -600), (-420, 420), (0, 0)] {
            clock.set(SignedDuration::from_secs(ahead));
            let off = duty.now().duration_since(Timestamp::now()).as_secs_f64();
            assert!((off - f64::from(expected)).abs() < 5.0, "{ahead} s ahead: {off}");
        }
        // Two readings that cannot be taken at once differ by some milliseconds: no time goes back for that.
        clock.set(SignedDuration::from_millis(900));
        assert!(duty.now() >= Timestamp::now() - SignedDuration::from_millis(500));
    }
}
