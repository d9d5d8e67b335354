//! A new model: a network that is there, with another last layer.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use candle_core::Tensor;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::{
    Architecture, EvaluatedOn, Label, Manifest, Model, ModelError, NetworkConfig, Profile, ProfileNote,
    Sample, Training, TrainingRun, folder,
    library::{MANIFEST_FILE, PROFILE_FILE, WEIGHTS_FILE},
    manifest::is_name,
    profile,
};
use crate::{
    files::{self, Expected},
    hash::sha256,
    text::{clean, shown},
};

/// The keys of a manifest that say how films go in and how numbers come out, and nothing of the last layer.
const OF_THE_NETWORK: [&str; 7] =
    ["licence", "architecture", "epsilon", "output", "preprocessing", "input", "network"];

/// Why a new model cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NewHeadError {
    /// The model that it begins with, or its own name or manifest.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Another model has the name.
    #[error(
        "{} is there already and was not made by `train`: choose another name with --name, or move it away",
        shown(.folder)
    )]
    Occupied {
        /// The folder of the model.
        folder: PathBuf,
    },
    /// It would take the place of the model that it begins with.
    #[error("{name} is the model that it begins with: choose another name with --name")]
    Itself {
        /// The name.
        name: String,
    },
    /// It is another kind of network than one of dense blocks.
    #[error(
        "{name} is no DenseNet of several blocks, so its last layer alone can be trained: leave --depth out"
    )]
    NoBlock {
        /// The model's name.
        name: String,
    },
    /// It cannot be written.
    #[error(
        "cannot write {}: {source}; the models that were there are unchanged. The films' features are in the cache: \
         with room on the disk the same command is done at once",
        shown(.path)
    )]
    Write {
        /// The model's folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A network to begin with, and its weights, which are in memory from the start: whatever becomes of its folder
/// meanwhile, the work is not lost.
#[derive(Debug)]
pub struct Base {
    model: Arc<Model>,
    weights: Cow<'static, [u8]>,
}

/// The bytes of a profile, and what the manifest says of it.
type ProfileFile = (Vec<u8>, ProfileNote);

/// The shape of a tensor, and its numbers as bytes.
type Bytes = (Vec<usize>, Vec<u8>);

/// The weights that a new model has of its own.
#[derive(Debug, Clone, Copy)]
pub enum NewWeights<'a> {
    /// A last layer.
    Head {
        /// label x channel.
        weight: &'a [f32],
        /// A number a label.
        bias: &'a [f32],
    },
    /// A last dense block with all that follows, under the names of [`LastBlock`](super::LastBlock).
    Block(&'a BTreeMap<String, Tensor>),
}

/// A model to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewModel<'a> {
    /// Its name, and that of its folder.
    pub name: &'a str,
    /// The folder of models that it goes into; made if it is not there.
    pub library: &'a Path,
    /// Its weights, where they are its own.
    pub weights: NewWeights<'a>,
    /// The labels of its outputs, in order.
    pub labels: &'a [Label],
    /// One line for people.
    pub title: &'a str,
    /// A sentence that is always shown with its results.
    pub banner: &'a str,
    /// Where its AUCs come from, in a sentence.
    pub evaluation: &'a str,
    /// The films that these were measured on.
    pub evaluated: &'a EvaluatedOn,
    /// The films that it was trained on.
    pub training: &'a Training,
    /// The films that its profile is made of.
    pub samples: &'a [Sample],
}

/// The fate of a new model's profile of training films.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewProfile {
    /// It is of these films: so many in the statistics and for the cut-offs, and how many of the latter are held when
    /// they are turned or cut.
    Own {
        /// Films that the statistics are of.
        films: usize,
        /// Films for the cut-offs.
        aside: usize,
        /// Of these: how many are held when turned or cut.
        caught: usize,
    },
    /// The films are too few: it is that of the model that it begins with.
    Inherited,
    /// That model has none either, or its own does not hold for the new weights.
    None,
}

impl NewModel<'_> {
    /// Refuses a name that the model cannot have; better before the work than after it.
    ///
    /// # Errors
    /// [`NewHeadError::Model`], [`NewHeadError::Occupied`], [`NewHeadError::Itself`].
    pub fn check_name(name: &str, library: &Path, base: &str) -> Result<(), NewHeadError> {
        if !is_name(name) {
            return Err(ModelError::BadName { name: clean(name) }.into());
        }
        if name == base {
            return Err(NewHeadError::Itself { name: name.to_owned() });
        }
        let folder = library.join(name);
        if folder.exists() && !is_trained(&folder) {
            return Err(NewHeadError::Occupied { folder });
        }
        Ok(())
    }
}

/// The name in the whole network of a tensor of its last block, which has the number `last`.
pub(super) fn whole_name(name: &str, last: usize) -> String {
    match name.split('.').next() {
        Some("classifier") => name.to_owned(),
        Some("norm5") => format!("features.{name}"),
        _ => format!("features.denseblock{last}.{name}"),
    }
}

/// Returns whether a model in a folder was trained by this program: only such a one may be replaced.
fn is_trained(folder: &Path) -> bool {
    let text = files::read_text(&folder.join(MANIFEST_FILE), Expected::TEXT).ok();
    let manifest = text.and_then(|text| Manifest::parse(&text, "").ok());
    manifest.is_some_and(|manifest| manifest.training.is_some_and(|training| training.run.is_some()))
}

impl Base {
    /// Takes a loaded model, and reads its weights once more.
    ///
    /// # Errors
    /// [`ModelError::Unreadable`], [`ModelError::Checksum`] if they are others by now; [`ModelError::Manifest`] where it is a
    /// last layer alone.
    pub fn new(model: Arc<Model>) -> Result<Self, ModelError> {
        if let Some(trunk) = &model.manifest().trunk {
            let reason = format!(
                "it is a last layer alone, of the network of {0}: begin with --from {0}",
                trunk.model
            );
            return Err(ModelError::Manifest { place: model.manifest().name.clone(), reason });
        }
        let weights = model.source().weights()?;
        let (place, wanted, found) =
            (model.source().weights_place(), model.sha256().to_owned(), sha256(&weights));
        if found != wanted {
            return Err(ModelError::Checksum { place, wanted, found });
        }
        Ok(Self { model, weights })
    }

    /// The bytes of its weights.
    pub(super) fn weights(&self) -> &[u8] {
        &self.weights
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Makes the new model, whole or not at all. One of that name which was trained before is replaced.
    ///
    /// # Errors
    /// Any [`NewHeadError`].
    pub fn install(&self, new: &NewModel<'_>) -> Result<(Manifest, NewProfile), NewHeadError> {
        NewModel::check_name(new.name, new.library, &self.model.manifest().name)?;
        let weights = self.with(new.weights)?;
        let sha256 = sha256(&weights);
        let is_inherited = matches!(new.weights, NewWeights::Head { .. });
        let (profile, what) = self.profile(new.samples, &sha256, is_inherited)?;
        let text = self.manifest(new, &sha256, profile.as_ref().map(|(_, note)| note)).to_string();
        let manifest = Manifest::parse(&text, "the new model.toml")?;
        let mut files = vec![(WEIGHTS_FILE, weights.as_slice()), (MANIFEST_FILE, text.as_bytes())];
        files.extend(profile.as_ref().map(|(bytes, _)| (PROFILE_FILE, bytes.as_slice())));
        folder::put(new.library, new.name, &files)
            .map_err(|source| NewHeadError::Write { path: new.library.join(new.name), source })?;
        Ok((manifest, what))
    }

    /// The weights with others in the place of some; all else is as it was, to the last bit.
    fn with(&self, new: NewWeights<'_>) -> Result<Vec<u8>, ModelError> {
        let place = self.model.source().weights_place();
        let file = SafeTensors::deserialize(&self.weights)
            .map_err(|source| ModelError::Format { place: place.clone(), source })?;
        let engine = |error: safetensors::SafeTensorError| ModelError::Engine { reason: error.to_string() };
        let new = self.by_name(new)?;
        let mut tensors = file.tensors();
        for (name, tensor) in &mut tensors {
            if let Some((shape, bytes)) = new.get(name) {
                *tensor = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(engine)?;
            }
        }
        safetensors::serialize(tensors, None).map_err(engine)
    }

    /// Shapes and bytes of new weights, by their names in the whole network.
    fn by_name(&self, new: NewWeights<'_>) -> Result<BTreeMap<String, Bytes>, ModelError> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        match new {
            NewWeights::Head { weight, bias } => {
                let layer = match self.model.manifest().architecture {
                    Architecture::DenseNet121 => "classifier",
                    Architecture::ResNet50 => "fc",
                    Architecture::DinoV2 => {
                        return Err(ModelError::Engine {
                            reason: "an embedder has no last layer".to_owned(),
                        });
                    }
                };
                let shape = vec![bias.len(), weight.len() / bias.len().max(1)];
                Ok(BTreeMap::from([
                    (format!("{layer}.weight"), (shape, bytes(weight))),
                    (format!("{layer}.bias"), (vec![bias.len()], bytes(bias))),
                ]))
            }
            NewWeights::Block(values) => {
                let NetworkConfig::DenseNet(config) = self.model.manifest().network() else {
                    return Err(ModelError::Engine { reason: "the network has no dense block".to_owned() });
                };
                let whole = |(name, tensor): (&String, &Tensor)| {
                    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
                    Ok((whole_name(name, config.blocks.len()), (tensor.dims().to_vec(), bytes(&values))))
                };
                values.iter().map(whole).collect()
            }
        }
    }

    /// A profile of these films, or, if it `is_inherited`, that of the model to begin with: what it measures comes before
    /// the last layer.
    fn profile(
        &self,
        samples: &[Sample],
        weights: &str,
        is_inherited: bool,
    ) -> Result<(Option<ProfileFile>, NewProfile), ModelError> {
        if samples.len() >= profile::FEWEST {
            let fitted = Profile::fit(samples, weights)?;
            let what = NewProfile::Own { films: fitted.films, aside: fitted.aside, caught: fitted.caught };
            let note = ProfileNote { sha256: fitted.sha256, limits: fitted.limits };
            return Ok((Some((fitted.bytes, note)), what));
        }
        let Some(inherited) = self.model.profile().filter(|_| is_inherited) else {
            return Ok((None, NewProfile::None));
        };
        let bytes = inherited.to_bytes(weights)?;
        let note = ProfileNote { sha256: sha256(&bytes), limits: inherited.limits() };
        Ok((Some((bytes, note)), NewProfile::Inherited))
    }

    fn manifest(&self, new: &NewModel<'_>, sha256: &str, profile: Option<&ProfileNote>) -> DocumentMut {
        let base = self.model.manifest();
        // It was read before, so it is TOML.
        let old: DocumentMut = base.text.parse().unwrap_or_default();
        let mut document = DocumentMut::new();
        document["name"] = value(new.name);
        document["title"] = value(new.title);
        document["banner"] = value(new.banner);
        let run = new.training.run.as_ref();
        document["source"] = value(match run {
            Some(TrainingRun { from, from_sha256, version, .. }) => format!(
                "Trained by cxr-triage {version} from {from} (sha256 {}); {from}: {}",
                from_sha256.get(..12).unwrap_or(from_sha256),
                base.source
            ),
            None => base.source.clone(),
        });
        document["evaluation"] = value(new.evaluation);
        document["sha256"] = value(sha256);
        for key in OF_THE_NETWORK {
            if let Some(item) = old.get(key) {
                document[key] = item.clone();
            }
        }
        document["evaluated"] = Item::Table(evaluated(new.evaluated));
        document["training"] = Item::Table(training(new.training));
        document["labels"] = Item::ArrayOfTables(new.labels.iter().map(label).collect::<ArrayOfTables>());
        if let Some(note) = profile {
            document["profile"] = Item::Table(profile::section(note));
        }
        document
    }
}

fn evaluated(on: &EvaluatedOn) -> Table {
    let mut table = Table::new();
    table["films"] = value(&on.films);
    table["also_used_for"] = value(&on.also_used_for);
    table["source_was_trained_on"] = value(on.source_was_trained_on);
    table["patients_are_unseen"] = value(on.patients_are_unseen);
    table["intervals"] = value(if on.is_by_patient { "by-patient" } else { "by-film" });
    table
}

fn training(training: &Training) -> Table {
    let mut table = Table::new();
    table["labels"] = value(training.labels.iter().collect::<Array>());
    table["splits"] = value(training.splits.iter().collect::<Array>());
    if let Some(TrainingRun { from, from_sha256, films, patients, options, version }) = &training.run {
        let count = |n: u64| value(i64::try_from(n).unwrap_or(i64::MAX));
        let mut run = Table::new();
        run["from"] = value(from);
        run["from_sha256"] = value(from_sha256);
        run["films"] = count(*films);
        run["patients"] = count(*patients);
        run["options"] = value(options);
        run["version"] = value(version);
        table["run"] = Item::Table(run);
    }
    table
}

fn label(label: &Label) -> Table {
    let mut table = Table::new();
    table["name"] = value(&label.name);
    table["alert"] = value(label.alert);
    if let Some(critical) = label.critical {
        table["critical"] = value(critical);
    }
    if let Some(known) = label.evaluation {
        table["auc"] = value(known.auc);
        if let Some(interval) = known.interval {
            table["auc_interval"] = value(interval.into_iter().collect::<Array>());
        }
        for (key, films) in [("positives", known.positives), ("films", known.films)] {
            if let Some(films) = films {
                table[key] = value(i64::from(films));
            }
        }
    }
    table
}
