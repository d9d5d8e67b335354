//! The events of a service on standard output, one JSON object a line.

use std::io::Write;

use crossbeam_channel::{Receiver, bounded, never, select};
use jiff::Timestamp;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};

use super::{
    CommandError,
    output::{stdout, terminal},
    signals::Stop,
};
use crate::{
    deliver::ResultNews,
    pipeline::{Event, EventKind},
    study::SendingState,
};

/// Events between a service and standard output; a reader that stalls stalls the service.
pub(super) const EVENTS: usize = 256;

/// The reasons outside to end the printing.
pub(super) struct Ends {
    pub(super) stops: Receiver<Stop>,
    /// Nobody reads standard output any more.
    pub(super) unread: Receiver<()>,
    /// A thread has ended for good.
    pub(super) ended: Receiver<String>,
}

/// How events are printed, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) no_names: bool,
    /// Until nothing is waiting any more.
    pub(super) once: bool,
}

/// A channel that gets a message when nobody can read standard output any more, also while there is nothing to say.
pub(super) fn unread() -> Result<Receiver<()>, CommandError> {
    let (send, receive) = bounded(1);
    std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        loop {
            let stdout = terminal();
            // Without a wish: a hang-up and an error are told all the same.
            let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut polled, None) {
                Err(Errno::INTR) => {}
                Ok(_) if polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => break,
                _ => return,
            }
        }
        let _ = send.send(());
    })?;
    Ok(receive)
}

/// The event that tells what became of a result.
pub(super) fn of_result(news: &ResultNews, time: Timestamp) -> Event {
    let (destination, version) = (news.sending.destination.clone(), news.sending.version);
    let kind = match news.sending.state.clone() {
        SendingState::Sent { remark, .. } => {
            EventKind::Sent { destination, version, remark: Some(remark).filter(|remark| !remark.is_empty()) }
        }
        SendingState::Failing { why, next } => {
            EventKind::Unsent { destination, version, reason: why, next_try: Some(next) }
        }
        SendingState::GivenUp { why, .. } => {
            EventKind::Unsent { destination, version, reason: why, next_try: None }
        }
        // A result that has changed since: it is tried again at once.
        SendingState::Waiting => {
            let reason = "the result has changed since".to_owned();
            EventKind::Unsent { destination, version, reason, next_try: Some(time) }
        }
    };
    Event::about_study(kind, &news.study, time)
}

/// Prints events until a reason to end comes.
///
/// # Errors
/// The output is closed, a thread has ended for good, or a person interrupted.
pub(super) fn print(events: &Receiver<Event>, ends: &Ends, wanted: Wanted) -> Result<(), CommandError> {
    let mut out = stdout();
    let mut unread = ends.unread.clone();
    loop {
        select! {
            recv(unread) -> hung_up => match hung_up {
                Ok(()) => return Err(CommandError::OutputClosed),
                // It cannot be known here before something is written.
                Err(_) => unread = never(),
            },
            recv(ends.ended) -> why => {
                let why = why.unwrap_or_else(|_| "the pipeline has ended".to_owned());
                let event = Event::error(why.clone(), Timestamp::now());
                out.json(&event)?;
                out.flush()?;
                return Err(CommandError::failed(why));
            }
            recv(events) -> event => {
                let Ok(event) = event else { return Ok(()) };
                let is_end = wanted.once && matches!(event.kind, EventKind::Idle { .. });
                out.json(&if wanted.no_names { event.without_names() } else { event })?;
                if events.is_empty() {
                    out.flush()?;
                }
                if is_end {
                    return Ok(());
                }
            }
            recv(ends.stops) -> stop => return match stop {
                Ok(Stop::Interrupted) => Err(CommandError::Interrupted),
                _ => Ok(()),
            },
        }
    }
}
