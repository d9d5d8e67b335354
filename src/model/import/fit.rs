//! Whether tensors are those of a network: all that it needs, of the right shapes, and nothing that it has no
//! place for.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use super::{
    error::ImportError,
    tensors::{Array, Tensors},
};
use crate::model::{
    NetworkConfig, TensorFault, TensorProblem,
    plain::Plain,
    weights::{self, Wanted},
};

/// What networks carry beside their weights: the operating points of torchxrayvision, and batch norm's
/// count of its training steps, usually whole numbers and left out by the readers already.
fn is_beside(name: &str) -> bool {
    name == "op_threshs" || name.ends_with("num_batches_tracked")
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
    let wanted = weights::wanted(|vb| Plain::new(config, &vb)).map_err(crate::model::ModelError::from)?;
    let mut tensors = renamed(tensors, &wanted);
    let mut missing = Vec::new();
    let mut taken: Vec<(String, Array)> = Vec::with_capacity(wanted.len());
    for Wanted { name, shape } in wanted {
        let fault = match tensors.remove(&name) {
            None => TensorFault::Missing,
            Some(array) if array.shape != shape => TensorFault::Shape(array.shape),
            Some(array) if !array.values.iter().all(|value| value.is_finite()) => TensorFault::NotFinite,
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
fn renamed(tensors: Tensors, wanted: &[Wanted]) -> Tensors {
    let tensors: Tensors = tensors.into_iter().map(|(name, array)| (spelt_as_now(&name), array)).collect();
    // Wrappers put the whole network under a name of their own: "module.features.conv0.weight".
    let Some(first) = wanted.first() else { return tensors };
    let is_common = |prefix: &&str| tensors.keys().all(|name| name.starts_with(prefix) || is_beside(name));
    let prefix = tensors
        .keys()
        .filter_map(|name| name.strip_suffix(first.name.as_str()))
        .filter(|prefix| prefix.ends_with('.'))
        .find(is_common)
        .map(str::to_owned);
    let Some(prefix) = prefix else { return tensors };
    let bare = |name: String| name.strip_prefix(&prefix).map(str::to_owned).unwrap_or(name);
    tensors.into_iter().map(|(name, array)| (bare(name), array)).collect()
}

/// torchvision's DenseNet was once written with a point more, and so are checkpoints of that time (CheXNet's
/// among them): "denselayer1.norm.1.weight".
fn spelt_as_now(name: &str) -> String {
    ["norm", "conv"].iter().fold(name.to_owned(), |name, part| {
        name.replace(&format!(".{part}.1."), &format!(".{part}1."))
            .replace(&format!(".{part}.2."), &format!(".{part}2."))
    })
}

fn written(tensors: &[(String, Array)]) -> Result<Vec<u8>, ImportError> {
    let fail = |error: safetensors::SafeTensorError| {
        ImportError::Model(crate::model::ModelError::Engine { reason: error.to_string() })
    };
    let bytes: HashMap<&str, Vec<u8>> = tensors
        .iter()
        .map(|(name, array)| {
            (name.as_str(), array.values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors
        .iter()
        .filter_map(|(name, array)| Some((name.as_str(), array.shape.clone(), bytes.get(name.as_str())?)))
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape, bytes).map_err(fail)?)))
        .collect::<Result<Vec<_>, ImportError>>()?;
    safetensors::serialize(views, None).map_err(fail)
}
