//! The names of a DINOv2's tensors: those of its authors (Meta) become Hugging Face's, which are the ones used here.

use super::tensors::{Array, Tensors};
use crate::text::clean;

/// Meta's names and those here, outside of a block and within one; there also the names that Hugging Face's library has
/// had for itself since its version 5.
const NAMES: &[(&str, &str)] = &[
    ("cls_token", "embeddings.cls_token"),
    ("mask_token", "embeddings.mask_token"),
    ("pos_embed", "embeddings.position_embeddings"),
    ("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
    ("norm.", "layernorm."),
];
const NAMES_IN_A_BLOCK: &[(&str, &str)] = &[
    ("attn.proj.", "attention.output.dense."),
    ("attention.q_proj.", "attention.attention.query."),
    ("attention.k_proj.", "attention.attention.key."),
    ("attention.v_proj.", "attention.attention.value."),
    ("attention.o_proj.", "attention.output.dense."),
    ("ls1.gamma", "layer_scale1.lambda1"),
    ("ls2.gamma", "layer_scale2.lambda1"),
];
/// The prefix that wrappers put before every name.
const WRAPPED: &str = "module.";
/// One projection of Meta's is three here, one after the other.
const FUSED: &str = "attn.qkv.";
const PARTS: [&str; 3] = ["query", "key", "value"];

/// A name that two tensors would have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("two of its tensors stand for {}: it holds more than one network", clean(.0))]
pub(super) struct TwiceError(pub(super) String);

/// The tensors under the names of Hugging Face's files. What has none of the other names stays as it is.
///
/// # Errors
/// A name that two tensors would have.
pub(super) fn as_hugging_face(tensors: Tensors) -> Result<Tensors, TwiceError> {
    // As in training with several processors.
    let is_wrapped = tensors.keys().all(|name| name.starts_with(WRAPPED));
    let mut renamed = Tensors::new();
    let mut put = |name: String, array: Array| match renamed.contains_key(&name) {
        true => Err(TwiceError(name)),
        false => Ok(_ = renamed.insert(name, array)),
    };
    for (name, array) in tensors {
        let name = if is_wrapped { name[WRAPPED.len()..].to_owned() } else { name };
        match within_block(&name) {
            Some((block, rest)) if rest.starts_with(FUSED) && parts(&array).is_some() => {
                let end = &rest[FUSED.len()..];
                let parts = PARTS.iter().zip(parts(&array).into_iter().flatten());
                for (part, array) in parts {
                    put(format!("encoder.layer.{block}.attention.attention.{part}.{end}"), array)?;
                }
            }
            Some((block, rest)) => {
                let rest = translated(rest, NAMES_IN_A_BLOCK).unwrap_or_else(|| rest.to_owned());
                put(format!("encoder.layer.{block}.{rest}"), array)?;
            }
            None => put(translated(&name, NAMES).unwrap_or(name), array)?,
        }
    }
    Ok(renamed)
}

/// "3" and "attn.qkv.weight" of "blocks.3.attn.qkv.weight".
fn within_block(name: &str) -> Option<(&str, &str)> {
    let within = name.strip_prefix("blocks.").or_else(|| name.strip_prefix("encoder.layer."))?;
    let (number, rest) = within.split_once('.')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some((number, rest))
}

fn translated(name: &str, names: &[(&str, &str)]) -> Option<String> {
    let (theirs, ours) = names.iter().find(|(theirs, _)| name.starts_with(theirs))?;
    Some(format!("{ours}{}", &name[theirs.len()..]))
}

/// Three tensors of equal height; none where the rows cannot be parted so.
fn parts(fused: &Array) -> Option<[Array; 3]> {
    let (rows, rest) = fused.shape.split_first()?;
    if *rows == 0 || rows % 3 != 0 || fused.values.len() != fused.shape.iter().product::<usize>() {
        return None;
    }
    let shape: Vec<usize> = std::iter::once(rows / 3).chain(rest.iter().copied()).collect();
    let length = fused.values.len() / 3;
    Some(std::array::from_fn(|n| Array {
        shape: shape.clone(),
        values: fused.values[n * length..][..length].to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_that_is_three_in_one_is_parted_in_their_order() {
        let array = |shape: &[usize]| {
            let values = (0..shape.iter().product::<usize>()).map(|n| n as f32).collect();
            Array { shape: shape.to_vec(), values }
        };
        let names = ["blocks.1.attn.qkv.weight", "blocks.1.attn.qkv.bias", "blocks.0.attn.qkv.weight"];
        let shapes: [&[usize]; 3] = [&[6, 2], &[6], &[7, 2]];
        let tensors =
            names.iter().zip(shapes).map(|(name, shape)| ((*name).to_owned(), array(shape))).collect();
        let renamed = as_hugging_face(tensors).unwrap();
        let of = |name: &str| &renamed[&format!("encoder.layer.1.attention.attention.{name}")];
        assert_eq!(
            (of("query.weight").shape.as_slice(), of("value.bias").shape.as_slice()),
            (&[2, 2][..], &[2][..])
        );
        assert_eq!(of("key.weight").values, [4.0, 5.0, 6.0, 7.0]);
        assert_eq!(of("value.bias").values, [4.0, 5.0]);
        // Rows that cannot be parted stay one tensor, which the network then has no place for.
        assert!(renamed.contains_key("encoder.layer.0.attn.qkv.weight"));
    }

    #[test]
    fn all_spellings_of_a_name_become_one() {
        for (theirs, ours) in [
            ("pos_embed", "embeddings.position_embeddings"),
            ("patch_embed.proj.bias", "embeddings.patch_embeddings.projection.bias"),
            ("norm.weight", "layernorm.weight"),
            ("blocks.11.ls2.gamma", "encoder.layer.11.layer_scale2.lambda1"),
            ("blocks.3.mlp.fc1.weight", "encoder.layer.3.mlp.fc1.weight"),
            ("encoder.layer.3.attention.k_proj.weight", "encoder.layer.3.attention.attention.key.weight"),
            ("encoder.layer.3.attention.output.dense.bias", "encoder.layer.3.attention.output.dense.bias"),
            ("something.else", "something.else"),
        ] {
            let tensors = [(theirs.to_owned(), Array { shape: vec![1], values: vec![0.0] })].into();
            assert_eq!(as_hugging_face(tensors).unwrap().into_keys().collect::<Vec<_>>(), [ours]);
            let tensors = [(format!("module.{theirs}"), Array { shape: vec![1], values: vec![0.0] })].into();
            assert_eq!(as_hugging_face(tensors).unwrap().into_keys().collect::<Vec<_>>(), [ours]);
        }
    }

    #[test]
    fn of_two_spellings_of_one_tensor_neither_is_chosen() {
        let of = |names: [&str; 2]| {
            let array = || Array { shape: vec![3], values: vec![0.0; 3] };
            as_hugging_face(names.map(|name| (name.to_owned(), array())).into()).unwrap_err().0
        };
        assert_eq!(of(["pos_embed", "embeddings.position_embeddings"]), "embeddings.position_embeddings");
        let key = "encoder.layer.0.attention.attention.key.bias";
        assert_eq!(of(["blocks.0.attn.qkv.bias", key]), key);
    }
}
