//! An inbox on a real file system, watched.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crossbeam_channel::{Receiver, bounded};
use cxr_triage::intake::{self, Arrival, Intake, IntakeEvent, Options};
use tempfile::TempDir;

/// Far more than anything here takes.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct Inbox {
    /// First, so that it is stopped before its folder is deleted.
    _intake: Intake,
    /// Holds `in`, the inbox, and whatever a test keeps outside it.
    pub(super) place: TempDir,
    pub(super) events: Receiver<IntakeEvent>,
}

impl Inbox {
    /// An inbox that `prepare` has filled, watched from now on.
    pub(super) fn start(prepare: impl FnOnce(&Path), poll: Option<Duration>) -> Self {
        Self::start_with(prepare, poll, Duration::from_millis(100))
    }

    pub(super) fn start_with(prepare: impl FnOnce(&Path), poll: Option<Duration>, settle: Duration) -> Self {
        Self::run(prepare, |inbox| Options { poll, settle, ..Options::new(inbox) })
    }

    pub(super) fn start_passing(prepare: impl FnOnce(&Path), passing: Duration) -> Self {
        Self::run(prepare, |inbox| Options {
            settle: Duration::from_millis(100),
            passing,
            ..Options::new(inbox)
        })
    }

    pub(super) fn run(prepare: impl FnOnce(&Path), options: impl FnOnce(&Path) -> Options) -> Self {
        let place = tempfile::tempdir().unwrap();
        let inbox = place.path().join("in");
        fs::create_dir(&inbox).unwrap();
        prepare(&inbox);
        let (out, events) = bounded(64);
        let options = options(&inbox);
        let known = |path: &Path, _: u64, _: i64| path.ends_with("known.dcm");
        let intake = intake::start(options, known, out).unwrap();
        Self { _intake: intake, place, events }
    }

    /// An empty inbox whose first scan is over.
    pub(super) fn empty(poll: Option<Duration>) -> Self {
        let inbox = Self::start(|_| (), poll);
        assert_eq!(inbox.next(), IntakeEvent::FirstScanDone { files: 0 });
        inbox
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join("in").join(name)
    }

    pub(super) fn outside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(super) fn next(&self) -> IntakeEvent {
        self.events.recv_timeout(TIMEOUT).expect("intake says something")
    }

    /// The next arrivals, one or many.
    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        match self.next() {
            IntakeEvent::Arrivals(arrivals) => arrivals,
            other => panic!("expected arrivals, got {other:?}"),
        }
    }

    /// Everything told until a marker arrives. The marker is a new link to an old file: no writer
    /// closes it, so it rests as long as anything before it.
    pub(super) fn until_marker(&self, name: &str) -> Vec<IntakeEvent> {
        let original = self.outside(name);
        fs::write(&original, "marker").unwrap();
        fs::hard_link(&original, self.path(name)).unwrap();
        let mut told = Vec::new();
        loop {
            match self.next() {
                IntakeEvent::Arrivals(mut arrivals) => {
                    let marked = arrivals.iter().position(|arrival| arrival.path == self.path(name));
                    arrivals.retain(|arrival| arrival.path != self.path(name));
                    if !arrivals.is_empty() {
                        told.push(IntakeEvent::Arrivals(arrivals));
                    }
                    if marked.is_some() {
                        return told;
                    }
                }
                other => told.push(other),
            }
        }
    }

    /// How often each film came until the marker, by path within the inbox.
    pub(super) fn films_until_marker(&self, name: &str) -> BTreeMap<String, usize> {
        let mut films = BTreeMap::new();
        for event in self.until_marker(name) {
            let IntakeEvent::Arrivals(arrivals) = event else { panic!("expected arrivals, got {event:?}") };
            for arrival in arrivals {
                let within = arrival.path.strip_prefix(self.path("")).unwrap().display().to_string();
                *films.entry(within).or_default() += 1;
            }
        }
        films
    }
}

pub(super) fn once(names: &[&str]) -> BTreeMap<String, usize> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

/// The beginning of a DICOM file.
pub(super) fn dicom() -> Vec<u8> {
    [&[0; 128][..], b"DICM\x02\0\0\0UL\x04\0\0\0\0\0"].concat()
}

/// An inbox in which passing names rest only a moment, its first scan over.
pub(super) fn impatient(prepare: impl FnOnce(&Path)) -> (Inbox, Vec<IntakeEvent>) {
    let inbox = Inbox::start_passing(prepare, Duration::from_millis(100));
    let mut told = Vec::new();
    loop {
        match inbox.next() {
            IntakeEvent::FirstScanDone { .. } => return (inbox, told),
            event => told.push(event),
        }
    }
}

pub(super) fn rename_into_place(path: &Path, content: &[u8]) {
    let unfinished = path.with_file_name(".unfinished");
    fs::write(&unfinished, content).unwrap();
    fs::rename(&unfinished, path).unwrap();
}
