//! A pipeline whose threads die.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use crossbeam_channel::{Receiver, unbounded};

use super::*;
use crate::{
    config::{self, LabelDefaults, Loaded},
    model::{DeviceChoice, Precision, Source},
    quality::Action,
    supervise::doomed::doom,
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Scene {
    folder: tempfile::TempDir,
    events: Receiver<Event>,
    told: Receiver<String>,
    supervisor: Supervisor,
    _pipeline: Pipeline,
}

impl Scene {
    /// An empty inbox and its pipeline.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, inbox) = (folder.path().join("store.db"), folder.path().join("inbox"));
        fs::create_dir(&inbox).unwrap();
        let (tell, told) = unbounded();
        let supervisor = Supervisor::new(move |sentence| tell.send(sentence).unwrap());
        let (events_in, events) = unbounded();
        let model = Arc::new(Model::load(&Source::Embedded, DeviceChoice::Cpu, Precision::Fp32).unwrap());
        let manifest = model.manifest();
        let labels: Vec<_> = manifest
            .labels
            .iter()
            .map(|label| LabelDefaults { name: &label.name, alert: label.alert, validated: label.validated })
            .collect();
        let rules = config::rules(&Loaded::default(), &manifest.name, &labels).unwrap();
        let ownership = Ownership::acquire(&store).unwrap().unwrap();
        let parts = Parts {
            store,
            ownership,
            model: Arc::clone(&model),
            rules,
            intake: intake::Options::new(inbox),
            gates: Gates { inverted: Action::Off, out_of_distribution: Action::Off, ..Gates::default() },
            settings: Settings {
                quiet_period: SignedDuration::from_secs(60),
                max_wait: None,
                raster_study: RasterStudy::Film,
            },
            helper: Helper { program: PathBuf::from("/nowhere"), arguments: Vec::new() },
            supervisor: supervisor.clone(),
            readers: crate::files::readers(),
        };
        let pipeline = Pipeline::start(parts, move |event| events_in.send(event.clone()).unwrap()).unwrap();
        Self { folder, events, told, supervisor, _pipeline: pipeline }
    }

    fn film(&self, name: &str, seed: u32) {
        let film = image::GrayImage::from_fn(256, 256, |x, y| {
            image::Luma([u8::try_from((x * (3 + seed) + y * 5) % 200 + (x ^ y) % 40).unwrap()])
        });
        film.save(self.folder.path().join("inbox").join(name)).unwrap();
    }

    /// The outcome of the next film: scored, or held for this reason.
    fn end(&self) -> Option<String> {
        loop {
            match self.events.recv_timeout(PATIENCE).unwrap().kind {
                EventKind::Scored { .. } => return None,
                EventKind::Held { reason, .. } => return Some(reason),
                _ => {}
            }
        }
    }
}

#[test]
fn workers_that_die_start_again_and_where_that_is_not_safe_the_process_is_told_to_end() {
    let scene = Scene::start();
    doom("worker", 1);
    scene.film("a.png", 1);
    assert_eq!(scene.end().as_deref(), Some(BROKE_DOWN), "what the worker had at hand is not lost");
    doom("feeder", 1);
    scene.film("b.png", 2);
    assert_eq!(scene.end(), None);
    let told: Vec<String> = scene.told.try_iter().collect();
    for thread in ["`worker`", "`feeder`"] {
        assert!(told.iter().any(|sentence| sentence.contains(thread)), "{thread} is not in {told:?}");
    }
    assert!(scene.supervisor.ended().try_recv().is_err());

    doom("recorder", 1);
    scene.film("c.png", 3);
    let why = scene.supervisor.ended().recv_timeout(PATIENCE).unwrap();
    assert!(why.contains("`recorder`") && why.contains("no film is scored"), "{why}");
}
