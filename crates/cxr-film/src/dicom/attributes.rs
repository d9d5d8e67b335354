//! Single attributes as plain values; what is absent or makes no sense is `None` or empty.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use super::{
    dataset::{DataSet, Element},
    decimal,
};
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

/// All values as whole numbers, up to one that is none.
pub(super) fn integers(set: &DataSet<'_>, tag: Tag) -> Vec<i32> {
    let Some(element) = set.get(tag) else { return Vec::new() };
    let big = element.encoding.big_endian;
    let value = element.value;
    match element.vr {
        VR::US | VR::OW => words(value, big).map(i32::from).collect(),
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
        _ => strings(element).map_while(|text| whole(decimal::number(&text)?)).collect(),
    }
}

#[allow(clippy::cast_possible_truncation)] // within the range of an i32
fn whole(value: f64) -> Option<i32> {
    let fits = value.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value);
    fits.then_some(value as i32)
}

/// The values of an attribute of numbers, each in its place.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// `None` for an empty value, and for one that is no finite number.
    pub(super) values: Vec<Option<f64>>,
    /// The first value that is filled in and no finite number, as text.
    pub(super) unusable: Option<String>,
}

impl Numbers {
    /// The first value that can be used.
    pub(super) fn first(&self) -> Option<f64> {
        self.values.iter().find_map(|value| *value)
    }

    fn push(&mut self, value: f64, text: impl FnOnce() -> String) {
        let finite = value.is_finite();
        if !finite {
            self.unusable.get_or_insert_with(text);
        }
        self.values.push(finite.then_some(value));
    }
}

/// All values as numbers.
pub(super) fn numbers(set: &DataSet<'_>, tag: Tag) -> Numbers {
    let mut numbers = Numbers::default();
    let Some(element) = set.get(tag) else { return numbers };
    let big = element.encoding.big_endian;
    match element.vr {
        VR::FL => {
            for &four in element.value.as_chunks().0.iter().take(MAX_VALUES) {
                let value = if big { f32::from_be_bytes(four) } else { f32::from_le_bytes(four) };
                numbers.push(value.into(), || value.to_string());
            }
        }
        VR::FD => {
            for &eight in element.value.as_chunks().0.iter().take(MAX_VALUES) {
                let value = if big { f64::from_be_bytes(eight) } else { f64::from_le_bytes(eight) };
                numbers.push(value, || value.to_string());
            }
        }
        VR::US | VR::SS | VR::UL | VR::SL => {
            numbers.values = integers(set, tag).into_iter().map(|value| Some(value.into())).collect();
        }
        _ => {
            for text in strings(element) {
                match decimal::number(&text) {
                    None if text.is_empty() => numbers.values.push(None),
                    read => numbers.push(read.unwrap_or(f64::NAN), || clean(&text)),
                }
            }
        }
    }
    numbers
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

/// The values of a string of numbers (DS, IS), without the padding around them.
fn strings<'a>(element: &Element<'a>) -> impl Iterator<Item = Cow<'a, str>> {
    let values = head(element).split(|&byte| byte == b'\\').take(MAX_VALUES);
    values.map(|value| String::from_utf8_lossy(value.trim_ascii())).map(|value| {
        match value.trim_matches(|c: char| c.is_whitespace() || c.is_control()) {
            trimmed if trimmed.len() == value.len() => value,
            trimmed => Cow::Owned(trimmed.to_owned()),
        }
    })
}

fn head<'a>(element: &Element<'a>) -> &'a [u8] {
    &element.value[..element.value.len().min(MAX_TEXT)]
}
