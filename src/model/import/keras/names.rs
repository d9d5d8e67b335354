//! Keras' names of DenseNet's layers, and torchvision's.

use super::Found;
use crate::model::import::{
    reader_error::{Outcome, ReaderError},
    tensors::Tensors,
};

/// The part that a tensor has in its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Convolution,
    Dense,
    Bias,
    Scale,
    Shift,
    Mean,
    Variance,
}

impl Part {
    fn torchvision(self) -> &'static str {
        match self {
            Self::Convolution | Self::Dense | Self::Scale => "weight",
            Self::Bias | Self::Shift => "bias",
            Self::Mean => "running_mean",
            Self::Variance => "running_var",
        }
    }
}

/// Gives each tensor torchvision's name and order of axes.
pub(super) fn torchvision(found: Vec<Found>, blocks: &[usize]) -> Outcome<Tensors> {
    let counted = Counted::new(blocks);
    let mut tensors = Tensors::new();
    let mut head: Option<String> = None;
    for found in found {
        let shown = crate::text::clean(&format!("{}/{}", found.groups.join("/"), found.name));
        let strange = || {
            ReaderError::other(format!(
                "its tensor {shown} of shape {:?} is none of a DenseNet's, so it is the file of another network",
                found.array.shape
            ))
        };
        let part = found.part().ok_or_else(strange)?;
        // One dense layer ends the network, whatever its name. In Keras 3 its two tensors lie in one
        // group, in Keras 2 as well.
        let is_head = part == Part::Dense || part == Part::Bias;
        let module = if is_head {
            let place = found.groups.join("/");
            match &head {
                Some(other) if *other != place => {
                    return Err(ReaderError::other(format!(
                        "it has two dense layers, {} and {}: a DenseNet with global average pooling and one \
                         dense layer is wanted",
                        crate::text::clean(other),
                        crate::text::clean(&place)
                    )));
                }
                _ => head = Some(place),
            }
            "classifier".to_owned()
        } else {
            let layer = counted.name(&found).ok_or_else(strange)?;
            module(&layer).ok_or_else(strange)?
        };
        let array = match part {
            // Row, column, input, output to output, input, row, column.
            Part::Convolution => found.array.transposed(&[3, 2, 0, 1]),
            Part::Dense => found.array.transposed(&[1, 0]),
            _ => found.array,
        };
        tensors.insert(format!("{module}.{}", part.torchvision()), array);
    }
    Ok(tensors)
}

/// The layers of each kind in the order of the network, in which Keras 3 counts them.
struct Counted {
    convolutions: Vec<String>,
    norms: Vec<String>,
}

impl Counted {
    fn new(blocks: &[usize]) -> Self {
        let (mut convolutions, mut norms) = (vec!["conv1_conv".to_owned()], vec!["conv1_bn".to_owned()]);
        for (index, &layers) in blocks.iter().enumerate() {
            let stage = index + 2;
            for layer in 1..=layers {
                norms.extend([0, 1].map(|n| format!("conv{stage}_block{layer}_{n}_bn")));
                convolutions.extend([1, 2].map(|n| format!("conv{stage}_block{layer}_{n}_conv")));
            }
            if index + 1 < blocks.len() {
                norms.push(format!("pool{stage}_bn"));
                convolutions.push(format!("pool{stage}_conv"));
            }
        }
        norms.push("bn".to_owned());
        Self { convolutions, norms }
    }

    /// The layer's name, with `_` for the `/` of Keras 2.
    fn name(&self, found: &Found) -> Option<String> {
        if let Some(layer) = &found.layer {
            return Some(layer.replace('/', "_"));
        }
        let kind = found.kind();
        let place = |word: &str| match kind.strip_prefix(word)? {
            "" => Some(0),
            number => number.strip_prefix('_')?.parse::<usize>().ok(),
        };
        if let Some(place) = place("conv2d") {
            return self.convolutions.get(place).cloned();
        }
        if let Some(place) = place("batch_normalization") {
            return self.norms.get(place).cloned();
        }
        match found.groups.as_slice() {
            // "conv1/conv" and "conv1/bn" of Keras 2 are two groups deep.
            [.., first, second] if first == "conv1" => Some(format!("{first}_{second}")),
            [.., layer] => Some(layer.clone()),
            [] => None,
        }
    }
}

/// torchvision's module for a layer of Keras.
fn module(layer: &str) -> Option<String> {
    let fixed = match layer {
        "conv1_conv" => "features.conv0",
        "conv1_bn" => "features.norm0",
        "bn" => "features.norm5",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    // Keras' first stage is the stem: its conv2 is torchvision's first block.
    let block = |stage: &str| stage.parse::<usize>().ok()?.checked_sub(1).filter(|&block| block > 0);
    if let Some(pool) = layer.strip_prefix("pool") {
        let (stage, part) = pool.split_once('_')?;
        let part = match part {
            "bn" => "norm",
            "conv" => "conv",
            _ => return None,
        };
        return Some(format!("features.transition{}.{part}", block(stage)?));
    }
    let (stage, rest) = layer.strip_prefix("conv")?.split_once("_block")?;
    let (number, part) = rest.split_once('_')?;
    let number: usize = number.parse().ok()?;
    let part = match part {
        "0_bn" => "norm1",
        "1_conv" => "conv1",
        "1_bn" => "norm2",
        "2_conv" => "conv2",
        _ => return None,
    };
    Some(format!("features.denseblock{}.denselayer{number}.{part}", block(stage)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_their_names_in_torchvision() {
        for (keras, torchvision) in [
            ("conv1_conv", Some("features.conv0")),
            ("bn", Some("features.norm5")),
            ("conv2_block1_0_bn", Some("features.denseblock1.denselayer1.norm1")),
            ("conv5_block16_2_conv", Some("features.denseblock4.denselayer16.conv2")),
            ("pool4_bn", Some("features.transition3.norm")),
            ("pool2_conv", Some("features.transition1.conv")),
            ("conv5_block16_3_conv", None),
            ("conv1_block1_0_bn", None),
            ("block1_conv1", None),
            ("pool1_relu", None),
            ("conv99999999999999999999_block1_0_bn", None),
        ] {
            assert_eq!(module(keras).as_deref(), torchvision, "{keras}");
        }
    }

    #[test]
    fn keras_3_counts_layers_in_the_order_of_the_network() {
        let counted = Counted::new(&[6, 12, 24, 16]);
        assert_eq!((counted.convolutions.len(), counted.norms.len()), (120, 121));
        assert_eq!(counted.convolutions[13], "pool2_conv");
        assert_eq!((counted.norms[13].as_str(), counted.norms[120].as_str()), ("pool2_bn", "bn"));
    }
}
