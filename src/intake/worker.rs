//! The thread that looks at the inbox: events, walks and due looks in, [`IntakeEvent`]s out.

use std::{
    convert::Infallible,
    fs::{self, ReadDir},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, select};
use notify::{
    Event, EventKind,
    event::{AccessKind, ModifyKind, RenameMode},
};

use super::{
    Arrival, IntakeEvent, Options,
    disk::{self, Found, Identity},
    faults::{Cause, Faults},
    folders::{Folders, NoWatch},
    names::{self, Ignored, Kind},
    settle::{Settle, Sighting, Stamp},
    shown,
};

/// Arrivals in one message.
const BATCH: usize = 256;

/// Events taken in one turn, before due files are looked at and arrivals sent.
const TURN: usize = 1_024;

/// How often we look whether the inbox is still the same folder.
const CHECK: Duration = Duration::from_secs(2);

/// Events can be missed in ways that no system admits: look through everything this often, or more
/// seldom where that takes long (at most a twentieth of the time).
const SAFETY: Duration = Duration::from_secs(60);

/// Polling where the system gives no watches.
const FALLBACK_POLL: Duration = Duration::from_secs(2);

/// How far a file server's clock may be behind ours before the first scan takes a file that is being
/// written for an old one.
const SERVER_CLOCK: Duration = Duration::from_secs(120);

/// The thread was told to stop, or nobody listens any more.
struct Stopped;

pub(super) struct Worker<K> {
    inbox: PathBuf,
    poll: Option<Duration>,
    clock_margin: Duration,
    ignored: Ignored,
    known: K,
    out: Sender<IntakeEvent>,
    stop: Receiver<Infallible>,

    started: Instant,
    settle: Settle,
    folders: Folders,
    faults: Faults,
    /// `None` while the inbox is away.
    identity: Option<Identity>,
    /// The last good inbox.
    home: Option<Identity>,
    next_check: Duration,
    next_walk: Duration,

    /// Set until the first scan is done.
    first: Option<FirstScan>,
    batch: Vec<Arrival>,
    /// Films whose sidecars became complete in this turn.
    sidecars: Vec<PathBuf>,
}

#[derive(Debug, Default)]
struct FirstScan {
    files: usize,
    walked: bool,
}

impl<K: Fn(&Path, u64, i64) -> bool> Worker<K> {
    pub(super) fn new(
        options: Options,
        known: K,
        out: Sender<IntakeEvent>,
        stop: Receiver<Infallible>,
    ) -> Self {
        let Options { inbox, poll, settle, ignore } = options;
        Self {
            inbox,
            poll,
            clock_margin: if poll.is_some() { SERVER_CLOCK } else { Duration::ZERO },
            ignored: Ignored::new(ignore),
            known,
            out,
            stop,
            started: Instant::now(),
            settle: Settle::new(settle.max(poll.unwrap_or_default())),
            folders: Folders::new(),
            faults: Faults::default(),
            identity: None,
            home: None,
            next_check: Duration::ZERO,
            next_walk: Duration::MAX,
            first: Some(FirstScan::default()),
            batch: Vec::with_capacity(BATCH),
            sidecars: Vec::new(),
        }
    }

    pub(super) fn run(mut self) {
        // Stopping is the one way out, and no failure.
        let Err(Stopped) = self.turns();
    }

    fn turns(&mut self) -> Result<Infallible, Stopped> {
        loop {
            if self.now() >= self.next_check {
                self.check_inbox()?;
            }
            if self.folders.missed() || self.now() >= self.next_walk {
                self.walk()?;
            }
            self.look_again()?;
            self.tell()?;
            self.wait()?;
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    // ---- what comes in

    /// Waits for events until something is due, and takes them.
    fn wait(&mut self) -> Result<(), Stopped> {
        let due = self.next_check.min(self.next_walk).min(self.settle.next_look().unwrap_or(Duration::MAX));
        let rest = due.saturating_sub(self.now());
        let events = self.folders.events().clone();
        let event = select! {
            recv(self.stop) -> _ => return Err(Stopped),
            recv(events) -> event => event,
            default(rest) => return Ok(()),
        };
        for event in event.into_iter().chain(events.try_iter().take(TURN)) {
            self.take(&event)?;
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) -> Result<(), Stopped> {
        let sighting = match event.kind {
            EventKind::Access(AccessKind::Close(_)) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
                Sighting::Whole
            }
            // Told as From and To already.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return Ok(()),
            EventKind::Modify(ModifyKind::Metadata(_)) => Sighting::Looked,
            _ => Sighting::Written,
        };
        let leaves = matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From))
        );
        for path in &event.paths {
            let Ok(within) = path.strip_prefix(&self.inbox) else { continue };
            if within.as_os_str().is_empty() {
                if leaves {
                    self.identity = None;
                }
                self.next_check = Duration::ZERO;
            } else if !self.ignored.has_within(within) {
                if leaves {
                    self.gone(path);
                }
                self.look(path, sighting)?;
            }
        }
        Ok(())
    }

    /// Looks at one path that something is said of.
    fn look(&mut self, path: &Path, sighting: Sighting) -> Result<(), Stopped> {
        match disk::find(path) {
            Ok(Found::File(stamp)) => self.file(path, stamp, sighting),
            Ok(Found::Folder) => {
                self.settle.not_a_file(path);
                self.scan(path, false).map(|_| ())
            }
            Ok(Found::Other) => {
                self.gone(path);
                Ok(())
            }
            Err(error) => {
                self.gone(path);
                match path.parent() {
                    Some(folder) if error.kind() != io::ErrorKind::NotFound => {
                        self.unreadable(folder, &error)
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    fn look_again(&mut self) -> Result<(), Stopped> {
        let now = self.now();
        while let Some(path) = self.settle.due(now) {
            self.stop_asked()?;
            self.look(&path, Sighting::Looked)?;
        }
        Ok(())
    }

    fn gone(&mut self, path: &Path) {
        self.settle.gone(path);
        self.folders.unwatch(path);
        self.faults.forget(path);
    }

    fn file(&mut self, path: &Path, stamp: Stamp, sighting: Sighting) -> Result<(), Stopped> {
        let kind = names::kind(path);
        if kind == Kind::Index {
            return Ok(());
        }
        if let (Some(first), Kind::Film, Sighting::Found { .. }) = (&mut self.first, kind, sighting) {
            first.files += 1;
        }
        if !self.settle.seen(path, stamp, sighting, self.now()) {
            return Ok(());
        }
        if kind == Kind::Sidecar {
            self.sidecars.push(names::film_of(path));
        } else if !(self.known)(path, stamp.size, stamp.modified_ns) {
            let Stamp { size, modified_ns } = stamp;
            self.batch.push(Arrival { path: path.to_path_buf(), size, modified_ns });
            if self.batch.len() >= BATCH {
                self.send_batch()?;
            }
        }
        Ok(())
    }

    // ---- the inbox as a whole

    /// Looks whether the inbox is there and is the folder that is watched; begins (again) if not.
    fn check_inbox(&mut self) -> Result<(), Stopped> {
        self.next_check = self.now() + CHECK;
        let identity = match disk::identity(&self.inbox) {
            Ok(identity) => identity,
            Err(error) => return self.inbox_away(&error.to_string()),
        };
        if self.identity == Some(identity) {
            return Ok(());
        }
        let other_device = self.home.is_some_and(|home| home.device != identity.device);
        if other_device && disk::is_empty(&self.inbox) {
            return self.inbox_away("an empty folder of another file system is in its place");
        }
        self.identity = Some(identity);
        self.home = self.identity;
        if self.poll.is_none()
            && let Err(problem) = self.folders.renew()
        {
            self.poll_instead(&problem)?;
        }
        self.walk()
    }

    fn inbox_away(&mut self, why: &str) -> Result<(), Stopped> {
        self.identity = None;
        self.next_walk = Duration::MAX;
        self.folders.close();
        if let Some(first) = &mut self.first {
            first.walked = true;
        }
        let sentence = format!(
            "The inbox {} cannot be read ({why}): was it unmounted, moved or deleted? New films are not seen \
             until it is back; it is tried every {} seconds.",
            shown(&self.inbox),
            CHECK.as_secs()
        );
        self.raise(Cause::Inbox, sentence)
    }

    fn poll_instead(&mut self, problem: &NoWatch) -> Result<(), Stopped> {
        self.poll = Some(FALLBACK_POLL);
        self.next_walk = self.now() + FALLBACK_POLL;
        self.folders.close();
        let sentence = format!(
            "The system gives no more watches on folders ({}): the inbox is looked through every {} seconds \
             instead. Raise fs.inotify.max_user_watches and max_user_instances with sysctl, or set polling \
             for the inbox in the configuration.",
            problem.0,
            FALLBACK_POLL.as_secs()
        );
        self.raise(Cause::Events, sentence)
    }

    /// Looks the whole inbox through.
    fn walk(&mut self) -> Result<(), Stopped> {
        self.next_walk = Duration::MAX;
        if self.identity.is_none() {
            // The next check finds it, and walks.
            return Ok(());
        }
        let began = self.now();
        self.settle.begin_walk();
        let inbox = self.inbox.clone();
        let first = self.first.as_ref().is_some_and(|first| !first.walked);
        if self.scan(&inbox, first)? {
            self.settle.end_walk();
            self.faults.forget_missing();
        }
        if let Some(first) = &mut self.first {
            first.walked = true;
        }
        if self.identity.is_some() {
            let took = self.now().saturating_sub(began);
            self.next_walk = self.now() + self.poll.unwrap_or(SAFETY.max(took * 20));
        }
        Ok(())
    }

    /// Lists a folder and all beneath it; watches each before listing it. True when all could be seen.
    fn scan(&mut self, top: &Path, first: bool) -> Result<bool, Stopped> {
        let mut folders = vec![top.to_path_buf()];
        let mut complete = true;
        while let Some(folder) = folders.pop() {
            let is_inbox = folder == self.inbox;
            if let Err(problem) = self.folders.watch(&folder, is_inbox) {
                self.poll_instead(&problem)?;
            }
            let listed = match fs::read_dir(&folder) {
                Ok(entries) => {
                    if is_inbox {
                        self.faults.clear(&Cause::Inbox);
                    }
                    self.list(entries, first, &mut folders)?
                }
                Err(error) if is_inbox => {
                    self.inbox_away(&error.to_string())?;
                    return Ok(false);
                }
                Err(error) => Err(error),
            };
            match listed {
                Ok(()) => self.faults.clear(&Cause::Folder(folder)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.gone(&folder),
                Err(error) => {
                    complete = false;
                    self.unreadable(&folder, &error)?;
                }
            }
        }
        Ok(complete)
    }

    /// Takes one folder's entries. The inner error is that of something in it that could not be read.
    fn list(
        &mut self,
        entries: ReadDir,
        first: bool,
        folders: &mut Vec<PathBuf>,
    ) -> Result<io::Result<()>, Stopped> {
        let mut outcome = Ok(());
        for entry in entries {
            self.stop_asked()?;
            let entry = match entry {
                Ok(entry) => entry,
                // A listing that breaks off can repeat its error for ever.
                Err(error) => return Ok(Err(error)),
            };
            if self.ignored.has(&entry.file_name()) {
                continue;
            }
            let path = entry.path();
            match disk::find(&path) {
                Ok(Found::File(stamp)) => {
                    let age = disk::age(stamp).saturating_sub(self.clock_margin);
                    let sighting = if first { Sighting::Found { age } } else { Sighting::Looked };
                    self.file(&path, stamp, sighting)?;
                }
                Ok(Found::Folder) => folders.push(path),
                Ok(Found::Other) => {}
                // Gone since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => outcome = Err(error),
            }
        }
        Ok(outcome)
    }

    fn unreadable(&mut self, folder: &Path, error: &io::Error) -> Result<(), Stopped> {
        let sentence = format!(
            "The folder {} cannot be read ({error}): films in it are not seen. Give the user that runs \
             cxr-triage permission to list it and to read in it.",
            shown(folder)
        );
        self.raise(Cause::Folder(folder.to_path_buf()), sentence)
    }

    // ---- what goes out

    fn raise(&mut self, cause: Cause, sentence: String) -> Result<(), Stopped> {
        if self.faults.raise(cause) { self.send(IntakeEvent::Fault(sentence)) } else { Ok(()) }
    }

    /// Tells what this turn has brought, films before their sidecars.
    fn tell(&mut self) -> Result<(), Stopped> {
        self.send_batch()?;
        for film in std::mem::take(&mut self.sidecars) {
            // A film that is still to come is read with its sidecar.
            if self.settle.is_complete(&film) {
                self.send(IntakeEvent::Sidecar { film })?;
            }
        }
        if self.faults.recovered() {
            self.send(IntakeEvent::Recovered)?;
        }
        if self.settle.first_waiting() == 0
            && let Some(FirstScan { files, .. }) = self.first.take_if(|first| first.walked)
        {
            self.send(IntakeEvent::FirstScanDone { files })?;
        }
        Ok(())
    }

    fn send_batch(&mut self) -> Result<(), Stopped> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.send(IntakeEvent::Arrivals(batch))
    }

    /// Waits while the receiver is full, but not when told to stop.
    fn send(&self, event: IntakeEvent) -> Result<(), Stopped> {
        select! {
            send(self.out, event) -> sent => sent.map_err(|_| Stopped),
            recv(self.stop) -> _ => Err(Stopped),
        }
    }

    fn stop_asked(&self) -> Result<(), Stopped> {
        match self.stop.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            _ => Err(Stopped),
        }
    }
}
