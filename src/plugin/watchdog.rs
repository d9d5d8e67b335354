//! The clock that ends a call which takes too long.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::{Duration, Instant},
};

use mlua::{Lua, VmState};
use rustix::time::{ClockId, clock_gettime};

use super::bound::Bound;

/// A call whose thread is never given the processor ends after so many times its limit on the wall's clock.
const WALL: u32 = 40;

/// Counts a call's processor time, so that a busy machine does not fail an innocent plugin.
///
/// Once the time is up, every further step of the VM raises the error again: `pcall` may catch it, and
/// the next step ends that too, until the call is out.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// Ends the process where this clock is never asked.
    bound: Option<Arc<Bound>>,
    limit: Cell<Duration>,
    started: Cell<Option<(Instant, Duration)>>,
    look_at: Cell<Option<Instant>>,
    expired: Cell<bool>,
    /// Where it was when the time was up.
    place: RefCell<Option<(String, u32)>>,
}

impl Watchdog {
    pub(super) fn new(bound: Option<Arc<Bound>>) -> Self {
        Self { bound, ..Self::default() }
    }

    /// The clock starts.
    pub(super) fn start(&self, limit: Duration) {
        if let Some(bound) = &self.bound {
            bound.arm(limit);
        }
        let now = Instant::now();
        self.limit.set(limit);
        self.started.set(Some((now, processor_time())));
        self.look_at.set(Some(now + limit));
        self.expired.set(false);
        self.place.replace(None);
    }

    /// The clock stops; whether the time had run out, and where.
    pub(super) fn stop(&self) -> Option<Option<(String, u32)>> {
        if let Some(bound) = &self.bound {
            bound.arm_between();
        }
        self.look_at.set(None);
        self.started.set(None);
        self.expired.replace(false).then(|| self.place.take())
    }

    /// One step of the VM: is there time left?
    pub(super) fn step(&self, lua: &Lua) -> mlua::Result<VmState> {
        if !self.expired.get() {
            let Some(look_at) = self.look_at.get() else { return Ok(VmState::Continue) };
            let now = Instant::now();
            if now < look_at || !self.is_up(now) {
                return Ok(VmState::Continue);
            }
            self.expired.set(true);
            self.place.replace(place(lua));
        }
        Err(mlua::Error::runtime("it took too long"))
    }

    /// Looked at only once the wall's clock says so: the processor's costs a system call.
    fn is_up(&self, now: Instant) -> bool {
        let Some((wall, processor)) = self.started.get() else { return false };
        let limit = self.limit.get();
        let used = processor_time().saturating_sub(processor);
        if used >= limit || now.duration_since(wall) >= limit * WALL {
            return true;
        }
        self.look_at.set(Some(now + (limit - used)));
        false
    }
}

/// Processor time of this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The innermost line of the plugin that is running.
fn place(lua: &Lua) -> Option<(String, u32)> {
    (0..8).find_map(|level| {
        lua.inspect_stack(level, |frame| {
            let line = u32::try_from(frame.current_line()?).ok()?;
            let file = frame.source().short_src?.into_owned();
            file.ends_with(".luau").then_some((file, line))
        })
        .flatten()
    })
}
