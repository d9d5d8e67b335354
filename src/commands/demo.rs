//! `demo`: a dashboard with an inbox that fills with phantom films, for somebody who has none.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::Zoned;

use super::{
    CommandError,
    cli::{DemoArgs, GlobalArgs, WatchArgs},
    setup::Setup,
    watch,
};
use crate::{
    config::{Config, Retention},
    model::PHANTOM_MODEL,
    phantom::Phantom,
    quality::Action,
    text::shown,
};

/// What the screen says for as long as the demonstration runs.
const REMARK: &str = "DEMO: synthetic phantoms, no patients.";
/// The same where the model knows patients' films: it is right that phantoms are unlike them.
const REMARK_OF_OTHERS: &str = "DEMO: synthetic phantoms, no patients; the gate for films unlike the training films only \
                                warns here.";
/// So many are there at the start.
const AT_ONCE: u64 = 4;
/// Width and height of a film in pixels.
const SIDE: u32 = 1000;

/// Runs `demo`.
pub(super) fn run(args: &DemoArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let folder = Folder::new()?;
    // Whatever the site scores its patients with: only this one knows phantoms.
    let model = global.model.clone().unwrap_or_else(|| PHANTOM_MODEL.to_owned());
    let remark = if model == PHANTOM_MODEL { REMARK } else { REMARK_OF_OTHERS };
    let global = GlobalArgs { store: Some(folder.0.join("demo.db")), model: Some(model), ..global.clone() };
    let setup = Arc::new(Setup::adjusted(&global, |config: &mut Config| {
        // A phantom is never held for its features, which are not those of people.
        config.quality.out_of_distribution = Action::Warn;
        config.feed_alarm.after = None;
        // Phantoms are nobody's numbers, and nothing of theirs is to go.
        config.metrics.textfile = None;
        config.retention = Retention::default();
    })?);
    let watch = WatchArgs { inbox: Some(folder.inbox()), ..args.watch() };
    let senders = Senders::start(&folder.inbox(), args)?;
    let end = watch::attend(&setup, &watch, Some(remark));
    drop(senders);
    end
}

/// A folder of our own that goes when the demonstration ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, CommandError> {
        let cannot = |error: io::Error| {
            CommandError::failed(format!("cannot make a folder for the demonstration: {error}"))
        };
        let made = std::env::temp_dir().join(format!("cxr-triage-demo-{}", std::process::id()));
        // Not `create_dir_all`: a folder of that name that somebody else made is not ours.
        fs::create_dir(&made).map_err(cannot)?;
        let folder = Self(made);
        fs::create_dir(folder.inbox()).map_err(cannot)?;
        Ok(folder)
    }

    fn inbox(&self) -> PathBuf {
        self.0.join("inbox")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = shown(&self.0), "the demonstration's folder stays");
        }
    }
}

/// The thread that sends films, until it is dropped.
struct Senders {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Senders {
    fn start(inbox: &Path, args: &DemoArgs) -> io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let (inbox, seed, films) = (inbox.to_owned(), args.seed, args.films.unwrap_or(u64::MAX));
        let every = args.every.unsigned_abs();
        let thread = thread::Builder::new().name("phantoms".into()).spawn(move || {
            if let Err(error) = send(&inbox, seed, films, every, &stopped) {
                tracing::error!(%error, "no more phantoms come");
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends one film after the other, the first few at once.
fn send(inbox: &Path, seed: u64, films: u64, every: Duration, stopped: &Receiver<()>) -> io::Result<()> {
    for place in 0..films {
        let pause = if place < AT_ONCE { Duration::ZERO } else { every };
        // A message cannot come; the other end goes when the dashboard has ended.
        if stopped.recv_timeout(pause) == Err(crossbeam_channel::RecvTimeoutError::Disconnected) {
            return Ok(());
        }
        let film = Phantom::nth(seed, place).dicom(SIDE, Zoned::now().datetime());
        let name = inbox.join(format!("phantom-{:04}.dcm", place + 1));
        // As a careful sender does: under another name until it is whole.
        let unfinished = name.with_extension("part");
        fs::write(&unfinished, film)?;
        fs::rename(&unfinished, &name)?;
    }
    Ok(())
}
