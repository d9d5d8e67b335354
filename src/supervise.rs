//! Threads whose end is noticed.
//!
//! All threads of the pipeline and of the plugins are started here. One whose work ends without having been asked to is
//! told of and starts its work again; where that does not help, whoever runs the process hears that it has to end.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::{guard, lock::lock};

/// A thread's work starts again so often within [`WITHIN`].
const RESTARTS: usize = 5;
/// See [`RESTARTS`].
const WITHIN: Duration = Duration::from_secs(60);
/// Between the end of a thread's work and its next start.
const PAUSE: Duration = Duration::from_millis(100);

/// The loss with a thread whose work has ended too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The process is of no use without it, and ends. A clause that says why: "no film is scored".
    Vital(&'static str),
    /// The process goes on without it. A clause for the log: "changes are heard of later".
    Slight(&'static str),
}

/// Starts threads, and starts their work again when it ends.
#[derive(Clone)]
pub struct Supervisor {
    tell: Arc<dyn Fn(String) + Send + Sync>,
    ended_in: Sender<String>,
    ended: Receiver<String>,
    last: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Supervisor {
    /// `tell` is called with what went wrong, a sentence, on the thread that it went wrong on.
    pub fn new(tell: impl Fn(String) + Send + Sync + 'static) -> Self {
        let (ended_in, ended) = bounded(1);
        Self { tell: Arc::new(tell), ended_in, ended, last: Arc::default() }
    }

    /// Receives why a thread has ended for good: the process is of no use any more, and has to end.
    #[must_use]
    pub fn ended(&self) -> Receiver<String> {
        self.ended.clone()
    }

    /// Tells that something went wrong.
    pub fn tell(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        tracing::error!("{sentence}");
        *lock(&self.last) = Some((Instant::now(), sentence.clone()));
        (self.tell)(sentence);
    }

    /// The last thing that went wrong, if that was within the last minute.
    #[must_use]
    pub fn recent_failure(&self) -> Option<String> {
        lock(&self.last)
            .as_ref()
            .filter(|(at, _)| at.elapsed() < WITHIN)
            .map(|(_, sentence)| sentence.clone())
    }

    /// Makes the last failure older, as if so much time had passed since.
    #[cfg(test)]
    pub(crate) fn age_failure(&self, by: Duration) {
        if let Some((at, _)) = lock(&self.last).as_mut() {
            *at = at.checked_sub(by).unwrap_or(*at);
        }
    }

    /// Starts a thread. Its `work` starts again whenever it returns or panics, until `is_asked` says that it was asked to
    /// end, or until it has ended too often: then `loss` says what that means.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn spawn(
        &self,
        name: &str,
        loss: Loss,
        is_asked: impl Fn() -> bool + Send + 'static,
        work: impl FnMut() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        self.start((name, loss), RESTARTS, is_asked, work)
    }

    /// [`Self::spawn`] for a thread that ends with what this returns: its `work` is given a channel that is closed then.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn spawn_owned(
        &self,
        name: &str,
        loss: Loss,
        mut work: impl FnMut(&Receiver<Infallible>) + Send + 'static,
    ) -> io::Result<OwnedThread> {
        let (end, ends) = bounded(0);
        let has_ended = ends.clone();
        let thread = self.spawn(name, loss, move || is_closed(&has_ended), move || work(&ends))?;
        Ok(OwnedThread::new(end, thread))
    }

    /// Starts a thread whose work must not start again, for what it had at hand is lost with it.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn spawn_once(
        &self,
        name: &str,
        loss: Loss,
        is_asked: impl Fn() -> bool + Send + 'static,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let mut work = Some(work);
        self.start((name, loss), 0, is_asked, move || {
            if let Some(work) = work.take() {
                work();
            }
        })
    }

    fn start(
        &self,
        (name, loss): (&str, Loss),
        restarts: usize,
        is_asked: impl Fn() -> bool + Send + 'static,
        mut work: impl FnMut() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let (supervisor, thread) = (self.clone(), name.to_owned());
        let run = move || {
            let mut deaths = Deaths { most: restarts, times: VecDeque::new() };
            loop {
                // Work that starts again keeps only what stands between two of its turns.
                let end = catch_unwind(AssertUnwindSafe(&mut work));
                if is_asked() {
                    return;
                }
                let why = match &end {
                    Ok(()) => "it ended by itself".to_owned(),
                    Err(payload) => guard::message(payload.as_ref()),
                };
                if !deaths.allow_another(Instant::now()) {
                    return supervisor.give_up(&thread, loss, &why);
                }
                supervisor.tell(format!("The thread `{thread}` failed ({why}) and was started again."));
                thread::sleep(PAUSE);
            }
        };
        thread::Builder::new().name(name.to_owned()).spawn(run)
    }

    fn give_up(&self, thread: &str, loss: Loss, why: &str) {
        match loss {
            Loss::Vital(loss) => self.end(format!(
                "the thread `{thread}` failed ({why}), and without it {loss}: the program ends, so that it can be started \
                 again; nothing is lost"
            )),
            Loss::Slight(loss) => tracing::warn!("the thread `{thread}` failed ({why}) and has ended: {loss}"),
        }
    }

    /// Tells whoever runs the process that it has to end, and why.
    pub fn end(&self, why: impl Into<String>) {
        let sentence = why.into();
        tracing::error!("{sentence}");
        // One reason is enough.
        let _ = self.ended_in.try_send(sentence);
    }
}

impl Default for Supervisor {
    /// Tells the log alone.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").finish_non_exhaustive()
    }
}

/// A thread that is told to end, and waited for, when this is dropped.
#[derive(Debug)]
pub struct OwnedThread {
    end: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl OwnedThread {
    /// Takes a thread, and the channel that tells it by being closed that it is to end.
    #[must_use]
    pub fn new(end: Sender<Infallible>, thread: JoinHandle<()>) -> Self {
        Self { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for OwnedThread {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// When a thread's work ended of late.
struct Deaths {
    most: usize,
    times: VecDeque<Instant>,
}

impl Deaths {
    /// Returns whether the work may start again after it has ended `now`.
    fn allow_another(&mut self, now: Instant) -> bool {
        while self.times.front().is_some_and(|time| now.duration_since(*time) > WITHIN) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        self.times.len() <= self.most
    }
}

/// Puts the calling thread behind all others of the machine. Where that is not possible it stays as it is.
pub(crate) fn lower_priority() {
    // Elsewhere the call means the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::debug!(%error, "the priority of a thread stays as it is");
    }
}

/// Returns whether the other ends of a channel are gone, on which nothing can be sent: no message is taken out unseen.
#[must_use]
pub fn is_closed(channel: &Receiver<Infallible>) -> bool {
    matches!(channel.try_recv(), Err(TryRecvError::Disconnected))
}

/// Where tests make the thread that passes it panic.
#[inline]
pub(crate) fn checkpoint(_thread: &str) {
    #[cfg(test)]
    doomed::die_if_doomed(_thread);
}

/// Threads that die at their next checkpoint.
#[cfg(test)]
pub(crate) mod doomed {
    use std::sync::Mutex;

    use crate::lock::lock;

    static DOOMED: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());

    /// Dooms the thread that passes the checkpoint of that name, so many times.
    pub(crate) fn doom(thread: &str, times: usize) {
        lock(&DOOMED).push((thread.to_owned(), times));
    }

    pub(super) fn die_if_doomed(thread: &str) {
        let mut doomed = lock(&DOOMED);
        if let Some(at) = doomed.iter().position(|(name, _)| name == thread) {
            doomed[at].1 -= 1;
            if doomed[at].1 == 0 {
                doomed.remove(at);
            }
            drop(doomed);
            panic!("a test's");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicUsize, Ordering},
        },
        time::{Duration, Instant},
    };

    use crossbeam_channel::unbounded;

    use super::{Deaths, Loss, RESTARTS, Supervisor, WITHIN};

    const FILMS: Loss = Loss::Vital("no film is scored");

    #[test]
    fn work_that_dies_is_told_of_and_starts_again() {
        let (tell, told) = unbounded();
        let supervisor = Supervisor::new(move |sentence| tell.send(sentence).unwrap());
        let (done_in, done) = unbounded();
        let mut runs = 0;
        let asked = Arc::new(AtomicBool::new(false));
        let asks = Arc::clone(&asked);
        let work = move || {
            runs += 1;
            match runs {
                1 => panic!("the first time"),
                2 => {}
                _ => {
                    asked.store(true, Ordering::Relaxed);
                    done_in.send(runs).unwrap();
                }
            }
        };
        let thread = supervisor.spawn("feeder", FILMS, move || asks.load(Ordering::Relaxed), work).unwrap();
        assert_eq!(done.recv(), Ok(3));
        thread.join().unwrap();
        let recent = supervisor.recent_failure();
        drop(supervisor);
        let told: Vec<String> = told.iter().collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(recent.as_ref(), told.last());
        assert!(told[0].contains("`feeder` failed (the first time)"), "{told:?}");
        assert!(told[1].contains("it ended by itself"), "{told:?}");
    }

    #[test]
    fn a_thread_that_dies_too_often_ends_the_process_and_one_that_must_not_start_again_at_once() {
        let supervisor = Supervisor::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let dies = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            panic!("always");
        };
        supervisor.spawn("worker", FILMS, || false, dies).unwrap().join().unwrap();
        assert!(supervisor.ended().recv().unwrap().contains("`worker` failed (always)"));
        assert_eq!(runs.load(Ordering::Relaxed), RESTARTS + 1);

        supervisor.spawn_once("recorder", FILMS, || false, || {}).unwrap().join().unwrap();
        assert!(supervisor.ended().recv().unwrap().contains("`recorder`"));
    }

    #[test]
    fn what_is_lost_with_a_thread_is_said_and_a_hint_that_is_lost_ends_nothing() {
        let supervisor = Supervisor::default();
        let dies = || panic!("always");
        let loss = Loss::Slight("changes are heard of later");
        supervisor.spawn("wake", loss, || false, dies).unwrap().join().unwrap();
        assert!(supervisor.ended().try_recv().is_err());
        let loss = Loss::Vital("similar films cannot be searched");
        supervisor.spawn("similar", loss, || false, dies).unwrap().join().unwrap();
        let why = supervisor.ended().recv().unwrap();
        assert!(why.contains("`similar`") && why.contains("similar films cannot be searched"), "{why}");
        assert!(!why.contains("scored"), "{why}");
    }

    #[test]
    fn deaths_of_long_ago_are_forgotten() {
        let (start, mut deaths) = (Instant::now(), Deaths { most: 1, times: Default::default() });
        assert!(deaths.allow_another(start));
        assert!(deaths.allow_another(start + WITHIN + Duration::from_secs(1)));
        assert!(!deaths.allow_another(start + WITHIN + Duration::from_secs(2)));
    }
}
