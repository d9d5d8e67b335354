//! Ctrl-C and its kin, as something to ask or to wait for.

use std::{
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

use super::Failure;

/// A request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// A person pressed ctrl-C.
    Interrupted,
    /// The system asked (SIGTERM, or the terminal went away).
    Asked,
}

/// A channel that gets a message for each request to stop. A second one ends the process at once.
pub(super) fn stops() -> Result<Receiver<Stop>, Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
    let (send, receive) = bounded(1);
    thread::spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
            if asked {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            asked = true;
            let stop = if signal == SIGINT { Stop::Interrupted } else { Stop::Asked };
            let _ = send.try_send(stop);
        }
    });
    Ok(receive)
}

/// A flag that ctrl-C sets; a second ctrl-C ends the process at once.
pub(super) fn interrupted() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let stops = stops()?;
    let set = Arc::clone(&flag);
    thread::spawn(move || {
        if stops.recv().is_ok() {
            set.store(true, Ordering::Relaxed);
        }
    });
    Ok(flag)
}
