//! The beginning of most commands: the configuration with the command line over it, the log, the model.

use std::{
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::ValueEnum;

use super::{CommandError, cli::GlobalArgs, log, output::stderr};
use crate::{
    config::{self, Config, Loaded},
    deliver::Listener,
    files::readers,
    health::{WorkerKind, duties_of},
    intake::{self, LookAgain, Mounts},
    model::{DeviceChoice, Embedder, Library, Manifest, Model, Precision, Source},
    pipeline::{Helper, Membership, Parts, Settings},
    plugin::{HostParts, Plugins},
    quality::{Action, Gate},
    similar::FeaturesId,
    store::{NewWorker, Ownership, host_name, rules_digest},
    store_place::{ServerPlace, StorePlace},
    study::Rules,
    supervise::Supervisor,
    text::shown,
};

pub(super) use crate::pipeline::{label_defaults, rules};

/// The inbox where nobody named one.
const DEFAULT_INBOX: &str = "inbox";

pub(super) struct Setup {
    pub(super) loaded: Loaded,
    global: GlobalArgs,
    /// The command's own decisions, which count more than file and command line.
    adjust: fn(&mut Config),
    /// Where this host has the named inboxes.
    mounts: Arc<Mounts>,
}

impl Setup {
    /// Loads the configuration, lays the command line over it, and starts the log.
    pub(super) fn new(global: &GlobalArgs) -> Result<Self, CommandError> {
        Self::adjusted(global, |_| {})
    }

    /// Loads the configuration as [`Setup::new`] does, and lays the command's own decisions over it.
    pub(super) fn adjusted(global: &GlobalArgs, adjust: fn(&mut Config)) -> Result<Self, CommandError> {
        let mut loaded = load(global)?;
        overlay(&mut loaded.config, global);
        adjust(&mut loaded.config);
        log::start(&loaded.config.log)?;
        loaded.refused.iter().for_each(|refused| tracing::warn!("{refused}"));
        global.store.iter().for_each(|store| warn_of_password(store));
        let mounts =
            config::mounts(&loaded.config.inboxes, &global.inboxes).map_err(CommandError::usage_by)?;
        Ok(Self { loaded, global: global.clone(), adjust, mounts: Arc::new(mounts) })
    }

    pub(super) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// The models that can be found from here.
    pub(super) fn library(&self) -> Library {
        Library::new(self.global.weights.as_deref(), &self.config().model.weights)
    }

    /// The folder that new models are put into: the one on the command line, else the user's own.
    pub(super) fn new_models(&self) -> Result<PathBuf, CommandError> {
        let folder = self.global.weights.clone().or_else(Library::user_folder);
        folder.ok_or_else(|| {
            CommandError::usage(
                "you have no data folder to put the model into: name a folder with --weights DIR",
            )
        })
    }

    /// The model that scores, and the rules that the site has for it.
    pub(super) fn model_and_rules(&self) -> Result<(Arc<Model>, Rules), CommandError> {
        let model = Arc::new(self.model(self.config().model.name.as_deref())?);
        let rules = self.rules(model.manifest())?;
        Ok((model, rules))
    }

    /// The manifest of the model that scores, and the rules that the site has for it. No weights are read: for a dashboard
    /// that follows another process.
    pub(super) fn manifest_and_rules(&self) -> Result<(Manifest, Rules), CommandError> {
        let manifest = self.library().find(self.config().model.name.as_deref())?.manifest()?;
        let rules = self.rules(&manifest)?;
        Ok((manifest, rules))
    }

    /// The rules that the site has for a model; what is doubtful about them goes into the log.
    fn rules(&self, manifest: &Manifest) -> Result<Rules, CommandError> {
        let rules = rules(&self.loaded, manifest)?;
        if let Some(gap) = self.gap_in_gates(manifest) {
            tracing::warn!("{gap}");
        }
        if let Some(doubt) = doubt(&self.loaded, manifest) {
            tracing::warn!("{doubt}");
        }
        Ok(rules)
    }

    /// Says on standard error that the site's thresholds may be meant for other weights.
    pub(super) fn warn_of_doubt(&self, manifest: &Manifest) {
        if let Some(doubt) = doubt(&self.loaded, manifest) {
            let _ = writeln!(stderr(), "cxr-triage: {doubt}");
        }
    }

    /// A gate that the site wants and the model cannot give.
    pub(super) fn gap_in_gates(&self, manifest: &Manifest) -> Option<String> {
        let wanted = self.config().quality.action(Gate::OutOfDistribution) != Action::Off;
        (wanted && manifest.profile.is_none()).then(|| {
            let name = &manifest.name;
            format!(
                "the gate out_of_distribution is off: the model {name} has no profile of its training films \
                 (`cxr-triage weights profile {name} --films DIR` makes one)"
            )
        })
    }

    /// A model by name; none: the best there is.
    pub(super) fn model(&self, name: Option<&str>) -> Result<Model, CommandError> {
        let source = self.library().find(name)?;
        let (choice, precision) = self.device();
        Ok(Model::load(&source, choice, precision)?)
    }

    /// A model that is to get a new profile of its training films: its old one may be of no use.
    pub(super) fn load_without_profile(&self, source: &Source) -> Result<Model, CommandError> {
        let (choice, precision) = self.device();
        Ok(Model::load_without_profile(source, choice, precision)?)
    }

    /// The sentence for a model in a folder that its name does not find, for the library finds the first of a name; none
    /// where it does.
    pub(super) fn shadowed(&self, name: &str, folder: &Path) -> Option<String> {
        let found = self.library().find(Some(name)).map(|source| source.place()).unwrap_or_default();
        (found != shown(folder)).then(|| format!("but --model {name} finds another one first, in {found}"))
    }

    fn device(&self) -> (DeviceChoice, Precision) {
        let choice = match self.config().model.device {
            config::Device::Auto => DeviceChoice::Auto,
            config::Device::Cpu => DeviceChoice::Cpu,
            config::Device::Cuda => DeviceChoice::Cuda,
        };
        let precision = match self.config().model.precision {
            config::Precision::Fp32 => Precision::Fp32,
            config::Precision::Bf16 => Precision::Bf16,
        };
        (choice, precision)
    }

    /// Where the store is.
    pub(super) fn store(&self) -> Result<StorePlace, CommandError> {
        Ok(self.config().store_place()?.with_mounts(Arc::clone(&self.mounts)))
    }

    /// The place of a store that is there: nothing is made in its place, as a new one would be for a slip of the pen.
    pub(super) fn store_that_is_there(&self) -> Result<StorePlace, CommandError> {
        let place = self.store()?;
        if place.exists() { Ok(place) } else { Err(CommandError::failed(place.absence())) }
    }

    /// The inbox: a folder, or the name of one of `[inboxes]`; where nobody named one, the only one of those. Only the
    /// default one is created: a named one that is not there is a slip of the pen or a share that is not mounted.
    pub(super) fn inbox(&self, named: Option<&Path>) -> Result<PathBuf, CommandError> {
        let of_name = named.and_then(|named| self.mounts.folder(named.to_str()?));
        let is_default = named.is_none() && self.config().inbox.path == Path::new(DEFAULT_INBOX);
        let mut mounts = self.mounts.iter();
        let only = mounts.next().filter(|_| is_default && mounts.next().is_none());
        let of_list = of_name.or(only.map(|mount| mount.folder.as_path()));
        let inbox = of_list.or(named).unwrap_or(&self.config().inbox.path);
        if named.is_none() && inbox == Path::new(DEFAULT_INBOX) && !inbox.exists() {
            std::fs::create_dir(inbox).map_err(|error| {
                CommandError::usage(format!("cannot create the folder ./{DEFAULT_INBOX}: {error}"))
            })?;
        }
        Ok(std::path::absolute(inbox).unwrap_or_else(|_| inbox.to_owned()))
    }

    /// Collects the parts of a pipeline from `inbox` into `store`.
    pub(super) fn parts(
        &self,
        store: StorePlace,
        ownership: Ownership,
        model: &Arc<Model>,
        rules: Rules,
        inbox: Option<&Path>,
        supervisor: &Supervisor,
    ) -> Result<Parts, CommandError> {
        let embedder = self.embedder()?.map(Arc::new);
        Ok(Parts {
            helper: self.helper(),
            supervisor: supervisor.clone(),
            store,
            ownership,
            model: Arc::clone(model),
            rules,
            intake: inbox.map(|inbox| self.intake(inbox)),
            mounts: Arc::clone(&self.mounts),
            gates: self.config().quality.clone(),
            settings: settings(self.config()),
            keep_features: self.config().similar.keep,
            embedder,
            readers: readers(),
        })
    }

    /// The model that finds similar films, where the site has one beside the one that scores.
    pub(super) fn embedder(&self) -> Result<Option<Embedder>, CommandError> {
        let Some(name) = &self.config().similar.embedder else { return Ok(None) };
        let source = self.library().find(Some(name))?;
        self.load_embedder(&source).map(Some)
    }

    pub(super) fn load_embedder(&self, source: &Source) -> Result<Embedder, CommandError> {
        Ok(Embedder::load(source, self.device().0)?)
    }

    /// The features that similar films are found by: those of the embedder where there is one.
    pub(super) fn features_id(&self, manifest: &Manifest) -> Result<FeaturesId, CommandError> {
        let id = match &self.config().similar.embedder {
            Some(name) => self.library().find(Some(name))?.manifest()?.features_id(),
            None => manifest.features_id(),
        };
        Ok(FeaturesId::new(id))
    }

    fn intake(&self, inbox: &Path) -> intake::Options {
        let config = &self.config().inbox;
        intake::Options {
            inbox: inbox.to_owned(),
            poll: config.poll.map(jiff::SignedDuration::unsigned_abs),
            settle: config.settle.unsigned_abs(),
            passing: intake::DEFAULT_PASSING,
            ignore: config.ignore.clone(),
            supervisor: Supervisor::default(),
            look_again: LookAgain::default(),
        }
    }

    /// This program with the same model, as the child that examines one film.
    fn helper(&self) -> Helper {
        let mut arguments = vec![OsString::from("examine-one")];
        let mut add = |option: &str, value: OsString| arguments.extend([option.into(), value]);
        let global = &self.global;
        for (option, path) in [("--config", &self.loaded.path), ("--weights", &global.weights)] {
            if let Some(path) = path {
                add(option, path.clone().into());
            }
        }
        if let Some(model) = &global.model {
            add("--model", model.into());
        }
        for (option, word) in [
            ("--device", global.device.and_then(|device| device.to_possible_value())),
            ("--precision", global.precision.and_then(|precision| precision.to_possible_value())),
        ] {
            if let Some(word) = word {
                add(option, word.get_name().into());
            }
        }
        Helper { program: own_program(), arguments, trials: None }
    }

    /// The plugins that the site enables, and the deliveries of the outbox, running.
    pub(super) fn plugins(
        &self,
        supervisor: &Supervisor,
        ownership: &Ownership,
        listener: Listener,
    ) -> Result<Plugins, CommandError> {
        let parts = HostParts {
            ownership: Some(ownership.clone()),
            supervisor: supervisor.clone(),
            destinations: self.config().send.clone(),
            listener,
            ..HostParts::new(self.store()?, self.loaded.plugins_folder(), self.config().plugins.clone())
        };
        Ok(Plugins::start(parts)?)
    }

    /// Enters this process among the workers of a shared store; of another one it is the owner already.
    pub(super) fn join(
        &self,
        store: &StorePlace,
        ownership: Ownership,
        (model, rules): (&Model, &Rules),
        kind: WorkerKind,
        supervisor: &Supervisor,
    ) -> Result<(Ownership, Option<Membership>), CommandError> {
        if !store.is_shared() {
            return Ok((ownership, None));
        }
        let inboxes: Vec<&str> = self.mounts.iter().map(|mount| mount.name.as_str()).collect();
        let new = NewWorker {
            host: host_name(),
            roles: kind.word().to_owned(),
            inboxes: inboxes.join(","),
            model: model.manifest().name.clone(),
            sha256: model.sha256().to_owned(),
            rules: rules_digest(rules),
            device: model.device_in_words(),
        };
        let duties = duties_of(self.config(), kind);
        let membership = Membership::begin(store, new, &duties, supervisor)?;
        Ok((ownership.with_member(membership.member()), Some(membership)))
    }

    /// The configuration as it is in the file now, with the same command line over it.
    pub(super) fn reload(&self) -> Result<Loaded, config::ConfigError> {
        let mut loaded = config::reload(&self.loaded, self.global.config.as_deref())?;
        overlay(&mut loaded.config, &self.global);
        (self.adjust)(&mut loaded.config);
        Ok(loaded)
    }
}

/// Loads the configuration, and says what of the working folder is not read, and why.
pub(super) fn load(global: &GlobalArgs) -> Result<Loaded, CommandError> {
    let mut loaded = config::load(global.config.as_deref())?;
    loaded.refused.extend(Library::doubt());
    for refused in &loaded.refused {
        // Where nobody reads standard error, the log has it.
        let _ = writeln!(stderr(), "cxr-triage: {refused}");
    }
    Ok(loaded)
}

/// The file that this process runs, also after it was replaced by another version.
fn own_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.to_owned() } else { std::env::current_exe().unwrap_or_default() }
}

/// The settings of the configuration that the pipeline follows while it runs.
pub(super) fn settings(config: &Config) -> Settings {
    Settings {
        quiet_period: config.triage.quiet_period,
        max_wait: config.triage.max_wait,
        raster_study: config.inbox.raster_study,
    }
}

/// Warns where the site's thresholds may be meant for other weights; none where they are not.
pub(super) fn doubt(loaded: &Loaded, manifest: &Manifest) -> Option<String> {
    config::doubt(loaded, &manifest.name, &manifest.sha256)
}

/// Warns where a store on the command line is named with a password.
pub(super) fn warn_of_password(store: &Path) {
    let url = store.to_str().filter(|text| ServerPlace::is_url(text));
    if url.and_then(|url| ServerPlace::parse(url).ok()).is_some_and(|place| place.has_password()) {
        let warning = "whoever may list the processes of this host reads the password in the URL of the store: put it \
                       into PGPASSWORD, ~/.pgpass or password_file under [store]";
        tracing::warn!("{warning}");
        let _ = writeln!(stderr(), "cxr-triage: {warning}");
    }
}

/// The command line's word counts more than the file's.
pub(super) fn overlay(config: &mut Config, global: &GlobalArgs) {
    if let Some(store) = &global.store {
        let url = store.to_str().filter(|text| ServerPlace::is_url(text));
        config.store.url = url.map(str::to_owned);
        config.store.path = if url.is_some() { None } else { Some(store.clone()) };
    }
    if let Some(model) = &global.model {
        config.model.name = Some(model.clone());
    }
    if let Some(device) = global.device {
        config.model.device = device;
    }
    if let Some(precision) = global.precision {
        config.model.precision = precision;
    }
    if let Some(log) = &global.log {
        config.log.file = Some(log.clone());
    }
}
