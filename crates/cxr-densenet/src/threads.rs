//! A few threads that wait close by for the next piece of work.
//!
//! A layer takes a fraction of a millisecond, and there are two pieces of work in each: a pool that
//! puts its threads to sleep in between loses more than the work costs. These spin for a moment before
//! they sleep.

#![allow(unsafe_code, reason = "work that borrows from the caller is handed to threads that outlive it")]

use std::{
    hint, io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// Rounds of waiting before a thread sleeps, or lets others have the core: about 0.2 ms.
const SPINS: usize = 4000;

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// As many threads as it was made for, the caller's own among them.
#[derive(Debug)]
pub(super) struct Threads {
    board: Arc<Board>,
    helpers: Vec<JoinHandle<()>>,
}

/// The state that all threads share.
#[derive(Debug, Default)]
struct Board {
    /// Counts the pieces of work that were given out.
    round: AtomicUsize,
    /// Helpers that have not finished the round.
    busy: AtomicUsize,
    work: Mutex<Option<Borrowed>>,
    failed: AtomicBool,
    closing: AtomicBool,
}

/// The work of one round.
#[derive(Debug, Clone, Copy)]
struct Borrowed(*const Work<'static>);

// SAFETY: what it points to is `Sync`, and `Threads::run` keeps it alive while anybody uses it.
unsafe impl Send for Borrowed {}

impl Threads {
    /// Starts the helpers.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(super) fn new(count: usize) -> io::Result<Self> {
        let board = Arc::new(Board::default());
        let helpers = (1..count)
            .map(|number| {
                let board = Arc::clone(&board);
                thread::Builder::new().name(format!("kernel {number}")).spawn(move || help(&board, number))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { board, helpers })
    }

    /// The caller's thread, without helpers.
    pub(super) fn caller_alone() -> Self {
        Self { board: Arc::default(), helpers: Vec::new() }
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Does each part on a thread of its own, and returns when all are done. There must be no more
    /// parts than threads.
    pub(super) fn each<P: Send>(&mut self, parts: impl IntoIterator<Item = P>, work: impl Fn(P) + Sync) {
        let parts: Vec<Mutex<Option<P>>> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
        debug_assert!(parts.len() <= self.count());
        self.run(&|number| {
            let part =
                parts.get(number).and_then(|part| part.lock().unwrap_or_else(PoisonError::into_inner).take());
            if let Some(part) = part {
                work(part);
            }
        });
    }

    /// Calls `work` with each thread's number, on that thread.
    fn run(&mut self, work: &Work<'_>) {
        if self.helpers.is_empty() {
            return work(0);
        }
        let board = &*self.board;
        // SAFETY: only the lifetime changes. Nobody uses the work after this function has returned: it
        // waits for all helpers below, whatever happens to its own share, and `&mut self` keeps
        // another round from beginning meanwhile.
        let borrowed = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        *board.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(Borrowed(borrowed));
        board.busy.store(self.helpers.len(), Ordering::Relaxed);
        board.round.fetch_add(1, Ordering::Release);
        for helper in &self.helpers {
            helper.thread().unpark();
        }
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        let mut waited = 0;
        while board.busy.load(Ordering::Acquire) > 0 {
            waited += 1;
            if waited < SPINS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!board.failed.swap(false, Ordering::Relaxed), "a kernel failed on another thread");
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.board.closing.store(true, Ordering::Relaxed);
        self.board.round.fetch_add(1, Ordering::Release);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper catches its panics.
            let _ = helper.join();
        }
    }
}

fn help(board: &Board, number: usize) {
    let mut seen = 0;
    loop {
        let mut waited = 0;
        while board.round.load(Ordering::Acquire) == seen {
            waited += 1;
            if waited < SPINS {
                hint::spin_loop();
            } else {
                thread::park();
            }
        }
        seen = seen.wrapping_add(1);
        if board.closing.load(Ordering::Relaxed) {
            return;
        }
        let work = *board.work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Borrowed(work)) = work {
            // SAFETY: `Threads::run` keeps the work alive until `busy` has come down.
            let done = catch_unwind(AssertUnwindSafe(|| unsafe { (*work)(number) }));
            if done.is_err() {
                board.failed.store(true, Ordering::Relaxed);
            }
        }
        board.busy.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_whatever_the_number_of_threads() {
        for count in 1..=4 {
            let mut threads = Threads::new(count).unwrap();
            assert_eq!(threads.count(), count);
            let mut values = vec![0; 64];
            for _ in 0..200 {
                let parts = values.chunks_mut(64usize.div_ceil(count));
                threads.each(parts, |part| part.iter_mut().for_each(|value| *value += 1));
            }
            assert_eq!(values, vec![200; 64]);
        }
    }

    #[test]
    fn a_panic_on_any_thread_reaches_the_caller_and_the_threads_live_on() {
        let mut threads = Threads::new(2).unwrap();
        for bad in [0, 1] {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                threads.each([0, 1], |part| assert_ne!(part, bad));
            }));
            assert!(caught.is_err(), "part {bad}");
        }
        let done = AtomicUsize::new(0);
        threads.each([1, 2], |part| {
            done.fetch_add(part, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 3);
    }
}
