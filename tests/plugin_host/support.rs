//! A host over a store in a temporary folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use cxr_triage::{
    config::{self, Destinations},
    deliver::Retries,
    plugin::{Host, HostParts, Limits, Pace, SiteSettings},
    store::{DeliveryKind, NewDelivery, PluginEffect, PluginRecord, PluginWork, StudyId, StudyRow},
};
use jiff::{SignedDuration, Timestamp};

use crate::store_behaviours::support::{Bench, scored};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    pub(crate) bench: Bench,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) config: config::Plugins,
    pub(crate) destinations: Destinations,
    pub(crate) limits: Limits,
    pub(crate) retries: Retries,
    /// The program of which plugins' processes are started.
    pub(crate) program: PathBuf,
    pub(crate) host: Option<Host>,
}

/// The program, as cargo built it.
pub(crate) fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_cxr-triage").into()
}

impl Scene {
    /// A site with these plugins, all enabled; `toml` is the rest of its configuration.
    pub(crate) fn new(plugins: &[(&str, &str)], toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("plugins")).unwrap();
        let parsed = config::parse(toml, Some(&folder.path().join("c.toml"))).unwrap().config;
        let (mut config, destinations) = (parsed.plugins, parsed.send);
        config.enabled.extend(plugins.iter().map(|(name, _)| (*name).to_owned()));
        let scene = Self {
            bench: Bench::new(),
            folder,
            config,
            destinations,
            limits: Limits { call: Duration::from_millis(100), ..Limits::default() },
            retries: Retries {
                first: Duration::from_millis(20),
                longest: Duration::from_millis(100),
                give_up: SignedDuration::from_hours(1),
                one_try: Duration::from_millis(500),
            },
            program: program(),
            host: None,
        };
        for (name, text) in plugins {
            scene.write(name, text);
        }
        scene
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a plugin, in one piece as editors do.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let passing = self.path("passing");
        fs::write(&passing, text).unwrap();
        fs::rename(passing, self.path("plugins").join(format!("{name}.luau"))).unwrap();
    }

    /// Starts, and waits for nothing.
    pub(crate) fn start_at_once(&mut self) {
        let parts = HostParts {
            limits: self.limits,
            pace: Pace {
                glance: Duration::from_millis(10),
                gather: Duration::ZERO,
                critical: Duration::from_millis(30),
                record: Duration::from_millis(10),
                retry: Duration::from_millis(100),
            },
            retries: self.retries,
            program: self.program.clone(),
            destinations: self.destinations.clone(),
            ..HostParts::new(self.bench.path.clone(), self.path("plugins"), self.config.clone())
        };
        self.host = Some(Host::start(parts).unwrap());
    }

    /// Starts, and waits for every plugin to be loaded.
    pub(crate) fn start(&mut self) {
        self.start_at_once();
        let names = self.config.enabled.clone();
        for name in names {
            self.wait(&name, |record| {
                record.calls > 0 || !record.version.is_empty() || !record.fault.is_empty()
            });
        }
    }

    pub(crate) fn stop(&mut self) {
        self.host = None;
    }

    /// A critical study of a film with these bytes arrives, and the plugins are told.
    pub(crate) fn critical(&mut self, bytes: &str) -> StudyId {
        self.study(bytes, [0.95, 0.1, 0.1])
    }

    pub(crate) fn study(&mut self, bytes: &str, probabilities: [f32; 3]) -> StudyId {
        let (_, row) = self.bench.record(bytes, &scored(bytes, probabilities), Timestamp::now());
        self.settle();
        row.id
    }

    /// A critical study arrives, and the plugins are told; nobody waits for them.
    pub(crate) fn critical_at_once(&mut self, bytes: &str) -> StudyId {
        let (_, row) = self.bench.record(bytes, &scored(bytes, [0.95, 0.1, 0.1]), Timestamp::now());
        if let Some(waker) = self.host.as_ref().and_then(Host::waker) {
            waker.wake();
        }
        row.id
    }

    /// The configuration has changed.
    pub(crate) fn reconfigure(&self) {
        let settings = self.host.as_ref().and_then(Host::settings).unwrap();
        let plugins = self.config.clone();
        let destinations = self.destinations.clone();
        settings.send(SiteSettings { plugins_folder: self.path("plugins"), plugins, destinations }).unwrap();
    }

    /// The texts of a study's tags.
    pub(crate) fn tags(&self, study: StudyId) -> Vec<String> {
        self.row(study).marks.tags.into_iter().map(|tag| tag.text).collect()
    }

    pub(crate) fn settle(&self) {
        if let Some(host) = &self.host {
            assert!(host.settle(PATIENCE), "the plugins did not come to rest");
        }
    }

    pub(crate) fn row(&self, study: StudyId) -> StudyRow {
        self.bench.store.detail(study).unwrap().unwrap().study
    }

    pub(crate) fn record(&self, plugin: &str) -> PluginRecord {
        let records = self.bench.store.plugins().unwrap();
        records.into_iter().find(|record| record.name == plugin).unwrap_or_default()
    }

    /// Waits for what is known of a plugin to be so.
    pub(crate) fn wait(&self, plugin: &str, is_so: impl Fn(&PluginRecord) -> bool) -> PluginRecord {
        let record = || Some(self.record(plugin)).filter(|record| is_so(record));
        until(record).unwrap_or_else(|| panic!("{plugin} never came to be so: {:?}", self.record(plugin)))
    }
}

/// Asks again until there is an answer.
pub(crate) fn until<T>(ask: impl Fn() -> Option<T>) -> Option<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Some(answer) => return Some(answer),
            None if Instant::now() > end => return None,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// The wish of the plugin `pager` that the program `page` be run.
pub(crate) fn page() -> PluginWork {
    let send = NewDelivery {
        study: None,
        kind: DeliveryKind::Run,
        target: "page".to_owned(),
        content: "{}".to_owned(),
        once: None,
    };
    let effects = vec![PluginEffect::Send(send)];
    PluginWork { plugin: "pager".to_owned(), effects, ..PluginWork::default() }
}

/// A plugin of these lines between its braces.
pub(crate) fn plugin(name: &str, inside: &str) -> String {
    format!("return {{ api = 1, name = \"{name}\", version = \"1\", {inside} }}")
}

pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
