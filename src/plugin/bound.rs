//! The end of a plugin's process that takes too much where nothing in the VM can stop it: in one long call of
//! Luau's own library, in the compiler, in whatever else there may be.

use std::{
    convert::Infallible,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::lock::{lock, unpoisoned};

/// The VM's own clock has this long to end the call, which tells the line that is to blame.
const GRACE: Duration = Duration::from_millis(500);
/// Processor time for what the plugin does not do itself: reading a question, tables of a study, effects.
const BETWEEN: Duration = Duration::from_millis(250);
/// How often the clock is looked at while something runs.
const GLANCE: Duration = Duration::from_millis(100);
/// Looks without work after which nobody looks until there is some.
const QUIET: u32 = 10;
/// Bytes that the process may hold above the VM's own limit: its code, the compiler, messages.
const BESIDE_VM: u64 = 256 << 20;
/// The resource that the plugin took too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Excess {
    Time,
    Memory,
}

/// Ends the process once the processor time that it may use is used up, or it holds too much memory.
#[derive(Debug)]
pub(super) struct Bound {
    state: Mutex<State>,
    worked: Condvar,
    memory: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Processor time of the process at which it ends, where something runs.
    until: Option<Duration>,
    /// Where what runs began.
    began: Duration,
    is_asleep: bool,
}

impl Bound {
    /// Begins to watch, on a thread of its own; `vm` is the memory that the VM may hold. `end` ends the
    /// process; it gets the processor time that was taken, and what there was too much of.
    pub(super) fn start(
        vm: usize,
        end: impl Fn(Duration, Excess) -> Infallible + Send + 'static,
    ) -> std::io::Result<Arc<Self>> {
        let memory = BESIDE_VM.saturating_add(vm as u64);
        let bound = Arc::new(Self { state: Mutex::default(), worked: Condvar::new(), memory });
        let watched = Arc::clone(&bound);
        thread::Builder::new().name("bound".to_owned()).spawn(move || watched.watch(&end))?;
        Ok(bound)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Lets what begins now use so much processor time, and [`GRACE`].
    pub(super) fn arm(&self, limit: Duration) {
        let now = processor_time();
        let mut state = self.state();
        state.began = now;
        state.until = Some(now + limit + GRACE);
        if state.is_asleep {
            self.worked.notify_one();
        }
    }

    /// Lets what begins now, which is not the plugin's own, use [`BETWEEN`].
    pub(super) fn arm_between(&self) {
        self.arm(BETWEEN);
    }

    /// Nothing runs any more.
    pub(super) fn disarm(&self) {
        self.state().until = None;
    }

    fn watch(&self, end: &dyn Fn(Duration, Excess) -> Infallible) -> Infallible {
        let mut quiet = 0;
        let mut state = self.state();
        loop {
            match state.until {
                Some(until) => {
                    quiet = 0;
                    let now = processor_time();
                    let excess = if now >= until {
                        Some(Excess::Time)
                    } else {
                        resident().filter(|held| *held > self.memory).map(|_| Excess::Memory)
                    };
                    if let Some(excess) = excess {
                        return end(now.saturating_sub(state.began), excess);
                    }
                }
                None => quiet += 1,
            }
            if quiet > QUIET {
                state.is_asleep = true;
                state = unpoisoned(self.worked.wait(state));
                state.is_asleep = false;
                quiet = 0;
            } else {
                let left = state.until.map_or(GLANCE, |until| until.saturating_sub(processor_time()));
                let wait = left.clamp(Duration::from_millis(1), GLANCE);
                state = unpoisoned(self.worked.wait_timeout(state, wait)).0;
            }
        }
    }
}

/// Processor time of the whole process.
pub(super) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Bytes of memory that the process holds; none where the system does not say.
fn resident() -> Option<u64> {
    // In kB, where statm counts in pages, of a size that differs from machine to machine.
    let told = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = told.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.saturating_mul(1 << 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_that_a_process_holds_is_known() {
        let told = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = told.split_whitespace().nth(1).unwrap().parse().unwrap();
        let of_page = resident().unwrap() / pages;
        assert!((3_000..70_000).contains(&of_page), "a page of {of_page} bytes");
    }
}
