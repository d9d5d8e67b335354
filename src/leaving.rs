//! Leaving in time, whatever a film, a share, a plugin or the terminal does.
//!
//! The first request to leave lets everything end in order, and starts a clock. When that has run out, or at the second
//! signal, the process ends at once: what was in work stays queued in the store, as after any other death.

use std::{
    io::{self, Write},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use signal_hook::{consts::SIGHUP, low_level};

use crate::lock::lock;

/// An end in order may take so long.
const LIMIT: Duration = Duration::from_secs(4);
/// Giving the terminal back and telling why may take so long: a terminal or a log that hangs takes nothing.
const LAST_WORDS: Duration = Duration::from_millis(500);

static BEGUN: AtomicBool = AtomicBool::new(false);
static GIVE_BACK: Mutex<Option<fn()>> = Mutex::new(None);

/// Begins to leave: the process ends with `code` when its time has run out, unless it has ended before. Only the first
/// call counts.
pub fn begin(code: u8) {
    begin_because(code, "");
}

/// [`begin`] for a fault, which is told on standard error if the process has to be ended by force.
pub fn begin_because(code: u8, fault: &str) {
    if BEGUN.swap(true, Ordering::SeqCst) {
        return;
    }
    let fault = fault.to_owned();
    let clock = move || {
        thread::sleep(LIMIT);
        // Not after each other: the log may hang with what is left behind.
        let logged = begun(|| {
            tracing::warn!(
                "something did not end in time and was left behind; what was in work stays queued"
            );
        });
        let said = begun(move || {
            restore();
            say(&fault);
        });
        let until = Instant::now() + LAST_WORDS;
        for done in [said, logged] {
            let _ = done.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
        low_level::exit(code.into());
    };
    if thread::Builder::new().name("leaving".to_owned()).spawn(clock).is_err() {
        give_back();
        low_level::exit(code.into());
    }
}

/// Returns whether it has begun.
#[must_use]
pub fn has_begun() -> bool {
    BEGUN.load(Ordering::SeqCst)
}

/// Begins to leave because of a signal; the second one ends the process at once. A terminal that is gone may be told of
/// twice, by the system and by sshd, and nobody waits at it: that counts once.
pub fn begin_by_signal(signal: i32, code: u8) {
    if has_begun() && signal != SIGHUP {
        give_back();
        let _ = low_level::emulate_default_handler(signal);
    }
    begin(code);
}

/// Sets how the terminal is given back before an end by force; none: there is nothing to give back.
pub fn give_back_by(restore: Option<fn()>) {
    *lock(&GIVE_BACK) = restore;
}

/// Tells a fault, in our own words, once the terminal is the shell's again.
#[expect(clippy::disallowed_methods, reason = "nothing of it comes from outside")]
fn say(fault: &str) {
    if !fault.is_empty() {
        let _ = writeln!(io::stderr(), "cxr-triage: {fault}");
    }
}

/// Gives the terminal back, unless it hangs.
fn give_back() {
    let _ = begun(restore).recv_timeout(LAST_WORDS);
}

fn restore() {
    let restore = *lock(&GIVE_BACK);
    if let Some(restore) = restore {
        restore();
    }
}

/// Begins work that may hang, on a thread of its own; a message comes when it is done.
fn begun(work: impl FnOnce() + Send + 'static) -> mpsc::Receiver<()> {
    let (done_in, done) = mpsc::channel();
    // Without a thread it is not done, and nobody waits: the other end is gone.
    let _ = thread::Builder::new().spawn(move || {
        work();
        let _ = done_in.send(());
    });
    done
}
