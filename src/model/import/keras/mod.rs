//! Keras' files: HDF5, by itself (`.h5`, `.weights.h5`) or in the zip archive of Keras 3 (`.keras`).
//!
//! Keras 2, and Keras 3 where it is asked for `.h5`, name each tensor by its layer and part:
//! `conv1/conv/kernel:0`. Keras 3 counts layers of a kind (`layers/conv2d_3/vars/0`) and, in newer
//! versions, notes the layer's name beside them.

mod names;

use hdf5_reader::{Datatype, Hdf5File, OpenOptions, error::Error, group::Group};

use super::{
    reader_error::{Outcome, ReaderError},
    tensors::{Array, Tensors, count},
};
use names::Part;

/// Groups within groups: Keras nests one a layer, and one a model within a model.
const DEEPEST: usize = 24;
/// Tensors and groups in all, each as often as it is listed; DenseNet-121 with Adam's two copies has some four
/// thousand.
const MOST_VISITS: usize = 40_000;
/// The largest tensor of any network of this family is 10 MB.
const LARGEST_TENSOR: usize = 64 << 20;
/// Numbers of 32 bits for each that the file has bytes for: compressed weights are hardly smaller.
const MOST_NUMBERS: usize = 2;
/// Optimisers' tensors look like the network's and are none.
const NOT_THE_NETWORK: [&str; 2] = ["optimizer_weights", "optimizer"];

/// Reads an HDF5 file of a DenseNet with so many layers in each block. The names are torchvision's, and
/// the axes in its order.
pub(super) fn read(bytes: &[u8], blocks: &[usize]) -> Outcome<Tensors> {
    let most = bytes.len().saturating_mul(MOST_NUMBERS).min(LARGEST_TENSOR);
    let options =
        OpenOptions::default().with_max_read_bytes(most).with_max_chunk_bytes(most).with_chunk_cache_bytes(0);
    let file = Hdf5File::from_bytes_with_options(bytes, options).map_err(damaged)?;
    let root = file.root_group().map_err(damaged)?;
    let mut walk = Walk { found: Vec::new(), visits: 0, left: bytes.len() / 4 * MOST_NUMBERS };
    walk.group(&root, &mut Vec::new())?;
    if walk.found.is_empty() {
        return Err(ReaderError::other(
            "it is an HDF5 file, but holds no tensors that Keras would have written",
        ));
    }
    names::torchvision(walk.found, blocks)
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands errors over")]
fn damaged(error: Error) -> ReaderError {
    ReaderError::damaged(format!("its HDF5 structure cannot be read ({error})"))
}

/// A tensor as the file names it.
struct Found {
    /// The names of the groups above it, the root's apart.
    groups: Vec<String>,
    /// The layer's name, as Keras 3 noted it.
    layer: Option<String>,
    /// The tensor's own name.
    name: String,
    array: Array,
}

struct Walk {
    found: Vec<Found>,
    visits: usize,
    /// How many numbers may still be read.
    left: usize,
}

impl Walk {
    fn group(&mut self, group: &Group, path: &mut Vec<String>) -> Outcome<()> {
        let (groups, datasets) = group.members().map_err(damaged)?;
        self.visits += 1 + groups.len() + datasets.len();
        if path.len() > DEEPEST || self.visits > MOST_VISITS {
            return Err(ReaderError::refused("its groups lie deeper or are more than any network needs"));
        }
        let layer = match datasets.is_empty() {
            true => None,
            false => group.attribute("name").ok().and_then(|name| name.read_string().ok()),
        };
        for dataset in datasets {
            if let Some(array) = self.array(&dataset)? {
                let name = dataset.name().to_owned();
                self.found.push(Found { groups: path.clone(), layer: layer.clone(), name, array });
            }
        }
        for group in groups {
            if path.is_empty() && NOT_THE_NETWORK.contains(&group.name()) {
                continue;
            }
            // tf.keras' own `.keras` has backslashes within names where Keras 3 has groups.
            let steps: Vec<String> = group.name().split(['/', '\\']).map(str::to_owned).collect();
            let above = path.len();
            path.extend(steps);
            self.group(&group, path)?;
            path.truncate(above);
        }
        Ok(())
    }

    /// Real numbers; none for others, of which networks have only counters.
    fn array(&mut self, dataset: &hdf5_reader::Dataset) -> Outcome<Option<Array>> {
        let Datatype::FloatingPoint { size, .. } = *dataset.dtype() else { return Ok(None) };
        let side =
            |&side: &u64| usize::try_from(side).map_err(|_| ReaderError::damaged("a tensor is too large"));
        let shape = dataset.shape().iter().map(side).collect::<Outcome<Vec<usize>>>()?;
        let count = count(&shape)?;
        self.left = self.left.checked_sub(count).ok_or_else(|| {
            ReaderError::damaged(format!(
                "a tensor of shape {shape:?} holds more numbers than the file has for it"
            ))
        })?;
        let values = match size {
            4 => dataset.read_array::<f32>().map_err(damaged)?.into_iter().collect(),
            8 => {
                dataset.read_array::<f64>().map_err(damaged)?.into_iter().map(|value| value as f32).collect()
            }
            _ => {
                return Err(ReaderError::other(format!(
                    "a tensor holds floating-point numbers of {size} bytes"
                )));
            }
        };
        Ok(Some(Array { shape, values }))
    }
}

/// The part that a tensor has in its layer.
impl Found {
    fn part(&self) -> Option<Part> {
        let rank = self.array.shape.len();
        // Keras 2 counts the tensors of one name: "kernel:0".
        let name = self.name.split(':').next().unwrap_or_default();
        Some(match (name, rank) {
            ("kernel", 4) => Part::Convolution,
            ("kernel", 2) => Part::Dense,
            ("bias", 1) => Part::Bias,
            ("gamma", 1) => Part::Scale,
            ("beta", 1) => Part::Shift,
            ("moving_mean", 1) => Part::Mean,
            ("moving_variance", 1) => Part::Variance,
            // Keras 3 numbers the tensors of a layer.
            ("0", 4) => Part::Convolution,
            ("0", 2) => Part::Dense,
            ("0", 1) => Part::Scale,
            ("1", 1) if self.kind().starts_with("dense") => Part::Bias,
            ("1", 1) => Part::Shift,
            ("2", 1) => Part::Mean,
            ("3", 1) => Part::Variance,
            _ => return None,
        })
    }

    /// The group of a layer of Keras 3, such as `conv2d_3`; empty otherwise.
    fn kind(&self) -> &str {
        match self.groups.as_slice() {
            [.., kind, vars] if vars == "vars" => kind,
            _ => "",
        }
    }
}
