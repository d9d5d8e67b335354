//! `demo`: a dashboard with an inbox that fills with phantom films, for somebody who has none.

use std::{
    convert::Infallible,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
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
    supervise::OwnedThread,
    text::shown,
};

/// The remark beside the model's banner for as long as the demonstration runs.
const REMARK: &str = "DEMO: synthetic phantoms, no patients.";
/// The remark where the model knows patients' films: it is right that phantoms are unlike them.
const REMARK_OF_OTHERS: &str = "DEMO: synthetic phantoms, no patients; the gate for films unlike the training films only \
                                warns here.";
/// So many are there at the start.
const AT_ONCE: u64 = 4;
/// Width and height of a film in pixels.
const SIDE: u32 = 1000;

/// Runs `demo`.
pub(super) fn run(args: &DemoArgs, global: &GlobalArgs) -> Result<(), CommandError> {
    let folder = Folder::new()?;
    let (model, remark) = model_and_remark(global.model.as_deref());
    let global = GlobalArgs { store: Some(folder.0.join("demo.db")), model: Some(model), ..global.clone() };
    let setup = Arc::new(Setup::adjusted(&global, |config: &mut Config| {
        // A phantom is never held for its features, which are not those of people.
        config.quality.out_of_distribution = Action::Warn;
        config.feed_alarm.after = None;
        // Phantoms are nobody's numbers, and nothing of theirs is to go.
        config.metrics.textfile = None;
        config.retention = Retention::default();
        config.send.clear();
    })?);
    let watch = WatchArgs { inbox: Some(folder.inbox()), ..args.watch() };
    let sender = begin_to_send(&folder.inbox(), args)?;
    let end = watch::attend(&setup, &watch, Some(remark));
    drop(sender);
    end
}

/// The model that scores and what is said of it. Whatever the site scores its patients with, only one model knows phantoms.
fn model_and_remark(named: Option<&str>) -> (String, &'static str) {
    match named {
        None | Some(PHANTOM_MODEL) => (PHANTOM_MODEL.to_owned(), REMARK),
        Some(other) => (other.to_owned(), REMARK_OF_OTHERS),
    }
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

/// Starts the thread that sends films.
fn begin_to_send(inbox: &Path, args: &DemoArgs) -> io::Result<OwnedThread> {
    let (stop, stopped) = bounded(0);
    let (inbox, seed, films) = (inbox.to_owned(), args.seed, args.films.unwrap_or(u64::MAX));
    let every = args.every.unsigned_abs();
    let thread = thread::Builder::new().name("phantoms".into()).spawn(move || {
        if let Err(error) = send(&inbox, seed, films, every, &stopped) {
            tracing::error!(%error, "no more phantoms come");
        }
    })?;
    Ok(OwnedThread::new(stop, thread))
}

/// Sends one film after the other, the first few at once.
fn send(
    inbox: &Path,
    seed: u64,
    films: u64,
    every: Duration,
    stopped: &Receiver<Infallible>,
) -> io::Result<()> {
    for place in 0..films {
        let pause = if place < AT_ONCE { Duration::ZERO } else { every };
        // The other end goes when the dashboard has ended.
        if stopped.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeviceChoice, Library, Model, Precision};

    /// A round of the demonstration's films: the right findings, and about one film in eight critical.
    #[test]
    fn the_demonstration_finds_what_its_phantoms_have() {
        let (name, remark) = model_and_remark(None);
        assert_eq!((name.as_str(), remark), ("phantom", REMARK));
        assert_eq!(model_and_remark(Some("starter")), ("starter".to_owned(), REMARK_OF_OTHERS));
        let source = Library::new(None, &[]).find(Some(&name)).unwrap();
        let model = Model::load(&source, DeviceChoice::Cpu, Precision::Fp32).unwrap();
        assert!(model.manifest().labels.iter().all(|label| label.validated), "all rank");
        let mut critical = 0;
        for place in (0..24).filter(|place| *place != 3) {
            let phantom = Phantom::nth(1, place);
            let film = cxr_film::decode(&phantom.dicom(250, Zoned::now().datetime())).unwrap();
            let found = model.infer(&[model.prepare(&film).unwrap()]).unwrap().remove(0);
            let over = |bound: fn(&crate::model::Label) -> f64| {
                let labels = model.manifest().labels.iter().zip(&found.probabilities);
                labels
                    .filter(|(label, p)| f64::from(**p) >= bound(label))
                    .map(|(label, _)| label.name.as_str())
                    .collect::<Vec<_>>()
            };
            let has: Vec<String> =
                phantom.diseases.iter().map(|(disease, ..)| format!("{disease:?}")).collect();
            assert_eq!(over(|label| label.alert), has, "at {place}");
            critical += over(|label| label.critical.unwrap_or(1.0)).len();
        }
        assert!((2..=4).contains(&critical), "{critical} of 24");
    }
}
