//! Ctrl-C and its kin, as something to ask or to wait for.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crossbeam_channel::{Receiver, bounded};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::CommandError;
use crate::leaving;

/// A request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A person pressed ctrl-C.
    Interrupted,
    /// The system asked (SIGTERM, or the terminal went away).
    Asked,
}

/// The exit code of a command that was interrupted.
const INTERRUPTED: u8 = 130;

/// A channel that gets a message for the first request to stop, which also starts the clock of [`leaving`]. A second one
/// ends the process at once. A signal that whoever started the process has it ignore, as nohup does with SIGHUP, stays
/// ignored.
pub(super) fn stops() -> Result<Receiver<Stop>, CommandError> {
    listen(|stop| if stop == Stop::Interrupted { INTERRUPTED } else { 0 })
}

/// [`stops`] of a process that ends with the code that `code` says, where it does not end by itself.
fn listen(code: fn(Stop) -> u8) -> Result<Receiver<Stop>, CommandError> {
    let ignored = fs::read_to_string("/proc/self/status").map_or(0, |status| ignored(&status));
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(heard)
        .map_err(|error| CommandError::failed(format!("cannot listen for signals: {error}")))?;
    let (send, receive) = bounded(1);
    thread::spawn(move || {
        for signal in signals.forever() {
            let stop = if signal == SIGINT { Stop::Interrupted } else { Stop::Asked };
            leaving::begin_by_signal(signal, code(stop));
            let _ = send.try_send(stop);
        }
    });
    Ok(receive)
}

/// Returns the signals that a process ignores, signal 1 as the lowest bit, from what Linux says of the process.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// A flag that ctrl-C sets; a second ctrl-C ends the process at once.
pub(super) fn interrupted() -> Result<Arc<AtomicBool>, CommandError> {
    let flag = Arc::new(AtomicBool::new(false));
    let stops = listen(|_| INTERRUPTED)?;
    let set = Arc::clone(&flag);
    thread::spawn(move || {
        if stops.recv().is_ok() {
            set.store(true, Ordering::Relaxed);
        }
    });
    Ok(flag)
}
