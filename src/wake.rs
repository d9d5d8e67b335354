//! Wakes a thread when another process has changed a shared store: as a hint, beside the looks that the thread takes by
//! itself.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::Sender;

use crate::{
    store::{Hint, Listener, StoreError},
    store_place::StorePlace,
    supervise::{Loss, Supervisor, checkpoint},
};

/// How long one wait lasts: its end is noticed so late.
const WAIT: Duration = Duration::from_millis(500);
/// A thread is woken no more often.
const PAUSE: Duration = Duration::from_millis(200);
/// A server that cannot be heard is tried again after so many waits.
const TRY_AGAIN: u32 = 10;

/// A thread listens as long as this lives. It is not waited for: it holds nothing that anybody else needs.
#[derive(Debug)]
pub(crate) struct Wake(Arc<AtomicBool>);

impl Wake {
    /// Has a channel of one place hold a message when such a change was made; none for a store in a file.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn begin(
        place: &StorePlace,
        hint: Hint,
        wake: Sender<()>,
        supervisor: &Supervisor,
    ) -> io::Result<Option<Self>> {
        if !place.is_shared() {
            return Ok(None);
        }
        let (place, has_ended) = (place.clone(), Arc::new(AtomicBool::new(false)));
        let (is_asked, ends) = (Arc::clone(&has_ended), Arc::clone(&has_ended));
        supervisor.spawn(
            "wake",
            Loss::Slight("what other processes change is heard of later"),
            move || is_asked.load(Ordering::Relaxed),
            move || {
                while !ends.load(Ordering::Relaxed) {
                    if let Err(error) = listen(&place, hint, &wake, &ends) {
                        // Whoever works with the store tells of it.
                        tracing::debug!(%error, "changes of other hosts are heard of later");
                    }
                    for _ in 0..TRY_AGAIN {
                        if !ends.load(Ordering::Relaxed) {
                            thread::sleep(WAIT);
                        }
                    }
                }
            },
        )?;
        Ok(Some(Self(has_ended)))
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn listen(place: &StorePlace, hint: Hint, wake: &Sender<()>, ends: &AtomicBool) -> Result<(), StoreError> {
    let Some(listener) = Listener::open(place, hint)? else { return Ok(()) };
    // What was changed before, nobody has told.
    let _ = wake.try_send(());
    while !ends.load(Ordering::Relaxed) {
        checkpoint("wake");
        if listener.wait(WAIT)? {
            let _ = wake.try_send(());
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}
