//! Single attributes as plain values; what is absent or makes no sense is `None` or empty.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use super::dataset::{DataSet, Element};
use crate::text::clean;

/// Longer than any text that a header shows; the rest of a longer value is left off.
const MAX_TEXT: usize = 1024;
/// More values than any attribute in use here has.
const MAX_VALUES: usize = 256;

/// Text, cleaned; several values joined by `\`; empty where there is none.
pub(super) fn text(set: &DataSet<'_>, tag: Tag) -> String {
    set.get(tag).map(|element| clean(&set.character_set.decode(head(element)))).unwrap_or_default()
}

/// The first value as an unsigned number.
pub(super) fn unsigned(set: &DataSet<'_>, tag: Tag) -> Option<u32> {
    u32::try_from(*integers(set, tag).first()?).ok()
}

/// All values as whole numbers.
pub(super) fn integers(set: &DataSet<'_>, tag: Tag) -> Vec<i32> {
    let Some(element) = set.get(tag) else { return Vec::new() };
    let big = element.encoding.big_endian;
    let value = element.value;
    match element.vr {
        VR::US => words(value, big).map(i32::from).collect(),
        VR::SS => words(value, big).map(|word| i32::from(word.cast_signed())).collect(),
        VR::UL | VR::SL => value
            .as_chunks()
            .0
            .iter()
            .take(MAX_VALUES)
            .map_while(|&four| {
                let long = if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
                if element.vr == VR::SL { Some(long.cast_signed()) } else { i32::try_from(long).ok() }
            })
            .collect(),
        _ => strings(element).map_while(|text| text.parse().ok()).collect(),
    }
}

/// All values as finite numbers.
pub(super) fn numbers(set: &DataSet<'_>, tag: Tag) -> Vec<f64> {
    let Some(element) = set.get(tag) else { return Vec::new() };
    let big = element.encoding.big_endian;
    let values: Vec<f64> = match element.vr {
        VR::FL => element
            .value
            .as_chunks()
            .0
            .iter()
            .take(MAX_VALUES)
            .map(|&four| f64::from(if big { f32::from_be_bytes(four) } else { f32::from_le_bytes(four) }))
            .collect(),
        VR::FD => element
            .value
            .as_chunks()
            .0
            .iter()
            .take(MAX_VALUES)
            .map(|&eight| if big { f64::from_be_bytes(eight) } else { f64::from_le_bytes(eight) })
            .collect(),
        VR::US | VR::SS | VR::UL | VR::SL => integers(set, tag).into_iter().map(f64::from).collect(),
        _ => strings(element).map_while(|text| text.parse().ok()).collect(),
    };
    values.into_iter().take_while(|value| value.is_finite()).collect()
}

/// A value of 16-bit words as little-endian bytes; bytes that are no words as they stand.
pub(super) fn little_endian<'a>(element: &Element<'a>) -> Cow<'a, [u8]> {
    let of_words = matches!(element.vr, VR::OW | VR::US | VR::SS);
    if element.encoding.big_endian && of_words {
        element.value.as_chunks().0.iter().flat_map(|&[high, low]| [low, high]).collect()
    } else {
        Cow::Borrowed(element.value)
    }
}

fn words(value: &[u8], big: bool) -> impl Iterator<Item = u16> {
    let pairs = value.as_chunks().0.iter().take(MAX_VALUES);
    pairs.map(move |&pair| if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
}

/// The values of a string of numbers (DS, IS).
fn strings<'a>(element: &Element<'a>) -> impl Iterator<Item = &'a str> {
    let text = std::str::from_utf8(head(element)).unwrap_or_default();
    text.split('\\').take(MAX_VALUES).map(|value| value.trim_matches([' ', '\0']))
}

fn head<'a>(element: &Element<'a>) -> &'a [u8] {
    &element.value[..element.value.len().min(MAX_TEXT)]
}
