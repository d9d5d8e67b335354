//! Whether tensors are those of a network: all that it needs, of the right shapes, and nothing that it has no
//! place for.

use std::borrow::Cow;

use safetensors::tensor::{Dtype, View};

use super::{
    dinov2_names::{TwiceError, as_hugging_face},
    error::ImportError,
    tensors::{Array, Tensors},
};
use crate::model::{
    NetworkConfig, TensorProblem, TensorProblemKind,
    dinov2::DinoV2,
    plain::Plain,
    weights::{self, Wanted},
};

/// Returns whether a tensor lies beside the weights and is none: the operating points of torchxrayvision, and batch norm's
/// count of its training steps, usually whole numbers and left out by the readers already; and what stood in the place
/// of a patch that a DINOv2 was trained to guess.
fn is_beside(name: &str) -> bool {
    name == "op_threshs" || name.ends_with("mask_token") || name.ends_with("num_batches_tracked")
}

/// The weights in their final form.
pub(super) struct Fitted {
    /// A safetensors file.
    pub(super) bytes: Vec<u8>,
    pub(super) tensors: usize,
    pub(super) values: usize,
}

/// Takes what the network needs.
///
/// # Errors
/// [`ImportError::Network`] with all that differs.
pub(super) fn fit(config: &NetworkConfig, tensors: Tensors, place: &str) -> Result<Fitted, ImportError> {
    let (wanted, tensors) = match config {
        NetworkConfig::DinoV2(config) => {
            (weights::wanted(|vb| DinoV2::new(config, &vb)), as_hugging_face(tensors))
        }
        _ => (weights::wanted(|vb| Plain::new(config, &vb)), Ok(tensors)),
    };
    let wanted = wanted.map_err(crate::model::ModelError::from)?;
    let mut tensors = tensors
        .and_then(|tensors| renamed(tensors, &wanted))
        .map_err(|error| ImportError::NoWeights { place: place.to_owned(), reason: error.to_string() })?;
    let mut missing = Vec::new();
    let mut taken: Vec<(String, Array)> = Vec::with_capacity(wanted.len());
    for Wanted { name, shape } in wanted {
        let fault = match tensors.remove(&name) {
            None => TensorProblemKind::Missing,
            Some(array) if array.shape != shape => TensorProblemKind::Shape(array.shape),
            Some(array) if !array.values.iter().all(|value| value.is_finite()) => {
                TensorProblemKind::NotFinite
            }
            Some(array) => {
                taken.push((name, array));
                continue;
            }
        };
        missing.push(TensorProblem { name, wanted: shape, fault });
    }
    let foreign: Vec<String> = tensors.into_keys().filter(|name| !is_beside(name)).collect();
    if !missing.is_empty() || !foreign.is_empty() {
        let (place, network) = (place.to_owned(), config.title());
        return Err(ImportError::Network { place, network, missing, foreign });
    }
    let (count, values) = (taken.len(), taken.iter().map(|(_, array)| array.values.len()).sum());
    Ok(Fitted { bytes: written(&taken)?, tensors: count, values })
}

/// The network's names in the place of others that mean the same.
///
/// # Errors
/// A name that two tensors would have.
fn renamed(tensors: Tensors, wanted: &[Wanted]) -> Result<Tensors, TwiceError> {
    let tensors = each_renamed(tensors, |name| spelt_as_now(&name))?;
    // Wrappers put the whole network under a name of their own: "module.features.conv0.weight".
    let mut names = tensors.keys().filter(|name| !is_beside(name));
    let (Some(wanted), Some(first)) = (wanted.first(), names.next()) else { return Ok(tensors) };
    // In order, all names begin with what the first and the last begin with.
    let last = names.next_back().unwrap_or(first);
    let shared = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    let prefix =
        first.as_bytes()[..shared].iter().rposition(|&byte| byte == b'.').map_or("", |dot| &first[..=dot]);
    if prefix.is_empty() || !tensors.contains_key(&format!("{prefix}{}", wanted.name)) {
        return Ok(tensors);
    }
    let prefix = prefix.to_owned();
    each_renamed(tensors, |name| name.strip_prefix(&prefix).map(str::to_owned).unwrap_or(name))
}

fn each_renamed(tensors: Tensors, name: impl Fn(String) -> String) -> Result<Tensors, TwiceError> {
    let mut renamed = Tensors::new();
    for (old, array) in tensors {
        let new = name(old);
        if renamed.contains_key(&new) {
            return Err(TwiceError(new));
        }
        renamed.insert(new, array);
    }
    Ok(renamed)
}

/// torchvision's name for a tensor that others call otherwise: torchvision's own DenseNet was once written with a
/// point more ("denselayer1.norm.1.weight"), and so are checkpoints of that time; CheXNet's network ends in a sequence
/// of the linear layer and the sigmoid ("classifier.0.weight"); MONAI's has a layer's parts in a module "layers", and
/// its own words for the last layer.
fn spelt_as_now(name: &str) -> String {
    let mut name = name.to_owned();
    for part in ["norm.1", "norm.2", "conv.1", "conv.2"] {
        name = name.replace(&format!(".{part}."), &format!(".{}.", part.replace('.', "")));
    }
    if name.contains(".denselayer") {
        name = name.replace(".layers.", ".");
    }
    for (theirs, ours) in
        [("classifier.0.", "classifier."), ("class_layers.out.", "classifier."), ("fc.0.", "fc.")]
    {
        if let Some((before, part)) = name.rsplit_once(theirs)
            && (before.is_empty() || before.ends_with('.'))
            && ["weight", "bias"].contains(&part)
        {
            name = format!("{before}{ours}{part}");
        }
    }
    name
}

/// A tensor as the safetensors library writes it: its bytes are made when they are asked for, so that only one
/// tensor's lie beside the file.
struct Written<'a>(&'a Array);

impl View for Written<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        4 * self.0.values.len()
    }
}

fn written(tensors: &[(String, Array)]) -> Result<Vec<u8>, ImportError> {
    let views = tensors.iter().map(|(name, array)| (name.as_str(), Written(array)));
    safetensors::serialize(views, None)
        .map_err(|error| ImportError::Model(crate::model::ModelError::Engine { reason: error.to_string() }))
}
