//! Reading with a deadline. A share whose server has died answers no call and lets no thread go: files are read on
//! threads of their own, and one whose file does not come is left behind until it returns.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded, unbounded};

use super::{Expected, read_noting};
use crate::{
    guard::guarded,
    lock::{lock, unpoisoned},
};

/// How often a caller that waits looks whether it should go on waiting.
const GLANCE: Duration = Duration::from_millis(100);

/// When a read is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Within this time...
    pub window: Duration,
    /// ... so many bytes come at least, or the rest of the file.
    pub least: u64,
    /// Threads that may be left behind; beyond that, callers wait for one to return.
    pub most_abandoned: usize,
}

impl Default for Deadline {
    fn default() -> Self {
        Self { window: Duration::from_secs(15), least: 64 << 10, most_abandoned: 8 }
    }
}

/// How many bytes of a file have come.
#[derive(Debug, Default)]
pub struct Progress(AtomicU64);

impl Progress {
    /// So many bytes have come.
    pub fn is_at(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// Why a read was given up. It is the inner error of an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswerError {
    /// The file does not come.
    #[error("its disk or share does not answer")]
    Stalled,
    /// So many others do not come that this one was not even asked for.
    #[error("its disk or share does not answer, and neither do those of {0} other files")]
    TooMany(usize),
    /// The caller was told to stop.
    #[error("reading was stopped")]
    Stopped,
}

impl NoAnswerError {
    /// The reason in an error of [`Readers::read`], if a read was given up.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }

    fn error(self) -> io::Error {
        let kind = if self == Self::Stopped { io::ErrorKind::Interrupted } else { io::ErrorKind::TimedOut };
        io::Error::new(kind, self)
    }
}

type Work = dyn Fn(&Path, Expected, &Progress) -> io::Result<Vec<u8>> + Send + Sync;

/// Threads that read files, kept between files.
pub struct Readers(Arc<Shared>);

struct Shared {
    deadline: Deadline,
    work: Box<Work>,
    state: Mutex<State>,
    /// A thread that was left behind has returned.
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Sender<Job>>,
    abandoned: usize,
}

struct Job {
    /// The way to the thread that does it.
    thread: Sender<Job>,
    path: PathBuf,
    expected: Expected,
    progress: Arc<Progress>,
    /// Set, while the state is locked, by a caller who waits no longer.
    is_left: Arc<AtomicBool>,
    reply: Sender<io::Result<Vec<u8>>>,
}

/// The readers of this process.
#[must_use]
pub fn readers() -> Arc<Readers> {
    static READERS: OnceLock<Arc<Readers>> = OnceLock::new();
    Arc::clone(READERS.get_or_init(|| Arc::new(Readers::new(Deadline::default(), read_noting))))
}

impl Readers {
    /// Readers with a deadline and a way of reading of their own.
    pub fn new(
        deadline: Deadline,
        work: impl Fn(&Path, Expected, &Progress) -> io::Result<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        let (state, returned) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { deadline, work: Box::new(work), state, returned }))
    }

    /// Reads a regular file whole, as [`super::read`] does, but does not wait for what does not come, nor once
    /// `is_over` says so.
    ///
    /// # Errors
    /// Those of [`super::read`], or a [`NoAnswerError`].
    pub fn read(&self, path: &Path, expected: Expected, is_over: &dyn Fn() -> bool) -> io::Result<Vec<u8>> {
        let thread = self.thread(is_over)?;
        let (reply, answer) = bounded(1);
        let progress = Arc::new(Progress::default());
        let is_left = Arc::new(AtomicBool::new(false));
        let job = Job {
            thread: thread.clone(),
            path: path.to_owned(),
            expected,
            progress: Arc::clone(&progress),
            is_left: Arc::clone(&is_left),
            reply,
        };
        let broken = || io::Error::other("reading the file broke down");
        thread.send(job).map_err(|_| broken())?;
        let (mut had, mut since) = (0, Instant::now());
        loop {
            match answer.recv_timeout(GLANCE.min(self.0.deadline.window)) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(broken()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let has = progress.0.load(Ordering::Relaxed);
            if has >= had + self.0.deadline.least {
                (had, since) = (has, Instant::now());
            }
            let stopped = is_over();
            if stopped || since.elapsed() >= self.0.deadline.window {
                let mut state = self.0.lock();
                // It may just have come.
                if let Ok(result) = answer.try_recv() {
                    return result;
                }
                is_left.store(true, Ordering::Relaxed);
                state.abandoned += 1;
                drop(state);
                return Err(if stopped { NoAnswerError::Stopped } else { NoAnswerError::Stalled }.error());
            }
        }
    }

    /// Files that were asked for, do not come, and are waited for no longer.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        self.0.lock().abandoned
    }

    /// A thread that is free; waits for one where too many hang.
    fn thread(&self, is_over: &dyn Fn() -> bool) -> io::Result<Sender<Job>> {
        let started = Instant::now();
        let mut state = self.0.lock();
        loop {
            if let Some(idle) = state.idle.pop() {
                return Ok(idle);
            }
            if state.abandoned < self.0.deadline.most_abandoned {
                drop(state);
                return spawn(&self.0);
            }
            if is_over() {
                return Err(NoAnswerError::Stopped.error());
            }
            if started.elapsed() >= self.0.deadline.window {
                return Err(NoAnswerError::TooMany(state.abandoned).error());
            }
            let waited = self.0.returned.wait_timeout(state, GLANCE);
            state = unpoisoned(waited).0;
        }
    }
}

fn spawn(shared: &Arc<Shared>) -> io::Result<Sender<Job>> {
    let (jobs_in, jobs) = unbounded::<Job>();
    // Weak, so that the thread ends when nobody can call it any more.
    let shared = Arc::downgrade(shared);
    let run = move || {
        for job in jobs {
            let Some(shared) = shared.upgrade() else { return };
            let result = guarded(|| (shared.work)(&job.path, job.expected, &job.progress))
                .unwrap_or_else(|| Err(io::Error::other("reading the file broke down")));
            let mut state = shared.lock();
            if job.is_left.load(Ordering::Relaxed) {
                state.abandoned = state.abandoned.saturating_sub(1);
                shared.returned.notify_all();
            } else {
                let _ = job.reply.send(result);
            }
            state.idle.push(job.thread);
        }
    };
    thread::Builder::new().name("read".to_owned()).spawn(run)?;
    Ok(jobs_in)
}

impl Shared {
    /// A panic while it was held left whole numbers behind.
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SHORT: Deadline = Deadline { window: Duration::from_millis(500), least: 10, most_abandoned: 2 };
    const LONG: Deadline = Deadline { window: Duration::from_secs(3600), ..SHORT };

    fn never() -> bool {
        false
    }

    /// Readers of a share that answers with a file's name, but for files called "hang": those come when the test
    /// lets them go, one for each message.
    fn share(deadline: Deadline) -> (Readers, mpsc::Sender<()>) {
        let (release, released) = mpsc::channel();
        let released = Mutex::new(released);
        let work = move |path: &Path, _: Expected, _: &Progress| {
            let name = path.to_string_lossy().into_owned();
            if name == "hang" {
                let _ = released.lock().unwrap().recv();
            }
            Ok(name.into_bytes())
        };
        (Readers::new(deadline, work), release)
    }

    fn no_answer(readers: &Readers, name: &str) -> Option<NoAnswerError> {
        NoAnswerError::of(&readers.read(Path::new(name), Expected::FILM, &never).unwrap_err())
    }

    /// A file that answers does so at last, however busy the machine is.
    fn answer(readers: &Readers, name: &str) -> Vec<u8> {
        loop {
            match readers.read(Path::new(name), Expected::FILM, &never) {
                Err(error) if NoAnswerError::of(&error).is_some() => {}
                answer => return answer.unwrap(),
            }
        }
    }

    fn wait_for(readers: &Readers, abandoned: usize) {
        while readers.abandoned() != abandoned {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_share_that_hangs_costs_the_film_and_no_caller() {
        let (readers, release) = share(SHORT);
        assert_eq!(answer(&readers, "a"), b"a");
        assert_eq!(no_answer(&readers, "hang"), Some(NoAnswerError::Stalled));
        assert_eq!(answer(&readers, "b"), b"b", "others go on");
        wait_for(&readers, 1);
        release.send(()).unwrap();
        wait_for(&readers, 0);
        assert_eq!(answer(&readers, "c"), b"c");
    }

    #[test]
    fn threads_left_behind_are_few_and_one_that_returns_is_taken_again() {
        let (readers, release) = share(SHORT);
        for _ in 0..2 {
            assert_eq!(no_answer(&readers, "hang"), Some(NoAnswerError::Stalled));
        }
        let error = readers.read(Path::new("c"), Expected::FILM, &never).unwrap_err();
        assert_eq!(
            NoAnswerError::of(&error),
            Some(NoAnswerError::TooMany(2)),
            "no third thread is left behind"
        );
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        thread::scope(|scope| {
            let caller = scope.spawn(|| answer(&readers, "d"));
            release.send(()).unwrap();
            assert_eq!(caller.join().unwrap(), b"d");
        });
        wait_for(&readers, 1);
    }

    #[test]
    fn a_file_that_drips_is_given_up_although_something_comes() {
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let work = move |_: &Path, _: Expected, progress: &Progress| {
            progress.is_at(SHORT.least - 1);
            let _ = released.lock().unwrap().recv();
            Ok(Vec::new())
        };
        assert_eq!(no_answer(&Readers::new(SHORT, work), "drip"), Some(NoAnswerError::Stalled));
        drop(release);
    }

    #[test]
    fn a_caller_that_is_told_to_stop_waits_no_longer() {
        let (readers, release) = share(LONG);
        let error = readers.read(Path::new("hang"), Expected::FILM, &|| true).unwrap_err();
        assert_eq!(
            (NoAnswerError::of(&error), error.kind()),
            (Some(NoAnswerError::Stopped), io::ErrorKind::Interrupted)
        );
        drop(release);
    }

    #[test]
    fn a_read_that_panics_is_an_error_of_that_file() {
        let readers = Readers::new(LONG, |_: &Path, _: Expected, _: &Progress| panic!("a test's"));
        for _ in 0..3 {
            let error = readers.read(Path::new("a"), Expected::FILM, &never).unwrap_err();
            assert!(error.to_string().contains("broke down"), "{error}");
        }
        assert_eq!(readers.abandoned(), 0);
    }
}
