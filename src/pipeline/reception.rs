//! What the receiver tells of, as events, in the audit, and as what is known of each sender.
//!
//! The receiver's threads only hand over; one thread here writes. Whoever can connect can cause refusals, echoes and
//! associations without a film: what repeats is told once in a while, with how often it happened, so that neither the
//! audit nor a reader is flooded.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use jiff::{Timestamp, Zoned, civil::Date};
use serde_json::json;

use super::{Event, EventKind, Peer, notebook::Notebook};
use crate::{
    dicom::receive::{Event as Told, EventKind as ToldKind},
    store::NewEvent,
    store_place::StorePlace,
    study::AuditKind,
    supervise::{Loss, Supervisor},
    text::clean,
};

/// Events between the receiver and the thread that writes them down.
const WAITING: usize = 1024;
/// A sender waits so long for room among them: then its film lies in the inbox without having been told of here.
const ROOM: Duration = Duration::from_millis(250);
/// Events that are written down together.
const TOGETHER: usize = 256;
/// A refusal, an echo or an association without a film that repeats is told again after this.
const AGAIN: Duration = Duration::from_secs(60);
/// Refusals and senders that are remembered, so that they cannot fill the memory.
const REMEMBERED: usize = 1000;

/// Takes what a receiver tells of.
#[derive(Debug, Clone)]
pub struct Reception(Sender<(Told, Timestamp)>);

impl Reception {
    /// Starts the thread that writes events down: into the store, where there is one, as soon as that can be written to; and
    /// to `on_event`.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(
        store: Option<&StorePlace>,
        supervisor: &Supervisor,
        on_event: impl FnMut(Event) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, told) = bounded(WAITING);
        let notes = Notebook::of(store);
        let mut book = Book { notes, on_event, repeats: BTreeMap::new(), days: BTreeMap::new() };
        // It ends when the receiver has: nobody tells it anything any more.
        let has_ended = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&has_ended);
        supervisor.spawn(
            "reception",
            Loss::Vital("what comes in by DICOM is not told of"),
            move || has_ended.load(Ordering::Relaxed),
            move || {
                book.run(&told);
                ends.store(true, Ordering::Relaxed);
            },
        )?;
        Ok(Self(sender))
    }

    /// Hands an event over.
    pub fn tell(&self, event: &Told) {
        let message = (event.clone(), Timestamp::now());
        let is_lost = match event.kind {
            // A flood of these is told of by its first ones.
            ToldKind::Stray { .. } | ToldKind::Refused { .. } => self.0.try_send(message).is_err(),
            _ => self.0.send_timeout(message, ROOM).is_err(),
        };
        if is_lost {
            tracing::debug!("an event of the receiver was not told");
        }
    }
}

struct Book<F> {
    notes: Notebook,
    on_event: F,
    /// When what may repeat was last told, and how often it happened since.
    repeats: BTreeMap<(Peer, String), (Instant, u64)>,
    /// Films of each sender, of a day.
    days: BTreeMap<Peer, (Date, u64)>,
}

impl<F: FnMut(Event)> Book<F> {
    fn run(&mut self, told: &Receiver<(Told, Timestamp)>) {
        loop {
            let wait = self.notes.due_in().map_or_else(never, after);
            let first = select! {
                recv(told) -> first => match first {
                    Ok(first) => Some(first),
                    Err(_) => return self.notes.end(),
                },
                recv(wait) -> _ => None,
            };
            for (event, time) in first.into_iter().chain(told.try_iter().take(TOGETHER)) {
                self.take(event, time);
            }
            self.write_down();
        }
    }

    /// Writes down what is to be, and tells once where that cannot be done.
    fn write_down(&mut self) {
        if let Some(fault) = self.notes.write() {
            (self.on_event)(Event::error(fault, Timestamp::now()));
        }
    }

    fn take(&mut self, event: Told, time: Timestamp) {
        let Told { address, title, kind } = event;
        let sender = Peer { title: clean(&title), address: address.to_string() };
        match kind {
            ToldKind::Echoed => {
                self.notes.sender(&sender);
                if let Some(times) = self.times_to_tell((sender.clone(), "an echo".to_owned())) {
                    self.tell(EventKind::Echo { sender, times }, time);
                }
            }
            ToldKind::Stored { file, bytes, syntax, again } => {
                self.notes.sender(&sender).films += 1;
                self.count(&sender);
                let kind = EventKind::Stored { sender, bytes, syntax: clean(&syntax), again };
                (self.on_event)(Event::about_file(kind, None, &file, time));
            }
            ToldKind::NotStored { status, reason } => {
                self.refused(sender, format!("a film was not taken ({status:04X}H): {reason}"), time, true);
            }
            ToldKind::Limited { reason } | ToldKind::Refused { reason } => {
                self.refused(sender, reason, time, true);
            }
            // Whatever tries whether the port is open: no sender.
            ToldKind::Stray { reason } => self.refused(sender, reason, time, false),
            ToldKind::Ended { films, failed, bytes, lasted, broken } => {
                self.notes.sender(&sender);
                let times = if films > 0 {
                    Some(1)
                } else {
                    let end = broken.clone().unwrap_or_default();
                    self.times_to_tell((sender.clone(), format!("no film, {failed} failed, {end}")))
                };
                let Some(times) = times else { return };
                let films_today = self.films_today(&sender);
                if films + failed > 0 || broken.is_some() {
                    let broken = broken.as_deref();
                    self.notes.add(delivered(&sender, films, failed, bytes, broken, times));
                }
                let kind = EventKind::Association {
                    sender,
                    films,
                    failed,
                    bytes,
                    seconds: (lasted.as_secs_f64() * 1e3).round() / 1e3,
                    released: broken.is_none(),
                    broken,
                    films_today,
                    times,
                };
                self.tell(kind, time);
            }
        }
    }

    fn tell(&mut self, kind: EventKind, time: Timestamp) {
        (self.on_event)(Event::of_program(kind, time));
    }

    /// Tells of a refusal, unless it was told a moment ago. That of a sender is written down, too.
    fn refused(&mut self, sender: Peer, reason: String, time: Timestamp, is_sender: bool) {
        let Some(times) = self.times_to_tell((sender.clone(), reason.clone())) else { return };
        if is_sender {
            let news = self.notes.sender(&sender);
            news.refusals += times;
            news.reason = Some(reason.clone());
            let detail = json!({ "sender": sender.title, "address": sender.address, "reason": reason, "times": times });
            self.notes.add(NewEvent { detail, ..NewEvent::of(AuditKind::TurnedAway) });
        }
        tracing::warn!(address = sender.address, "a sender was turned away: {reason}");
        self.tell(EventKind::Refused { sender, reason, times }, time);
    }

    /// Returns how often something has happened since it was last told; none: it is not to be told yet.
    fn times_to_tell(&mut self, what: (Peer, String)) -> Option<u64> {
        let now = Instant::now();
        if self.repeats.len() >= REMEMBERED {
            self.repeats.retain(|_, (told, _)| now.duration_since(*told) < AGAIN);
        }
        let is_full = self.repeats.len() >= REMEMBERED;
        match self.repeats.entry(what) {
            Entry::Vacant(entry) => {
                if !is_full {
                    entry.insert((now, 0));
                }
                (!is_full).then_some(1)
            }
            Entry::Occupied(mut entry) => {
                let (told, since) = entry.get_mut();
                *since += 1;
                if now.duration_since(*told) < AGAIN {
                    return None;
                }
                *told = now;
                Some(std::mem::take(since))
            }
        }
    }

    fn count(&mut self, sender: &Peer) {
        let today = Zoned::now().date();
        if self.days.len() >= REMEMBERED {
            self.days.retain(|_, (day, _)| *day == today);
        }
        let (day, films) = self.days.entry(sender.clone()).or_insert((today, 0));
        *films = if *day == today { *films + 1 } else { 1 };
        *day = today;
    }

    fn films_today(&self, sender: &Peer) -> u64 {
        let today = Zoned::now().date();
        self.days.get(sender).filter(|(day, _)| *day == today).map_or(0, |(_, films)| *films)
    }
}

fn delivered(
    sender: &Peer,
    films: u64,
    failed: u64,
    bytes: u64,
    broken: Option<&str>,
    times: u64,
) -> NewEvent<'static> {
    let detail = json!({
        "sender": sender.title, "address": sender.address, "films": films, "failed": failed, "bytes": bytes,
        "broken": broken, "times": times,
    });
    NewEvent { detail, ..NewEvent::of(AuditKind::Delivered) }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, path::PathBuf};

    use crossbeam_channel::unbounded;

    use super::*;

    fn told(title: &str, kind: ToldKind) -> Told {
        Told { address: Ipv4Addr::LOCALHOST.into(), title: title.to_owned(), kind }
    }

    /// The events that come of what a receiver tells.
    fn events(tells: impl IntoIterator<Item = Told>) -> Vec<Event> {
        let (send, events) = unbounded();
        let tell = move |event| send.send(event).unwrap();
        let reception = Reception::start(None, &Supervisor::default(), tell).unwrap();
        tells.into_iter().for_each(|event| reception.tell(&event));
        drop(reception);
        events.iter().collect()
    }

    #[test]
    fn an_association_tells_how_many_films_its_sender_brought_today() {
        let stored = |title| {
            let file = PathBuf::from("/in/received-1.dcm");
            told(title, ToldKind::Stored { file, bytes: 10, syntax: "1.2".to_owned(), again: false })
        };
        let ended = |title, films| {
            let lasted = Duration::from_millis(1_500);
            told(title, ToldKind::Ended { films, failed: 0, bytes: 10, lasted, broken: None })
        };
        let events =
            events([stored("CR-1"), stored("DX-2"), ended("CR-1", 1), stored("CR-1"), ended("CR-1", 1)]);
        let lines: Vec<_> = events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
        assert_eq!(lines[0]["event"], "stored");
        assert_eq!((&lines[0]["sender"], &lines[0]["path"]), (&json!("CR-1"), &json!("/in/received-1.dcm")));
        let associations: Vec<_> = lines.iter().filter(|line| line["event"] == "association").collect();
        assert_eq!(associations[0]["films_today"], 1);
        assert_eq!(
            (&associations[1]["films_today"], &associations[1]["released"]),
            (&json!(2), &json!(true))
        );
        assert_eq!(associations[1]["seconds"], 1.5);
    }

    #[test]
    fn what_repeats_is_told_once_and_another_reason_at_once() {
        let refused = |reason: &str| told("CT-2", ToldKind::Refused { reason: reason.to_owned() });
        let flood = (0..500).map(|_| refused("not on the list"));
        let empty = |broken: Option<&str>| {
            let (lasted, broken) = (Duration::from_millis(2), broken.map(str::to_owned));
            told("CT-2", ToldKind::Ended { films: 0, failed: 0, bytes: 0, lasted, broken })
        };
        let others =
            (0..500).flat_map(|_| [told("CT-2", ToldKind::Echoed), empty(None), empty(Some("an abort"))]);
        let events = events(flood.chain([refused("calls another title")]).chain(others));
        assert_eq!(events.len(), 2 + 1 + 2, "{events:#?}");
        let refusals = events.iter().filter(|event| matches!(event.kind, EventKind::Refused { .. }));
        let reasons: Vec<_> = refusals
            .map(|event| match &event.kind {
                EventKind::Refused { reason, times, .. } => (reason.as_str(), *times),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(reasons, [("not on the list", 1), ("calls another title", 1)]);
    }
}
