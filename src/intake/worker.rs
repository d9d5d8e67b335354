//! The thread that looks at the inbox: events, walks and due looks in, [`IntakeEvent`]s out.

use std::{
    convert::Infallible,
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
    Arrival, Fault, IntakeEvent, LookAgain, Options,
    disk::{self, Found, Identity},
    faults::{Cause, Faults},
    folders::Folders,
    left_out::{LeftOut, Register, Why},
    names::{self, Kind, Names},
    settle::{Settle, Sighting, Stamp},
};

/// Arrivals in one message.
const BATCH: usize = 256;

/// Events taken in one turn, before due files are looked at and arrivals sent.
const TURN: usize = 1_024;

/// How far a file server's clock may be behind ours before the first scan takes a file that is being
/// written for an old one.
const SERVER_CLOCK: Duration = Duration::from_secs(120);

/// The thread was told to stop, or nobody listens any more.
pub(super) struct Stopped;

pub(super) struct Worker<K> {
    pub(super) inbox: PathBuf,
    pub(super) poll: Option<Duration>,
    pub(super) clock_margin: Duration,
    pub(super) names: Names,
    /// How long a name that may be for the time being must rest.
    passing: Duration,
    known: K,
    out: Sender<IntakeEvent>,
    stop: Receiver<Infallible>,
    look_again: LookAgain,
    /// How often it has looked again.
    looked_again: u64,

    started: Instant,
    pub(super) settle: Settle,
    pub(super) folders: Folders,
    pub(super) faults: Faults,
    pub(super) left_out: Register,
    /// The count that was told last.
    told: LeftOut,
    /// `None` while the inbox is away.
    pub(super) identity: Option<Identity>,
    /// The last good inbox.
    pub(super) home: Option<Identity>,
    pub(super) next_check: Duration,
    pub(super) next_walk: Duration,

    /// Set until the first scan is done.
    pub(super) first: Option<FirstScan>,
    batch: Vec<Arrival>,
    /// Films whose sidecars became complete in this turn.
    sidecars: Vec<PathBuf>,
}

#[derive(Debug, Default)]
pub(super) struct FirstScan {
    files: usize,
    pub(super) walked: bool,
}

impl<K: Fn(&Path, u64, i64) -> bool> Worker<K> {
    pub(super) fn new(
        options: Options,
        known: K,
        out: Sender<IntakeEvent>,
        stop: Receiver<Infallible>,
    ) -> Self {
        let Options { inbox, poll, settle, passing, ignore, look_again, .. } = options;
        Self {
            inbox,
            poll,
            clock_margin: if poll.is_some() { SERVER_CLOCK } else { Duration::ZERO },
            names: Names::new(ignore),
            passing,
            known,
            out,
            stop,
            looked_again: look_again.count(),
            look_again,
            started: Instant::now(),
            settle: Settle::new(settle.max(poll.unwrap_or_default())),
            folders: Folders::new(),
            faults: Faults::default(),
            left_out: Register::default(),
            told: LeftOut::default(),
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
            self.forget_if_asked();
            if self.folders.missed() || self.now() >= self.next_walk {
                self.walk()?;
            }
            self.look_again()?;
            self.tell()?;
            self.wait()?;
        }
    }

    /// Forgets what was told, where it is asked for: it is found once more, and told unless the store knows it.
    fn forget_if_asked(&mut self) {
        let asked = self.look_again.count();
        if asked != self.looked_again {
            self.looked_again = asked;
            self.settle.forget_complete();
            if self.identity.is_some() {
                self.next_walk = Duration::ZERO;
            }
        }
    }

    pub(super) fn now(&self) -> Duration {
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
            } else {
                if leaves {
                    self.gone(path);
                }
                if !self.is_in_folder_left_out(within) {
                    self.look(path, sighting)?;
                }
            }
        }
        Ok(())
    }

    /// Whether nobody looks into a folder on the way to this path.
    fn is_in_folder_left_out(&self, within: &Path) -> bool {
        let mut folders = within.parent().into_iter().flat_map(Path::iter);
        folders.any(|folder| self.names.folder(folder).is_some())
    }

    /// Looks at one path that something is said of.
    fn look(&mut self, path: &Path, sighting: Sighting) -> Result<(), Stopped> {
        match disk::find(path) {
            Ok(Found::File(stamp)) => self.file(path, stamp, sighting),
            Ok(Found::Folder) => {
                self.settle.not_a_file(path);
                let name = path.file_name().unwrap_or_default();
                if self.names.folder(name).is_some() { Ok(()) } else { self.scan(path, false).map(|_| ()) }
            }
            Ok(Found::Other) => {
                self.special(path);
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

    pub(super) fn gone(&mut self, path: &Path) {
        self.settle.gone(path);
        self.left_out.gone(path);
        self.folders.unwatch(path);
        self.faults.forget(path);
    }

    /// Takes what is no file and no folder: it is left out, and counted.
    pub(super) fn special(&mut self, path: &Path) {
        self.gone(path);
        let within = path.strip_prefix(&self.inbox).unwrap_or(path);
        self.left_out.add(path, Stamp::NONE, self.names.special(within));
    }

    pub(super) fn file(&mut self, path: &Path, stamp: Stamp, sighting: Sighting) -> Result<(), Stopped> {
        let within = path.strip_prefix(&self.inbox).unwrap_or(path);
        let kind = self.names.kind(within);
        match kind {
            Kind::LeftOut(why) => return self.passing_name(path, stamp, sighting, why),
            Kind::Hidden => return self.passing_name(path, stamp, sighting, Why::Hidden),
            // A pipe may have lain in its place.
            Kind::Film | Kind::Sidecar => self.left_out.gone(path),
        }
        if kind == Kind::Film && matches!(sighting, Sighting::Found { .. }) {
            self.found();
        }
        if !self.settle.seen(path, stamp, sighting, self.now()) {
            return Ok(());
        }
        if kind == Kind::Sidecar {
            self.sidecars.push(names::film_of(path));
            return Ok(());
        }
        self.arrived(path, stamp)
    }

    /// Takes a file whose name says that it is no film, or begins with a dot. It may be one for the time being.
    fn passing_name(
        &mut self,
        path: &Path,
        stamp: Stamp,
        sighting: Sighting,
        why: Why,
    ) -> Result<(), Stopped> {
        if self.left_out.has(path, stamp) {
            return Ok(());
        }
        // In another state than the one that was left out.
        self.left_out.gone(path);
        let is_film = || why == Why::Hidden && disk::is_dicom(path);
        if let Sighting::Found { .. } = sighting {
            // The first scan waits for nothing that is no film.
            if !is_film() {
                self.left_out.add(path, stamp, why);
                return Ok(());
            }
            self.found();
        }
        if !self.settle.seen_at_rest(path, stamp, sighting, self.now(), self.passing) {
            return Ok(());
        }
        if is_film() {
            return self.arrived(path, stamp);
        }
        self.left_out.add(path, stamp, why);
        Ok(())
    }

    /// Counts a film of the first scan.
    fn found(&mut self) {
        if let Some(first) = &mut self.first {
            first.files += 1;
        }
    }

    /// A film is complete.
    fn arrived(&mut self, path: &Path, Stamp { size, modified_ns }: Stamp) -> Result<(), Stopped> {
        if !(self.known)(path, size, modified_ns) {
            self.batch.push(Arrival { path: path.to_path_buf(), size, modified_ns });
            if self.batch.len() >= BATCH {
                self.send_batch()?;
            }
        }
        Ok(())
    }

    // ---- what goes out

    pub(super) fn raise(&mut self, cause: Cause, sentence: String) -> Result<(), Stopped> {
        let folder = match &cause {
            Cause::Folder(folder) => Some(folder.clone()),
            Cause::Inbox | Cause::Events => None,
        };
        if self.faults.raise(cause) {
            self.send(IntakeEvent::Fault(Fault { sentence, folder }))
        } else {
            Ok(())
        }
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
        let left_out = self.left_out.counts();
        if self.told != left_out {
            self.told = left_out;
            self.send(IntakeEvent::LeftOut(left_out))?;
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

    pub(super) fn stop_asked(&self) -> Result<(), Stopped> {
        match self.stop.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            _ => Err(Stopped),
        }
    }
}
